"""What was read, as lines for people and as data for programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from samyama.inspect.damage import Damage
from samyama.inspect.directory import Verdict
from samyama.inspect.effects import CreateToken, Names, show_effect
from samyama.inspect.entry import (
    Membership,
    Proposal,
    Transaction,
    read_membership,
    read_proposal,
)
from samyama.inspect.keys import Kept, Keyed
from samyama.inspect.log import Log
from samyama.inspect.parts import Collector, Standing
from samyama.inspect.records import Entry, EntryKind, LogId, Record, Vote
from samyama.inspect.snapshot import Content, Snapshot, SnapshotState

__all__ = [
    "describe_damage",
    "log_lines",
    "plain",
    "record_documents",
    "snapshot_lines",
    "state_document",
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


#: A membership; or a proposal, and its transactions, if they are complete with it.
Payload = Membership | tuple[Proposal, tuple[Transaction, ...] | Standing]


class _Reader:
    """Reads what the entries of a log carry, one after the other."""

    def __init__(self, log: Log) -> None:
        self._file, self._parts = log.directory, Collector()

    def read(self, entry: Entry, offset: int) -> Payload | None:
        """None: nothing. Raises: Damage."""
        self._parts.see(entry.id.leader)
        if entry.kind is EntryKind.membership:
            return read_membership(entry.payload, self._file, offset)
        if entry.kind is EntryKind.blank or not entry.payload:
            return None
        proposal = read_proposal(entry.payload, self._file, offset)
        return proposal, self._parts.take(proposal, self._file, offset)


def _is_inside(value: Any, first: int | None, last: int | None) -> bool:
    """Is it to be shown? Bounds are log indexes, and leave out what is no entry."""
    if not isinstance(value, Entry):
        return first is None and last is None
    index = value.id.index
    return (first is None or index >= first) and (last is None or index <= last)


def record_documents(log: Log, *, first: int | None, last: int | None) -> Iterator[dict[str, Any]]:
    """Records, for JSON."""
    reader = _Reader(log)
    for record in log.records:
        document = _record_document(record, reader)
        if _is_inside(record.value, first, last):
            yield document


def _record_document(record: Record, reader: _Reader) -> dict[str, Any]:
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
        return document | {"payload": _payload_document(reader.read(value, record.offset))}
    except Damage as damage:
        return document | {"damage": describe_damage(damage)}


def _payload_document(payload: Payload | None) -> Any:
    if not isinstance(payload, tuple):
        return plain(payload)
    proposal, transactions = payload
    document = {**plain(proposal.header), "what": "Proposal", "part": proposal.part}
    if isinstance(transactions, Standing):
        return document | {"standing": transactions.value, "body_bytes": len(proposal.body)}
    return document | {"transactions": plain(transactions)}


def log_lines(
    log: Log, *, first: int | None, last: int | None, effects: bool, names: Names | None = None
) -> Iterator[str]:
    """One line a record, and below an entry one for each effect. ``first``, ``last``: log indexes of entries."""
    names, reader = names or Names(), _Reader(log)
    for segment in log.segments:
        yield f"{segment.file.name}  {segment.bytes} bytes, {len(segment.records)} records"
        batch = None
        for record in segment.records:
            value = record.value
            if isinstance(value, Entry):
                inside = _is_inside(value, first, last)
                yield from _entry_lines(record, value, reader, names, inside, effects, batch)
            elif _is_inside(value, first, last):
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
    reader: _Reader,
    names: Names,
    inside: bool,
    effects: bool,
    batch: int | None,
) -> Iterator[str]:
    try:
        payload = reader.read(entry, record.offset)
    except Damage as damage:
        yield f"{_place(record, batch)} entry      {entry.id}: {damage.what}"
        return
    transactions: tuple[Transaction, ...] = ()
    if isinstance(payload, tuple) and not isinstance(payload[1], Standing):
        transactions = payload[1]
    # Names are learnt from what is not shown, too.
    for transaction in transactions:
        for effect in transaction.effects:
            if isinstance(effect, CreateToken):
                names.note(effect)
    if not inside:
        return
    yield f"{_place(record, batch)} entry      {entry.id} {_summary(entry, payload)}"
    if not effects:
        return
    for transaction in transactions:
        yield f"{'':>18} transaction {transaction.number}"
        if transaction.keyed is not None:
            yield f"{'':>20} {_show_keyed(transaction.keyed)}"
        for effect in transaction.effects:
            yield f"{'':>20} {show_effect(effect, names)}"


def _summary(entry: Entry, payload: Payload | None) -> str:
    match payload:
        case None:
            return "blank"
        case Membership(voters=voters):
            sets = " and ".join("{" + ", ".join(map(str, each)) + "}" for each in voters)
            return f"members, voters {sets}"
    proposal, transactions = payload
    header = proposal.header
    numbers = f"{header.first}" if header.count == 1 else f"{header.first} to {header.last}"
    words = [f"transaction {numbers}"]
    if not proposal.is_whole:
        words[0] = f"part {proposal.part + 1} of {header.parts} of {words[0]}"
    if transactions is Standing.misplaced:
        words.append("without those before it")
    if not isinstance(transactions, Standing):
        words.append(f"{sum(len(transaction.effects) for transaction in transactions)} effects")
        if count := sum(transaction.keyed is not None for transaction in transactions):
            words.append(f"{count} with keys")
    return ", ".join([*words, f"{len(entry.payload)} bytes"])


def _show_keyed(keyed: Keyed) -> str:
    words = []
    if keyed.is_abandoned:
        words.append("abandoned")
    if keyed.client is not None:
        words.append(f"key `{keyed.client}` of {_show_time(keyed.stamp_ms)}")
    if keyed.relay is not None:
        words.append(f"relay key {keyed.relay}")
    return ", ".join([*words, f"answers of {len(keyed.answers)} bytes"])


def _show_time(ms: int) -> str:
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return f"{ms} ms"


def state_document(state: SnapshotState) -> dict[str, Any]:
    """The state of a snapshot, for JSON: of answers and parts their sizes."""
    parts, keys = state.parts, state.keys
    return {
        "applied": state.applied,
        "last_leader": plain(state.last_leader),
        "ranges": plain(state.ranges),
        "parts": parts
        and {"header": plain(parts.header), "bodies_bytes": [len(body) for body in parts.bodies]},
        "relay_keys": [
            {
                "node": node,
                "incarnation": f"{relaying.incarnation:016x}",
                "settled_below": relaying.settled_below,
                "transaction": relaying.number,
                "kept": {
                    str(sequence): _kept_document(kept) for sequence, kept in relaying.kept.items()
                },
            }
            for node, relaying in keys.relaying.items()
        ],
        "client_keys": {
            key: {"stamp_ms": client.stamp_ms, **_kept_document(client.transaction)}
            for key, client in keys.clients.items()
        },
    }


def _kept_document(kept: Kept) -> dict[str, Any]:
    return {
        "index": kept.index,
        "transaction": kept.number,
        "is_abandoned": kept.is_abandoned,
        "answers_bytes": len(kept.answers),
    }


def snapshot_lines(snapshot: Snapshot, content: Content | None) -> Iterator[str]:
    head, state, header = snapshot.head, snapshot.state, snapshot.header
    yield f"{snapshot.file}: {snapshot.bytes} bytes"
    yield f"  cluster       {head.cluster.hex()}"
    yield f"  last entry    {head.last or 'none'}"
    members = ", ".join(f"{m.id} at {m.peer}" for m in head.membership.members)
    yield f"  members       {members} (entry {head.membership_id or 'none'})"
    yield f"  transactions  {header.transaction_number}, of {len(state.ranges)} openings of a lane"
    if state.parts is not None:
        due, there = state.parts.header, len(state.parts.bodies)
        yield f"  parts         {there} of {due.parts} of transaction {due.first}"
    yield f"  keys          {len(state.keys.clients)} of clients, {state.keys.relay_keys} of relays"
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
