"""The set of figures that a release has to reach, on processes that this starts and ends."""

from __future__ import annotations

import os
import platform
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

import samyama
from samyama.bench.cpu import cpu_seconds
from samyama.bench.disk import SyncFloor, sync_floor
from samyama.bench.goals import FIGURES, Figure
from samyama.bench.load import Generator, Load, Random, Report, Sequence, TextBytes, run_load
from samyama.testing import Cluster

__all__ = ["Measured", "Suite", "machine", "measure"]

CREATE = "CREATE (:U {id: $id, name: $name, age: $age})"
POINT_READ = "MATCH (n:U {id: $id}) RETURN n.name, n.age"
READ_NODES = 100_000
INDEX = "CREATE INDEX FOR (n:U) ON (n.id)"
NODES = f"UNWIND range(0, {READ_NODES - 1}) AS id CREATE (:U {{id: id, name: $name, age: id % 90}})"
PAYLOAD_BYTES = 64
#: A name of its own each time, so that no plan fits.
FIVE_CLAUSES = (
    "EXPLAIN MATCH (n:U {id: 1})-[:KNOWS]->(other:U) WHERE other.age > 30 WITH n, count(other) AS friends "
    "OPTIONAL MATCH (n)-[:LIKES]->(thing) RETURN n.name, friends, collect(thing) ORDER BY friends LIMIT 10"
)


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with what it was made of."""

    name: str
    value: float
    floor: float
    goal: float
    reached: bool
    report: Report | None = None
    #: Microseconds on a core per operation, by process and thread; the generator's own under ``load``.
    cpu_us: dict[str, float] = {}


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the set."""

    machine: dict[str, str]
    sync_floor_before: SyncFloor
    sync_floor_after: SyncFloor
    measured: list[Measured]


def machine() -> dict[str, str]:
    """What the figures depend on besides the program."""
    return {
        "version": samyama.__version__,
        "date": time.strftime("%Y-%m-%d %H:%M:%S"),
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load_before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def measure(directory: Path, duration_ms: int, told: Callable[[Measured], None]) -> Suite:
    """Measure everything; ``told`` hears of each figure as it comes. Data lie in ``directory``."""
    found, before = machine(), sync_floor(directory)
    measured = []
    for one in (
        *_writes(directory, duration_ms),
        *_reads(directory, duration_ms),
        *_engine(),
        *_embedded(),
    ):
        told(one)
        measured.append(one)
    return Suite(
        machine=found,
        sync_floor_before=before,
        sync_floor_after=sync_floor(directory),
        measured=measured,
    )


def _judge(
    name: str, value: float, report: Report | None = None, cpu_us: dict[str, float] | None = None
) -> Measured:
    figure: Figure = FIGURES[name]
    reached = figure.reaches(value, figure.floor) and (report is None or not report.errors)
    return Measured(
        name=name,
        value=value,
        floor=figure.floor,
        goal=figure.goal,
        reached=reached,
        report=report,
        cpu_us=cpu_us or {},
    )


def _load(cluster: Cluster, load: Load) -> tuple[Report, dict[str, float]]:
    """Run it, and what each thread of each process took of the cores per operation, warm-up and all."""
    before = {node.id: cpu_seconds(node.pid or 0) for node in cluster}
    report = run_load(load)
    share = report.operations * (load.warmup_ms + load.duration_ms) / load.duration_ms
    cpu_us = {
        f"node {node.id} {thread}": round(
            1e6 * (seconds - before[node.id][thread]) / max(share, 1), 2
        )
        for node in cluster
        for thread, seconds in cpu_seconds(node.pid or 0).items()
    }
    cpu_us = {
        "load": round(report.cpu_us_per_operation, 2),
        **{name: us for name, us in cpu_us.items() if us >= 0.05},
    }
    return report, cpu_us


def _writes(directory: Path, duration_ms: int) -> Iterator[Measured]:
    parameters: dict[str, Generator] = {
        "id": Sequence(0),
        "name": TextBytes(PAYLOAD_BYTES),
        "age": Random(18, 90),
    }
    with Cluster(3, directory=directory / "writes") as cluster:
        leader = cluster.leader()

        def load(connections: int, depth: int) -> tuple[Report, dict[str, float]]:
            return _load(
                cluster,
                Load(
                    addresses=[leader.bolt],
                    statement=CREATE,
                    parameters=parameters,
                    connections=connections,
                    depth=depth,
                    duration_ms=duration_ms,
                ),
            )

        report, cpu_us = load(1, 1)
        yield _judge("write_p50_1x1", report.latency.p50_us / 1000, report, cpu_us)
        for name, depth in (("writes_64x1", 1), ("writes_64x16", 16)):
            report, cpu_us = load(64, depth)
            yield _judge(name, report.per_s, report, cpu_us)


def _reads(directory: Path, duration_ms: int) -> Iterator[Measured]:
    with Cluster(1, directory=directory / "reads") as cluster:
        leader = cluster.leader()
        once = Load(
            addresses=[leader.bolt],
            statement=INDEX,
            warmup_ms=0,
            duration_ms=60_000,
            requests_max=1,
        )
        _must_succeed(once)
        _must_succeed(
            msgspec.structs.replace(
                once, statement=NODES, parameters={"name": TextBytes(PAYLOAD_BYTES)}
            )
        )
        for name, depth in (("reads_64x1", 1), ("reads_64x16", 16)):
            report, cpu_us = _load(
                cluster,
                Load(
                    addresses=[leader.bolt],
                    statement=POINT_READ,
                    parameters={"id": Random(0, READ_NODES)},
                    connections=64,
                    depth=depth,
                    duration_ms=duration_ms,
                ),
            )
            yield _judge(name, report.per_s, report, cpu_us)


def _must_succeed(load: Load) -> None:
    report = run_load(load)
    if report.errors:
        raise RuntimeError(f"{load.statement}: {report.errors}")


def _engine() -> Iterator[Measured]:
    """Without Bolt and Cypher, by an example program of the graph crate: without a checkout and cargo no rows."""
    checkout = Path(__file__).resolve().parents[3]
    if (
        not (checkout / "crates" / "graph" / "examples" / "load.rs").exists()
        or shutil.which("cargo") is None
    ):
        return
    command = [
        "cargo",
        "run",
        "--release",
        "--quiet",
        "-p",
        "samyama-graph",
        "--example",
        "load",
        "--",
        "1000000",
        "10",
    ]
    text = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout
    relationship = re.search(r"relationships: .* ([\d.]+) bytes each", text)
    count = re.search(r"3-hop count: ([\d.]+) us", text)
    assert relationship is not None, text
    assert count is not None, text
    yield _judge("count_3_hops", float(count[1]))
    yield _judge("relationship_bytes", float(relationship[1]))


def _embedded() -> Iterator[Measured]:
    with samyama.open() as db:
        db.execute(INDEX).consume()
        db.execute(NODES, name="x" * PAYLOAD_BYTES).consume()
        took = []
        for id in range(20_000):
            before = time.perf_counter()
            db.execute(POINT_READ, id=id).consume()
            took.append(time.perf_counter() - before)
        yield _judge("embedded_read", statistics.median(took) * 1e6)
        rounds = [db._node.plan_hit_ns(POINT_READ, {"id": 1}, 10_000) for _ in range(25)]
        yield _judge("plan_hit", statistics.median(ns for ns in rounds if ns is not None) / 1000)
        took = []
        for number in range(200):
            before = time.perf_counter()
            db.execute(FIVE_CLAUSES.replace("other", f"other{number}")).consume()
            took.append(time.perf_counter() - before)
        yield _judge("plan_miss", statistics.median(took) * 1e3)
