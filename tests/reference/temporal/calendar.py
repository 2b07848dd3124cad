"""The proleptic Gregorian calendar over days since 1970-01-01, and the ISO 8601 week calendar (CIP2015-08-06, 3.1)."""

from __future__ import annotations

from tests.reference.errors import fail

__all__ = [
    "add_months",
    "days_in_month",
    "from_ordinal",
    "from_quarter",
    "from_week",
    "from_year_month_day",
    "is_leap",
    "ordinal_day",
    "quarter_and_day",
    "week_year_week_day",
    "year_month_day",
]

_CUMULATIVE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _days_before_year(year: int) -> int:
    """Days from 0001-01-01 to the first of January of ``year``; negative before."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400


_EPOCH = _days_before_year(1970)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        fail("ArgumentError", "NumberOutOfRange", f"{name} {value} is not in {low}..{high}")


def from_year_month_day(year: int, month: int, day: int) -> int:
    _check("year", year, -999_999_999, 999_999_999)
    _check("month", month, 1, 12)
    _check("day", day, 1, days_in_month(year, month))
    leap_day = 1 if month > 2 and is_leap(year) else 0
    return _days_before_year(year) - _EPOCH + _CUMULATIVE[month - 1] + leap_day + day - 1


def year_month_day(days: int) -> tuple[int, int, int]:
    # 146,097 days are 400 years: a first guess, then at most a step or two.
    year = (days + _EPOCH) * 400 // 146_097 + 1
    while _days_before_year(year) - _EPOCH > days:
        year -= 1
    while _days_before_year(year + 1) - _EPOCH <= days:
        year += 1
    rest = days - (_days_before_year(year) - _EPOCH)
    month = 1
    while rest >= days_in_month(year, month):
        rest -= days_in_month(year, month)
        month += 1
    return year, month, rest + 1


def ordinal_day(days: int) -> int:
    return days - from_year_month_day(year_month_day(days)[0], 1, 1) + 1


def from_ordinal(year: int, day: int) -> int:
    _check("ordinalDay", day, 1, 366 if is_leap(year) else 365)
    return from_year_month_day(year, 1, 1) + day - 1


def week_day(days: int) -> int:
    """1 for Monday to 7 for Sunday; 1970-01-01 was a Thursday."""
    return (days + 3) % 7 + 1


def _monday_of_week_one(week_year: int) -> int:
    """Week 1 is the week with the fourth of January in it."""
    fourth = from_year_month_day(week_year, 1, 4)
    return fourth - (week_day(fourth) - 1)


def week_year_week_day(days: int) -> tuple[int, int, int]:
    year = year_month_day(days)[0]
    for candidate in (year + 1, year, year - 1):
        first = _monday_of_week_one(candidate)
        if days >= first:
            return candidate, (days - first) // 7 + 1, week_day(days)
    raise AssertionError("one of three years holds the day")


def weeks_in_year(week_year: int) -> int:
    return (_monday_of_week_one(week_year + 1) - _monday_of_week_one(week_year)) // 7


def from_week(week_year: int, week: int, day: int) -> int:
    _check("week", week, 1, weeks_in_year(week_year))
    _check("dayOfWeek", day, 1, 7)
    return _monday_of_week_one(week_year) + (week - 1) * 7 + day - 1


def quarter_and_day(days: int) -> tuple[int, int, int]:
    """Year, quarter, day of the quarter."""
    year, month, _ = year_month_day(days)
    quarter = (month - 1) // 3 + 1
    return year, quarter, days - from_year_month_day(year, quarter * 3 - 2, 1) + 1


def from_quarter(year: int, quarter: int, day: int) -> int:
    _check("quarter", quarter, 1, 4)
    months = range(quarter * 3 - 2, quarter * 3 + 1)
    _check("dayOfQuarter", day, 1, sum(days_in_month(year, month) for month in months))
    return from_year_month_day(year, quarter * 3 - 2, 1) + day - 1


def add_months(days: int, months: int) -> int:
    """The same day of another month, or the last that the month has."""
    year, month, day = year_month_day(days)
    count = year * 12 + month - 1 + months
    year, month = count // 12, count % 12 + 1
    _check("year", year, -999_999_999, 999_999_999)
    return from_year_month_day(year, month, min(day, days_in_month(year, month)))
