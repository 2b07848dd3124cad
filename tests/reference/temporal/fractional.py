"""Fractions of a duration's groups go down to the next (CIP2015-08-06, 3.4; TCK Temporal8).

A month is 2,629,746 seconds (a 400th of the Gregorian cycle's 4,800 months), a day 86,400.
"""

from __future__ import annotations

import math
from fractions import Fraction

from tests.reference.temporal.values import DAY_NS, SECOND_NS, Duration

__all__ = ["divide", "duration_of", "exact", "multiply"]

MONTH_NS = 2_629_746 * SECOND_NS


def exact(number: int | float) -> Fraction:
    """The number as it is written: 0.1 is a tenth."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def duration_of(months: Fraction, days: Fraction, ns: Fraction) -> Duration:
    whole_months = math.trunc(months)
    days += (months - whole_months) * MONTH_NS / DAY_NS
    whole_days = math.trunc(days)
    ns += (days - whole_days) * DAY_NS
    return Duration.of(whole_months, whole_days, math.trunc(ns))


def multiply(value: Duration, factor: Fraction) -> Duration:
    return duration_of(value.months * factor, value.days * factor, value.clock_ns * factor)


def divide(value: Duration, by: Fraction) -> Duration:
    return multiply(value, 1 / by)
