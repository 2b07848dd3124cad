"""Orderability, as in ORDER BY, min and max (CIP2016-06-14, "Orderability"; TCK ReturnOrderBy1, WithOrderBy1).

Total: types in a fixed order, then values within a type; NaN behind all numbers, null behind everything. The place of
the temporal types and of points is Neo4j's (Cypher manual, "Equality, ordering, and comparison of value types").
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tests.reference.graph import Node, Path, Relationship
from tests.reference.kinds import kind
from tests.reference.points import Point
from tests.reference.temporal.values import (
    DAY_NS,
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
)

__all__ = ["compare", "sort_key", "temporal_key"]

_RANKS = {
    name: rank
    for rank, name in enumerate(
        (
            "map",
            "node",
            "relationship",
            "list",
            "path",
            "point",
            "datetime",
            "localdatetime",
            "date",
            "time",
            "localtime",
            "duration",
            "string",
            "boolean",
            "number",
            "null",
        )
    )
}
_MONTH_NS = Fraction("30.436875") * DAY_NS


def temporal_key(value: Any) -> Any:
    """What values of one temporal type are ordered by: the instant, then the offset, then the zone."""
    match value:
        case Date():
            return value.days
        case LocalTime() | LocalDateTime():
            return value.ns
        case Time():
            return value.instant, value.offset
        case DateTime():
            return value.instant, value.offset, value.zone or ""
    raise AssertionError(f"not temporal: {value!r}")


def _rank(value: Any) -> int:
    name = kind(value)
    return _RANKS["number" if name in ("integer", "float") else name]


def _plain(a: Any, b: Any) -> int:
    return (a > b) - (a < b)


def _sequences(a: list[Any], b: list[Any]) -> int:
    for left, right in zip(a, b, strict=False):
        order = compare(left, right)
        if order:
            return order
    return _plain(len(a), len(b))


def _numbers(a: int | float, b: int | float) -> int:
    a_nan, b_nan = (type(x) is float and math.isnan(x) for x in (a, b))
    return _plain(a_nan, b_nan) if a_nan or b_nan else _plain(a, b)


def _maps(a: dict[str, Any], b: dict[str, Any]) -> int:
    """By size, by keys, by values of the keys in order."""
    keys_a, keys_b = sorted(a), sorted(b)
    order = _plain(len(a), len(b)) or _plain(keys_a, keys_b)
    return order or _sequences([a[key] for key in keys_a], [b[key] for key in keys_b])


def _duration_key(value: Duration) -> Any:
    length = value.months * _MONTH_NS + value.days * DAY_NS + value.clock_ns
    return length, value.months, value.days, value.clock_ns


def _point_key(value: Point) -> Any:
    return value.srid, value.x, value.y, 0.0 if value.z is None else value.z


def compare(a: Any, b: Any) -> int:
    """-1, 0 or 1."""
    rank = _rank(a)
    if rank != _rank(b):
        return _plain(rank, _rank(b))
    match a:
        case None:
            return 0
        case bool() | str():
            return _plain(a, b)
        case int() | float():
            return _numbers(a, b)
        case list():
            return _sequences(a, b)
        case dict():
            return _maps(a, b)
        case Node() | Relationship():
            return _plain(a.id, b.id)
        case Path():
            return _sequences(list(a.entities()), list(b.entities()))
        case Duration():
            return _plain(_duration_key(a), _duration_key(b))
        case Point():
            return _plain(_point_key(a), _point_key(b))
    return _plain(temporal_key(a), temporal_key(b))


#: For ``sorted``: a stable sort keeps the order of ties.
sort_key: Callable[[Any], Any] = functools.cmp_to_key(compare)
