"""``python -m tests.metamorphic``: metamorphic and differential checks, as many as asked for.

Exit code: 0 no difference, 1 differences, 2 wrong use.
"""

from __future__ import annotations

import json
import multiprocessing
import queue
import sys
import time
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import click
from tests.metamorphic.campaign import CASES_PER_ROUND, Campaign, Finding, Tally
from tests.metamorphic.catalogue import CHECKS
from tests.metamorphic.findings import describe, keep
from tests.metamorphic.worker import work
from tests.regressions.cases import HERE as CORPUS

ROOT = Path(__file__).parents[2]
PROGRESS_S = 10.0


@click.command()
@click.option("--checks", default=10_000, help="Stop after so many verdicts.")
@click.option("--seconds", type=float, help="Stop after so long.")
@click.option("--seed", default=1, help="The same seed makes the same cases.")
@click.option("--from", "first", default=0, help="Go on behind this many cases of the seed.")
@click.option("--jobs", default=1, help="Processes.")
@click.option("--only", default="", help="Names of checks, joined by commas.")
@click.option("--cluster", is_flag=True, help="Ask three processes too, leader and follower.")
@click.option("--case", "case", type=int, help="Run this one case, and show it.")
@click.option(
    "--corpus", type=click.Path(path_type=Path), default=CORPUS, help="Where findings go."
)
@click.option("--json", "report", type=click.Path(path_type=Path), help="The summary.")
def main(
    checks: int,
    seconds: float | None,
    seed: int,
    first: int,
    jobs: int,
    only: str,
    cluster: bool,
    case: int | None,
    corpus: Path,
    report: Path | None,
) -> None:
    """Run checks of the engine against itself and against the reference interpreter."""
    names = [name.strip() for name in only.split(",") if name.strip()]
    if cluster and not names:
        names = [*(check.name for check in CHECKS.values() if check.weight), "nodes"]
    unknown = set(names) - set(CHECKS)
    if unknown:
        known = ", ".join(CHECKS)
        click.echo(f"no check is called {', '.join(sorted(unknown))}; there are: {known}", err=True)
        sys.exit(2)
    if case is not None:
        sys.exit(_one(seed, names, case))
    # Cases of one round stay together.
    first -= first % CASES_PER_ROUND
    run = _Run(seed, names, checks, seconds, jobs, corpus, first)
    run.execute()
    path = report or ROOT / "reports" / "metamorphic.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(run.summary(), indent=2) + "\n", "utf-8")
    click.echo(f"Report: {path}")
    sys.exit(1 if run.tally.differences else 0)


def _one(seed: int, names: list[str], number: int) -> int:
    found: list[Finding] = []
    campaign = Campaign(seed, names, on_finding=found.append)
    try:
        campaign.run_one(number)
    finally:
        campaign.close()
    for finding in found:
        click.echo(describe(finding, seed))
    if not found:
        click.echo("no difference")
    return 1 if found else 0


class _Run:
    def __init__(
        self,
        seed: int,
        names: list[str],
        checks: int,
        seconds: float | None,
        jobs: int,
        corpus: Path,
        first: int,
    ) -> None:
        self.first = first
        self.seed, self.names, self.checks = seed, names, checks
        self.seconds = float("inf") if seconds is None else seconds
        self.jobs, self.corpus = jobs, corpus
        self.tally = Tally()
        self.began = time.monotonic()
        self.signatures: dict[tuple[str, str, str], int] = {}

    def execute(self) -> None:
        context = multiprocessing.get_context("spawn")
        told: Queue[Any] = context.Queue()
        following = context.Value("q", self.first)
        stop = context.Event()
        workers = [
            context.Process(target=work, args=(self.seed, self.names, following, stop, told))
            for _ in range(self.jobs)
        ]
        for worker in workers:
            worker.start()
        try:
            self._listen(workers, stop, told)
        finally:
            stop.set()
            self._drain(workers, told)

    def _listen(self, workers: list[Any], stop: Any, told: Queue[Any]) -> None:
        shown = self.began
        while not self._is_done():
            if all(not worker.is_alive() for worker in workers):
                raise RuntimeError("all workers have ended before their time")
            try:
                self._take(told.get(timeout=1.0))
            except queue.Empty:
                continue
            if time.monotonic() - shown >= PROGRESS_S:
                shown = time.monotonic()
                click.echo(self._line())
        stop.set()

    def _drain(self, workers: list[Any], told: Queue[Any]) -> None:
        while any(worker.is_alive() for worker in workers) or not told.empty():
            try:
                self._take(told.get(timeout=0.5))
            except queue.Empty:
                continue
        click.echo(self._line())

    def _is_done(self) -> bool:
        elapsed = time.monotonic() - self.began
        return self.tally.checks.total() >= self.checks or elapsed >= self.seconds

    def _take(self, message: Tally | Finding) -> None:
        if isinstance(message, Tally):
            self.tally.add(message)
            return
        count = self.signatures.get(message.signature, 0)
        self.signatures[message.signature] = count + 1
        if count < 3:
            click.echo(describe(message, self.seed))
            path = keep(message, self.seed, self.corpus)
            if path is not None:
                click.echo(f"kept: {path}")

    def _line(self) -> str:
        seconds = max(0.001, time.monotonic() - self.began)
        count = self.tally.checks.total()
        return (
            f"{count:,} checks, {count / seconds:,.0f}/s, {self.tally.differences.total():,} differences, "
            f"{self.tally.without_verdict.total():,} without verdict, {seconds:,.0f} s"
        )

    def summary(self) -> dict[str, Any]:
        seconds = time.monotonic() - self.began
        count = self.tally.checks.total()
        return {
            "seed": self.seed,
            "first_case": self.first,
            "jobs": self.jobs,
            "seconds": round(seconds, 1),
            "checks": count,
            "checks_per_second": round(count / seconds, 1),
            "differences": dict(self.tally.differences),
            "by_check": dict(sorted(self.tally.checks.items())),
            "without_verdict": dict(sorted(self.tally.without_verdict.items())),
            "answers": self.tally.answers,
            "answers_with_rows": self.tally.answers_with_rows,
        }


if __name__ == "__main__":
    main()
