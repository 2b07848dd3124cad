"""Results as pandas frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from samyama._results import Record
from samyama.export import require
from samyama.types import Node, Relationship

if TYPE_CHECKING:
    import pandas

__all__ = ["to_pandas"]


def to_pandas(keys: Sequence[str], records: Sequence[Record], *, expand: bool) -> pandas.DataFrame:
    """A frame of all rows, one column a key.

    Args:
        keys: The columns, in order; kept when there are no rows.
        records: The rows.
        expand: Nodes, relationships, lists and maps become columns of their own, named with dots.
    """
    library = require("pandas", "pandas")
    if not expand:
        frame = library.DataFrame.from_records(
            [tuple(record) for record in records], columns=list(keys)
        )
    else:
        rows = [
            {name: plain for key, value in record.items() for name, plain in _expanded(key, value)}
            for record in records
        ]
        frame = library.DataFrame(rows) if rows else library.DataFrame(columns=list(keys))
    result: pandas.DataFrame = frame
    return result


def _expanded(name: str, value: Any) -> list[tuple[str, Any]]:
    """Columns named as the driver names them."""
    match value:
        case Node():
            head: list[tuple[str, Any]] = [
                ("element_id", value.element_id),
                ("labels", value.labels),
            ]
            name = f"{name}()"
        case Relationship():
            start, end = value.start_node, value.end_node
            head = [
                ("element_id", value.element_id),
                ("start.element_id", start.element_id if start is not None else None),
                ("end.element_id", end.element_id if end is not None else None),
                ("type", value.type),
            ]
            name = f"{name}->"
        case list():
            return [
                pair for i, item in enumerate(value) for pair in _expanded(f"{name}[].{i}", item)
            ]
        case dict():
            return [
                pair for k, item in value.items() for pair in _expanded(f"{name}{{}}.{k}", item)
            ]
        case _:
            return [(name, value)]
    properties = [(f"prop.{key}", item) for key, item in value.items()]
    return [(f"{name}.{key}", item) for key, item in [*head, *properties]]
