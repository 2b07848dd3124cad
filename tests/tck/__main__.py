"""``python -m tests.tck``: run the suite or a part of it. Exit code: 0 all passed, 1 something failed, 2 wrong use."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click
from tests.tck.adapter import Adapter
from tests.tck.embedded import Embedded
from tests.tck.judge import judge
from tests.tck.report import Outcomes, side_by_side, summary, write_json
from tests.tck.suite import ROOT, Scenario, Suite, SuiteMissing, find_suite

EXIT_FAILED, EXIT_WRONG_USE = 1, 2


@click.command()
@click.option(
    "--adapter",
    "adapter_name",
    type=click.Choice(["embedded", "bolt", "reference"]),
    default="embedded",
)
@click.option("--folder", default="", help="Only scenarios below this folder: clauses/match.")
@click.option("--name", default="", help="Only scenarios whose id or name holds this text.")
@click.option("--failed", is_flag=True, help="Only those that failed when the report was written.")
@click.option("-v", "--verbose", is_flag=True, help="Show expected and actual of every failure.")
@click.option("-x", "--stop", is_flag=True, help="Stop at the first failure.")
@click.option("--report", type=click.Path(path_type=Path), help="The JSON report.")
def main(
    adapter_name: str,
    folder: str,
    name: str,
    failed: bool,
    verbose: bool,
    stop: bool,
    report: Path | None,
) -> None:
    """Run the openCypher TCK."""
    try:
        suite = find_suite()
    except SuiteMissing as error:
        click.echo(f"tests.tck: {error}", err=True)
        sys.exit(EXIT_WRONG_USE)
    path = report or ROOT / "reports" / f"tck-{adapter_name}.json"
    scenarios = [s for s in suite.scenarios(folder, name) if not s.ignored]
    if failed:
        known = {failure["id"] for failure in json.loads(path.read_text("utf-8"))["failures"]}
        scenarios = [scenario for scenario in scenarios if scenario.id in known]
    if not scenarios:
        click.echo("tests.tck: no scenario is called so", err=True)
        sys.exit(EXIT_WRONG_USE)
    began = time.monotonic()
    outcomes = _run(suite, scenarios, adapter_name, verbose=verbose, stop=stop)
    click.echo(summary(outcomes))
    if not (folder or name or failed or stop):
        write_json(path, adapter_name, outcomes, time.monotonic() - began)
        click.echo(f"Report: {path}")
    sys.exit(0 if all(verdict.passed for _, verdict in outcomes) else EXIT_FAILED)


def _run(
    suite: Suite, scenarios: list[Scenario], adapter_name: str, *, verbose: bool, stop: bool
) -> Outcomes:
    adapter = _adapter(adapter_name)
    outcomes: Outcomes = []
    try:
        for scenario in scenarios:
            verdict = judge(suite, scenario, adapter)
            outcomes.append((scenario, verdict))
            if verbose and not verdict.passed:
                click.echo(side_by_side(scenario, verdict))
            if stop and not verdict.passed:
                break
    finally:
        adapter.close()
    return outcomes


def _adapter(name: str) -> Adapter:
    if name == "embedded":
        return Embedded()
    if name == "reference":
        from tests.tck.reference import Reference

        return Reference()
    from tests.tck.bolt import Bolt

    return Bolt()


if __name__ == "__main__":
    main()
