"""Instants plus durations, durations among each other (CIP2015-08-06, 3.7; TCK Temporal8)."""

from __future__ import annotations

from tests.reference.temporal.calendar import add_months
from tests.reference.temporal.construct import convert, in_zone, zone_of
from tests.reference.temporal.values import (
    DAY_NS,
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Temporal,
    Time,
)

__all__ = ["add", "add_durations", "negate"]


def negate(value: Duration) -> Duration:
    return Duration.of(-value.months, -value.days, -value.clock_ns)


def add_durations(left: Duration, right: Duration) -> Duration:
    return Duration.of(
        left.months + right.months, left.days + right.days, left.clock_ns + right.clock_ns
    )


def _shift(days: int, duration: Duration) -> int:
    """Months first, cut to the end of the month, then days."""
    return add_months(days, duration.months) + duration.days


def add(value: Temporal, duration: Duration) -> Temporal:
    """A date takes whole days of the clock part; a time its rest; a zoned moment counts seconds on the time line."""
    clock = duration.clock_ns
    match value:
        case Date():
            whole = abs(clock) // DAY_NS
            return Date(_shift(value.days, duration) + (whole if clock >= 0 else -whole))
        case LocalTime():
            return LocalTime((value.ns + clock) % DAY_NS)
        case Time():
            return Time((value.ns + clock) % DAY_NS, value.offset)
        case LocalDateTime():
            days, rest = divmod(value.ns, DAY_NS)
            return LocalDateTime(_shift(days, duration) * DAY_NS + rest + clock)
        case DateTime():
            days, rest = divmod(value.ns, DAY_NS)
            zone = zone_of(value)
            moved = in_zone(_shift(days, duration) * DAY_NS + rest, zone)
            return convert(DateTime(moved.ns + clock, moved.offset), zone)
