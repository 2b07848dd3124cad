"""The rebuilding campaign: a follower of a large graph loses its disk and is replaced under a new id, under writes.

    python -m tests.members.rebuild --nodes 1000000 --relationships 3000000 --json rebuild.json

Three nodes hold the graph, and none has the whole log any more: what is lost can come back by a snapshot only. Light
clients send about a thousand writes a second and note each answer's time. A follower is killed and its directory
removed; a new node with an empty directory and a new id takes its place by `samyama cluster replace`. Measured: how
long that takes, and the writes meanwhile against those before the follower was lost. Each node builds a snapshot of
its own every so many entries all the while, before as well as meanwhile. In the end every acknowledged write is
there, and the graphs of all members are equal.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import CompletedProcess

import click
import msgspec
from tests.chaos.writers import LightClients, Write, WriterSpecification
from tests.command import cluster_command
from tests.log.snapshots import Latencies, load_graph

from samyama.testing import Cluster, Worker, wait_until
from samyama.testing.bolt import BoltConnection

__all__ = ["Report", "rebuild"]

CLIENTS = 8
#: Of each client, so that all together come to about a thousand writes a second.
PAUSE_MS = 4.0
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Report:
    nodes: int
    relationships: int
    snapshot_bytes: int
    #: From the start of the new node's process until it votes and the old one is no member.
    rebuilt_s: float
    #: Of that, from the first piece of the snapshot that is sent until it is taken over.
    streamed_s: float
    writes_a_second: float
    before: Latencies
    during: Latencies
    unknown: int

    def lines(self) -> Iterator[str]:
        yield f"{self.nodes} nodes, {self.relationships} relationships; a snapshot of {self.snapshot_bytes >> 20} MiB"
        yield (
            f"rebuilt in {self.rebuilt_s:.1f} s, {self.streamed_s:.1f} s of them by the snapshot,"
            f" under {self.writes_a_second:.0f} writes/s"
        )
        yield f"before:    {self.before}"
        yield f"meanwhile: {self.during}"
        yield f"writes whose outcome was not known: {self.unknown}"


def rebuild(nodes: int, relationships: int, *, before_s: float, every: int) -> Report:
    """``every``: entries from snapshot to snapshot of each node.

    Raises: AssertionError: something acknowledged is lost, the graphs differ, or no snapshot was streamed.
    """
    with Cluster(
        3, spares=1, settings={"raft": {"snapshot_log_entries": every, "snapshot_log_percent": 0}}
    ) as cluster:
        load_graph(cluster.leader(), nodes, relationships)
        _shorten_logs(cluster)
        lost = cluster.followers()[0]
        clients = LightClients(
            [node.bolt for node in cluster if node is not lost], CLIENTS, PAUSE_MS
        )
        specification = WriterSpecification({"light": clients})
        with Worker("tests.chaos.writers", msgspec.to_builtins(specification)) as worker:
            worker.wait_for("acknowledged", more=100)
            time.sleep(before_s)
            lost.kill()
            shutil.rmtree(lost.directory / "data")
            began = time.monotonic_ns()
            new = cluster.start_spare()
            with ThreadPoolExecutor(1) as thread:
                command = ("replace", str(lost.id), new.http, cluster.leader().http)
                done = thread.submit(cluster_command, *command)
                sizes, streamed_s = _watch_streaming(cluster, new.id, done)
            ended = time.monotonic_ns()
            assert done.result().returncode == 0, done.result().stdout + done.result().stderr
            worker.wait_for("acknowledged", more=100)
            writes = msgspec.convert(worker.stop()["writes"], list[Write])
        cluster.note_members()
        assert lost not in cluster.nodes
        assert sizes, "it was to be rebuilt by a snapshot"
        cluster.wait_equal(timeout_s=60)
        told = [write for write in writes if write.told == "acknowledged"]
        _check_written(cluster.node(new.id).bolt, writes)
        assert not cluster.panics()
        status = new.status()
    lasted_s = (max(w.answered_ns for w in told) - min(w.called_ns for w in told)) / 1e9
    return Report(
        status.nodes - len(told),
        status.relationships,
        max(sizes),
        (ended - began) / 1e9,
        streamed_s,
        len(told) / lasted_s,
        Latencies.of([write for write in told if write.answered_ns < began]),
        Latencies.of([w for w in told if w.called_ns < ended and w.answered_ns >= began]),
        sum(write.told == "unknown" for write in writes),
    )


def _shorten_logs(cluster: Cluster) -> None:
    """Write until every node has a snapshot, and none the whole log."""
    with BoltConnection(cluster.leader().bolt, timeout_s=60) as connection:

        def there() -> bool:
            for _ in range(200):
                connection.run("MATCH (p:P {i: 0}) SET p.count = coalesce(p.count, 0) + 1")
            return all(status.purged_index > 0 for status in cluster.statuses().values())

        wait_until("snapshots, and logs that begin after them", there, 300)


def _watch_streaming(
    cluster: Cluster, id: int, done: Future[CompletedProcess[str]]
) -> tuple[set[int], float]:
    """What the leader sends until the command is done. Returns: sizes of snapshots, and for how long."""
    sizes: set[int] = set()
    seen: list[float] = []
    while not done.done():
        for status in cluster.statuses().values():
            for member in status.members:
                if member.id == id and member.snapshot_bytes is not None:
                    sizes.add(member.snapshot_bytes[1])
                    seen.append(time.monotonic())
        time.sleep(_LOOK_S)
    return sizes, seen[-1] - seen[0] if seen else 0.0


def _check_written(bolt: str, writes: list[Write]) -> None:
    query = "CALL { MATCH (w:W) RETURN w.serial AS serial } RETURN collect(serial) AS serials"
    with BoltConnection(bolt, timeout_s=60) as connection:
        found = connection.run(query).value
    assert len(found) == len(set(found)), "a write was doubled"
    missing = {write.serial for write in writes if write.told == "acknowledged"} - set(found)
    assert not missing, f"acknowledged and gone: {sorted(missing)[:20]}"


@click.command()
@click.option("--nodes", default=1_000_000, show_default=True)
@click.option("--relationships", default=3_000_000, show_default=True)
@click.option(
    "--before", "before_s", default=40.0, show_default=True, help="Seconds of writing before it."
)
@click.option("--every", default=20_000, show_default=True, help="Entries between snapshots.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the report there."
)
def main(
    nodes: int, relationships: int, before_s: float, every: int, json_file: Path | None
) -> None:
    """Replace a follower that has lost a large graph, while clients write."""
    report = rebuild(nodes, relationships, before_s=before_s, every=every)
    for line in report.lines():
        click.echo(line)
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(report), indent=2), "utf-8")


if __name__ == "__main__":
    main()
