"""The snapshot campaign: a node with a large graph takes writes at a steady rate while snapshots of it are built.

    python -m tests.log.snapshots --nodes 1000000 --relationships 3000000 --json snapshots.json

Writers are light clients that together send about a thousand writes a second, and note each answer's time. A watcher
looks at the directory a hundred times a second: while there is an unfinished file, a snapshot is being built. Writes
that overlap such a time are held against those that do not. In the end, all writes are counted in the graph, and the
newest snapshot is read whole by ``samyama.inspect``, which computes its fingerprint anew.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import msgspec
from tests.chaos.writers import LightClients, Write, WriterSpecification

from samyama.inspect import open_snapshot, snapshot_files
from samyama.testing import Cluster, Node, Worker
from samyama.testing.bolt import BoltConnection, BoltFailure

__all__ = ["Latencies", "Report", "campaign", "load_graph"]

BATCH = 20_000
CLIENTS = 7
#: Of each client, so that all together come to about a thousand writes a second.
PAUSE_MS = 4.0
SLOW_MS = 50.0
NODES = "UNWIND range($from, $until - 1) AS i CREATE (:P {i: i, name: 'person ' + toString(i)})"
RELATIONSHIPS = (
    "UNWIND range($from, $until - 1) AS i MATCH (a:P {i: i % $nodes}), (b:P {i: (i * 7919 + 13) % $nodes}) "
    "CREATE (a)-[:KNOWS {since: i}]->(b)"
)


@dataclass(frozen=True, slots=True)
class Latencies:
    """In milliseconds."""

    writes: int
    median: float
    p99: float
    p999: float
    worst: float
    slow: int

    @classmethod
    def of(cls, writes: Sequence[Write]) -> Latencies:
        times = sorted((write.answered_ns - write.called_ns) / 1e6 for write in writes) or [0.0]

        def at(share: float) -> float:
            return round(times[min(int(len(times) * share), len(times) - 1)], 2)

        slow = sum(each > SLOW_MS for each in times)
        return cls(len(writes), at(0.5), at(0.99), at(0.999), at(1), slow)

    def __str__(self) -> str:
        return (
            f"{self.writes} writes, median {self.median:.2f} ms, P99 {self.p99:.2f}, P99.9 {self.p999:.2f}, "
            f"worst {self.worst:.2f}; {self.slow} slower than {SLOW_MS:.0f} ms"
        )


@dataclass(frozen=True, slots=True)
class Report:
    nodes: int
    relationships: int
    load_s: float
    #: Of each snapshot, how long its file was unfinished.
    snapshots_s: list[float]
    snapshot_bytes: int
    writes_a_second: float
    during: Latencies
    between: Latencies

    def lines(self) -> Iterator[str]:
        yield f"{self.nodes} nodes, {self.relationships} relationships, loaded in {self.load_s:.0f} s"
        times = ", ".join(f"{each:.2f}" for each in self.snapshots_s)
        yield f"{len(self.snapshots_s)} snapshots of {self.snapshot_bytes >> 20} MiB, in seconds: {times}"
        yield f"{self.writes_a_second:.0f} writes/s"
        yield f"while a snapshot is built: {self.during}"
        yield f"otherwise:                 {self.between}"


def campaign(nodes: int, relationships: int, *, seconds: float, every: int) -> Report:
    """``every``: entries from snapshot to snapshot. Raises: AssertionError: something was lost or does not fit."""
    with Cluster(
        1, settings={"raft": {"snapshot_log_entries": every, "snapshot_log_percent": 0}}
    ) as cluster:
        node = cluster.nodes[0]
        began = time.monotonic()
        load_graph(node, nodes, relationships)
        load_s = time.monotonic() - began
        _settle(node)
        writes, built = _write(node, seconds)
        _settle(node)
        told = [write for write in writes if write.told == "acknowledged"]
        assert len(told) == len(writes), "a write failed, with nothing wrong"
        with BoltConnection(node.bolt, timeout_s=60) as connection:
            found = connection.run("MATCH (w:W) RETURN count(w)").value
        assert found == len(told), f"{len(told)} acknowledged, {found} there"
        newest = snapshot_files(node.directory / "data/snapshots")[0]
        with open_snapshot(newest) as snapshot:
            snapshot.scan()
        size = newest.stat().st_size
        status = node.status()
    during, between = _split(writes, built)
    lasted = (writes[-1].answered_ns - writes[0].called_ns) / 1e9
    return Report(
        status.nodes - found,
        status.relationships,
        load_s,
        [round(end - start, 2) for start, end in built],
        size,
        len(writes) / lasted,
        Latencies.of(during),
        Latencies.of(between),
    )


def load_graph(node: Node, nodes: int, relationships: int) -> None:
    """So many of both, over the node's Bolt."""
    with BoltConnection(node.bolt, timeout_s=120) as connection:
        connection.run("CREATE INDEX FOR (p:P) ON (p.i)")
        for query, total in ((NODES, nodes), (RELATIONSHIPS, relationships)):
            for start in range(0, total, BATCH):
                until = min(start + BATCH, total)
                parameters = {"from": start, "until": until, "nodes": nodes}
                _run_in_the_end(connection, query, parameters)


def _run_in_the_end(connection: BoltConnection, query: str, parameters: dict[str, Any]) -> None:
    """Again, as a driver does, if nothing was done: a machine that is busy with the load may lose a leader."""
    deadline = time.monotonic() + 60
    while True:
        try:
            connection.run(query, parameters)
        except BoltFailure as failure:
            if not failure.code.startswith("Neo.TransientError.") or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _is_building(node: Node) -> bool:
    return any((node.directory / "data/snapshots").glob("*.tmp"))


def _settle(node: Node) -> None:
    """Until no snapshot has been under way for a second."""
    quiet_since = time.monotonic()
    while time.monotonic() < quiet_since + 1:
        if _is_building(node):
            quiet_since = time.monotonic()
        time.sleep(0.01)


def _write(node: Node, seconds: float) -> tuple[list[Write], list[tuple[float, float]]]:
    """Returns: the writes, and from when to when snapshots were built (``time.monotonic``)."""
    clients = LightClients([node.bolt], CLIENTS, PAUSE_MS)
    specification = WriterSpecification({"light": clients})
    built: list[tuple[float, float]] = []
    with Worker("tests.chaos.writers", msgspec.to_builtins(specification)) as worker:
        worker.wait_for("acknowledged", more=100)
        until, since = time.monotonic() + seconds, None
        while (now := time.monotonic()) < until or since is not None:
            is_building = _is_building(node)
            if is_building and since is None:
                since = now
            elif not is_building and since is not None:
                built.append((since, now))
                since = None
            time.sleep(0.01)
        writes = msgspec.convert(worker.stop()["writes"], list[Write])
    return sorted(writes, key=lambda write: write.called_ns), built


def _split(
    writes: Sequence[Write], built: Sequence[tuple[float, float]]
) -> tuple[list[Write], list[Write]]:
    # A snapshot begins (its view is taken) a moment before its file is seen, and ends a moment after.
    margin = 0.05
    times = [((start - margin) * 1e9, (end + margin) * 1e9) for start, end in built]
    during: list[Write] = []
    between: list[Write] = []
    for write in writes:
        overlaps = any(write.called_ns < end and write.answered_ns > start for start, end in times)
        (during if overlaps else between).append(write)
    return during, between


@click.command()
@click.option("--nodes", default=1_000_000, show_default=True)
@click.option("--relationships", default=3_000_000, show_default=True)
@click.option("--seconds", default=60.0, show_default=True, help="Of writing.")
@click.option("--every", default=10_000, show_default=True, help="Entries between snapshots.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the report there."
)
def main(
    nodes: int, relationships: int, seconds: float, every: int, json_file: Path | None
) -> None:
    """Write at a steady rate while snapshots of a large graph are built."""
    report = campaign(nodes, relationships, seconds=seconds, every=every)
    for line in report.lines():
        click.echo(line)
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(report), indent=2), "utf-8")
    if not report.snapshots_s:
        click.echo("void: no snapshot was built", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
