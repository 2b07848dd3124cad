"""What was read, as lines for people and as data for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from samyama.inspect.damage import Damage
from samyama.inspect.directory import Verdict
from samyama.inspect.effects import CreateToken, Names, show_effect
from samyama.inspect.entry import Membership, Proposal, read_membership, read_proposal
from samyama.inspect.log import Log
from samyama.inspect.records import Entry, EntryKind, LogId, Record, Vote
from samyama.inspect.snapshot import Content, Snapshot

__all__ = [
    "describe_damage",
    "log_lines",
    "plain",
    "record_document",
    "snapshot_lines",
    "verdict_lines",
]


def plain(value: Any) -> Any:
    """For JSON: bytes as hexadecimal digits, structures with the name of their class."""
    match value:
        case bytes():
            return value.hex()
        case msgspec.Struct():
            fields = {name: plain(getattr(value, name)) for name in value.__struct_fields__}
            return {"what": type(value).__name__, **fields}
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return value


def describe_damage(damage: Damage) -> dict[str, Any]:
    return {"file": str(damage.file), "offset": damage.offset, "what": damage.what}


def read_payload(entry: Entry, log: Log, offset: int) -> Proposal | Membership | None:
    """What an entry carries. Raises: Damage."""
    if entry.kind is EntryKind.membership:
        return read_membership(entry.payload, log.directory, offset)
    if entry.kind is EntryKind.proposal and entry.payload:
        return read_proposal(entry.payload, log.directory, offset)
    return None


def record_document(record: Record, log: Log) -> dict[str, Any]:
    """One record, for JSON."""
    document: dict[str, Any] = {
        "sequence": record.sequence,
        "segment": f"{record.segment:016x}.wal",
        "offset": record.offset,
        "bytes": record.extent,
        "batch": record.batch_first,
        "kind": record.kind.name,
    }
    value = record.value
    if not isinstance(value, Entry):
        return document | ({} if value is None else {"value": plain(value)})
    document |= {"id": plain(value.id), "entry": value.kind.name}
    try:
        return document | {"payload": plain(read_payload(value, log, record.offset))}
    except Damage as damage:
        return document | {"damage": describe_damage(damage)}


def log_lines(
    log: Log, *, first: int | None, last: int | None, effects: bool, names: Names | None = None
) -> Iterator[str]:
    """One line a record, and below an entry one for each effect. ``first``, ``last``: log indexes of entries."""
    names = names or Names()
    for segment in log.segments:
        yield f"{segment.file.name}  {segment.bytes} bytes, {len(segment.records)} records"
        batch = None
        for record in segment.records:
            value = record.value
            if isinstance(value, Entry):
                index = value.id.index
                inside = (first is None or index >= first) and (last is None or index <= last)
                yield from _entry_lines(record, value, log, names, inside, effects, batch)
            elif first is None and last is None:
                yield f"{_place(record, batch)} {record.kind.name:<10} {_show_mark(value)}".rstrip()
            batch = record.batch_first
    if log.tear is not None:
        yield f"{log.tear.offset:>8}  torn: {log.tear.bytes} bytes of a write that was not finished"


def _place(record: Record, batch: int | None) -> str:
    # A new batch begins where one flush ended.
    mark = " " if record.batch_first == batch else "|"
    return f"{record.offset:>8} {mark} {record.sequence:>6}"


def _show_mark(value: Entry | Vote | LogId | None) -> str:
    match value:
        case Vote(leader=leader, committed=committed):
            won = ", which won" if committed else ""
            return f"node {leader.node} in term {leader.term}{won}"
        case LogId():
            return f"up to {value}"
    return ""


def _entry_lines(
    record: Record,
    entry: Entry,
    log: Log,
    names: Names,
    inside: bool,
    effects: bool,
    batch: int | None,
) -> Iterator[str]:
    try:
        payload = read_payload(entry, log, record.offset)
    except Damage as damage:
        yield f"{_place(record, batch)} entry      {entry.id}: {damage.what}"
        return
    if isinstance(payload, Proposal):
        # Names are learnt from what is not shown, too.
        for transaction in payload.transactions:
            for effect in transaction.effects:
                if isinstance(effect, CreateToken):
                    names.note(effect)
    if not inside:
        return
    yield f"{_place(record, batch)} entry      {entry.id} {_summary(entry, payload)}"
    if effects and isinstance(payload, Proposal):
        for transaction in payload.transactions:
            yield f"{'':>18} transaction {transaction.number}"
            for effect in transaction.effects:
                yield f"{'':>20} {show_effect(effect, names)}"


def _summary(entry: Entry, payload: Proposal | Membership | None) -> str:
    match payload:
        case Membership(voters=voters):
            sets = " and ".join("{" + ", ".join(map(str, each)) + "}" for each in voters)
            return f"members, voters {sets}"
        case Proposal(transactions=transactions):
            count = sum(len(transaction.effects) for transaction in transactions)
            numbers = (
                f"{payload.first}"
                if len(transactions) == 1
                else f"{payload.first} to {payload.last}"
            )
            return f"transaction {numbers}, {count} effects, {len(entry.payload)} bytes"
    return "blank"


def snapshot_lines(snapshot: Snapshot, content: Content | None) -> Iterator[str]:
    head, state, header = snapshot.head, snapshot.state, snapshot.header
    yield f"{snapshot.file}: {snapshot.bytes} bytes"
    yield f"  cluster       {head.cluster.hex()}"
    yield f"  last entry    {head.last or 'none'}"
    members = ", ".join(f"{m.id} at {m.peer}" for m in head.membership.members)
    yield f"  members       {members} (entry {head.membership_id or 'none'})"
    yield f"  transactions  {header.transaction_number}, of {len(state.ranges)} openings of a lane"
    yield f"  graph         {header.nodes} nodes, {header.relationships} relationships"
    yield f"  next ids      node {header.next_node}, relationship {header.next_relationship}"
    yield f"  fingerprint   {header.fingerprint:032x}"
    if content is not None:
        yield (
            f"  read          all of it: counts and fingerprint fit; {content.tokens} names, {content.indexes} "
            f"indexes, {content.constraints} constraints, {content.deleted} deleted ids"
        )


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    if verdict.identity is not None:
        identity = verdict.identity
        yield f"node {identity.node} of cluster {identity.cluster_id}, incarnation {identity.incarnation:016x}"
    if verdict.peers:
        yield f"has met nodes {', '.join(map(str, sorted(verdict.peers)))}"
    if verdict.log is not None:
        yield from _log_summary(verdict.log)
    for file, content in verdict.snapshots.items():
        yield (
            f"{file.name}: {content.nodes} nodes, {content.relationships} relationships, "
            f"fingerprint {content.fingerprint:032x}"
        )
    for file in verdict.unfinished:
        yield f"{file.name}: begun and not finished; the next start removes it"
    for damage in verdict.damages:
        yield f"DAMAGED {damage}"
    if not verdict.damages:
        yield "everything fits"


def _log_summary(log: Log) -> Iterator[str]:
    records = sum(len(segment.records) for segment in log.segments)
    size = sum(segment.bytes for segment in log.segments)
    yield f"log: {len(log.segments)} segments, {records} records, {size} bytes"
    if log.entries:
        yield f"  entries {log.entries[0].id} to {log.entries[-1].id}"
    state = log.state
    for name, id in (("purged", state.purged), ("committed", state.committed)):
        if id is not None:
            yield f"  {name} up to {id}"
    if state.vote is not None:
        yield f"  last vote: {_show_mark(state.vote)}"
    if log.tear is not None:
        yield (
            f"  torn: {log.tear.bytes} bytes at {log.tear.file}, offset {log.tear.offset}: a write that was not "
            "finished and never acknowledged; the next start cuts it off"
        )
    for file in log.leftovers:
        yield f"  {file.name}: left over from a purge; the next start removes it"
