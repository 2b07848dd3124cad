"""Histories of multi-key transactions under faults, searched for cycles.

    python -m tests.transactions.cycles --count 10 --nodes 3 --seed 0

Clients append to lists and read them (:mod:`tests.transactions.appenders`) while a nemesis disturbs the cluster. Then
everything is healed, every list is read, all graphs must be equal, and the history is judged by
:func:`samyama.testing.checkers.check_list_append`: nothing below strict serializability may be found.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import click
import msgspec
from rich.console import Console
from tests.chaos.histories import KEPT
from tests.transactions.appenders import FINAL_READ, SETUP, Appended, AppenderSpecification

from samyama.testing import Cluster, Worker
from samyama.testing.bolt import BoltConnection
from samyama.testing.checkers import Anomaly, Transaction, check_list_append
from samyama.testing.faults import Done, Kill, Nemesis, Pause, everyone

__all__ = ["CycleVerdict", "run_history"]

KEYS = 400


@dataclass(slots=True)
class CycleVerdict:
    name: str
    transactions: int
    outcomes: dict[str, int]
    codes: dict[str, int]
    faults: list[Done]
    judged_s: float
    anomalies: list[Anomaly] = field(default_factory=list)

    def __str__(self) -> str:
        faults = ", ".join(f"{done.name} {done.ended - done.began:.1f} s" for done in self.faults)
        return (
            f"{self.name}: {self.transactions} transactions {self.outcomes}, judged in {self.judged_s:.1f} s; "
            f"{faults or 'no faults'}; {self.codes}"
        )


def run_history(
    cluster: Cluster, number: int, shape: str, classes: Sequence[str], seed: int, faults: int = 2
) -> CycleVerdict:
    """Record and judge. A single node is killed and paused: it has no followers and no links.

    Raises: Void, Timeout, AssertionError: as :func:`tests.chaos.histories.run_history`.
    """
    first, last = number * KEYS, (number + 1) * KEYS - 1
    with cluster.driver() as driver:
        for statement in SETUP:
            driver.execute_query(statement, {"first": first, "last": last})
    addresses = {str(node.id): node.bolt for node in cluster}
    alone = len(cluster.nodes) == 1
    specification = AppenderSpecification(shape, seed, addresses, first, last, 8 if alone else 3)
    nemesis = Nemesis(cluster, seed)
    with Worker("tests.transactions.appenders", msgspec.to_builtins(specification)) as clients:
        clients.wait_for("committed", more=150)
        if alone and faults:
            for fault in (Kill(everyone), Pause(everyone)):
                nemesis.do(fault, 0.5)
        elif faults:
            nemesis.disturb(classes, faults)
        clients.wait_for("committed", more=150)
        appended = msgspec.convert(clients.stop(), list[Appended])
    nemesis.settle()
    history = [
        Transaction(
            place,
            tuple(each.operations),
            each.began_ns / 1e9,
            each.ended_ns / 1e9,
            each.outcome,
        )
        for place, each in enumerate(appended, 1)
    ]
    began = time.monotonic()
    anomalies = check_list_append(history, _final(cluster, specification))
    verdict = CycleVerdict(
        f"{shape} on {len(cluster.nodes)} nodes, seed {seed}",
        len(history),
        dict(Counter(each.outcome for each in appended)),
        dict(Counter(each.code for each in appended if each.code)),
        nemesis.done,
        time.monotonic() - began,
        anomalies,
    )
    if anomalies:
        KEPT.mkdir(parents=True, exist_ok=True)
        path = KEPT / f"appends-{shape}-{len(cluster.nodes)}-{seed}.json"
        path.write_bytes(msgspec.json.encode({"verdict": asdict(verdict), "history": appended}))
    return verdict


def _final(cluster: Cluster, spec: AppenderSpecification) -> dict[int, list[int]]:
    """Every list, read on every node; they must be the same."""
    found = []
    for node in cluster:
        with BoltConnection(node.bolt) as connection:
            limits = {"first": spec.first, "last": spec.last}
            rows = connection.run(FINAL_READ[spec.shape], limits, mode="r").rows
            found.append({int(key): list(values) for key, values in rows})
    assert all(each == found[0] for each in found), "the nodes hold different lists"
    return found[0]


@click.command()
@click.option("--count", default=10, show_default=True)
@click.option("--nodes", default=3, show_default=True)
@click.option("--classes", default="kills,pauses,partitions,links", show_default=True)
@click.option("--faults", default=2, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(count: int, nodes: int, classes: str, faults: int, seed: int) -> None:
    """Record list-append histories under faults and search them for cycles. Ends with 1 if there is an anomaly."""
    console = Console()
    anomalies = 0
    with Cluster(nodes, links=nodes > 1, seed=seed) as cluster:
        for number in range(count):
            shape = ("property", "chain")[number % 2]
            verdict = run_history(cluster, number, shape, classes.split(","), seed + number, faults)
            anomalies += len(verdict.anomalies)
            console.print(f"{number + 1:>4} {verdict}", highlight=False)
            for anomaly in verdict.anomalies[:5]:
                console.print(f"     [red]ANOMALY[/red] {anomaly}", highlight=False)
    console.print(f"{count} histories, {anomalies} anomalies")
    sys.exit(anomalies > 0)


if __name__ == "__main__":
    main()
