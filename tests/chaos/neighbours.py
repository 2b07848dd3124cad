"""Noisy neighbours: queries that burn a processor on every node, clients that never read; what do the others notice?

    python -m tests.chaos.neighbours

Light clients write small things all the while. Neither disturbance may cost an election: terms stay as they are. What
the writers' latencies become is printed, before and during each; on a machine with fewer cores than nodes they share
them.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import msgspec
from rich.console import Console
from tests.chaos.partitions import writers_of
from tests.chaos.writers import Write

from samyama.testing import Cluster, Node, wait_until
from samyama.testing.bolt import BoltConnection, BoltFailure, ConnectionLost

__all__ = ["Disturbance", "measure", "never_read", "slow_queries"]

#: Two hundred million rows, none of which is kept: it ends by its time limit.
SLOW = "UNWIND range(1, 20000) AS a UNWIND range(1, 10000) AS b WITH a * b AS c WHERE c < 0 RETURN count(c)"
ENDLESS = "UNWIND range(1, 10000) AS a UNWIND range(1, 10000) AS b RETURN a, b, 'a row that nobody reads' AS text"
#: A socket takes more than this before it is full; an error that came instead of rows is shorter.
FULL_BYTES = 64 * 1024
CPU_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Latencies of small writes in milliseconds; terms and elections over all nodes."""

    name: str
    quiet_p50_ms: float
    quiet_p99_ms: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    writes: int
    term_before: int
    term_after: int
    elections: float
    #: What shows that it happened.
    evidence: str


def measure(
    cluster: Cluster, name: str, disturbance: contextlib.AbstractContextManager[list[str]]
) -> Disturbance:
    """Write, disturb, write on; look at terms and latencies."""
    cluster.wait_equal()
    term, elections = _term(cluster), _elections(cluster)
    with writers_of({name: cluster.nodes}) as writers:
        writers.wait_for("acknowledged", more=500)
        begin_ns = time.monotonic_ns()
        with disturbance as evidence:
            end_ns = time.monotonic_ns()
        writers.wait_for("acknowledged", more=1)
        writes = msgspec.convert(writers.stop()["writes"], list[Write])
    cluster.wait_equal()
    assert not cluster.panics(), cluster.panics()
    assert all(write.told == "acknowledged" for write in writes), "a small write was refused"
    quiet = sorted(_latency_ms(write) for write in writes if write.answered_ns < begin_ns)
    noisy = sorted(_latency_ms(write) for write in writes if begin_ns <= write.called_ns < end_ns)
    assert evidence, f"nothing shows that there was a disturbance ({name})"
    return Disturbance(
        name,
        _at(quiet, 0.5), _at(quiet, 0.99), _at(noisy, 0.5), _at(noisy, 0.99), noisy[-1], len(noisy),
        term, _term(cluster), _elections(cluster) - elections, "; ".join(evidence),
    )  # fmt: skip


def _latency_ms(write: Write) -> float:
    return (write.answered_ns - write.called_ns) / 1e6


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _term(cluster: Cluster) -> int:
    return max(status.term for status in cluster.statuses().values())


def _elections(cluster: Cluster) -> float:
    return sum(node.metrics()["samyama_raft_elections_started_total"] for node in cluster)


def _cpu_s(node: Node) -> float:
    """Processor time of a node's process so far."""
    fields = Path(f"/proc/{node.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def slow_queries(cluster: Cluster, cpu_seconds: float = CPU_SECONDS) -> Iterator[list[str]]:
    """One on every node, until each node has spent so much processor time."""
    evidence: list[str] = []
    ended: list[str] = []
    connections = [BoltConnection(node.bolt, timeout_s=300.0) for node in cluster]

    def ask(connection: BoltConnection) -> None:
        try:
            connection.run(SLOW, mode="r", tx_timeout=200_000)
            ended.append("it came to its end")
        except (BoltFailure, ConnectionLost) as error:
            ended.append(str(error))

    before = [_cpu_s(node) for node in cluster]
    threads = [threading.Thread(target=ask, args=(each,), daemon=True) for each in connections]
    for thread in threads:
        thread.start()

    def burnt() -> bool:
        assert not ended, f"a query that was to be slow ended: {ended}"
        return all(
            _cpu_s(node) - begin >= cpu_seconds for node, begin in zip(cluster, before, strict=True)
        )

    wait_until(f"every node to spend {cpu_seconds:g} s of its processor", burnt, 180.0, every_s=0.1)
    evidence.append(
        ", ".join(
            f"node {node.id} spent {_cpu_s(node) - begin:.1f} s"
            for node, begin in zip(cluster, before, strict=True)
        )
    )
    yield evidence
    for connection in connections:
        connection.abort()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive(), "a query's client was not let go"


@contextlib.contextmanager
def never_read(cluster: Cluster, count: int = 20, for_s: float = 4.0) -> Iterator[list[str]]:
    """``count`` connections that ask for a hundred million rows and take none."""
    evidence: list[str] = []
    nodes = list(cluster)
    with contextlib.ExitStack() as stack:
        connections = []
        for number in range(count):
            connection = stack.enter_context(BoltConnection(nodes[number % len(nodes)].bolt))
            connection.send((0x10, ENDLESS, {}, {"mode": "r"}), (0x3F, {"n": -1}))
            connections.append(connection)

        def stuck() -> bool:
            """Every one has rows waiting that it does not take, and no more come: the server has stopped sending."""
            first = [connection.waiting_bytes() for connection in connections]
            time.sleep(0.2)
            return min(first) > FULL_BYTES and first == [
                each.waiting_bytes() for each in connections
            ]

        wait_until("the server to have filled every socket", stuck, 60.0)
        time.sleep(for_s)
        sizes = [connection.waiting_bytes() for connection in connections]
        evidence.append(f"{count} connections with {min(sizes)} to {max(sizes)} bytes unread")
        yield evidence


@click.command()
@click.option("--nodes", default=3, show_default=True)
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write the figures there.")
def main(nodes: int, path: Path | None) -> None:
    """Burn processors and leave answers unread; print what small writes take meanwhile, and that nobody was
    elected."""
    console = Console()
    found = []
    for name, make in (("slow queries", slow_queries), ("unread answers", never_read)):
        with Cluster(nodes) as cluster:
            found.append(measure(cluster, name, make(cluster)))
        each = found[-1]
        console.print(
            f"{each.name}: small writes p50 {each.quiet_p50_ms:.1f} -> {each.p50_ms:.1f} ms, "
            f"p99 {each.quiet_p99_ms:.1f} -> {each.p99_ms:.1f} ms, worst {each.worst_ms:.0f} ms "
            f"({each.writes} writes); term {each.term_before} -> {each.term_after}, elections started "
            f"{each.elections:.0f}. {each.evidence}",
            highlight=False,
        )
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
