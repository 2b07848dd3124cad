"""Records of the log: docs/format/wal.md."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from samyama.inspect.checksum import crc32c
from samyama.inspect.cursor import Cursor

__all__ = [
    "BLOCK_BYTES",
    "HEAD_BYTES",
    "Entry",
    "EntryKind",
    "Head",
    "Kind",
    "Leader",
    "LogId",
    "Record",
    "Vote",
    "read_head",
    "read_log_id",
    "read_optional_id",
    "read_record",
]

HEAD_BYTES, ALIGN_BYTES, BLOCK_BYTES = 32, 8, 512
PADDING = 0xA5
VERSION = 1


class Kind(IntEnum):
    """What a record says."""

    entry = 1
    vote = 2
    truncation = 3
    purge = 4
    commit = 5
    seal = 6


class EntryKind(IntEnum):
    blank = 0
    proposal = 1
    membership = 2


_KINDS, _ENTRY_KINDS = {int(kind) for kind in Kind}, {int(kind) for kind in EntryKind}


class Leader(msgspec.Struct, frozen=True, order=True):
    """A leadership. Ordered by term, then node."""

    term: int
    node: int


class LogId(msgspec.Struct, frozen=True, order=True):
    """An entry's place, and the leadership it was appended under."""

    leader: Leader
    index: int

    def __str__(self) -> str:
        return f"{self.index} (term {self.leader.term}, node {self.leader.node})"


class Vote(msgspec.Struct, frozen=True, order=True):
    """For whom the node voted; ``committed``: that candidate is known to have won."""

    leader: Leader
    committed: bool


class Entry(msgspec.Struct, frozen=True):
    id: LogId
    kind: EntryKind
    payload: bytes


class Head(msgspec.Struct, frozen=True):
    """The first 32 bytes of a record, whose checksum fits."""

    body_crc: int
    length: int
    kind: int
    version: int
    mask: int
    group: int
    back: int
    sequence: int

    @property
    def extent(self) -> int:
        """Bytes of the whole record."""
        return (HEAD_BYTES + self.length) // ALIGN_BYTES * ALIGN_BYTES + ALIGN_BYTES

    @property
    def batch_first(self) -> int:
        """Number of the first record that was flushed with it."""
        return max(self.sequence - self.back, 0)


class Record(msgspec.Struct, frozen=True):
    """One record. ``value``: None for a seal, and for a truncation that leaves nothing."""

    segment: int
    offset: int
    extent: int
    sequence: int
    batch_first: int
    kind: Kind
    value: Entry | Vote | LogId | None


def read_head(data: bytes, at: int, seed: int) -> Head | None:
    """None: the checksum does not fit."""
    raw = data[at : at + HEAD_BYTES]
    if len(raw) < HEAD_BYTES or not any(raw):
        return None
    if crc32c(raw[4:], seed) != int.from_bytes(raw[:4], "little"):
        return None
    cursor = Cursor(raw[4:], "", at + 4)
    body_crc, length, kind, version, mask = (
        cursor.u32(),
        cursor.u32(),
        cursor.u8(),
        cursor.u8(),
        cursor.u8(),
    )
    cursor.u8()
    return Head(body_crc, length, kind, version, mask, cursor.u32(), cursor.u32(), cursor.u64())


def read_record(
    data: bytes, at: int, head: Head, seed: int, file: str, segment: int
) -> Record | None:
    """None: payload, padding, kind or version is not good."""
    start = at + HEAD_BYTES
    payload, padding = (
        data[start : start + head.length],
        data[start + head.length : at + head.extent],
    )
    if len(payload) < head.length or len(padding) < head.extent - HEAD_BYTES - head.length:
        return None
    if padding.strip(bytes([PADDING])) or head.version != VERSION or head.kind not in _KINDS:
        return None
    if crc32c(payload, seed) != head.body_crc:
        return None
    if head.mask:
        payload = payload.translate(bytes(byte ^ head.mask for byte in range(256)))
    kind = Kind(head.kind)
    value = _read_value(kind, Cursor(payload, file, start))
    return Record(segment, at, head.extent, head.sequence, head.batch_first, kind, value)


def _read_value(kind: Kind, cursor: Cursor) -> Entry | Vote | LogId | None:
    match kind:
        case Kind.entry:
            id, entry_kind = read_log_id(cursor), cursor.u8()
            if entry_kind not in _ENTRY_KINDS:
                raise cursor.damage(f"unknown kind of entry {entry_kind}")
            return Entry(id, EntryKind(entry_kind), cursor.take(cursor.left))
        case Kind.vote:
            return Vote(read_leader(cursor), cursor.u8() != 0)
        case Kind.purge | Kind.commit:
            return read_log_id(cursor)
        case Kind.truncation:
            return read_log_id(cursor) if cursor.left else None
        case Kind.seal:
            return None


def read_leader(cursor: Cursor) -> Leader:
    return Leader(cursor.u64(), cursor.u64())


def read_log_id(cursor: Cursor) -> LogId:
    return LogId(read_leader(cursor), cursor.u64())


def read_optional_id(cursor: Cursor) -> LogId | None:
    return read_log_id(cursor) if cursor.u8() == 1 else None
