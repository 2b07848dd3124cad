"""The kill campaign: a node under load dies by ``kill -9``, again and again, and must come back with everything.

    python -m tests.log.kills --kills 200 --json kills.json

Small segments and frequent snapshots, so that the log is rotated and purged and snapshots are built all the time. Some
of the kills waits for such a moment: a snapshot being written, a segment that comes or goes. What a kill struck is read
from the directory it left. After every round of kills, with nobody writing, three accounts of the graph are compared:
what clients were told, what the node says, and what the directory comes to when it is read by ``samyama.inspect``.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
import msgspec
from tests.chaos.writers import LightClients, Write, WriterSpecification

from samyama.inspect import replay, verify
from samyama.testing import Cluster, Node, Timeout, Worker, wait_until
from samyama.testing.bolt import BoltConnection
from samyama.testing.checkers import SerialsReport, check_serials

__all__ = ["SETTINGS", "Kill", "Report", "campaign"]

#: Rotation every hundred writes or so, a snapshot (and a purge behind it) every sixty entries.
SETTINGS = {
    "storage": {"segment_bytes": 32 * 1024},
    "raft": {"snapshot_log_entries": 60, "snapshot_log_percent": 0},
}
KILLS_PER_ROUND = 10
#: How a kill finds its moment.
AIMS = ("any time", "any time", "a snapshot", "a segment", "a purge", "a purge")


@dataclass(frozen=True, slots=True)
class Kill:
    """One of them. ``struck``: what was under way, by what it left on disk."""

    aim: str
    struck: str
    restart_ms: float
    torn_bytes: int


@dataclass(slots=True)
class Report:
    kills: list[Kill] = field(default_factory=list)
    serials: SerialsReport | None = None
    #: Rounds after which node and reader had the same fingerprint at the same index.
    fingerprints: int = 0
    nodes: int = 0
    snapshots: int = 0
    segments: int = 0

    @property
    def struck(self) -> Counter[str]:
        return Counter(kill.struck for kill in self.kills)

    @property
    def restarts_ms(self) -> list[float]:
        return sorted(kill.restart_ms for kill in self.kills)

    def lines(self) -> Iterator[str]:
        assert self.serials is not None, "the campaign has not ended"
        times = self.restarts_ms
        yield f"{len(self.kills)} kills: " + ", ".join(
            f"{count} in {what}" for what, count in sorted(self.struck.items())
        )
        yield (
            f"{self.serials.acknowledged} writes acknowledged, {len(self.serials.lost)} lost, "
            f"{len(self.serials.doubled)} doubled; {self.serials.unknown} unknown, of which "
            f"{self.serials.unknown_done} are there"
        )
        yield (
            f"restart to ready: median {statistics.median(times):.0f} ms, worst {times[-1]:.0f} ms "
            f"({self.nodes} nodes in the end)"
        )
        yield f"fingerprint of node and reader equal after {self.fingerprints} rounds"


def campaign(
    kills: int,
    seed: int,
    directory: Path | None = None,
    after_round: Callable[[Report], None] | None = None,
) -> Report:
    """``after_round`` gets the report so far. Raises: AssertionError: something was lost, or the accounts differ."""
    chosen = random.Random(seed)
    report, writes = Report(), list[Write]()
    with Cluster(1, settings=SETTINGS, directory=directory) as cluster:
        node = cluster.nodes[0]
        first_serial = 1
        while len(report.kills) < kills:
            count = min(KILLS_PER_ROUND, kills - len(report.kills))
            told = _round(cluster, count, first_serial, chosen, report)
            writes += told
            first_serial = 1 + max((write.serial for write in writes), default=first_serial)
            _compare(node, writes, report)
            if after_round is not None:
                after_round(report)
    return report


def _round(
    cluster: Cluster, count: int, first_serial: int, chosen: random.Random, report: Report
) -> list[Write]:
    node = cluster.nodes[0]
    clients = LightClients([node.bolt], count=3, pause_ms=0.2)
    specification = WriterSpecification({"light": clients}, first_serial)
    with Worker("tests.chaos.writers", msgspec.to_builtins(specification)) as worker:
        for _ in range(count):
            worker.wait_for("acknowledged", more=chosen.randrange(5, 60))
            report.kills.append(_kill(node, chosen))
        worker.wait_for("acknowledged", more=5)
        return msgspec.convert(worker.stop()["writes"], list[Write])


def _kill(node: Node, chosen: random.Random) -> Kill:
    aim = chosen.choice(AIMS)
    _wait_for_the_moment(node, aim)
    if aim != "any time":
        # Somewhere in it, not always at its beginning.
        time.sleep(chosen.random() * 0.003)
    node.kill()
    struck, torn_bytes = _what_was_under_way(node)
    began = time.monotonic()
    node.start()
    try:
        node.wait_ready()
    except Timeout as timeout:
        # Its directory is evidence, and what it said.
        kept = node.directory.parent / f"{node.directory.name}-not-ready"
        shutil.copytree(node.directory, kept)
        raise AssertionError(
            f"{timeout} after a kill in {struck}; kept in {kept}:\n{node.log_tail(40)}"
        ) from timeout
    return Kill(aim, struck, (time.monotonic() - began) * 1000, torn_bytes)


def _wait_for_the_moment(node: Node, aim: str) -> None:
    log, snapshots = node.directory / "data/log", node.directory / "data/snapshots"
    if aim == "a snapshot":
        wait_until("a snapshot to be written", lambda: any(snapshots.glob("*.tmp")), 20, 0.0002)
    elif aim == "a purge":
        # It follows a snapshot that has got its name.
        built = _names(snapshots)
        wait_until("another snapshot", lambda: not _names(snapshots) <= built, 20, 0.0002)
    elif aim == "a segment":
        before = sorted(file.name for file in log.glob("*.wal"))
        wait_until(
            "a segment to come or go",
            lambda: sorted(file.name for file in log.glob("*.wal")) != before,
            20,
            0.0002,
        )


def _names(snapshots: Path) -> set[str]:
    """Of finished ones."""
    return {file.name for file in snapshots.glob("snap-*") if not file.suffix}


def _what_was_under_way(node: Node) -> tuple[str, int]:
    """What the directory of a dead node shows; it must be whole. Raises: AssertionError."""
    verdict = verify(node.directory / "data")
    assert not verdict.damages, f"a kill left damage: {verdict.damages}"
    log = verdict.log
    assert log is not None, "there is a log"
    torn_bytes = log.tear.bytes if log.tear is not None else 0
    newest = log.segments[-1]
    if verdict.unfinished:
        return "a snapshot", torn_bytes
    if newest.sealed or not newest.records:
        return "a rotation", torn_bytes
    purged = log.state.purged
    oldest = [record.value for record in log.segments[0].records]
    indexes = [value.id.index for value in oldest if hasattr(value, "id")]
    superfluous = (
        purged is not None and len(log.segments) > 1 and max(indexes, default=-1) <= purged.index
    )
    if superfluous or log.leftovers or _purge_is_due(node, -1 if purged is None else purged.index):
        return "a purge", torn_bytes
    return "writes", torn_bytes


def _purge_is_due(node: Node, purged: int) -> bool:
    """A snapshot is finished, and the log still has entries that need not be kept beside it."""
    names = _names(node.directory / "data/snapshots")
    newest = max((int(name.split("-")[1], 16) for name in names), default=0)
    return newest - SETTINGS["raft"]["snapshot_log_entries"] > purged


def _compare(node: Node, writes: list[Write], report: Report) -> None:
    """Clients, node and reader. Nobody writes now."""
    with BoltConnection(node.bolt) as connection:
        found = [row[0] for row in connection.run("MATCH (w:W) RETURN w.serial").rows]
    told: dict[str, list[int]] = {"acknowledged": [], "unknown": [], "refused": []}
    for write in writes:
        told[write.told].append(write.serial)
    report.serials = check_serials(found, **told)
    assert report.serials.kept, f"promises broken: {report.serials}"
    status = node.status()
    assert status.nodes == len(found), f"{status.nodes} counted, {len(found)} found"
    read = replay(node.directory / "data", status.applied_index)
    fingerprint = f"{read.graph.fingerprint:032x}"
    assert fingerprint == status.fingerprint, (
        f"at index {status.applied_index} the node has {status.fingerprint}, its directory comes to {fingerprint}"
    )
    report.fingerprints += 1
    report.nodes, report.snapshots = status.nodes, status.snapshot_index
    report.segments = len(list((node.directory / "data/log").glob("*.wal")))


@click.command()
@click.option("--kills", default=200, show_default=True, help="How many.")
@click.option("--seed", default=1, show_default=True, help="For every choice.")
@click.option(
    "--directory", type=click.Path(path_type=Path), help="Where the node lives, and is kept."
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the report there."
)
def main(kills: int, seed: int, directory: Path | None, json_file: Path | None) -> None:
    """Kill one node under load, again and again."""
    began = time.monotonic()

    def show(report: Report) -> None:
        """What a broken-off campaign has seen is kept."""
        click.echo(f"after {time.monotonic() - began:.0f} s:")
        for line in report.lines():
            click.echo(f"  {line}")
        if json_file is not None:
            document = {**asdict(report), "struck": dict(report.struck)}
            json_file.write_text(json.dumps(document, indent=2), "utf-8")

    report = campaign(kills, seed, directory, after_round=show)
    missing = {"a snapshot", "a rotation", "a purge", "writes"} - set(report.struck)
    if missing:
        click.echo(f"void: no kill struck {', '.join(sorted(missing))}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
