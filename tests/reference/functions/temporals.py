"""Temporal functions by name (CIP2015-08-06; TCK expressions/temporal). Clocks stand still within a statement."""

from __future__ import annotations

from typing import Any

from tests.reference.context import Context
from tests.reference.errors import fail
from tests.reference.kinds import is_integer, kind
from tests.reference.temporal.between import between
from tests.reference.temporal.construct import construct, construct_duration, convert
from tests.reference.temporal.parse import parse_zone
from tests.reference.temporal.truncate import truncate
from tests.reference.temporal.values import SECOND_NS, DateTime

__all__ = ["call_temporal", "is_temporal"]

_KINDS = ("date", "time", "localtime", "datetime", "localdatetime")
_GROUPS = {
    "duration.between": "between",
    "duration.inmonths": "months",
    "duration.indays": "days",
    "duration.inseconds": "seconds",
}


def is_temporal(name: str) -> bool:
    return name.partition(".")[0] in (*_KINDS, "duration")


def _now(context: Context, kind_: str, zone: Any) -> Any:
    moment = DateTime(context.now_ns, 0)
    if zone is not None:
        moment = convert(moment, parse_zone(zone))
    return construct(kind_, moment)


def _epoch(seconds: Any, nanoseconds: Any) -> DateTime | None:
    if seconds is None or nanoseconds is None:
        return None
    for number in (seconds, nanoseconds):
        if not is_integer(number):
            fail("TypeError", "InvalidArgumentValue", f"an epoch of {kind(number)}")
    return DateTime(seconds * SECOND_NS + nanoseconds, 0)


def call_temporal(context: Context, name: str, arguments: list[Any]) -> Any:
    base, _, suffix = name.partition(".")
    if name in _GROUPS:
        return between(*arguments, _GROUPS[name])
    if name == "duration":
        return construct_duration(*arguments)
    if name == "datetime.fromepoch":
        return _epoch(*arguments)
    if name == "datetime.fromepochmillis":
        (millis,) = arguments
        return None if millis is None else _epoch(millis // 1000, millis % 1000 * 10**6)
    if suffix == "truncate":
        unit, value, fields = [*arguments, *(None,) * (3 - len(arguments))]
        return truncate(base, unit, value, fields)
    if not arguments:
        return _now(context, base, None)
    (argument,) = arguments
    if suffix:
        return None if argument is None else _now(context, base, argument)
    if isinstance(argument, dict) and set(argument) == {"timezone"}:
        return None if argument["timezone"] is None else _now(context, base, argument["timezone"])
    return construct(base, argument)
