"""Disks that fail, and disks that are full, under real nodes.

:class:`FailingDisk` stands between a node and the C library (``LD_PRELOAD``); it needs a C compiler.
:class:`SmallDisk` is a file system in memory of a few megabytes; it needs to be root. :func:`has_compiler` and
:func:`may_mount` say whether they can be had.
"""

from __future__ import annotations

import errno
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from samyama.testing.node import Node

__all__ = ["FailingDisk", "SmallDisk", "has_compiler", "may_mount"]

_SOURCE = Path(__file__).with_name("failing_disk.c")
_COMPILERS = ("cc", "gcc", "clang")


def _compiler() -> str | None:
    return next((found for name in _COMPILERS if (found := shutil.which(name))), None)


def has_compiler() -> bool:
    """A failing disk can be built."""
    return _compiler() is not None


@functools.cache
def may_mount() -> bool:
    """A small disk can be mounted: tried once."""
    with tempfile.TemporaryDirectory(prefix="samyama-disk-") as there:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "samyama", there],
            capture_output=True,
            check=False,
        )
        if mounted.returncode == 0:
            subprocess.run(["umount", there], check=True)
        return mounted.returncode == 0


class FailingDisk:
    """Prepares one node; takes effect at its next start.

    Example:
        disk = FailingDisk(node)
        node.start()
        disk.fail("fdatasync")      # from now on, as on a dead disk
        ...
        disk.mend()
        disk.remove()               # the node starts without it
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._directory = node.directory / "failing-disk"
        self._directory.mkdir(exist_ok=True)
        library = self._directory / "failing_disk.so"
        compiler = _compiler()
        assert compiler is not None, "a C compiler is needed: " + ", ".join(_COMPILERS)
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE), "-ldl"],
            check=True,
        )
        self._orders, self._report = self._directory / "orders", self._directory / "report"
        self._environment = {
            "LD_PRELOAD": str(library),
            "FAILING_DISK_BELOW": str((node.directory / "data").resolve()) + "/",
            "FAILING_DISK_ORDERS": str(self._orders),
            "FAILING_DISK_REPORT": str(self._report),
        }
        node.environment |= self._environment

    def fail(self, call: str, error: int = errno.EIO) -> None:
        """``fdatasync``, ``fsync`` or ``pwrite`` fail from now on."""
        prepared = self._directory / "orders.new"
        prepared.write_text(f"{call} {error}", "ascii")
        os.replace(prepared, self._orders)

    def mend(self) -> None:
        self._orders.unlink(missing_ok=True)

    def failures(self) -> list[str]:
        """The calls that failed, in order."""
        return self._report.read_text("ascii").split() if self._report.exists() else []

    def remove(self) -> None:
        self.mend()
        for name in self._environment:
            self._node.environment.pop(name, None)


class SmallDisk:
    """The data directory of a node on a file system of its own; made before the node starts.

    Use it as a context manager inside the one of the cluster: it must go after the node has.
    """

    def __init__(self, node: Node, megabytes: int) -> None:
        self._node = node
        self.directory = node.directory / "data"
        self.directory.mkdir(exist_ok=True)
        assert not any(self.directory.iterdir()), "the node has run already"
        options = f"size={megabytes}m"
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "samyama", str(self.directory)], check=True
        )
        self._ballast = self.directory / "ballast"

    def __enter__(self) -> SmallDisk:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._node.kill()
        subprocess.run(["umount", str(self.directory)], check=True)

    @property
    def free_bytes(self) -> int:
        found = os.statvfs(self.directory)
        return found.f_bavail * found.f_frsize

    def fill(self, leave_bytes: int = 0) -> None:
        """Take all space but so much."""
        with self._ballast.open("ab") as ballast:
            while (left := self.free_bytes - leave_bytes) >= 4096:
                os.posix_fallocate(ballast.fileno(), ballast.seek(0, os.SEEK_END), left)
                ballast.seek(0, os.SEEK_END)

    def free(self) -> None:
        """Give back what :meth:`fill` took."""
        self._ballast.unlink(missing_ok=True)
