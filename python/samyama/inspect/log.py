"""A whole log directory: segments in order, what is wrong with them, and what they come to. docs/format/wal.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from samyama.inspect.checksum import crc32c
from samyama.inspect.cursor import Cursor
from samyama.inspect.damage import Damage
from samyama.inspect.records import (
    BLOCK_BYTES,
    HEAD_BYTES,
    Entry,
    Head,
    Kind,
    LogId,
    Record,
    Vote,
    read_head,
    read_leader,
    read_optional_id,
    read_record,
)

__all__ = ["Checkpoint", "Log", "Segment", "Tear", "read_log"]

HEADER_BYTES = 512
_NAME = re.compile(r"([0-9a-f]{16})\.wal")


class Checkpoint(msgspec.Struct, frozen=True):
    """What a log says besides its entries."""

    vote: Vote | None = None
    purged: LogId | None = None
    committed: LogId | None = None
    #: The last entry, or ``purged`` where that lies behind it.
    last: LogId | None = None

    def after(self, record: Record) -> Checkpoint:
        value, last = record.value, self.last
        match record.kind, value:
            case Kind.entry, Entry():
                return msgspec.structs.replace(self, last=value.id)
            case Kind.vote, Vote():
                return msgspec.structs.replace(self, vote=value)
            case Kind.commit, LogId():
                return msgspec.structs.replace(self, committed=value)
            case Kind.purge, LogId():
                behind = last is None or last.index < value.index
                return msgspec.structs.replace(self, purged=value, last=value if behind else last)
            case Kind.truncation, (LogId() | None) as keep:
                shorter = last is not None and (keep is None or keep.index < last.index)
                return msgspec.structs.replace(self, last=keep if shorter else last)
        return self


class Tear(msgspec.Struct, frozen=True):
    """A tail that is not all there: a write that was not finished, and never acknowledged."""

    file: str
    offset: int
    bytes: int


@dataclass(slots=True)
class Segment:
    """One file."""

    file: Path
    number: int
    owner: bytes
    began_with: Checkpoint
    bytes: int
    #: Records begin and end here.
    end: int = HEADER_BYTES
    sealed: bool = False
    records: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class Log:
    """What was read. Everything before the first damage is there when there is one."""

    directory: Path
    segments: list[Segment] = field(default_factory=list)
    #: Files from before a purge that was not carried out to the end; the next start removes them.
    leftovers: list[Path] = field(default_factory=list)
    state: Checkpoint = field(default_factory=Checkpoint)
    #: Those that are not purged.
    entries: list[Entry] = field(default_factory=list)
    tear: Tear | None = None
    damage: Damage | None = None

    @property
    def records(self) -> Iterator[Record]:
        """All of them, in order."""
        for segment in self.segments:
            yield from segment.records

    @property
    def committed(self) -> list[Entry]:
        """Entries that a mark on this disk says are committed. More may be: marks lag behind."""
        mark = self.state.committed
        return [
            entry for entry in self.entries if mark is not None and entry.id.index <= mark.index
        ]


def read_log(
    directory: Path,
    *,
    owner: bytes | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Log:
    """Read ``log/`` of a node.

    Args:
        directory: The one with the segments.
        owner: Whose log it must be; None: whoever the oldest segment says.
        progress: Called with bytes read so far and in all.

    Never raises for damage: that is in the result, with all that was read before it.
    """
    return _Reader(Path(directory), owner, progress).read()


class _Reader:
    def __init__(
        self, directory: Path, owner: bytes | None, progress: Callable[[int, int], None] | None
    ) -> None:
        self.log = Log(directory)
        self.owner, self.progress = owner, progress
        self.sequence = 0
        self.began_with = Checkpoint()

    def read(self) -> Log:
        log = self.log
        numbered = (
            (int(found[1], 16), file)
            for file in log.directory.iterdir()
            if (found := _NAME.fullmatch(file.name))
        )
        files = sorted(numbered)
        total, done = sum(file.stat().st_size for _, file in files), 0
        gap: Damage | None = None
        before: tuple[list[Segment], Checkpoint, list[Entry]] | None = None
        try:
            for position, (number, file) in enumerate(files):
                data = file.read_bytes()
                segment = self._read_header(file, number, data)
                connects = not log.segments or (number == self.sequence and log.segments[-1].sealed)
                if not connects:
                    gap = gap or self._describe_gap(number)
                    before = before or (log.segments, log.state, list(log.entries))
                    log.leftovers += [old.file for old in log.segments]
                    log.segments = []
                if not log.segments:
                    log.state = self.began_with = segment.began_with
                    log.entries.clear()
                    self.sequence = number
                elif segment.began_with != log.state:
                    raise Damage(file, 0, "its header disagrees with the segments before it")
                log.segments.append(segment)
                self._read_records(segment, data)
                if position == len(files) - 1:
                    log.tear = self._judge_tail(segment, data)
                done += len(data)
                if self.progress is not None:
                    self.progress(done, total)
            self._check(gap)
        except Damage as damage:
            log.damage = damage
            if before is not None and damage is gap:
                # No purge explains the gap: what stands before it is no leftover but the last that can be read.
                log.segments, log.state, log.entries = before
                log.leftovers.clear()
        return log

    def _read_header(self, file: Path, number: int, data: bytes) -> Segment:
        if len(data) < HEADER_BYTES:
            raise Damage(file, len(data), "the file is shorter than a header")
        if data[:8] != b"SAMYAWAL":
            raise Damage(file, 0, "it does not begin with a log segment's magic")
        stored = int.from_bytes(data[HEADER_BYTES - 4 : HEADER_BYTES], "little")
        if crc32c(data[: HEADER_BYTES - 4]) != stored:
            raise Damage(file, HEADER_BYTES - 4, "the header's checksum is wrong")
        cursor = Cursor(data[8 : HEADER_BYTES - 4], file, 8)
        version = int.from_bytes(cursor.take(2), "little")
        if version != 1:
            raise Damage(file, 8, f"format version {version}; this program reads 1")
        if (said := cursor.u64()) != number:
            raise Damage(
                file,
                10,
                f"it was renamed: its first sequence number is {said}, the name says {number}",
            )
        owner = cursor.take(24)
        self.owner = owner if self.owner is None else self.owner
        if owner != self.owner:
            raise Damage(file, 18, "it belongs to another cluster or node")
        vote = Vote(read_leader(cursor), cursor.u8() == 1) if cursor.u8() == 1 else None
        ids = [read_optional_id(cursor) for _ in range(3)]
        return Segment(file, number, owner, Checkpoint(vote, *ids), len(data))

    def _read_records(self, segment: Segment, data: bytes) -> None:
        seed = _seed(segment)
        at = HEADER_BYTES
        while True:
            head = read_head(data, at, seed)
            if head is None or head.sequence != self.sequence:
                break
            record = read_record(data, at, head, seed, str(segment.file), segment.number)
            if record is None:
                break
            if segment.sealed:
                raise Damage(segment.file, at, "records stand behind the seal")
            self._note(segment, record)
            segment.records.append(record)
            at += head.extent
            self.sequence += 1
            segment.end, segment.sealed = at, record.kind is Kind.seal

    def _note(self, segment: Segment, record: Record) -> None:
        state, value = self.log.state, record.value
        match record.kind, value:
            case Kind.entry, Entry():
                due = None if state.last is None else state.last.index + 1
                if due not in (None, value.id.index):
                    raise Damage(
                        segment.file,
                        record.offset,
                        f"entry {value.id.index} stands where {due} is due",
                    )
                term = value.id.leader.term
                if term and (state.vote is None or state.vote.leader < value.id.leader):
                    raise Damage(
                        segment.file,
                        record.offset,
                        f"an entry of term {term} stands before a vote of that term",
                    )
                self.log.entries.append(value)
            case Kind.vote, Vote():
                if state.vote is not None and state.vote > value:
                    raise Damage(segment.file, record.offset, "a vote goes back")
            case Kind.truncation, (LogId() | None) as keep:
                while self.log.entries and (
                    keep is None or self.log.entries[-1].id.index > keep.index
                ):
                    self.log.entries.pop()
        self.log.state = state.after(record)

    def _judge_tail(self, segment: Segment, data: bytes) -> Tear | None:
        """What stands behind the last good record: nothing, a torn tail, or damage."""
        at, due = segment.end, self.sequence
        rest = data[at:].rstrip(b"\0")
        if not rest:
            return None
        tear = Tear(str(segment.file), at, len(rest))
        seed = _seed(segment)
        for behind in range(8, len(rest) - HEAD_BYTES + 1, 8):
            later = read_head(data, at + behind, seed)
            if later is not None and later.batch_first > due:
                raise Damage(
                    segment.file,
                    at,
                    f"record {due} cannot be read, but record {later.sequence} of a later flush stands "
                    f"{behind} bytes behind it",
                )
        head = read_head(data, at, seed)
        if head is None:
            if not any(data[at : at + HEAD_BYTES]):
                return tear
            extent = HEAD_BYTES + 8
        else:
            self._refuse_head(segment, head)
            extent = head.extent
        end_is_missing = len(rest) < extent or len(data) - at < extent
        if end_is_missing or _has_empty_block(data, at, extent):
            return tear
        raise Damage(
            segment.file,
            at,
            f"record {due} has the wrong checksum, and no block of it is missing: its bytes have changed",
        )

    def _refuse_head(self, segment: Segment, head: Head) -> None:
        at, due = segment.end, self.sequence
        if head.sequence != due:
            raise Damage(segment.file, at, f"record {head.sequence} stands where {due} is due")
        if head.version != 1:
            raise Damage(
                segment.file,
                at,
                f"record {due} has format version {head.version}: a later program wrote it",
            )

    def _describe_gap(self, next_number: int) -> Damage:
        last = self.log.segments[-1]
        if last.sealed:
            what = (
                f"the segment that begins with record {self.sequence} is missing; the next one begins "
                f"with {next_number}"
            )
        else:
            what = f"record {self.sequence} cannot be read, and later segments exist"
        return Damage(last.file, last.end, what)

    def _check(self, gap: Damage | None) -> None:
        log, state = self.log, self.log.state
        if not log.segments:
            return
        first, newest = log.segments[0], log.segments[-1]
        if first.number > 0:
            before = self.began_with.last
            covered = state.purged is not None and (
                before is None or before.index <= state.purged.index
            )
            if not covered:
                raise gap or Damage(
                    first.file,
                    0,
                    f"the log begins with record {first.number}, and the segments before it are missing",
                )
        if state.purged is not None:
            log.entries = [e for e in log.entries if e.id.index > state.purged.index]
            if log.entries and log.entries[0].id.index != state.purged.index + 1:
                raise Damage(
                    newest.file,
                    newest.end,
                    f"entries begin with {log.entries[0].id.index} and are purged up to "
                    f"{state.purged.index}: some are missing",
                )
        last = log.entries[-1].id if log.entries else state.purged
        if last != state.last:
            raise Damage(
                newest.file, newest.end, f"the log ends with {state.last} and does not hold it"
            )
        if state.committed is not None:
            self._check_mark(newest, state.committed)

    def _check_mark(self, newest: Segment, mark: LogId) -> None:
        last, entries = self.log.state.last, self.log.entries
        if last is None or last.index < mark.index:
            end = "nothing" if last is None else str(last.index)
            raise Damage(
                newest.file,
                newest.end,
                f"entry {mark.index} is marked as committed, and the log ends with {end}",
            )
        place = mark.index - entries[0].id.index if entries else -1
        if 0 <= place < len(entries) and entries[place].id != mark:
            raise Damage(
                newest.file,
                newest.end,
                f"entry {mark.index} is marked as committed with term {mark.leader.term}, and the one "
                f"there is of term {entries[place].id.leader.term}",
            )


def _seed(segment: Segment) -> int:
    return crc32c(segment.owner + segment.number.to_bytes(8, "little"))


def _has_empty_block(data: bytes, at: int, extent: int) -> bool:
    end = min(at + extent, len(data))
    while at < end:
        block_end = min((at // BLOCK_BYTES + 1) * BLOCK_BYTES, end)
        if not any(data[at:block_end]):
            return True
        at = block_end
    return False
