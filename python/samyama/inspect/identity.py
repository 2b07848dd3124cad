"""``IDENTITY`` and ``PEERS``: docs/format/identity.md."""

from __future__ import annotations

from pathlib import Path

import msgspec

from samyama.inspect.checksum import crc32c
from samyama.inspect.cursor import Cursor
from samyama.inspect.damage import Damage

__all__ = ["Identity", "read_identity", "read_peers"]

IDENTITY_BYTES = 47


class Identity(msgspec.Struct, frozen=True):
    """Whose directory it is."""

    cluster: bytes
    node: int
    incarnation: int
    #: One of the first members of its cluster.
    founder: bool

    @property
    def cluster_id(self) -> str:
        """As ``/status`` shows it."""
        digits = self.cluster.hex()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    @property
    def owner(self) -> bytes:
        """What stands in every segment of the log."""
        return self.cluster + self.node.to_bytes(8, "little")


def _checked(file: Path, magic: bytes) -> Cursor:
    """What stands behind the magic, without the checksum."""
    raw = file.read_bytes()
    if len(raw) < 12 or raw[:8] != magic:
        raise Damage(file, 0, f"it does not begin with {magic.decode()}")
    if crc32c(raw[:-4]) != int.from_bytes(raw[-4:], "little"):
        raise Damage(file, len(raw) - 4, "the checksum is wrong")
    return Cursor(raw[8:-4], file, 8)


def read_identity(directory: Path) -> Identity:
    """Of a node's data directory. Raises: Damage; FileNotFoundError."""
    cursor = _checked(directory / "IDENTITY", b"SAMYNODE")
    version = int.from_bytes(cursor.take(2), "little")
    if version != 2:
        raise Damage(cursor.file, 8, f"format version {version}; this program reads 2")
    if cursor.left != IDENTITY_BYTES - 14:
        raise cursor.damage("it has another length than an identity")
    return Identity(
        cluster=cursor.take(16),
        node=cursor.u64(),
        incarnation=cursor.u64(),
        founder=cursor.u8() != 0,
    )


def read_peers(directory: Path) -> dict[int, int]:
    """Node ids and incarnations of the peers that the node has met; empty if it has met none."""
    file = directory / "PEERS"
    if not file.exists():
        return {}
    cursor = _checked(file, b"SAMYPRS1")
    if cursor.left % 16:
        raise cursor.damage("its pairs are not whole")
    return {cursor.u64(): cursor.u64() for _ in range(cursor.left // 16)}
