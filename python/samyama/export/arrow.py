"""Results as Arrow tables. Arrow's columns have one type each, so what has none of its own there is refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from samyama._results import Record
from samyama.export import require
from samyama.types import Duration, Node, Path, Point, Relationship, Temporal

if TYPE_CHECKING:
    import pyarrow

__all__ = ["to_arrow"]


def to_arrow(keys: Sequence[str], records: Sequence[Record]) -> pyarrow.Table:
    """A table of all rows.

    Raises: TypeError: a column holds what Arrow has no type for, or values of different types; the message names it.
    """
    arrow = require("pyarrow", "arrow")
    columns: dict[str, Any] = {}
    for place, key in enumerate(keys):
        values = [_value(arrow, key, record[place]) for record in records]
        try:
            columns[key] = arrow.array(values)
        except (arrow.ArrowInvalid, arrow.ArrowTypeError) as error:
            raise TypeError(f"column `{key}` has no single Arrow type: {error}") from error
    table: pyarrow.Table = arrow.table(columns)
    return table


def _value(arrow: Any, key: str, value: Any) -> Any:
    match value:
        case Node() | Relationship() | Path():
            kind = type(value).__name__.lower()
            raise TypeError(
                f"column `{key}` holds a {kind}, which Arrow has no type for; return its properties instead"
            )
        case Temporal():
            raise TypeError(f"column `{key}` holds {value}, which Arrow cannot hold exactly")
        case Duration():
            # Its third part is in nanoseconds.
            nanoseconds = value.seconds * 1_000_000_000 + value.nanoseconds
            return arrow.MonthDayNano([value.months, value.days, nanoseconds])
        case Point():
            return {"srid": value.srid, "x": value.x, "y": value.y, "z": value.z}
        case list():
            return [_value(arrow, key, item) for item in value]
        case dict():
            return {name: _value(arrow, key, item) for name, item in value.items()}
        case _:
            return value
