"""The failover campaign: the leader of a cluster under load dies, again and again; what do clients see, and is all
there?

    python -m tests.chaos.failover --nodes 3 --kills 50 --stops 20 --json failover.json

Each round: wait until the cluster is whole and serves, note the moment, ``kill -9`` the leader (or stop it with
SIGTERM), let the clients go on, start the dead node again. Writers never pause. The *gap* of a round is the longest
time without any acknowledgement that begins within a second after the kill (and before the next); for the light
clients its resolution is the time between their acknowledgements, about a millisecond. In the end every number that
was acknowledged must be there once, every one that was refused not at all, and all graphs must be equal.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from tests.chaos.partitions import compare
from tests.chaos.writers import DriverClients, LightClients, Write, WriterSpecification

from samyama.testing import Cluster, Worker, wait_until
from samyama.testing.bolt import BoltConnection
from samyama.testing.checkers import SerialsReport

__all__ = ["Report", "Round", "campaign"]

BEFORE, AFTER = 300, 300
WINDOW_S = 1.0
#: For so long after a death what clients are told is put down to it.
TROUBLE_S = 5.0


@dataclass(frozen=True, slots=True)
class Round:
    """One death. Gaps in milliseconds, by group of clients."""

    kind: str
    node: int
    term_before: int
    term_after: int
    gaps_ms: dict[str, float]
    #: When the gap of the light clients began, in milliseconds after the death was ordered.
    gap_began_ms: float
    #: What clients were told of writes that were under way: code or error, and how often.
    told: dict[str, int]
    #: By group of clients: writes that ended with an error, after all retries of the driver.
    failed: dict[str, int]


@dataclass(slots=True)
class Report:
    nodes: int
    seed: int
    rounds: list[Round] = field(default_factory=list)
    serials: SerialsReport | None = None
    fingerprint: str = ""
    driver_retries: int = 0
    #: Acknowledgements of the light clients per second, while nothing was wrong.
    light_per_s: float = 0.0
    #: Median microseconds of a light client's write, and of the native generator's on the same cluster.
    light_p50_us: float = 0.0
    native_p50_us: float = 0.0

    def gaps(self, kind: str, group: str) -> list[float]:
        return [each.gaps_ms[group] for each in self.rounds if each.kind == kind]

    def told(self) -> Counter[str]:
        return sum((Counter(each.told) for each in self.rounds), Counter())


def campaign(
    *, nodes: int = 3, kills: int = 3, stops: int = 0, seed: int = 0, say: Any = print
) -> Report:
    """Run it.

    Raises: AssertionError: a promise was broken, or a round did not show what it was for.
    """
    order = ["kill"] * kills + ["stop"] * stops
    random.Random(seed).shuffle(order)
    report = Report(nodes, seed)
    with Cluster(nodes) as cluster:
        report.native_p50_us, report.light_p50_us = _calibrate(cluster)
        with Worker("tests.chaos.writers", msgspec.to_builtins(_writers(cluster))) as writers:
            deaths: list[Death] = []
            for number, kind in enumerate(order, 1):
                deaths.append(_one_death(cluster, writers, kind))
                say(f"{number:>3} of {len(order)}: {kind} of node {deaths[-1].node}")
            writers.wait_for("acknowledged", more=AFTER)
            result = writers.stop()
        writes = msgspec.convert(result["writes"], list[Write])
        report.driver_retries = result["retries"]
        ends = [death.moment for death in deaths[1:]] + [float("inf")]
        report.rounds = [
            _judge(writes, death, end) for death, end in zip(deaths, ends, strict=True)
        ]
        report.light_per_s = _rate(writes, [death.moment for death in deaths])
        statuses = cluster.wait_equal()
        report.fingerprint = next(iter(statuses.values())).fingerprint
        report.serials = compare(cluster, writes)
        assert not cluster.panics(), cluster.panics()
    assert report.serials.kept, _accuse(report, deaths, writes)
    return report


def _accuse(report: Report, deaths: list[Death], writes: list[Write]) -> str:
    """Which promise was broken, to whom, and how long after which death."""
    serials = report.serials
    assert serials is not None, "only a finished comparison accuses"
    wrong = {*serials.lost, *serials.doubled, *serials.undead, *serials.phantom}
    lines = [f"a promise was broken: {serials}"]
    for write in writes:
        if write.serial in wrong:
            called, answered = write.called_ns / 1e9, write.answered_ns / 1e9
            death = max(
                (each for each in deaths if each.moment <= answered), key=lambda d: d.moment
            )
            lines.append(
                f"  serial {write.serial} by {write.group}: {write.told} {write.code}, called "
                f"{1000 * (called - death.moment):+.1f} ms and answered {1000 * (answered - death.moment):+.1f} ms "
                f"after the {death.kind} of node {death.node}"
            )
    return "\n".join(lines)


def _writers(cluster: Cluster) -> WriterSpecification:
    known = [node.bolt for node in cluster]
    groups: dict[str, LightClients | DriverClients] = {
        "light": LightClients(known),
        "neo4j://": DriverClients(cluster.uri, known, count=2),
    }
    for node in cluster:
        groups[f"bolt://{node.id}"] = DriverClients(node.bolt_uri, [], count=1)
    return WriterSpecification(groups)


@dataclass(frozen=True, slots=True)
class Death:
    """``moment``: just before, on the monotonic clock in seconds."""

    kind: str
    moment: float
    node: int
    term_before: int
    term_after: int


def _one_death(cluster: Cluster, writers: Worker, kind: str) -> Death:
    writers.wait_for("acknowledged", more=BEFORE)
    leader = cluster.leader()
    term = leader.status().term
    moment = time.monotonic()
    if kind == "kill":
        leader.kill()
        assert leader.exit_code == -9, (
            f"node {leader.id} did not die of SIGKILL: {leader.exit_code}"
        )
    else:
        assert leader.stop() == 0, f"node {leader.id} did not stop in order"
    after = cluster.wait_for_leader(other_than=leader.id).status().term
    assert after > term, f"term {after} after {term}: nobody was elected"
    writers.wait_for("acknowledged", more=AFTER)
    leader.start()
    leader.wait_ready()
    _wait_for_all_to_follow(cluster)
    return Death(kind, moment, leader.id, term, after)


def _wait_for_all_to_follow(cluster: Cluster) -> None:
    """The next death must find a cluster that can bear it: everyone there, nobody far behind."""

    def close() -> bool:
        statuses = cluster.statuses()
        applied = [status.applied_index for status in statuses.values()]
        return len(applied) == len(cluster.nodes) and max(applied) - min(applied) < 1_000

    wait_until("all nodes to follow", close)


def _judge(writes: list[Write], death: Death, next_death: float) -> Round:
    begin_ns = int(death.moment * 1e9)
    end_ns = int(min(death.moment + WINDOW_S, next_death) * 1e9)
    gaps, gap_began_ms = {}, 0.0
    for group in sorted({write.group for write in writes}):
        acknowledged = sorted(
            write.answered_ns
            for write in writes
            if write.group == group and write.told == "acknowledged"
        )
        gaps[group], began_ms = _gap_ms(acknowledged, begin_ns, end_ns)
        if group == "light":
            gap_began_ms = began_ms
    troubled = [
        write
        for write in writes
        if write.told != "acknowledged"
        and begin_ns <= write.answered_ns < min(begin_ns + TROUBLE_S * 1e9, next_death * 1e9)
    ]
    return Round(
        death.kind,
        death.node,
        death.term_before,
        death.term_after,
        gaps,
        gap_began_ms,
        dict(Counter(write.code for write in troubled)),
        {group: sum(1 for write in troubled if write.group == group) for group in gaps},
    )


def _gap_ms(acknowledged: list[int], begin_ns: int, end_ns: int) -> tuple[float, float]:
    """The longest time between two acknowledgements that holds the moment, or begins after it and before the end.

    Returns: how long it is, and when it began after the moment, in milliseconds.
    """
    longest, began = 0, 0
    for earlier, later in itertools.pairwise(acknowledged):
        is_near = later >= begin_ns and earlier < end_ns
        if is_near and later - earlier > longest:
            longest, began = later - earlier, earlier - begin_ns
    return longest / 1e6, began / 1e6


def _rate(writes: list[Write], moments: list[float]) -> float:
    """Of the light clients, in the half seconds before each death."""
    answered = [write.answered_ns / 1e9 for write in writes if write.group == "light"]
    within = sum(1 for at in answered for moment in moments if 0 <= moment - at < 0.5)
    return within / (0.5 * len(moments)) if moments else 0.0


def _calibrate(cluster: Cluster) -> tuple[float, float]:
    """What the light client adds: median of the same write by the native generator, and by it. One connection
    each."""
    from samyama.bench.load import Load, run_load

    leader = cluster.leader().bolt
    load = Load(addresses=[leader], statement="CREATE (:Warm)", warmup_ms=500, duration_ms=1_000)
    native = run_load(load).latency.p50_us
    times = []
    with BoltConnection(leader) as connection:
        for _ in range(1_000):
            began = time.perf_counter_ns()
            connection.run("CREATE (:Warm)")
            times.append((time.perf_counter_ns() - began) / 1000)
    return float(native), statistics.median(times)


# ------------------------------------------------------------------------------------------------------- output


def show(report: Report, console: Console) -> None:
    table = Table(
        "Event", "Clients", "Rounds", "Median ms", "90 % ms", "Worst ms", "Failed writes",
        title=f"{report.nodes} nodes: longest time without an acknowledgement", title_justify="left",
    )  # fmt: skip
    for kind in sorted({each.kind for each in report.rounds}):
        groups = report.rounds[0].gaps_ms
        for group in sorted(groups, key=lambda group: (group.startswith("bolt"), group)):
            gaps = sorted(report.gaps(kind, group))
            ninety = gaps[min(len(gaps) - 1, int(0.9 * len(gaps)))]
            figures = (statistics.median(gaps), ninety, gaps[-1])
            failed = sum(each.failed[group] for each in report.rounds if each.kind == kind)
            cells = (f"{each:.1f}" for each in figures)
            table.add_row(kind, group, str(len(gaps)), *cells, str(failed))
    console.print(table)
    serials = report.serials
    assert serials is not None, "a finished campaign has compared"
    console.print(
        f"{serials.acknowledged} writes acknowledged: lost {len(serials.lost)}, doubled {len(serials.doubled)}. "
        f"Refused and there all the same: {len(serials.undead)}. Outcome unknown: {serials.unknown}, of which "
        f"{serials.unknown_done} are there."
    )
    console.print(f"All {report.nodes} graphs are equal: fingerprint {report.fingerprint}.")
    console.print(
        f"Light clients: {report.light_per_s:.0f} acknowledgements/s; a write takes one of them "
        f"{report.light_p50_us:.0f} us, the native generator {report.native_p50_us:.0f} us. "
        f"Retries of the drivers: {report.driver_retries}."
    )
    for code, count in report.told().most_common():
        console.print(f"  told within {TROUBLE_S:.0f} s of a death: {count} x {code}")


@click.command()
@click.option("--nodes", default=3, show_default=True)
@click.option("--kills", default=50, show_default=True)
@click.option("--stops", default=0, show_default=True, help="Planned stops (SIGTERM), mixed in.")
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write the report there.")
def main(nodes: int, kills: int, stops: int, seed: int, path: Path | None) -> None:
    """Kill the leader again and again under load; measure gaps, compare what is there with what was acknowledged."""
    console = Console()
    said = Console(stderr=True)
    report = campaign(nodes=nodes, kills=kills, stops=stops, seed=seed, say=said.print)
    show(report, console)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(report), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
