"""Constructors from maps and from other temporal values (CIP2015-08-06, 3.2-3.3; TCK Temporal1, Temporal3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from tests.reference.errors import fail
from tests.reference.temporal import parse
from tests.reference.temporal.calendar import (
    from_ordinal,
    from_quarter,
    from_week,
    from_year_month_day,
    ordinal_day,
    quarter_and_day,
    week_year_week_day,
    year_month_day,
)
from tests.reference.temporal.fractional import duration_of, exact
from tests.reference.temporal.parts import date_of, time_of
from tests.reference.temporal.values import (
    DAY_NS,
    SECOND_NS,
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
)
from tests.reference.temporal.zones import offset_at_instant, resolve_local

__all__ = ["build_clock", "build_days", "construct", "construct_duration"]

#: An offset in seconds, the name of a zone, or none.
Zone = int | str | None


def _wrong(message: str) -> NoReturn:
    fail("ArgumentError", "InvalidArgumentValue", message)


def _whole(fields: Mapping[str, Any], name: str, default: int) -> int:
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        _wrong(f"{name} must be an integer")
    return value


def build_days(fields: Mapping[str, Any], base: int | None) -> int:
    """The date that ``fields`` name; what they do not name comes from ``base`` or is 1."""
    if "week" in fields or "dayOfWeek" in fields:
        year, week, day = week_year_week_day(base) if base is not None else (0, 1, 1)
        if base is None:
            _need(fields, "year", "week", "dayOfWeek")
        return from_week(
            _whole(fields, "year", year),
            _whole(fields, "week", week),
            _whole(fields, "dayOfWeek", day),
        )
    if "quarter" in fields or "dayOfQuarter" in fields:
        year, quarter, day = quarter_and_day(base) if base is not None else (0, 1, 1)
        if base is None:
            _need(fields, "year", "quarter", "dayOfQuarter")
        return from_quarter(
            _whole(fields, "year", year),
            _whole(fields, "quarter", quarter),
            _whole(fields, "dayOfQuarter", day),
        )
    if "ordinalDay" in fields:
        year, day = (year_month_day(base)[0], ordinal_day(base)) if base is not None else (0, 1)
        if base is None:
            _need(fields, "year", "ordinalDay")
        return from_ordinal(_whole(fields, "year", year), _whole(fields, "ordinalDay", day))
    year, month, day = year_month_day(base) if base is not None else (0, 1, 1)
    if base is None:
        _need(fields, "year", "month", "day")
    return from_year_month_day(
        _whole(fields, "year", year), _whole(fields, "month", month), _whole(fields, "day", day)
    )


_CLOCK_FIELDS = ("hour", "minute", "second", "millisecond", "microsecond", "nanosecond")


def _need(fields: Mapping[str, Any], *names: str) -> None:
    """No gap: whoever names a part names all greater ones."""
    given = [name in fields for name in names]
    if not given[0] or given != sorted(given, reverse=True):
        _wrong(f"{' and '.join(names)} are given from the greatest on, without a gap")


def build_clock(fields: Mapping[str, Any], base: int | None, *, adds: bool = False) -> int:
    """Nanoseconds of the day. ``adds``: parts of a second are added to what is there (truncation)."""
    if base is None and any(name in fields for name in _CLOCK_FIELDS):
        _need(fields, "hour", "minute", "second")
    whole, ns = divmod(base or 0, SECOND_NS)
    hour = _whole(fields, "hour", whole // 3600)
    minute = _whole(fields, "minute", whole // 60 % 60)
    second = _whole(fields, "second", whole % 60)
    for name, value, high in (("hour", hour, 23), ("minute", minute, 59), ("second", second, 59)):
        if not 0 <= value <= high:
            _wrong(f"{name} {value} is not in 0..{high}")
    given = [name in fields for name in ("millisecond", "microsecond", "nanosecond")]
    if any(given):
        ns = ns if adds else 0
        limits = {"millisecond": 10**6, "microsecond": 10**3, "nanosecond": 1}
        greater = SECOND_NS
        for name, unit in limits.items():
            part = _whole(fields, name, 0)
            if not 0 <= part < greater // unit:
                _wrong(f"{name} {part} is out of its range")
            ns += part * unit
            if name in fields:
                greater = unit
    return (hour * 3600 + minute * 60 + second) * SECOND_NS + ns


def zone_of(value: Any) -> Zone:
    match value:
        case Time():
            return value.offset
        case DateTime():
            return value.offset if value.zone is None else value.zone
    return None


def in_zone(local_ns: int, zone: Zone) -> DateTime:
    """The local clock reading in a zone; the default zone is UTC."""
    if isinstance(zone, str):
        return DateTime(*resolve_local(zone, local_ns), zone)
    return DateTime(local_ns, zone or 0)


def convert(value: DateTime, zone: Zone) -> DateTime:
    """The same instant in another zone."""
    if isinstance(zone, str):
        offset = offset_at_instant(zone, value.instant)
        return DateTime(value.instant + offset * SECOND_NS, offset, zone)
    return DateTime(value.instant + (zone or 0) * SECOND_NS, zone or 0)


def _days(fields: Mapping[str, Any]) -> int:
    source = fields.get("date", fields.get("datetime"))
    base = date_of(source)
    if source is not None and base is None:
        _wrong("a base without a date")
    return build_days(fields, base)


def _clock(fields: Mapping[str, Any]) -> int:
    source = fields.get("time", fields.get("datetime"))
    base = time_of(source)
    if source is not None and base is None:
        _wrong("a base without a time")
    return build_clock(fields, base)


def _wanted_zone(fields: Mapping[str, Any]) -> Zone:
    text = fields.get("timezone")
    if text is None:
        return None
    if not isinstance(text, str):
        _wrong("timezone must be a text")
    return parse.parse_zone(text)


def _date_from_map(fields: Mapping[str, Any]) -> Date:
    return Date(_days(fields))


def _local_time_from_map(fields: Mapping[str, Any]) -> LocalTime:
    return LocalTime(_clock(fields))


def _local_datetime_from_map(fields: Mapping[str, Any]) -> LocalDateTime:
    return LocalDateTime(_days(fields) * DAY_NS + _clock(fields))


def _time_from_map(fields: Mapping[str, Any]) -> Time:
    source = fields.get("time", fields.get("datetime"))
    held, wanted, clock = zone_of(source), _wanted_zone(fields), _clock(fields)
    day = date_of(source) or 0
    if isinstance(source, DateTime):
        value = in_zone(day * DAY_NS + clock, held)
        value = convert(value, held if wanted is None else wanted)
        return Time(value.ns % DAY_NS, value.offset)
    if held is None:
        offset = in_zone(day * DAY_NS + clock, wanted).offset
        return Time(clock, offset)
    assert isinstance(held, int), "a time has an offset"
    offset = held if wanted is None else convert(DateTime(clock, held), wanted).offset
    return Time((clock + (offset - held) * SECOND_NS) % DAY_NS, offset)


def _datetime_from_map(fields: Mapping[str, Any]) -> DateTime:
    if "epochSeconds" in fields or "epochMillis" in fields:
        ns = (
            _whole(fields, "epochSeconds", 0) * SECOND_NS + _whole(fields, "epochMillis", 0) * 10**6
        )
        return convert(DateTime(ns + _whole(fields, "nanosecond", 0), 0), _wanted_zone(fields))
    local = _days(fields) * DAY_NS + _clock(fields)
    held = zone_of(fields.get("time", fields.get("datetime")))
    wanted = _wanted_zone(fields)
    if held is None:
        return in_zone(local, wanted)
    value = in_zone(local, held)
    return value if wanted is None else convert(value, wanted)


_FROM_MAP: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "date": _date_from_map,
    "localtime": _local_time_from_map,
    "time": _time_from_map,
    "localdatetime": _local_datetime_from_map,
    "datetime": _datetime_from_map,
}
_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "date": parse.parse_date,
    "localtime": parse.parse_local_time,
    "time": parse.parse_time,
    "localdatetime": parse.parse_local_datetime,
    "datetime": parse.parse_datetime,
}


def construct(kind: str, argument: Any) -> Any:
    """``date(...)``, ``time(...)`` and so on, of a text, a map or a temporal value; null of null."""
    if argument is None:
        return None
    if isinstance(argument, str):
        return _FROM_TEXT[kind](argument)
    if isinstance(argument, dict):
        if any(value is None for value in argument.values()):
            return None
        return _FROM_MAP[kind](argument)
    if isinstance(argument, Date | LocalTime | Time | LocalDateTime | DateTime):
        fields: dict[str, Any] = {}
        if kind in ("date", "localdatetime", "datetime"):
            if date_of(argument) is None:
                fail("TypeError", "InvalidArgumentValue", f"a {kind} of a value without a date")
            fields["date"] = argument
        if kind != "date" and time_of(argument) is not None:
            fields["time"] = argument
        if kind in ("time", "localtime") and "time" not in fields:
            fail("TypeError", "InvalidArgumentValue", f"a {kind} of a value without a time")
        return _FROM_MAP[kind](fields)
    fail("TypeError", "InvalidArgumentValue", f"a {kind} of {argument!r}")


_GROUPS = {
    "years": ("months", 12),
    "quarters": ("months", 3),
    "months": ("months", 1),
    "weeks": ("days", 7),
    "days": ("days", 1),
    "hours": ("ns", 3600 * SECOND_NS),
    "minutes": ("ns", 60 * SECOND_NS),
    "seconds": ("ns", SECOND_NS),
    "milliseconds": ("ns", 10**6),
    "microseconds": ("ns", 10**3),
    "nanoseconds": ("ns", 1),
}


def construct_duration(argument: Any) -> Duration | None:
    if argument is None:
        return None
    if isinstance(argument, str):
        return parse.parse_duration(argument)
    if isinstance(argument, Duration):
        return argument
    if not isinstance(argument, dict):
        fail("TypeError", "InvalidArgumentValue", f"a duration of {argument!r}")
    sums = {"months": exact(0), "days": exact(0), "ns": exact(0)}
    for name, number in argument.items():
        if name not in _GROUPS:
            _wrong(f"a duration has no {name}")
        if number is None:
            return None
        if isinstance(number, bool) or not isinstance(number, int | float):
            _wrong(f"{name} must be a number")
        group, factor = _GROUPS[name]
        sums[group] += exact(number) * factor
    return duration_of(sums["months"], sums["days"], sums["ns"])
