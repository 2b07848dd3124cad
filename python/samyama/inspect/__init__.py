"""What lies on disk, read without the engine: log, snapshots, identity, in plain Python from the pages of
``docs/format``.

For operators and support (``samyama log``, ``samyama snapshot``), and as a second implementation: it shares no line
with the engine, so where the two agree the pages are right. It only ever reads. A directory may be in use by a running
node; then what is read is some moment of it, and a record that is just being written looks torn.

    from samyama.inspect import read_log, replay

    for record in read_log(directory / "log").records:
        print(record.sequence, record.kind.name)
    graph = replay(directory).graph
    print(f"{graph.fingerprint:032x}")     # as /status of a node says at the same index
"""

from samyama.inspect.checksum import crc32c
from samyama.inspect.damage import Damage
from samyama.inspect.directory import Replay, Verdict, replay, verify
from samyama.inspect.entry import Header, Proposal, Transaction, read_body, read_proposal
from samyama.inspect.graph import Graph
from samyama.inspect.identity import Identity, read_identity, read_peers
from samyama.inspect.keys import Keyed, KeyTable, RelayKey
from samyama.inspect.log import Log, Segment, read_log
from samyama.inspect.parts import Collector, Parts
from samyama.inspect.records import Entry, EntryKind, Kind, Leader, LogId, Record, Vote
from samyama.inspect.snapshot import SnapshotHead, open_snapshot, snapshot_files

__all__ = [
    "Collector",
    "Damage",
    "Entry",
    "EntryKind",
    "Graph",
    "Header",
    "Identity",
    "KeyTable",
    "Keyed",
    "Kind",
    "Leader",
    "Log",
    "LogId",
    "Parts",
    "Proposal",
    "Record",
    "RelayKey",
    "Replay",
    "Segment",
    "SnapshotHead",
    "Transaction",
    "Verdict",
    "Vote",
    "crc32c",
    "open_snapshot",
    "read_body",
    "read_identity",
    "read_log",
    "read_peers",
    "read_proposal",
    "replay",
    "snapshot_files",
    "verify",
]
