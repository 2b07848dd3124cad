"""Offsets of named zones, from the IANA data of the package ``tzdata`` and never from this machine's files.

The machine's files may be built with other rules for the years before 1970 (Stockholm in 1818), and the answer would
depend on where the tests run. ``zoneinfo`` knows the years 1 to 9999: before them the first offset holds, behind them
the rules repeat every 400 years.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib.resources
import re
import zoneinfo

from tests.reference.errors import fail
from tests.reference.temporal.calendar import year_month_day
from tests.reference.temporal.values import DAY_NS, SECOND_NS

__all__ = ["format_offset", "offset_at_instant", "parse_offset", "resolve_local", "zone_name"]

_OFFSET = re.compile(r"([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?$")


def parse_offset(text: str) -> int | None:
    """Seconds of ``Z``, ``+01``, ``+0100``, ``+01:00``, ``+01:00:30``; None if it is not an offset."""
    if text in ("Z", "z"):
        return 0
    found = _OFFSET.match(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    if hours > 18 or minutes > 59 or seconds > 59:
        fail("ArgumentError", "NumberOutOfRange", f"an offset of {text}")
    total = hours * 3600 + minutes * 60 + seconds
    return -total if found[1] == "-" else total


def format_offset(offset: int) -> str:
    if offset == 0:
        return "Z"
    sign, rest = ("-", -offset) if offset < 0 else ("+", offset)
    text = f"{sign}{rest // 3600:02}:{rest // 60 % 60:02}"
    return text + (f":{rest % 60:02}" if rest % 60 else "")


@functools.cache
def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    if not re.fullmatch(r"[A-Za-z][\w+\-/]*", name):
        return None
    place = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    if not place.is_file():
        return None
    with place.open("rb") as file:
        return zoneinfo.ZoneInfo.from_file(file, key=name)


def zone_name(text: str) -> str:
    """The name, if there is such a zone."""
    if _zone(text) is None:
        fail("ArgumentError", "InvalidArgumentValue", f"there is no zone {text}")
    return text


def _python_moment(ns: int) -> dt.datetime:
    """The moment of a local clock, brought into the years that Python knows."""
    days, rest = divmod(ns, DAY_NS)
    year, month, day = year_month_day(days)
    if year < 2:
        year, month, day = 2, 1, 1
    if year > 9_998:
        year = 9_600 + year % 400
    seconds = rest // SECOND_NS
    clock = dt.time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    return dt.datetime.combine(dt.date(year, month, day), clock)


def _seconds(delta: dt.timedelta | None) -> int:
    assert delta is not None, "a zone knows its offset at every moment"
    return delta.days * 86_400 + delta.seconds


def offset_at_instant(zone: str, instant_ns: int) -> int:
    info = _zone(zone)
    assert info is not None, "the name was checked"
    utc = _python_moment(instant_ns).replace(tzinfo=dt.UTC)
    return _seconds(utc.astimezone(info).utcoffset())


def resolve_local(zone: str, local_ns: int) -> tuple[int, int]:
    """Local nanoseconds and offset of a local clock reading in a zone.

    A reading that the clock shows twice is the earlier one; one that it skips is moved on by the length of the gap.
    """
    info = _zone(zone)
    assert info is not None, "the name was checked"
    before = _seconds(_python_moment(local_ns).replace(tzinfo=info, fold=0).utcoffset())
    instant = local_ns - before * SECOND_NS
    offset = offset_at_instant(zone, instant)
    return instant + offset * SECOND_NS, offset
