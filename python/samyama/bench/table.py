"""Figures as tables on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from samyama.bench.disk import SyncFloor
from samyama.bench.goals import FIGURES
from samyama.bench.load import Report
from samyama.bench.suite import Suite

__all__ = ["print_report", "print_suite"]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _milliseconds(us: float) -> str:
    return f"{us / 1000:.2f}"


def print_report(console: Console, report: Report) -> None:
    """One load."""
    table = Table(show_header=False)
    latency = report.latency
    rows = {
        "operations per second": _number(report.per_s),
        "P50, P99, P99.9, max ms": ", ".join(
            _milliseconds(us)
            for us in (latency.p50_us, latency.p99_us, latency.p999_us, latency.max_us)
        ),
        "each second": " ".join(str(count) for count in report.per_second),
        "rows": str(report.rows),
        "errors": ", ".join(f"{code}: {count}" for code, count in report.errors.items()) or "none",
        "generator's own CPU": f"{report.cpu_us_per_operation:.2f} us per operation",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)


def print_suite(console: Console, suite: Suite) -> None:
    """The set, with floors and goals."""
    table = Table(title="Figures of a release")
    for column in (
        "figure",
        "measured",
        "floor",
        "goal",
        "",
        "P50 / P99 ms",
        "CPU us per operation",
    ):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for one in suite.measured:
        figure = FIGURES[one.name]
        reached = figure.reaches(one.value, one.goal) and one.reached
        verdict = "goal met" if reached else "floor met" if one.reached else "[bold red]MISSED"
        latency = one.report.latency if one.report else None
        table.add_row(
            figure.title,
            f"{_number(one.value)} {figure.unit}",
            _number(one.floor),
            _number(one.goal),
            verdict,
            f"{_milliseconds(latency.p50_us)} / {_milliseconds(latency.p99_us)}" if latency else "",
            f"{sum(one.cpu_us.values()):.1f}" if one.cpu_us else "",
        )
    console.print(table)
    for when, floor in (("before", suite.sync_floor_before), ("after", suite.sync_floor_after)):
        console.print(f"This disk makes 4 KiB durable, {when}: {_floor(floor)}", highlight=False)


def _floor(floor: SyncFloor) -> str:
    return f"P50 {floor.p50_us:.0f}, P99 {floor.p99_us:.0f}, max {floor.max_us:.0f} us over {floor.syncs} syncs"
