"""Conversions between types (openCypher 9, "Scalar functions"; Neo4j Cypher manual; TCK expressions/typeConversion)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from tests.reference.errors import CypherFailure, fail
from tests.reference.kinds import is_integer, is_number, kind
from tests.reference.points import NAMES, Point
from tests.reference.temporal.format import format_temporal
from tests.reference.temporal.values import (
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
)
from tests.reference.texts import format_float

__all__ = ["FUNCTIONS", "to_string"]

_FLOAT = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$")
_INTEGER = re.compile(r"\s*[+-]?\d+\s*$")


def _wrong(name: str, value: Any) -> NoReturn:
    fail("TypeError", "InvalidArgumentValue", f"{name}({kind(value)})")


def to_boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    if is_integer(value):
        return bool(value != 0)
    _wrong("toBoolean", value)


def _from_float(value: float) -> int | None:
    """Toward zero; to the nearest that there is beyond 64 bits."""
    if math.isnan(value):
        return 0
    if math.isinf(value):
        return 2**63 - 1 if value > 0 else -(2**63)
    return max(-(2**63), min(2**63 - 1, math.trunc(value)))


def to_integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return _from_float(value)
    if isinstance(value, str):
        if _INTEGER.match(value):
            number = int(value)
            if not -(2**63) <= number < 2**63:
                fail("ArithmeticError", "IntegerOverflow", f"'{value}' does not fit into 64 bits")
            return number
        return _from_float(float(value)) if _FLOAT.match(value) else None
    _wrong("toInteger", value)


def to_float(value: Any) -> float | None:
    if is_number(value):
        return float(value)
    if isinstance(value, str):
        return float(value) if _FLOAT.match(value) else None
    _wrong("toFloat", value)


def _coordinate(value: float) -> str:
    return format_float(value)


def to_string(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case float():
            return format_float(value)
        case Date() | LocalTime() | Time() | LocalDateTime() | DateTime() | Duration():
            return format_temporal(value)
        case Point():
            axes = {"x": value.x, "y": value.y} | ({} if value.z is None else {"z": value.z})
            fields = ", ".join(f"{name}: {_coordinate(number)}" for name, number in axes.items())
            return f"point({{{fields}, crs: '{NAMES[value.srid]}'}})"
    _wrong("toString", value)


def _or_null(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        try:
            return function(value)
        except CypherFailure:
            return None

    return apply


def _of_list(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(values: Any) -> list[Any]:
        if not isinstance(values, list):
            _wrong(name, values)
        return [None if value is None else _or_null(function)(value) for value in values]

    return apply


_ALL = {
    "toboolean": to_boolean,
    "tointeger": to_integer,
    "tofloat": to_float,
    "tostring": to_string,
}

#: All of them give null for null.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **_ALL,
    **{f"{name}ornull": _or_null(function) for name, function in _ALL.items()},
    **{f"{name}list": _of_list(f"{name}list", function) for name, function in _ALL.items()},
}
