"""Makes ``stories/small.zip``, the directory that the stories are about: ``python -m tests.log.stories_directory``.

A file that is kept and not made anew for each run: its ids are drawn, and it shows that what an earlier program wrote
can still be read.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from samyama.testing import Cluster, wait_until
from samyama.testing.bolt import BoltConnection

#: Some writes have a key, which the log and the snapshot keep.
KEY = "samyama.idempotency_key"
SETTINGS = {
    "storage": {"segment_bytes": 4096},
    "raft": {"snapshot_log_entries": 12, "snapshot_log_percent": 0},
}
STATEMENTS = (
    "CREATE INDEX FOR (p:Person) ON (p.name)",
    "CREATE (:Person {name: 'Alice', born: 1971})-[:KNOWS {since: date('2020-02-01')}]->(:Person {name: 'Bob'})",
    *["MERGE (p:Person {name: 'Counter'}) SET p.count = coalesce(p.count, 0) + 1"] * 14,
)
LATER = (
    "MATCH (p:Person {name: 'Bob'}) SET p:Friend, p.names = ['Bob', 'Robert']",
    "MATCH (p:Person {name: 'Counter'}) DELETE p",
)


def make(file: Path) -> None:
    """Run a node, stop it, keep what it leaves."""
    with Cluster(1, settings=SETTINGS) as cluster:
        node = cluster.nodes[0]
        data = node.directory / "data"
        with BoltConnection(node.bolt) as connection:
            for number, statement in enumerate(STATEMENTS, 1):
                connection.run(
                    statement, tx_metadata={KEY: f"no {number}"} if number % 5 == 0 else {}
                )
            wait_until("a snapshot", lambda: any((data / "snapshots").glob("snap-*")), 20)
            for number, statement in enumerate(LATER, 1):
                connection.run(
                    statement, tx_metadata={KEY: f"later {number}"} if number == 2 else {}
                )
        node.stop()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as kept:
            for each in sorted(data.rglob("*")):
                if each.is_file() and each.name != "LOCK":
                    kept.write(each, each.relative_to(data))


if __name__ == "__main__":
    make(Path(__file__).with_name("stories") / "small.zip")
