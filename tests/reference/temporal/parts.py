"""Parts of temporal values, as in ``d.year`` (CIP2015-08-06, 3.5; TCK Temporal5)."""

from __future__ import annotations

from typing import Any

from tests.reference.errors import fail
from tests.reference.temporal.calendar import (
    ordinal_day,
    quarter_and_day,
    week_year_week_day,
    year_month_day,
)
from tests.reference.temporal.values import (
    DAY_NS,
    SECOND_NS,
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Temporal,
    Time,
)
from tests.reference.temporal.zones import format_offset

__all__ = ["date_of", "part_of", "time_of"]


def date_of(value: Any) -> int | None:
    """Days since 1970-01-01 of a value that has a date."""
    match value:
        case Date():
            return value.days
        case LocalDateTime() | DateTime():
            return value.ns // DAY_NS
    return None


def time_of(value: Any) -> int | None:
    """Nanoseconds of the local day of a value that has a time."""
    match value:
        case LocalTime() | Time():
            return value.ns
        case LocalDateTime() | DateTime():
            return value.ns % DAY_NS
    return None


def part_of(value: Temporal | Duration, name: str) -> Any:
    parts = _duration(value) if isinstance(value, Duration) else _instant(value)
    if name not in parts:
        fail("TypeError", "InvalidArgumentValue", f"there is no `{name}` of {value}")
    return parts[name]


def _instant(value: Temporal) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    days, clock = date_of(value), time_of(value)
    if days is not None:
        year, month, day = year_month_day(days)
        week_year, week, day_of_week = week_year_week_day(days)
        _, quarter, day_of_quarter = quarter_and_day(days)
        parts |= {"year": year, "month": month, "day": day}
        parts |= {"weekYear": week_year, "week": week, "weekDay": day_of_week}
        parts |= {"dayOfWeek": day_of_week, "quarter": quarter, "dayOfQuarter": day_of_quarter}
        parts |= {"ordinalDay": ordinal_day(days)}
    if clock is not None:
        seconds, ns = divmod(clock, SECOND_NS)
        parts |= {"hour": seconds // 3600, "minute": seconds // 60 % 60, "second": seconds % 60}
        parts |= {"millisecond": ns // 10**6, "microsecond": ns // 10**3, "nanosecond": ns}
    if isinstance(value, Time | DateTime):
        offset = format_offset(value.offset)
        zone = value.zone if isinstance(value, DateTime) and value.zone else offset
        parts |= {"timezone": zone, "offset": offset}
        parts |= {"offsetMinutes": int(value.offset / 60), "offsetSeconds": value.offset}
    if isinstance(value, DateTime):
        parts |= {"epochSeconds": value.instant // SECOND_NS, "epochMillis": value.instant // 10**6}
    return parts


def _duration(value: Duration) -> dict[str, int]:
    """Each group in each of its units, and the rest of a unit within the next greater one."""
    months, days, clock = value.months, value.days, value.clock_ns
    seconds = value.seconds
    return {
        "years": _quotient(months, 12),
        "quarters": _quotient(months, 3),
        "months": months,
        "weeks": _quotient(days, 7),
        "days": days,
        "hours": _quotient(seconds, 3600),
        "minutes": _quotient(seconds, 60),
        "seconds": seconds,
        "milliseconds": clock // 10**6,
        "microseconds": clock // 10**3,
        "nanoseconds": clock,
        "quartersOfYear": _rest(_quotient(months, 3), 4),
        "monthsOfQuarter": _rest(months, 3),
        "monthsOfYear": _rest(months, 12),
        "daysOfWeek": _rest(days, 7),
        "minutesOfHour": _rest(_quotient(seconds, 60), 60),
        "secondsOfMinute": _rest(seconds, 60),
        "millisecondsOfSecond": value.nanoseconds // 10**6,
        "microsecondsOfSecond": value.nanoseconds // 10**3,
        "nanosecondsOfSecond": value.nanoseconds,
    }


def _quotient(number: int, by: int) -> int:
    """Toward zero."""
    return number // by if number >= 0 else -(-number // by)


def _rest(number: int, by: int) -> int:
    return number - _quotient(number, by) * by
