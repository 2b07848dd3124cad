"""Values of the engine and of the reference interpreter in one form, in which they can be compared.

A value is a tuple that begins with its type. Entities carry the number under which the generated graph knows them
(none if the query made them), labels and properties. ``-0.0`` is ``0.0`` and NaN is NaN. What a query leaves open is
forgiven: the order within bags, and in the last digits how a float was summed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.reference import graph as reference_graph
from tests.reference.points import Point
from tests.reference.temporal.values import (
    SECOND_NS,
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
)

from samyama import types

__all__ = ["Canonical", "from_engine", "from_reference", "rows_differ"]

#: Entity id to its number in the generated graph, by "node" and "relationship".
Numbers = Mapping[str, Mapping[int, int]]
Canonical = Any


def _scalar(value: Any) -> Canonical:
    if isinstance(value, float):
        return ("float", "NaN") if math.isnan(value) else ("float", value + 0.0)
    return {bool: "boolean", int: "integer", str: "string"}[type(value)], value


def _map(value: Mapping[str, Any], of: Callable[[Any], Canonical]) -> Canonical:
    return tuple(sorted((key, of(item)) for key, item in value.items()))


def from_engine(value: Any, numbers: Numbers) -> Canonical:
    def of(item: Any) -> Canonical:
        return from_engine(item, numbers)

    match value:
        case None:
            return ("null",)
        case bool() | int() | float() | str():
            return _scalar(value)
        case list():
            return ("list", *map(of, value))
        case types.Node():
            number = numbers["node"].get(value.id)
            return "node", number, tuple(sorted(value.labels)), _map(value, of)
        case types.Relationship():
            number = numbers["relationship"].get(value.id)
            return "relationship", number, value.type, _map(value, of)
        case types.Path():
            turns = [of(value.nodes[0])]
            for relationship, node in zip(value.relationships, value.nodes[1:], strict=True):
                turns += [of(relationship), of(node)]
            return ("path", *turns)
        case dict():
            return "map", _map(value, of)
    kind, parts = types.to_parts(value)
    return kind, *parts


def from_reference(value: Any, numbers: Numbers) -> Canonical:
    def of(item: Any) -> Canonical:
        return from_reference(item, numbers)

    match value:
        case None:
            return ("null",)
        case bool() | int() | float() | str():
            return _scalar(value)
        case list():
            return ("list", *map(of, value))
        case dict():
            return "map", _map(value, of)
        case reference_graph.Node():
            number = numbers["node"].get(value.id)
            return "node", number, tuple(sorted(value.labels)), _map(value.properties, of)
        case reference_graph.Relationship():
            number = numbers["relationship"].get(value.id)
            return "relationship", number, value.type, _map(value.properties, of)
        case reference_graph.Path():
            return ("path", *map(of, value.entities()))
        case Date():
            return "date", value.days
        case LocalTime():
            return "local_time", value.ns
        case Time():
            return "time", value.ns, value.offset
        case LocalDateTime():
            return "local_datetime", *divmod(value.ns, SECOND_NS)
        case DateTime():
            return "datetime", *divmod(value.instant, SECOND_NS), value.offset, value.zone
        case Duration():
            return "duration", value.months, value.days, value.seconds, value.nanoseconds
        case Point():
            return "point", value.srid, value.x, value.y, value.z
    raise AssertionError(f"no value of the reference: {value!r}")


def as_bag(value: Canonical) -> Canonical:
    """A list of open order."""
    if value[0] != "list":
        return value
    return ("bag", *sorted(value[1:], key=repr))


def _close(a: Canonical, b: Canonical, *, mixed: bool) -> bool:
    """Equal but for the last digits of floats; ``mixed``: an integer may stand for an equal float."""
    if a == b:
        return True
    if not (isinstance(a, tuple) and isinstance(b, tuple)):
        return False
    if len(a) == len(b) == 2 and a[0] in ("float", "integer") and b[0] in ("float", "integer"):
        if a[0] != b[0] and not mixed:
            return False
        if isinstance(a[1], str) or isinstance(b[1], str):
            return False
        return math.isclose(a[1], b[1], rel_tol=1e-9, abs_tol=1e-12)
    if len(a) != len(b):
        return False
    return all(_close(x, y, mixed=mixed) for x, y in zip(a, b, strict=True))


def rows_differ(
    left: Sequence[tuple[Canonical, ...]],
    right: Sequence[tuple[Canonical, ...]],
    *,
    ordered: bool,
    mixed: bool = False,
) -> bool:
    """As multisets, or in order."""
    if len(left) != len(right):
        return True
    if ordered:
        pairs = zip(left, right, strict=True)
        return not all(_close(a, b, mixed=mixed) for a, b in pairs)
    ours, theirs = Counter(left), Counter(right)
    if ours == theirs:
        return False
    rest = list((theirs - ours).elements())
    for row in (ours - theirs).elements():
        found = next((at for at, other in enumerate(rest) if _close(row, other, mixed=mixed)), None)
        if found is None:
            return True
        rest.pop(found)
    return False
