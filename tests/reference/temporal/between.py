"""``duration.between`` and its kin (CIP2015-08-06, 3.8; TCK Temporal10).

A side without a date borrows the other's date, a side without a zone the other's zone. With zones on both sides the
second is converted to the zone of the first. Then whole months, whole days and the rest, all of one sign.
"""

from __future__ import annotations

from typing import Any

from tests.reference.errors import fail
from tests.reference.temporal.calendar import add_months, year_month_day
from tests.reference.temporal.construct import Zone, convert, in_zone, zone_of
from tests.reference.temporal.parts import date_of, time_of
from tests.reference.temporal.values import DAY_NS, DateTime, Duration

__all__ = ["between"]


def _months_apart(start: int, end: int) -> int:
    (y1, m1, _), (y2, m2, _) = year_month_day(start), year_month_day(end)
    return (y2 - y1) * 12 + m2 - m1


def _moments(a: Any, b: Any) -> tuple[DateTime, DateTime, Zone]:
    for side in (a, b):
        if date_of(side) is None and time_of(side) is None:
            fail("TypeError", "InvalidArgumentValue", f"no duration from or to {side!r}")
    day_a = date_of(a if date_of(a) is not None else b) or 0
    day_b = date_of(b if date_of(b) is not None else a) or 0
    zone_a, zone_b = zone_of(a), zone_of(b)
    shared = zone_a if zone_a is not None else zone_b
    first = in_zone(day_a * DAY_NS + (time_of(a) or 0), zone_a if zone_a is not None else shared)
    second = in_zone(day_b * DAY_NS + (time_of(b) or 0), zone_b if zone_b is not None else shared)
    if zone_a is not None and zone_b is not None:
        second = convert(second, zone_a)
    return first, second, shared


def _split(first: DateTime, second: DateTime, zone: Zone, group: str) -> Duration:
    """The walk from first to second: as many months as fit, then days, then the clock."""
    forward = second.instant >= first.instant
    sign = 1 if forward else -1

    def reach(months: int, days: int) -> DateTime:
        day, clock = divmod(first.ns, DAY_NS)
        return in_zone((add_months(day, months) + days) * DAY_NS + clock, zone)

    def overshoots(moment: DateTime) -> bool:
        return moment.instant > second.instant if forward else moment.instant < second.instant

    months = 0
    if group in ("between", "months"):
        months = _months_apart(first.ns // DAY_NS, second.ns // DAY_NS)
        while months and overshoots(reach(months, 0)):
            months -= sign
    days = 0
    if group in ("between", "days"):
        days = second.ns // DAY_NS - reach(months, 0).ns // DAY_NS
        while days and overshoots(reach(months, days)):
            days -= sign
    if group == "months":
        return Duration(months)
    if group == "days":
        return Duration(0, days)
    return Duration.of(months, days, second.instant - reach(months, days).instant)


def between(a: Any, b: Any, group: str) -> Duration | None:
    """``group``: between, months, days or seconds."""
    if a is None or b is None:
        return None
    first, second, zone = _moments(a, b)
    return _split(first, second, zone, group)
