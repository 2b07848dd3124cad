"""Temporal values as text, the way the suite expects them; independent of the engine's toString()."""

from __future__ import annotations

from typing import Any

__all__ = ["text"]

_DAY_S = 86_400
_SECOND_NS = 1_000_000_000


def text(kind: str, parts: tuple[Any, ...]) -> str:
    """``kind`` and ``parts`` as ``samyama.types.to_parts`` gives them."""
    match kind:
        case "date":
            return _date(parts[0])
        case "local_time":
            return _clock(parts[0])
        case "time":
            return _clock(parts[0]) + _offset(parts[1])
        case "local_datetime":
            return _moment(*parts)
        case "datetime":
            seconds, nanoseconds, offset, zone = parts
            named = f"[{zone}]" if zone else ""
            return _moment(seconds + offset, nanoseconds) + _offset(offset) + named
        case "duration":
            return _duration(*parts)
        case _:
            raise ValueError(f"{kind} is no temporal type")


def _date(days: int) -> str:
    """The civil date of a day counted from 1970-01-01, in years of any size: by eras of 400 years from March 1."""
    era, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month += 3 if month < 10 else -9
    year += era * 400 + (month <= 2)
    sign = "-" if year < 0 else "+" if year > 9999 else ""
    return f"{sign}{abs(year):04}-{month:02}-{day:02}"


def _fraction(nanoseconds: int) -> str:
    digits = f"{nanoseconds:09}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f".{digits}" if digits else ""


def _clock(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, _SECOND_NS)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    tail = f":{seconds:02}{_fraction(rest)}" if seconds or rest else ""
    return f"{hours:02}:{minutes:02}{tail}"


def _moment(seconds: int, nanoseconds: int) -> str:
    days, rest = divmod(seconds, _DAY_S)
    return f"{_date(days)}T{_clock(rest * _SECOND_NS + nanoseconds)}"


def _offset(seconds: int) -> str:
    if not seconds:
        return "Z"
    sign, left = "-" if seconds < 0 else "+", abs(seconds)
    tail = f":{left % 60:02}" if left % 60 else ""
    return f"{sign}{left // 3600:02}:{left // 60 % 60:02}{tail}"


def _duration(months: int, days: int, seconds: int, nanoseconds: int) -> str:
    def part(value: int, unit: str) -> str:
        return f"{value}{unit}" if value else ""

    def split(value: int, size: int) -> tuple[int, int]:
        """Quotient and remainder, both with the sign of the value."""
        sign = -1 if value < 0 else 1
        high, low = divmod(abs(value), size)
        return sign * high, sign * low

    years, months = split(months, 12)
    hours, rest = split(seconds * _SECOND_NS + nanoseconds, 3600 * _SECOND_NS)
    minutes, rest = split(rest, 60 * _SECOND_NS)
    whole, fraction = split(rest, _SECOND_NS)
    clock = part(hours, "H") + part(minutes, "M")
    if rest:
        digits = f"{abs(fraction):09}".rstrip("0")
        sign = "-" if rest < 0 else ""
        clock += f"{sign}{abs(whole)}{'.' + digits if digits else ''}S"
    date = part(years, "Y") + part(months, "M") + part(days, "D")
    return f"P{date}{'T' + clock if clock else ''}" if date or clock else "PT0S"
