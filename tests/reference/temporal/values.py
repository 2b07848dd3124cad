"""Temporal values (CIP2015-08-06 "Date and Time", section 2).

A moment of a local clock is one number: nanoseconds since 1970-01-01T00:00 on that clock. Zoned values carry the offset
that holds then, and the name of the zone if there is one. Years run from -999,999,999 to 999,999,999.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.reference.errors import fail

__all__ = [
    "DAY_NS",
    "Date",
    "DateTime",
    "Duration",
    "LocalDateTime",
    "LocalTime",
    "SECOND_NS",
    "Temporal",
    "Time",
]

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
#: First and last day of the years that there are, counted from 1970-01-01.
DAYS_MIN, DAYS_MAX = -365_243_219_162, 365_241_780_471


def _check_days(days: int) -> None:
    if not DAYS_MIN <= days <= DAYS_MAX:
        fail("ArgumentError", "NumberOutOfRange", "the year is beyond 999,999,999")


@dataclass(frozen=True)
class Date:
    days: int

    def __post_init__(self) -> None:
        _check_days(self.days)


@dataclass(frozen=True)
class LocalTime:
    ns: int


@dataclass(frozen=True)
class Time:
    """``ns``: of the local day."""

    ns: int
    offset: int

    @property
    def instant(self) -> int:
        return self.ns - self.offset * SECOND_NS


@dataclass(frozen=True)
class LocalDateTime:
    ns: int

    def __post_init__(self) -> None:
        _check_days(self.ns // DAY_NS)


@dataclass(frozen=True)
class DateTime:
    """``ns``: on the local clock."""

    ns: int
    offset: int
    zone: str | None = None

    def __post_init__(self) -> None:
        _check_days(self.ns // DAY_NS)

    @property
    def instant(self) -> int:
        return self.ns - self.offset * SECOND_NS


@dataclass(frozen=True)
class Duration:
    """Four groups that are not carried into each other; nanoseconds are 0..999,999,999, so seconds are floored."""

    months: int = 0
    days: int = 0
    seconds: int = 0
    nanoseconds: int = 0

    @classmethod
    def of(cls, months: int, days: int, ns: int) -> Duration:
        seconds, rest = divmod(ns, SECOND_NS)
        for group in (months, days, seconds):
            if not -(2**63) <= group < 2**63:
                fail("ArithmeticError", "NumberOutOfRange", "a duration beyond 64 bits")
        return cls(months, days, seconds, rest)

    @property
    def clock_ns(self) -> int:
        """Seconds and nanoseconds as one number."""
        return self.seconds * SECOND_NS + self.nanoseconds


Temporal = Date | LocalTime | Time | LocalDateTime | DateTime
