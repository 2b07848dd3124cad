"""A whole data directory: do its parts belong together, and which graph do they come to?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from samyama.inspect.damage import Damage
from samyama.inspect.entry import read_proposal
from samyama.inspect.graph import Graph, Inconsistent
from samyama.inspect.identity import Identity, read_identity, read_peers
from samyama.inspect.keys import KeyTable
from samyama.inspect.log import Log, read_log
from samyama.inspect.parts import Collector, Standing
from samyama.inspect.records import Entry, EntryKind
from samyama.inspect.snapshot import Content, open_snapshot, snapshot_files

__all__ = ["Replay", "Verdict", "replay", "verify"]

#: What is being read, bytes so far, bytes in all.
Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Replay:
    """The graph that a directory holds, up to a log index."""

    graph: Graph
    #: The last entry in it; None: nothing is applied.
    index: int | None
    #: Entries that took no effect: of another leadership, out of their chain, or parts without those before them.
    fenced: list[int] = field(default_factory=list)
    #: What is remembered of keys.
    keys: KeyTable = field(default_factory=KeyTable)
    #: Parts of an entry whose last part is not there.
    parts: Collector = field(default_factory=Collector)

    def apply(self, entry: Entry, file: Path) -> None:
        """The next entry; the fence and the rules of parts decide whether it takes effect. Raises: Damage."""
        index = entry.id.index
        if self.index is not None and index != self.index + 1:
            raise Damage(file, 0, f"entry {index} follows {self.index}: some are missing")
        self.index = index
        self.parts.see(entry.id.leader)
        if entry.kind is not EntryKind.proposal or not entry.payload:
            return
        proposal = read_proposal(entry.payload, file)
        header, graph = proposal.header, self.graph
        if header.opening.leader != entry.id.leader or header.first != graph.transaction_number + 1:
            self.fenced.append(index)
            return
        transactions = self.parts.take(proposal, file)
        if transactions is Standing.misplaced:
            self.fenced.append(index)
        if isinstance(transactions, Standing):
            return
        for transaction in transactions:
            try:
                for effect in transaction.effects:
                    graph.apply(effect)
                graph.finish_transaction(transaction.number)
            except Inconsistent as problem:
                what = f"entry {index}, transaction {transaction.number}: {problem}"
                raise Damage(file, 0, what) from None
            if transaction.keyed is not None:
                self.keys.note(transaction.keyed, index, transaction.number)


@dataclass(slots=True)
class Verdict:
    """All that is wrong is in ``damages``; what could be read is in the rest."""

    directory: Path
    damages: list[Damage] = field(default_factory=list)
    identity: Identity | None = None
    peers: dict[int, int] = field(default_factory=dict)
    log: Log | None = None
    snapshots: dict[Path, Content] = field(default_factory=dict)
    unfinished: list[Path] = field(default_factory=list)


def verify(directory: Path, progress: Progress | None = None) -> Verdict:
    """Read everything: identity, every record with the proposals in it, every snapshot with its fingerprint."""
    verdict = Verdict(Path(directory))
    try:
        verdict.identity = read_identity(verdict.directory)
        verdict.peers = read_peers(verdict.directory)
    except (Damage, FileNotFoundError) as problem:
        verdict.damages.append(_as_damage(problem, verdict.directory / "IDENTITY"))
    _verify_log(verdict, progress)
    _verify_snapshots(verdict, progress)
    _verify_cover(verdict)
    return verdict


def _as_damage(problem: Exception, file: Path) -> Damage:
    return problem if isinstance(problem, Damage) else Damage(file, 0, "it is not there")


def _verify_log(verdict: Verdict, progress: Progress | None) -> None:
    directory = verdict.directory / "log"
    if not directory.is_dir():
        verdict.damages.append(Damage(directory, 0, "it is not there"))
        return
    owner = verdict.identity.owner if verdict.identity else None
    note = None if progress is None else lambda done, total: progress("log", done, total)
    verdict.log = log = read_log(directory, owner=owner, progress=note)
    if log.damage is not None:
        verdict.damages.append(log.damage)
    parts = Collector()
    for segment in log.segments:
        for record in segment.records:
            if isinstance(record.value, Entry):
                try:
                    _verify_entry(record.value, parts, segment.file, record.offset)
                except Damage as damage:
                    verdict.damages.append(damage)


def _verify_entry(entry: Entry, parts: Collector, file: Path, offset: int) -> None:
    """Raises: Damage. Which entries take effect is not asked here: parts that follow one another must fit, too."""
    parts.see(entry.id.leader)
    if entry.kind is EntryKind.proposal and entry.payload:
        parts.take(read_proposal(entry.payload, file, offset), file, offset)


def _verify_snapshots(verdict: Verdict, progress: Progress | None) -> None:
    directory = verdict.directory / "snapshots"
    if directory.is_dir():
        verdict.unfinished = sorted(f for f in directory.iterdir() if f.suffix in (".tmp", ".recv"))
    for file in snapshot_files(directory):
        name = file.name
        note = None
        if progress is not None:

            def note(done: int, total: int, name: str = name) -> None:
                progress(name, done, total)

        try:
            with open_snapshot(file) as snapshot:
                if verdict.identity and snapshot.head.cluster != verdict.identity.cluster:
                    raise Damage(file, 17, "it belongs to another cluster")
                verdict.snapshots[file] = snapshot.scan(note)
        except Damage as damage:
            verdict.damages.append(damage)


def _verify_cover(verdict: Verdict) -> None:
    """What is purged from the log must be in a snapshot."""
    purged = verdict.log.state.purged if verdict.log else None
    if purged is None:
        return
    files = snapshot_files(verdict.directory / "snapshots")
    newest = int(files[0].name.split("-")[1], 16) if files else None
    if newest is None or newest < purged.index:
        verdict.damages.append(
            Damage(
                verdict.directory / "snapshots",
                0,
                f"the log is purged up to {purged.index}, and the newest snapshot ends at {newest}",
            )
        )


def replay(directory: Path, at: int | None = None, progress: Progress | None = None) -> Replay:
    """The graph after the entry ``at``: the newest snapshot, and the log behind it.

    Args:
        at: A log index at or behind the snapshot; None: all there is, committed or not.

    Raises: Damage: what is needed is damaged. ValueError: ``at`` is not there.
    """
    directory = Path(directory)
    log = read_log(directory / "log")
    if log.damage is not None:
        raise log.damage
    files = snapshot_files(directory / "snapshots")
    result = Replay(Graph(), None)
    if files:
        note = (
            None if progress is None else lambda done, total: progress(files[0].name, done, total)
        )
        with open_snapshot(files[0]) as snapshot:
            result.graph = snapshot.load(note)
            result.index = snapshot.head.last.index if snapshot.head.last else None
            result.keys = snapshot.state.keys
            result.parts = Collector(snapshot.state.parts)
    if at is not None and result.index is not None and at < result.index:
        raise ValueError(f"the newest snapshot ends at {result.index}, behind {at}")
    for entry in log.entries:
        if result.index is not None and entry.id.index <= result.index:
            continue
        if at is not None and entry.id.index > at:
            break
        result.apply(entry, directory / "log")
    if at is not None and result.index != at:
        raise ValueError(f"the log ends with {result.index}, before {at}")
    return result
