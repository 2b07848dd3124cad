"""Temporal values as texts (CIP2015-08-06, 4; TCK Temporal6): ISO 8601, what is zero at the end left out."""

from __future__ import annotations

from tests.reference.temporal.calendar import year_month_day
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

__all__ = ["format_temporal"]


def format_temporal(value: Temporal | Duration) -> str:
    match value:
        case Date():
            return _date(value.days)
        case LocalTime():
            return _clock(value.ns)
        case Time():
            return _clock(value.ns) + format_offset(value.offset)
        case LocalDateTime():
            return f"{_date(value.ns // DAY_NS)}T{_clock(value.ns % DAY_NS)}"
        case DateTime():
            local = f"{_date(value.ns // DAY_NS)}T{_clock(value.ns % DAY_NS)}"
            zone = "" if value.zone is None else f"[{value.zone}]"
            return local + format_offset(value.offset) + zone
        case Duration():
            return _duration(value)


def _date(days: int) -> str:
    year, month, day = year_month_day(days)
    sign = "-" if year < 0 else "+" if year > 9_999 else ""
    return f"{sign}{abs(year):04}-{month:02}-{day:02}"


def _fraction(ns: int) -> str:
    """Three, six or nine digits; nothing for zero."""
    if ns == 0:
        return ""
    text = f"{ns:09}"
    while text.endswith("000"):
        text = text[:-3]
    return "." + text


def _clock(ns: int) -> str:
    seconds, rest = divmod(ns, SECOND_NS)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return text + (f":{seconds % 60:02}{_fraction(rest)}" if seconds % 60 or rest else "")


def _part(number: int, unit: str) -> str:
    return f"{number}{unit}" if number else ""


def _toward_zero(number: int, by: int) -> tuple[int, int]:
    quotient, rest = divmod(abs(number), by)
    return (-quotient, -rest) if number < 0 else (quotient, rest)


def _duration(value: Duration) -> str:
    years, months = _toward_zero(value.months, 12)
    date = _part(years, "Y") + _part(months, "M") + _part(value.days, "D")
    hours, rest = _toward_zero(value.clock_ns, 3600 * SECOND_NS)
    minutes, rest = _toward_zero(rest, 60 * SECOND_NS)
    clock = _part(hours, "H") + _part(minutes, "M")
    if rest:
        seconds, ns = divmod(abs(rest), SECOND_NS)
        digits = f"{ns:09}".rstrip("0")
        clock += f"{'-' if rest < 0 else ''}{seconds}{'.' + digits if digits else ''}S"
    if not date and not clock:
        return "PT0S"
    return "P" + date + ("T" + clock if clock else "")
