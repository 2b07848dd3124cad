"""Snapshot files, read as a stream: docs/format/snapshot_file.md, snapshot_state.md, snapshot_content.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec

from samyama.inspect.checksum import crc32c
from samyama.inspect.cursor import Cursor
from samyama.inspect.damage import Damage
from samyama.inspect.effects import (
    CreateConstraint,
    CreateIndex,
    CreateNode,
    CreateRelationship,
    CreateToken,
    Effect,
    read_properties,
)
from samyama.inspect.entry import Header, Membership, Opening, read_membership
from samyama.inspect.fingerprint import MODULUS
from samyama.inspect.graph import Graph, Inconsistent, node_facts, relationship_facts
from samyama.inspect.keys import KeyTable, read_key_table
from samyama.inspect.parts import Parts
from samyama.inspect.records import Leader, LogId, read_optional_id
from samyama.inspect.schema import read_constraint, read_index

__all__ = [
    "Content",
    "Deleted",
    "GraphHeader",
    "Range",
    "Snapshot",
    "SnapshotHead",
    "SnapshotState",
    "open_snapshot",
    "snapshot_files",
]

_NAME = re.compile(r"snap-[0-9a-f]{16}-[0-9a-f]{16}")
HEAD_BYTES_MAX, OPENINGS_MAX, SECTION_BYTES_MAX = 1 << 20, 64, 1 << 30
STATE_VERSION, STATE_BYTES, PART_BYTES_MAX = 2, 56, 768 * 1024
HEADER, TOKENS, NODES, RELATIONSHIPS, SCHEMA, END = range(1, 7)

Progress = Callable[[int, int], None]


class SnapshotHead(msgspec.Struct, frozen=True):
    """What the snapshot belongs to."""

    cluster: bytes
    #: The last entry in it.
    last: LogId | None
    membership_id: LogId | None
    membership: Membership
    #: The highest id that was ever a member's.
    ids_max: int


class Range(msgspec.Struct, frozen=True):
    """Transactions that one opening of a lane got through: first and last number, log index of the last."""

    leader: Leader
    opened_at: int
    first: int
    last: int
    index: int


class SnapshotState(msgspec.Struct, frozen=True):
    """What the log determines besides the graph."""

    applied: int | None
    last_leader: Leader | None
    ranges: tuple[Range, ...]
    parts: Parts | None
    keys: KeyTable


class GraphHeader(msgspec.Struct, frozen=True):
    fingerprint: int
    transaction_number: int
    schema_epoch: int
    next_node: int
    next_relationship: int
    next_index: int
    nodes: int
    relationships: int


class Deleted(msgspec.Struct, frozen=True):
    """An id that was used, so that it is never given again."""

    kind: str
    id: int


class Content(msgspec.Struct, frozen=True):
    """What a scan of the whole file comes to."""

    nodes: int
    relationships: int
    deleted: int
    indexes: int
    constraints: int
    tokens: int
    fingerprint: int


def snapshot_files(directory: Path) -> list[Path]:
    """Finished snapshots of ``snapshots/`` of a node, newest first."""
    if not directory.is_dir():
        return []
    return sorted((f for f in directory.iterdir() if _NAME.fullmatch(f.name)), reverse=True)


def open_snapshot(file: Path) -> Snapshot:
    """Read everything before the graph. Raises: Damage."""
    return Snapshot(Path(file))


@dataclass(slots=True)
class _Section:
    kind: int
    offset: int
    data: bytes


class Snapshot:
    """An open file. The graph in it can be read once: :meth:`items`, :meth:`scan` or :meth:`load`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.bytes = file.stat().st_size
        self._stream: BinaryIO = file.open("rb")
        try:
            self.head = self._read_head()
            self.state = self._read_state()
            self.header = self._read_graph_header()
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def _take(self, count: int, what: str) -> tuple[int, bytes]:
        offset = self._stream.tell()
        taken = self._stream.read(count)
        if len(taken) < count:
            raise Damage(self.file, offset + len(taken), f"the file ends in {what}")
        return offset, taken

    def _cursor(self, count: int, what: str) -> Cursor:
        offset, taken = self._take(count, what)
        return Cursor(taken, self.file, offset)

    def _read_head(self) -> SnapshotHead:
        start = self._cursor(16, "its head")
        if start.take(8) != b"SAMYSNAP":
            raise Damage(self.file, 0, "it does not begin with a snapshot's magic")
        length, crc = start.u32(), start.u32()
        if length > HEAD_BYTES_MAX:
            raise Damage(self.file, 8, f"a head of {length} bytes")
        offset, raw = self._take(length, "its head")
        if crc32c(raw) != crc:
            raise Damage(self.file, offset, "the head's checksum is wrong")
        cursor = Cursor(raw, self.file, offset)
        if (version := cursor.u8()) != 2:
            raise Damage(self.file, offset, f"format version {version}; this program reads 2")
        cluster, last, membership_id = (
            cursor.take(16),
            read_optional_id(cursor),
            read_optional_id(cursor),
        )
        count = cursor.u32()
        membership_offset = cursor.offset
        membership = read_membership(cursor.take(count), self.file, membership_offset)
        ids_max = cursor.u64()
        index, term = (last.index, last.leader.term) if last else (0, 0)
        if self.file.name != (name := f"snap-{index:016x}-{term:016x}"):
            raise Damage(self.file, offset, f"it was renamed: by its head it is {name}")
        return SnapshotHead(cluster, last, membership_id, membership, ids_max)

    def _read_state(self) -> SnapshotState:
        offset, fixed = self._take(STATE_BYTES, "the state before the graph")
        if fixed[:4] != b"SMYC":
            raise Damage(self.file, offset, "the state does not begin with SMYC")
        if fixed[4] != STATE_VERSION:
            what = f"state of version {fixed[4]}; this program reads {STATE_VERSION}"
            raise Damage(self.file, offset + 4, what)
        cursor = Cursor(fixed[8:], self.file, offset + 8)
        applied, has_leader, leader, count, bodies = (
            cursor.u64(),
            cursor.u64(),
            Leader(cursor.u64(), cursor.u64()),
            cursor.u64(),
            cursor.u64(),
        )
        if count > OPENINGS_MAX:
            raise Damage(self.file, offset + 40, f"{count} openings")
        _, rest = self._take(count * 48, "the openings")
        if crc32c(fixed + rest) != self._cursor(4, "the openings").u32():
            raise Damage(self.file, offset, "the checksum of the state before the graph is wrong")
        cursor = Cursor(rest, self.file, offset + STATE_BYTES)
        ranges = tuple(
            Range(
                Leader(cursor.u64(), cursor.u64()),
                cursor.u64(),
                cursor.u64(),
                cursor.u64(),
                cursor.u64(),
            )
            for _ in range(count)
        )
        return SnapshotState(
            applied - 1 if applied else None,
            leader if has_leader == 1 else None,
            ranges,
            self._read_parts(bodies) if bodies else None,
            self._read_keys(),
        )

    def _take_checked(self, count: int, what: str) -> Cursor:
        """Bytes with their checksum behind them."""
        offset, taken = self._take(count, what)
        if crc32c(taken) != self._cursor(4, what).u32():
            raise Damage(self.file, offset, f"the checksum of {what} is wrong")
        return Cursor(taken, self.file, offset)

    def _read_parts(self, bodies: int) -> Parts:
        cursor = self._take_checked(48, "the parts' head")
        opening = Opening(Leader(cursor.u64(), cursor.u64()), cursor.u64())
        header = Header(opening, cursor.u64(), cursor.u32(), cursor.u32() == 1, cursor.u32())
        if bodies >= header.parts:
            raise cursor.damage(f"{bodies} of {header.parts} parts: none is missing")
        read = []
        for _ in range(bodies):
            length = self._cursor(4, "a part").u32()
            if length > PART_BYTES_MAX:
                raise Damage(self.file, self._stream.tell() - 4, f"a part of {length} bytes")
            read.append(self._take_checked(length, "a part").take(length))
        return Parts(header, tuple(read))

    def _read_keys(self) -> KeyTable:
        length = self._cursor(8, "the keys").u64()
        if length > self.bytes:
            raise Damage(self.file, self._stream.tell() - 8, f"keys of {length} bytes")
        return read_key_table(self._take_checked(length, "the keys"))

    def _read_graph_header(self) -> GraphHeader:
        offset, start = self._take(10, "the graph's magic")
        if start[:8] != b"SAMYGRPH":
            raise Damage(self.file, offset, "the graph does not begin with its magic")
        if (version := int.from_bytes(start[8:], "little")) != 1:
            raise Damage(
                self.file, offset + 8, f"a graph of version {version}; this program reads 1"
            )
        section = self._read_section()
        if section.kind != HEADER:
            raise Damage(self.file, section.offset, "the graph's header is missing")
        cursor = Cursor(section.data, self.file, section.offset)
        fingerprint = int.from_bytes(cursor.take(16), "little")
        return GraphHeader(fingerprint, *(cursor.uint() for _ in range(7)))

    def _read_section(self) -> _Section:
        cursor = self._cursor(9, "a section's head")
        kind, length, crc = cursor.u8(), cursor.u32(), cursor.u32()
        if length > SECTION_BYTES_MAX:
            raise Damage(self.file, cursor.offset - 9, f"a section of {length} bytes")
        offset, data = self._take(length, "a section")
        if crc32c(data, crc32c(bytes([kind]))) != crc:
            raise Damage(self.file, offset, f"a section of kind {kind} has the wrong checksum")
        return _Section(kind, offset, data)

    def items(self, progress: Progress | None = None) -> Iterator[Effect | Deleted]:
        """The graph as the effects that would make it, and the ids that are used up. Raises: Damage."""
        tokens = [0, 0, 0]
        while (section := self._read_section()).kind != END:
            cursor = Cursor(section.data, self.file, section.offset)
            while cursor.left:
                match section.kind:
                    case 2:  # TOKENS
                        kind = cursor.u8()
                        if kind > 2:
                            raise cursor.damage(f"unknown token kind {kind}")
                        yield CreateToken(kind, tokens[kind], cursor.text())
                        tokens[kind] += 1
                    case 3:  # NODES
                        yield self._read_node(cursor)
                    case 4:  # RELATIONSHIPS
                        yield self._read_relationship(cursor)
                    case 5:  # SCHEMA
                        if cursor.u8() == 0:
                            yield CreateIndex(read_index(cursor))
                        else:
                            yield CreateConstraint(*read_constraint(cursor))
                    case _:
                        raise cursor.damage(f"a section of the unknown kind {section.kind}")
            if progress is not None:
                progress(self._stream.tell(), self.bytes)

    def _read_node(self, cursor: Cursor) -> CreateNode | Deleted:
        id = cursor.uint()
        if cursor.u8() == 0:
            return Deleted("node", id)
        labels = tuple(cursor.uint() for _ in range(cursor.count()))
        return CreateNode(id, labels, read_properties(cursor))

    def _read_relationship(self, cursor: Cursor) -> CreateRelationship | Deleted:
        id = cursor.uint()
        if cursor.u8() == 0:
            return Deleted("relationship", id)
        start, end, type = cursor.uint(), cursor.uint(), cursor.uint()
        return CreateRelationship(id, start, end, type, read_properties(cursor))

    def scan(self, progress: Progress | None = None) -> Content:
        """Count everything and compute the fingerprint anew, without keeping the graph.

        Raises: Damage: also when counts or fingerprint are not those of the header.
        """
        nodes = relationships = deleted = fingerprint = 0
        # The few that are not nodes or relationships.
        rest = Graph()
        for item in self.items(progress):
            match item:
                case CreateNode(id=id, labels=labels, properties=properties):
                    nodes += 1
                    fingerprint += node_facts(id, labels, properties)
                case CreateRelationship(id=id, properties=properties):
                    relationships += 1
                    ends = (item.start, item.end, item.type)
                    fingerprint += relationship_facts(id, ends, properties)
                case Deleted():
                    deleted += 1
                case _:
                    rest.apply(item)
        content = Content(
            nodes,
            relationships,
            deleted,
            len(rest.indexes),
            len(rest.constraints),
            sum(map(len, rest.tokens)),
            (fingerprint + rest.fingerprint) % MODULUS,
        )
        self._compare(content.nodes, content.relationships, content.fingerprint)
        return content

    def load(self, progress: Progress | None = None) -> Graph:
        """The graph in it. Raises: Damage."""
        graph = Graph()
        for item in self.items(progress):
            if isinstance(item, Deleted):
                continue
            try:
                graph.apply(item)
            except Inconsistent as problem:
                raise Damage(self.file, self._stream.tell(), str(problem)) from None
        graph.transaction_number = self.header.transaction_number
        self._compare(len(graph.nodes), len(graph.relationships), graph.fingerprint)
        return graph

    def _compare(self, nodes: int, relationships: int, fingerprint: int) -> None:
        header, here = self.header, self._stream.tell()
        if (nodes, relationships) != (header.nodes, header.relationships):
            raise Damage(
                self.file,
                here,
                f"{nodes} nodes and {relationships} relationships, and the header says "
                f"{header.nodes} and {header.relationships}",
            )
        if fingerprint != header.fingerprint:
            raise Damage(
                self.file,
                here,
                f"the content has fingerprint {fingerprint:032x}, and the header says "
                f"{header.fingerprint:032x}",
            )
