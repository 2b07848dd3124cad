"""Whose directory it is: the number of the node that it was made for (``docs/format``, file IDENTITY)."""

from __future__ import annotations

import struct
from pathlib import Path

__all__ = ["node_id_of"]

_MAGIC = b"SAMYNODE"
#: Magic, version, cluster, node, incarnation, founder, checksum.
_LAYOUT = struct.Struct("<8sH16sQQ?I")


def node_id_of(directory: Path) -> int | None:
    """None: it is new. What is damaged is left to the engine, which says what and where.

    >>> node_id_of(Path("/nowhere")) is None
    True
    """
    try:
        content = (directory / "IDENTITY").read_bytes()
    except OSError:
        return None
    if len(content) != _LAYOUT.size:
        return None
    magic, _, _, node, _, _, _ = _LAYOUT.unpack(content)
    return node if magic == _MAGIC and node > 0 else None
