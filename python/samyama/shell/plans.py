"""Plans of EXPLAIN and PROFILE as a table: one row an operator, inputs below and further in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["print_plan"]


def print_plan(console: Console, plan: dict[str, Any]) -> None:
    """Rows, database hits, memory and time stand in a profile only; of a write, its way through consensus too."""
    has_run = "dbHits" in plan
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("operator", no_wrap=True)
    table.add_column("details", overflow="fold")
    table.add_column("estimated rows", justify="right")
    for column in ("rows", "hits", "memory", "time") if has_run else ():
        table.add_column(column, justify="right")
    for depth, operator in _walk(plan, 0):
        args = operator.get("args", {})
        cells = [
            "  " * depth + operator["operatorType"],
            str(args.get("Details", "")),
            f"{args.get('EstimatedRows', 0):,.0f}",
        ]
        if has_run:
            cells += [
                f"{operator['rows']:,}",
                f"{operator['dbHits']:,}",
                f"{args.get('Memory', 0):,}",
                _time(operator["time"]),
            ]
        table.add_row(*map(Text, cells))
    console.print(table)
    stations = plan.get("args", {}).get("Consensus")
    if stations:
        console.print(_way(stations))


def _way(stations: dict[str, Any]) -> str:
    """
    >>> _way({"index": 7, "term": 2, "proposed_us": 0, "on_disk_here_us": 310, "on_quorum_us": 420, "applied_us": 460})
    'log entry 7, term 2: proposed 0 us, on disk here 310 us, on a quorum 420 us, applied 460 us'
    """
    names = {
        "proposed_us": "proposed",
        "on_disk_here_us": "on disk here",
        "on_quorum_us": "on a quorum",
        "applied_us": "applied",
    }
    way = ", ".join(
        f"{name} {stations[key]:,} us" for key, name in names.items() if key in stations
    )
    return f"log entry {stations['index']}, term {stations['term']}: {way}"


def _walk(operator: dict[str, Any], depth: int) -> Iterator[tuple[int, dict[str, Any]]]:
    yield depth, operator
    for child in operator.get("children", []):
        yield from _walk(child, depth + 1)


def _time(nanoseconds: int) -> str:
    """
    >>> _time(0), _time(1_234), _time(56_789_000)
    ('0.0 ms', '0.0 ms', '56.8 ms')
    """
    return f"{nanoseconds / 1e6:,.1f} ms"
