"""What the planner knows of the graph: names with counts, indexes. Decoded once per epoch."""

from __future__ import annotations

import msgspec

__all__ = ["Catalog", "IndexInfo", "decode"]


class IndexInfo(msgspec.Struct, frozen=True):
    name: str
    entity: str
    label: str
    keys: list[str]
    kind: str = "range"
    unique: bool = False
    entries: int = 0
    distinct: int = 0


class Catalog(msgspec.Struct, frozen=True):
    epoch: int = 0
    nodes: int = 0
    relationships: int = 0
    labels: dict[str, int] = {}
    types: dict[str, int] = {}
    keys: list[str] = []
    indexes: list[IndexInfo] = []
    #: By label and type ("" for any): relationships that start at such nodes, and that end there. A label that is not
    #: here was left out, because there are too many names.
    patterns: dict[str, dict[str, tuple[int, int]]] = {}


_decoder = msgspec.msgpack.Decoder(Catalog)
_last: tuple[bytes, Catalog] = (b"", Catalog())


def decode(data: bytes) -> Catalog:
    """The catalogue; the last one is kept, because it changes seldom."""
    global _last
    if data != _last[0]:
        _last = (data, _decoder.decode(data))
    return _last[1]
