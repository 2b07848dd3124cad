"""Ends a cluster's processes when whoever started them has died without doing so: killed, crashed, out of memory.

A guard is a small process of its own. It learns the process ids of the nodes through a pipe; when the other end of
the pipe closes it kills those that are still on its list. A parent that cleans up tells it first, so that it finds
nothing to do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

__all__ = ["Guard"]


class Guard:
    """The parent's side."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            # Isolated and without site-packages: it starts in milliseconds and depends on nothing.
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, pid: int) -> None:
        """Kill this process if the parent dies."""
        self._tell(f"+{pid}")

    def forget(self, pid: int) -> None:
        """It has ended."""
        self._tell(f"-{pid}")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None, "it is a pipe"
        with suppress(BrokenPipeError, ValueError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def close(self) -> None:
        """End it; what it still watches is killed."""
        assert self._process.stdin is not None, "it is a pipe"
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(10)


def _stand_guard() -> None:
    watched: set[int] = set()
    for line in sys.stdin.buffer:
        pid = int(line[1:])
        (watched.add if line[:1] == b"+" else watched.discard)(pid)
    for pid in watched:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    _stand_guard()
