"""Ports that stay free while a cluster lives, also while its nodes are down.

A port from the kernel (bind 0, look, close) lies in the range from which outgoing connections take theirs: a node
that is killed and started again finds its port taken by some client, once in a while. So ports come from below that
range, in blocks, and a lock on a file keeps other test processes off a block until this one closes it, or dies.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

__all__ = ["PortBlock"]

FIRST, SIZE = 10_000, 32
#: Where Linux begins to take ports for outgoing connections, if it does not say.
EPHEMERAL = 32_768


class PortBlock:
    """``SIZE`` ports on loopback for one cluster."""

    def __init__(self, count: int) -> None:
        assert count <= SIZE, f"a block has {SIZE} ports, {count} are wanted"
        self.ports, self._lock = next(self._free_blocks(count))

    def _free_blocks(self, count: int) -> Iterator[tuple[list[int], IO[str]]]:
        locks = Path(tempfile.gettempdir()) / f"samyama-ports-{os.getuid()}"
        locks.mkdir(exist_ok=True)
        starts = list(range(FIRST, _ephemeral_start() - SIZE, SIZE))
        # Not seeded: two processes with the same seed are not to try the same blocks.
        random.SystemRandom().shuffle(starts)
        for start in starts:
            lock = (locks / str(start)).open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                continue
            ports = [port for port in range(start, start + SIZE) if _is_free(port)]
            if len(ports) >= count:
                yield ports[:count], lock
            lock.close()
        raise OSError("no block of free ports on loopback")

    def close(self) -> None:
        """Others may have them."""
        self._lock.close()


def _ephemeral_start() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    except OSError:
        return EPHEMERAL
    start = int(text.split()[0])
    return start if start > FIRST + SIZE else EPHEMERAL


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
