"""Texts to temporal values (CIP2015-08-06, 3.2; TCK Temporal2): basic and extended ISO 8601."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NoReturn

from tests.reference.errors import fail
from tests.reference.temporal.calendar import (
    from_ordinal,
    from_quarter,
    from_week,
    from_year_month_day,
)
from tests.reference.temporal.fractional import duration_of
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
from tests.reference.temporal.zones import (
    offset_at_instant,
    parse_offset,
    resolve_local,
    zone_name,
)

__all__ = [
    "parse_date",
    "parse_datetime",
    "parse_duration",
    "parse_local_datetime",
    "parse_local_time",
    "parse_time",
    "parse_zone",
]

_YEAR = r"(?P<year>[+-]\d{1,9}|\d{4})"
_DATES = [
    re.compile(_YEAR + form)
    for form in (
        r"-(?P<month>\d\d)(?:-(?P<day>\d\d))?",
        r"-W(?P<week>\d\d)(?:-(?P<dow>\d))?",
        r"-Q(?P<quarter>\d)(?:-(?P<doq>\d\d))?",
        r"-(?P<ordinal>\d{3})",
        r"(?P<month>\d\d)(?P<day>\d\d)",
        r"(?P<month>\d\d)",
        r"W(?P<week>\d\d)(?P<dow>\d)?",
        r"Q(?P<quarter>\d)(?P<doq>\d\d)?",
        r"(?P<ordinal>\d{3})",
        r"",
    )
]
_TIME = re.compile(
    r"(?P<h>\d\d)(?:(?P<colon>:?)(?P<m>\d\d)(?:(?P=colon)(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?)?)?"
)
_ZONE = re.compile(r"(?P<offset>Z|z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?(?:\[(?P<name>[^\]]+)\])?")


def _bad(what: str, text: str) -> NoReturn:
    fail("ArgumentError", "InvalidArgumentValue", f"'{text}' is not a {what}")


def _days(text: str) -> int:
    for form in _DATES:
        found = form.fullmatch(text)
        if found is None:
            continue
        parts = {name: int(part) for name, part in found.groupdict().items() if part is not None}
        year = parts["year"]
        if "week" in parts:
            return from_week(year, parts["week"], parts.get("dow", 1))
        if "quarter" in parts:
            return from_quarter(year, parts["quarter"], parts.get("doq", 1))
        if "ordinal" in parts:
            return from_ordinal(year, parts["ordinal"])
        return from_year_month_day(year, parts.get("month", 1), parts.get("day", 1))
    _bad("date", text)


def _clock(text: str, what: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        _bad(what, text)
    hour, minute, second = (int(found[name] or 0) for name in ("h", "m", "s"))
    if hour > 23 or minute > 59 or second > 59:
        _bad(what, text)
    fraction = int((found["f"] or "").ljust(9, "0"))
    return (hour * 3600 + minute * 60 + second) * SECOND_NS + fraction


def _split_zone(text: str, what: str) -> tuple[str, int | None, str | None]:
    """The text before the zone, the offset, the name."""
    found = re.search(r"(?:Z|z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?(?:\[[^\]]+\])?$", text)
    assert found is not None, "it matches the empty end"
    zone = _ZONE.fullmatch(found[0])
    if zone is None:
        _bad(what, text)
    name = None if zone["name"] is None else zone_name(zone["name"])
    offset = None if zone["offset"] is None else parse_offset(zone["offset"])
    return text[: found.start()], offset, name


def parse_zone(text: str) -> int | str:
    """``+01:00`` as seconds, or the name of a zone."""
    offset = parse_offset(text)
    return zone_name(text) if offset is None else offset


def parse_date(text: str) -> Date:
    return Date(_days(text))


def parse_local_time(text: str) -> LocalTime:
    return LocalTime(_clock(text, "local time"))


def parse_time(text: str) -> Time:
    clock, offset, _ = _split_zone(text, "time")
    return Time(_clock(clock, "time"), offset or 0)


def _local(text: str, what: str) -> int:
    date, _, clock = text.partition("T")
    return _days(date) * DAY_NS + (_clock(clock, what) if clock else 0)


def parse_local_datetime(text: str) -> LocalDateTime:
    return LocalDateTime(_local(text, "local datetime"))


def parse_datetime(text: str) -> DateTime:
    date, has_time, clock = text.partition("T")
    if has_time:
        clock, offset, name = _split_zone(clock, "datetime")
        text = f"{date}T{clock}"
    else:
        bracket = text.find("[")
        name = None if bracket < 0 else zone_name(text[bracket + 1 : -1])
        text, offset = (text if bracket < 0 else text[:bracket]), None
    local = _local(text, "datetime")
    if name is None:
        return DateTime(local, offset or 0)
    if offset is None:
        return DateTime(*resolve_local(name, local), name)
    # With both, the offset says which instant is meant, and the zone how it is shown.
    instant = local - offset * SECOND_NS
    held = offset_at_instant(name, instant)
    return DateTime(instant + held * SECOND_NS, held, name)


_NUMBER = r"[+-]?\d+(?:[.,]\d+)?"
_DURATION = re.compile(
    rf"([+-])?P(?:({_NUMBER})Y)?(?:({_NUMBER})M)?(?:({_NUMBER})W)?(?:({_NUMBER})D)?"
    rf"(T(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?",
    re.IGNORECASE,
)
_DATE_FORM = re.compile(
    r"([+-])?P(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d(?:[.,]\d{1,9})?)", re.IGNORECASE
)


def parse_duration(text: str) -> Duration:
    found = _DATE_FORM.fullmatch(text)
    if found is not None:
        sign, *fields = found.groups()
        years, months, days, hours, minutes, seconds = (
            Fraction(part.replace(",", ".")) for part in fields
        )
        weeks = Fraction(0)
    else:
        found = _DURATION.fullmatch(text)
        if found is None or text[-1] in "PpTt":
            _bad("duration", text)
        sign, years_, months_, weeks_, days_, _, hours_, minutes_, seconds_ = found.groups()
        years, months, weeks, days, hours, minutes, seconds = (
            Fraction((part or "0").replace(",", "."))
            for part in (years_, months_, weeks_, days_, hours_, minutes_, seconds_)
        )
    factor = -1 if sign == "-" else 1
    return duration_of(
        factor * (years * 12 + months),
        factor * (weeks * 7 + days),
        factor * (hours * 3600 + minutes * 60 + seconds) * SECOND_NS,
    )
