"""Results as text: a table for people, plain lines, CSV, or one JSON object a row."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from samyama._results import Counters, Record, Result, Summary
from samyama.export.literals import display, iso
from samyama.types import Duration, Node, Path, Point, Relationship, Temporal

__all__ = ["FORMATS", "describe", "print_result"]

#: Rows of one table: its columns are as wide as these need.
TABLE_ROWS = 1_000


def print_result(console: Console, result: Result, format: str) -> int:
    """Print all rows as they come; how many there were."""
    return FORMATS[format](console, result)


def _write(console: Console, text: str) -> None:
    """Exactly this: no wrapping, no markup, no colour."""
    console.file.write(text)


def _table(console: Console, result: Result) -> int:
    rows, count = iter(result), 0
    while batch := list(islice(rows, TABLE_ROWS)):
        table = Table(highlight=False, show_lines=False)
        for key in result.keys():  # noqa: SIM118 (iterating a result gives its rows)
            table.add_column(Text(key), overflow="fold")
        for record in batch:
            table.add_row(*(_cell(value) for value in record))
        console.print(table)
        count += len(batch)
    return count


def _cell(value: Any) -> Text:
    return Text(display(value), style="dim" if value is None else "")


def _plain(console: Console, result: Result) -> int:
    return _lines(console, result, lambda record: ", ".join(map(display, record)), ", ".join)


def _csv(console: Console, result: Result) -> int:
    def row(values: Iterable[Any]) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow(values)
        return out.getvalue()

    return _lines(console, result, lambda record: row(map(_csv_value, record)), row)


def _csv_value(value: Any) -> Any:
    """Text as it is; null as nothing; what CSV cannot say in Cypher's notation."""
    if value is None or isinstance(value, str):
        return value
    return display(value)


def _json(console: Console, result: Result) -> int:
    return _lines(console, result, lambda record: encode_json(record).decode(), None)


def _lines(
    console: Console,
    result: Result,
    render: Callable[[Record], str],
    head: Callable[[Sequence[str]], str] | None,
) -> int:
    if head is not None and result.keys():
        _write(console, head(result.keys()) + "\n")
    count = 0
    for record in result:
        _write(console, render(record) + "\n")
        count += 1
    return count


def encode_json(record: Record) -> bytes:
    """One object: times in ISO 8601, entities with their labels or type and properties, bytes in hexadecimal."""
    return msgspec.json.encode({key: _json_value(value) for key, value in record.items()})


def _json_value(value: Any) -> Any:
    match value:
        case Node():
            properties = _json_value(dict(value))
            labels = sorted(value.labels)
            return {"elementId": value.element_id, "labels": labels, "properties": properties}
        case Relationship():
            start, end = value.start_node, value.end_node
            return {
                "elementId": value.element_id,
                "startNodeElementId": start.element_id if start is not None else None,
                "endNodeElementId": end.element_id if end is not None else None,
                "type": value.type,
                "properties": _json_value(dict(value)),
            }
        case Path():
            return {
                "nodes": [_json_value(node) for node in value.nodes],
                "relationships": [_json_value(one) for one in value.relationships],
            }
        case Point():
            z = {} if value.z is None else {"z": value.z}
            return {"srid": value.srid, "x": value.x, "y": value.y, **z}
        case dt.date() | dt.time() | Temporal() | Duration():
            return iso(value)
        case bytes():
            return value.hex()
        case float() if value != value or value in (float("inf"), float("-inf")):
            return display(value)
        case list():
            return [_json_value(item) for item in value]
        case Mapping():
            return {key: _json_value(item) for key, item in value.items()}
        case _:
            return value


FORMATS: dict[str, Callable[[Console, Result], int]] = {
    "table": _table,
    "plain": _plain,
    "csv": _csv,
    "json": _json,
}

_WORDS = {
    "nodes-created": ("Created", "node"),
    "nodes-deleted": ("Deleted", "node"),
    "relationships-created": ("Created", "relationship"),
    "relationships-deleted": ("Deleted", "relationship"),
    "properties-set": ("Set", "property"),
    "labels-added": ("Added", "label"),
    "labels-removed": ("Removed", "label"),
    "indexes-added": ("Added", "index"),
    "indexes-removed": ("Removed", "index"),
    "constraints-added": ("Added", "constraint"),
    "constraints-removed": ("Removed", "constraint"),
}
_PLURALS = {"property": "properties", "index": "indexes"}


def plural(count: int, noun: str) -> str:
    """``1 row``, ``2 rows``, ``3 properties``."""
    return f"{count} {noun if count == 1 else _PLURALS.get(noun, noun + 's')}"


def _changes(counters: Counters) -> Iterator[str]:
    last = ""
    for name, (verb, noun) in _WORDS.items():
        if name in counters:
            yield f"{verb.lower() if last else verb} {plural(counters[name], noun)}"
            last = verb


def describe(summary: Summary, rows: int, elapsed_ms: float) -> str:
    """What a statement did, in one line: changes, rows, time, and the log index that it was written at or read."""
    parts = list(_changes(summary.counters))
    if rows or not parts:
        parts.append(plural(rows, "row"))
    parts.append(f"{elapsed_ms:.0f} ms" if elapsed_ms >= 10 else f"{elapsed_ms:.1f} ms")
    place = ""
    if summary.index is not None:
        term = f", term {summary.term}" if summary.term is not None else ""
        place = f" (log index {summary.index}{term})"
    return ", ".join(parts) + place
