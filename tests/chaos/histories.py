"""Short histories under faults, recorded and judged.

    python -m tests.chaos.histories --count 20 --classes kills,pauses,partitions --seed 0

One history: clients ask and write for some seconds (:mod:`tests.chaos.registers`) while a nemesis disturbs the
cluster; then everything is healed, every register and counter is read on every node, all graphs must be equal, and
the record is judged: registers and counters are linearizable per key, bookmark reads are not older than their
bookmark, stale reads on one connection never go back, and nothing that was refused is there. A history with too few
operations, or in which a wanted fault did not happen, is void. One that breaks a promise is written to
``target/chaos`` to be looked at.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from tests.chaos.registers import SETUP, Record, RegisterSpecification, setup_parameters

from samyama.testing import Cluster, Worker
from samyama.testing.bolt import BoltConnection
from samyama.testing.checkers import (
    BookmarkRead,
    Operation,
    Sight,
    check_bookmarks,
    check_counter,
    check_never_back,
    check_register,
)
from samyama.testing.faults import DRAWERS, Done, Nemesis

__all__ = ["Verdict", "judge", "record_history", "run_history", "settings_for"]

BEFORE = 300
KEPT = Path(__file__).resolve().parents[2] / "target/chaos"


def settings_for(seed: int) -> dict[str, dict[str, Any]]:
    """How a cluster keeps its log: never a snapshot, one now and then, or so often that who was away needs one."""
    entries, segment_bytes = ((1_000_000, 64 << 20), (200, 1 << 20), (50, 64 << 10))[seed % 3]
    return {
        "raft": {"snapshot_log_entries": entries, "snapshot_log_percent": 0},
        "storage": {"segment_bytes": segment_bytes},
    }


@dataclass(slots=True)
class Verdict:
    """What a history shows. It keeps its promises when ``broken`` is empty."""

    name: str
    seed: int
    seconds: float
    operations: int
    keys: int
    faults: list[Done]
    #: Told to clients: code, how often.
    told: dict[str, int]
    unknown: int
    judged_s: float = 0.0
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        faults = ", ".join(f"{done.name} {done.ended - done.began:.1f} s" for done in self.faults)
        return (
            f"{self.name}: {self.operations} operations on {self.keys} keys in {self.seconds:.1f} s, "
            f"{self.unknown} of unknown outcome, judged in {self.judged_s:.1f} s; {faults}"
        )


def run_history(
    cluster: Cluster, number: int, classes: Sequence[str], seed: int, faults: int = 2
) -> Verdict:
    """History ``number`` of this cluster, recorded and judged.

    Raises: Void: a fault did not happen. Timeout: the cluster did not recover. AssertionError: graphs differ.
    """
    records, done, seconds = record_history(cluster, number, classes, seed, faults)
    verdict = judge(f"{'+'.join(classes)} seed {seed}", seed, records, done, seconds)
    if verdict.broken:
        KEPT.mkdir(parents=True, exist_ok=True)
        path = KEPT / f"history-{'-'.join(classes)}-{seed}.json"
        path.write_bytes(msgspec.json.encode({"verdict": asdict(verdict), "records": records}))
        verdict.broken.append(f"the record is in {path}")
    return verdict


def record_history(
    cluster: Cluster, number: int, classes: Sequence[str], seed: int, faults: int
) -> tuple[list[Record], list[Done], float]:
    """Returns: what clients saw, what was done to the cluster, and how long it took in seconds."""
    parameters = setup_parameters(number)
    with cluster.driver() as driver:
        for statement in SETUP:
            driver.execute_query(statement, parameters)
    counters = list(range(parameters["counter_from"], parameters["counter_to"] + 1))
    specification = RegisterSpecification(
        seed=seed,
        addresses={str(node.id): node.bolt for node in cluster},
        key_from=parameters["key_from"],
        key_to=parameters["key_to"],
        counters=counters,
    )
    nemesis = Nemesis(cluster, seed)
    began = time.monotonic()
    with Worker("tests.chaos.registers", msgspec.to_builtins(specification)) as clients:
        clients.wait_for("answered", more=BEFORE)
        nemesis.disturb(classes, faults)
        clients.wait_for("answered", more=BEFORE)
        records = msgspec.convert(clients.stop(), list[Record])
    seconds = time.monotonic() - began
    nemesis.settle()
    return records + _read_everywhere(cluster, specification), nemesis.done, seconds


def _read_everywhere(cluster: Cluster, spec: RegisterSpecification) -> list[Record]:
    """Every register and counter, read linearizably on every node: what was lost shows at the latest now."""
    records = []
    queries = {
        "read": ("MATCH (k:K) WHERE $from <= k.id <= $to RETURN k.id, k.v", spec.key_from, spec.key_to),
        "see": ("MATCH (k:C) WHERE $from <= k.id <= $to RETURN k.id, k.n", spec.counters[0], spec.counters[-1]),
    }  # fmt: skip
    for node in cluster:
        with BoltConnection(node.bolt) as connection:
            for kind, (query, first, last) in queries.items():
                called_ns = time.monotonic_ns()
                rows = connection.run(query, {"from": first, "to": last}, mode="r").rows
                answered_ns = time.monotonic_ns()
                records += [
                    Record(
                        kind, key, value, f"end-{node.id}", node.id, 1,
                        called_ns, answered_ns, "acknowledged", "",
                    )
                    for key, value in rows
                ]  # fmt: skip
    return records


def judge(name: str, seed: int, records: list[Record], done: list[Done], seconds: float) -> Verdict:
    """Put the record before every judge."""
    used = {record.key for record in records if record.kind == "write"}
    registers = [
        operation
        for record in records
        if record.kind in ("read", "write", "cas") and record.key in used
        if (operation := _operation(record)) is not None
    ]
    counters = [
        operation
        for record in records
        if record.kind in ("add", "see")
        if (operation := _operation(record)) is not None
    ]
    verdict = Verdict(
        name, seed, seconds,
        operations=sum(1 for record in records if not record.client.startswith("end-")),
        keys=len(used),
        faults=done,
        told=dict(Counter(record.code for record in records if record.code)),
        unknown=sum(1 for op in registers + counters if op.returned is None),
    )  # fmt: skip
    began = time.monotonic()
    verdict.broken += map(str, check_register(registers, initial=0))
    verdict.broken += map(str, check_counter(counters))
    answered = [record for record in records if record.told == "acknowledged"]
    verdict.broken += [
        f"read of node {read.node} with a bookmark of {read.at_least} saw {read.value}"
        for read in check_bookmarks(
            BookmarkRead(record.value[0], record.value[1], record.node, record.called_ns / 1e9)
            for record in answered
            if record.kind == "bookmark"
        )
    ]
    verdict.broken += [
        f"stale reads of {later.observer} went back from {earlier.value} to {later.value}"
        for earlier, later in check_never_back(
            Sight(
                (record.client, record.connection, record.key), record.value, record.called_ns / 1e9
            )
            for record in answered
            if record.kind == "stale"
        )
    ]
    verdict.judged_s = time.monotonic() - began
    return verdict


def _operation(record: Record) -> Operation | None:
    """None: it has no place in the history, because it certainly did nothing or saw nothing."""
    kind = "read" if record.kind == "see" else record.kind
    value = tuple(record.value) if isinstance(record.value, list) else record.value
    if record.told == "refused" or (record.told == "unknown" and kind == "read"):
        return None
    returned = record.answered_ns / 1e9 if record.told == "acknowledged" else None
    return Operation(record.key, kind, value, record.called_ns / 1e9, returned)  # type: ignore[arg-type]


@click.command()
@click.option("--count", "--histories", default=20, show_default=True)
@click.option("--nodes", default=3, show_default=True)
@click.option(
    "--classes", default=",".join(DRAWERS), show_default=True, help="Of faults, drawn from."
)
@click.option("--faults", default=2, show_default=True, help="In each history.")
@click.option(
    "--seed", default=0, show_default=True, help="Of the first; the next has the next number."
)
@click.option(
    "--snapshots", default=2, show_default=True, help="0 never, 1 now and then, 2 all the time."
)
@click.option("--json", "path", type=click.Path(path_type=Path), help="Write all verdicts there.")
def main(
    count: int, nodes: int, classes: str, faults: int, seed: int, snapshots: int, path: Path | None
) -> None:
    """Record histories under faults and judge them. Ends with 1 if one breaks a promise."""
    console = Console()
    verdicts: list[Verdict] = []
    with Cluster(nodes, links=True, seed=seed, settings=settings_for(snapshots)) as cluster:
        for number in range(count):
            verdict = run_history(cluster, number, classes.split(","), seed + number, faults)
            verdicts.append(verdict)
            console.print(f"{number + 1:>4} {verdict}", highlight=False)
            for line in verdict.broken:
                console.print(f"     [red]BROKEN[/red] {line}", highlight=False)
    told = sum((Counter(verdict.told) for verdict in verdicts), Counter())
    done = Counter(fault.name for verdict in verdicts for fault in verdict.faults)
    console.print(
        f"{len(verdicts)} histories, {sum(v.operations for v in verdicts)} operations, "
        f"{sum(v.unknown for v in verdicts)} of unknown outcome; broken: {sum(bool(v.broken) for v in verdicts)}"
    )
    console.print(f"faults: {dict(done)}", highlight=False)
    console.print(f"told: {dict(told)}", highlight=False)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps([asdict(verdict) for verdict in verdicts], indent=1) + "\n", "utf-8"
        )
    sys.exit(any(verdict.broken for verdict in verdicts))


if __name__ == "__main__":
    main()
