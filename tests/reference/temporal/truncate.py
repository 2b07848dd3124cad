"""``date.truncate(unit, value, fields)`` and its kin (CIP2015-08-06, 3.6; TCK Temporal9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.reference.errors import fail
from tests.reference.temporal.calendar import (
    from_week,
    from_year_month_day,
    week_year_week_day,
    year_month_day,
)
from tests.reference.temporal.construct import (
    _wanted_zone,
    build_clock,
    build_days,
    in_zone,
    zone_of,
)
from tests.reference.temporal.parts import date_of, time_of
from tests.reference.temporal.values import (
    DAY_NS,
    SECOND_NS,
    Date,
    LocalDateTime,
    LocalTime,
    Time,
)

__all__ = ["truncate"]

_YEARS = {"millennium": 1000, "century": 100, "decade": 10, "year": 1}
_CLOCKS = {
    "hour": 3600 * SECOND_NS,
    "minute": 60 * SECOND_NS,
    "second": SECOND_NS,
    "millisecond": 10**6,
    "microsecond": 10**3,
}


def _days(unit: str, days: int) -> int:
    year, month, _ = year_month_day(days)
    if unit in _YEARS:
        return from_year_month_day(year // _YEARS[unit] * _YEARS[unit], 1, 1)
    match unit:
        case "weekyear":
            return from_week(week_year_week_day(days)[0], 1, 1)
        case "quarter":
            return from_year_month_day(year, (month - 1) // 3 * 3 + 1, 1)
        case "month":
            return from_year_month_day(year, month, 1)
        case "week":
            return days - (week_year_week_day(days)[2] - 1)
    return days


def truncate(kind: str, unit: Any, value: Any, fields: Mapping[str, Any] | None) -> Any:
    """The value cut to the unit; then ``fields`` sets what lies below it. A timezone replaces the one there is."""
    if unit is None or value is None:
        return None
    fields = fields or {}
    unit = str(unit).lower()
    days, clock = date_of(value), time_of(value)
    is_clock_unit = unit in _CLOCKS
    known = (
        is_clock_unit or unit in _YEARS or unit in ("weekyear", "quarter", "month", "week", "day")
    )
    needs_date = kind not in ("time", "localtime")
    if not known or (needs_date and days is None) or (kind == "date" and is_clock_unit):
        fail("ArgumentError", "InvalidArgumentValue", f"{kind}.truncate to {unit} of {value}")
    if clock is None and (is_clock_unit or kind in ("time", "localtime")):
        fail("ArgumentError", "InvalidArgumentValue", f"{kind}.truncate to {unit} of {value}")
    if days is None and not (is_clock_unit or unit == "day"):
        fail("ArgumentError", "InvalidArgumentValue", f"{kind}.truncate to {unit} of {value}")
    cut = (clock or 0) // _CLOCKS[unit] * _CLOCKS[unit] if is_clock_unit else 0
    cut = build_clock(fields, cut, adds=True)
    wanted = _wanted_zone(fields)
    zone = zone_of(value) if wanted is None else wanted
    if kind == "localtime":
        return LocalTime(cut)
    if kind == "time":
        base = (days or 0) * DAY_NS + cut
        return Time(cut, in_zone(base, zone).offset)
    assert days is not None, "checked above"
    days = build_days(fields, _days(unit, days) if not is_clock_unit else days)
    if kind == "date":
        return Date(days)
    local = days * DAY_NS + cut
    return LocalDateTime(local) if kind == "localdatetime" else in_zone(local, zone)
