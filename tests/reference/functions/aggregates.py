"""Aggregating functions (openCypher 9, "Aggregating functions"; Neo4j Cypher manual; TCK expressions/aggregation).

Each takes the values of a group, nulls left out already.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tests.reference.arithmetic import OPERATORS
from tests.reference.errors import fail
from tests.reference.kinds import is_number, kind
from tests.reference.order import sort_key
from tests.reference.temporal.arithmetic import add_durations
from tests.reference.temporal.fractional import divide, exact
from tests.reference.temporal.values import Duration

__all__ = ["AGGREGATES"]


def _numbers(name: str, values: list[Any]) -> list[Any]:
    for value in values:
        if not is_number(value):
            fail("TypeError", "InvalidArgumentType", f"{name}() of a {kind(value)}")
    return values


def _are_durations(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, Duration) for value in values)


def count(values: list[Any]) -> int:
    return len(values)


def collect(values: list[Any]) -> list[Any]:
    return values


def total(values: list[Any]) -> Any:
    if _are_durations(values):
        result = Duration()
        for value in values:
            result = add_durations(result, value)
        return result
    result = 0
    for value in _numbers("sum", values):
        result = OPERATORS["+"](result, value)
    return result


def average(values: list[Any]) -> Any:
    if not values:
        return None
    if _are_durations(values):
        return divide(total(values), exact(len(values)))
    numbers = _numbers("avg", values)
    if not all(map(math.isfinite, numbers)):
        return float(sum(numbers)) / len(numbers)
    return math.fsum(numbers) / len(numbers)


def least(values: list[Any]) -> Any:
    return min(values, key=sort_key, default=None)


def greatest(values: list[Any]) -> Any:
    return max(values, key=sort_key, default=None)


def _fraction(value: Any) -> float:
    if not is_number(value):
        fail("TypeError", "InvalidArgumentType", f"a percentile of {kind(value)}")
    if not 0 <= value <= 1:
        fail("ArgumentError", "NumberOutOfRange", f"the percentile {value} is not in 0..1")
    return float(value)


def percentile_disc(values: list[Any], percentile: Any) -> Any:
    """The first value that at least that share of the values does not exceed."""
    fraction = _fraction(percentile)
    ordered = sorted(_numbers("percentileDisc", values), key=sort_key)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(fraction * len(ordered)) - 1)]


def percentile_cont(values: list[Any], percentile: Any) -> Any:
    """Between the two nearest values, by distance."""
    fraction = _fraction(percentile)
    ordered = sorted(_numbers("percentileCont", values), key=sort_key)
    if not ordered:
        return None
    place = fraction * (len(ordered) - 1)
    low = math.floor(place)
    high = math.ceil(place)
    if low == high:
        return float(ordered[low])
    return ordered[low] * (high - place) + ordered[high] * (place - low)


def _deviation(values: list[Any], less: int, name: str) -> float | None:
    numbers = [float(value) for value in _numbers(name, values)]
    if not numbers:
        return None
    if len(numbers) == 1:
        return 0.0
    mean = sum(numbers) / len(numbers)
    return math.sqrt(sum((x - mean) ** 2 for x in numbers) / (len(numbers) - less))


AGGREGATES: dict[str, Callable[..., Any]] = {
    "count": count,
    "collect": collect,
    "sum": total,
    "avg": average,
    "min": least,
    "max": greatest,
    "percentiledisc": percentile_disc,
    "percentilecont": percentile_cont,
    "stdev": lambda values: _deviation(values, 1, "stDev"),
    "stdevp": lambda values: _deviation(values, 0, "stDevP"),
}
