"""The leader is cut off from the others, again and again: what does the minority say, and when does the majority
serve?

    python -m tests.chaos.partitions --count 20 --json partitions.json

Each round: clients write on both sides; every wire between the leader and the others is cut (silence, nothing is
closed); the old leader is asked for a linearizable read and for a stale one; the majority serves; the wires are
healed. Judged: no write that was asked of the old leader after the cut was acknowledged before healing, what was
acknowledged is there once, all graphs are equal.
"""

from __future__ import annotations

import itertools
import json
import statistics
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from tests.chaos.writers import LightClients, Write, WriterSpecification

from samyama.testing import Cluster, Node, Worker
from samyama.testing.bolt import BoltConnection, BoltFailure
from samyama.testing.checkers import SerialsReport, check_serials

__all__ = ["READ_TIMEOUT_MS", "Cut", "PartitionReport", "campaign", "compare", "writers_of"]

#: The minority's linearizable reads end with an error after this; the default is longer.
READ_TIMEOUT_MS = 1_500


@dataclass(frozen=True, slots=True)
class Cut:
    """One partition, as seen by its clients. Times in milliseconds."""

    node: int
    #: Longest time without an acknowledgement on the majority's side, to clients that wait 300 ms and then ask
    #: another node; and to clients that wait for what they asked when the partition began.
    gap_ms: float
    patient_gap_ms: float
    #: Writes asked of the minority after the cut and acknowledged before healing: must be none.
    minority_acknowledged: int
    #: How long a linearizable read waited in the minority before it was refused, and with what.
    read_refused_ms: float
    read_code: str
    #: From healing to equal graphs.
    healed_ms: float


@dataclass(slots=True)
class PartitionReport:
    nodes: int
    cuts: list[Cut] = field(default_factory=list)
    serials: SerialsReport | None = None


def campaign(*, nodes: int = 3, count: int = 3, seed: int = 0, say: Any = print) -> PartitionReport:
    """Run it. Raises: AssertionError: a promise was broken."""
    report = PartitionReport(nodes)
    writes: list[Write] = []
    settings = {"reads": {"timeout_ms": READ_TIMEOUT_MS}}
    with Cluster(nodes, links=True, seed=seed, settings=settings) as cluster:
        for number in range(1, count + 1):
            cut, seen = _one_cut(cluster, max((write.serial for write in writes), default=0))
            report.cuts.append(cut)
            writes += seen
            say(
                f"{number:>3} of {count}: node {cut.node} cut off, served again after {cut.gap_ms:.0f} ms"
            )
        report.serials = compare(cluster, writes)
        assert not cluster.panics(), cluster.panics()
    assert report.serials.kept, f"a promise was broken: {report.serials}"
    assert not any(cut.minority_acknowledged for cut in report.cuts), report.cuts
    return report


def writers_of(groups: dict[str, list[Node]], first_serial: int = 1, count: int = 3) -> Worker:
    """Light clients, ``count`` for each group of nodes; those of groups called *hasty* wait for 300 ms only."""
    settings: dict[str, Any] = {
        name: LightClients(
            [node.bolt for node in nodes], count, patience_ms=300 if name == "hasty" else 15_000
        )
        for name, nodes in groups.items()
    }
    return Worker(
        "tests.chaos.writers", msgspec.to_builtins(WriterSpecification(settings, first_serial))
    )


def _one_cut(cluster: Cluster, last_serial: int) -> tuple[Cut, list[Write]]:
    old = cluster.leader()
    others = [node for node in cluster if node is not old]
    groups = {"minority": [old], "patient": others, "hasty": others}
    with writers_of(groups, last_serial + 1) as writers:
        writers.wait_for("acknowledged", more=300)
        before_ns = time.monotonic_ns()
        cluster.isolate(old.id)
        cut_ns = time.monotonic_ns()
        code, refused_ms = _refused_read(old)
        _stale_read(old)
        new = cluster.wait_for_leader(other_than=old.id)
        with BoltConnection(new.bolt) as there:
            there.run("CREATE (:Proof {of: 'the majority'})")
        writers.wait_for("acknowledged", more=300)
        held = sum(counts.held for counts in cluster.links.counts().values())
        heal_ns = time.monotonic_ns()
        cluster.heal()
        writers.wait_for("acknowledged", more=300)
        writes = msgspec.convert(writers.stop()["writes"], list[Write])
    cluster.wait_equal()
    assert held > 0, "nothing was held back on a wire: there was no partition"
    acknowledged = [write for write in writes if write.told == "acknowledged"]
    cut = Cut(
        node=old.id,
        gap_ms=_gap_ms([w for w in acknowledged if w.group == "hasty"], before_ns, heal_ns),
        patient_gap_ms=_gap_ms(
            [w for w in acknowledged if w.group == "patient"], before_ns, heal_ns
        ),
        minority_acknowledged=sum(
            1
            for write in acknowledged
            if write.group == "minority"
            and cut_ns < write.called_ns
            and write.answered_ns < heal_ns
        ),
        read_refused_ms=refused_ms,
        read_code=code,
        healed_ms=(time.monotonic_ns() - heal_ns) / 1e6,
    )
    return cut, writes


def _refused_read(node: Node) -> tuple[str, float]:
    """A linearizable read in the minority: it must fail, and in bounded time."""
    with BoltConnection(node.bolt, timeout_s=30.0) as connection:
        began = time.monotonic()
        try:
            seen = connection.run("MATCH (w:W) RETURN count(w)", mode="r").value
        except BoltFailure as error:
            return error.code, 1000 * (time.monotonic() - began)
        raise AssertionError(f"node {node.id}, cut off, answered a linearizable read with {seen}")


def _stale_read(node: Node) -> int:
    with BoltConnection(node.bolt) as connection:
        stale = {"samyama.read": "stale"}
        return int(connection.run("MATCH (w:W) RETURN count(w)", mode="r", tx_metadata=stale).value)


def _gap_ms(acknowledged: list[Write], begin_ns: int, end_ns: int) -> float:
    moments = sorted(write.answered_ns for write in acknowledged)
    gaps = [
        later - earlier
        for earlier, later in itertools.pairwise(moments)
        if later >= begin_ns and earlier <= end_ns
    ]
    return max(gaps, default=float("inf")) / 1e6


def compare(cluster: Cluster, writes: list[Write]) -> SerialsReport:
    """What is there, the same on every node, against what clients were told."""
    found: dict[int, list[int]] = {}
    for node in cluster:
        with BoltConnection(node.bolt, timeout_s=60.0) as connection:
            rows = connection.run("MATCH (w:W) RETURN w.serial", mode="r").rows
            found[node.id] = sorted(row[0] for row in rows)
    first = next(iter(found.values()))
    assert all(each == first for each in found.values()), "the nodes hold different serials"

    def told(what: str) -> list[int]:
        return [write.serial for write in writes if write.told == what]

    return check_serials(
        first,
        acknowledged=told("acknowledged"),
        unknown=told("unknown"),
        refused=told("refused"),
    )


@click.command()
@click.option("--nodes", default=3, show_default=True)
@click.option("--count", default=20, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write the report there.")
def main(nodes: int, count: int, seed: int, path: Path | None) -> None:
    """Cut the leader off again and again; measure when the majority serves, and that the minority acknowledges
    nothing."""
    console = Console()
    report = campaign(nodes=nodes, count=count, seed=seed, say=Console(stderr=True).print)
    gaps = sorted(cut.gap_ms for cut in report.cuts)
    patient = sorted(cut.patient_gap_ms for cut in report.cuts)
    reads = sorted(cut.read_refused_ms for cut in report.cuts)
    serials = report.serials
    assert serials is not None, "a finished campaign has compared"
    console.print(
        f"{nodes} nodes, leader cut off {count} times: the majority served again after "
        f"{statistics.median(gaps):.0f} ms (median), {gaps[-1]:.0f} ms (worst); to clients that wait for what they "
        f"had asked, {statistics.median(patient):.0f} and {patient[-1]:.0f} ms."
    )
    console.print(
        f"Writes acknowledged by the minority: 0. Its linearizable reads were refused after {reads[-1]:.0f} ms at most "
        f"(the limit is {READ_TIMEOUT_MS} ms), its stale reads worked."
    )
    console.print(
        f"{serials.acknowledged} writes acknowledged, lost {len(serials.lost)}, doubled {len(serials.doubled)}; "
        f"{serials.unknown} of unknown outcome. All graphs equal after each healing."
    )
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(report), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
