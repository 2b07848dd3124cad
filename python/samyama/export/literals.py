"""Values as Cypher text: for people to read, and as expressions that give the same value again."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from typing import Any

from samyama.types import Duration, Node, Path, Point, Relationship, Temporal

__all__ = ["display", "iso", "literal", "quote_name"]

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile(r"[\\'\x00-\x1f\x7f-\x9f\u2028\u2029]")


def quote_name(name: str) -> str:
    """A label, type, key or variable, in backticks where it needs them.

    >>> quote_name("Person"), quote_name("has space"), quote_name("a`b")
    ('Person', '`has space`', '`a``b`')
    """
    return name if _PLAIN_NAME.match(name) else "`" + name.replace("`", "``") + "`"


def quote_text(text: str) -> str:
    """A string literal.

    >>> print(quote_text("it's\\n"))
    'it\\'s\\n'
    """
    return "'" + _ESCAPED.sub(lambda m: _ESCAPES.get(m[0], f"\\u{ord(m[0]):04x}"), text) + "'"


def display(value: Any) -> str:
    """As people read it: strings in quotes, entities as patterns, times in ISO 8601.

    >>> display([1, "a", None, {"k": 1.5}])
    "[1, 'a', NULL, {k: 1.5}]"
    """
    match value:
        case Node():
            labels = "".join(f":{quote_name(label)}" for label in sorted(value.labels))
            return f"({labels}{_properties(value, ' ' if labels else '')})"
        case Relationship():
            return f"[:{quote_name(value.type)}{_properties(value, ' ')}]"
        case Path():
            return _path(value)
        case dt.date() | dt.time() | dt.datetime() | Temporal() | Duration():
            return iso(value)
        case _:
            return _written(value, display)


def literal(value: Any) -> str:
    """An expression that gives this value.

    Raises: TypeError: there is none: entities, and byte arrays.
    """
    match value:
        case dt.datetime() if value.tzinfo is not None:
            return f"datetime({quote_text(iso(value))})"
        case dt.datetime():
            return f"localdatetime({quote_text(iso(value))})"
        case dt.date():
            return f"date({quote_text(iso(value))})"
        case dt.time():
            function = "time" if value.tzinfo is not None else "localtime"
            return f"{function}({quote_text(iso(value))})"
        case Temporal():
            function = value.kind.replace("_", "")
            return f"{function}({quote_text(iso(value))})"
        case Duration():
            return f"duration({quote_text(iso(value))})"
        case float() if not math.isfinite(value):
            return f"({0 if math.isnan(value) else math.copysign(1, value)} / 0.0)"
        case bytes() | Node() | Relationship() | Path():
            raise TypeError(f"a {type(value).__name__.lower()} has no literal in Cypher")
        case _:
            return _written(value, literal)


def _written(value: Any, inner: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _float(value)
        case str():
            return quote_text(value)
        case bytes():
            return f"0x{value.hex()}"
        case Point():
            return _point(value)
        case list():
            return f"[{', '.join(map(inner, value))}]"
        case Mapping():
            pairs = ", ".join(f"{quote_name(key)}: {inner(item)}" for key, item in value.items())
            return f"{{{pairs}}}"
        case _:
            raise TypeError(f"a {type(value).__name__} is no value of Cypher")


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _point(point: Point) -> str:
    z = "" if point.z is None else f", z: {_float(point.z)}"
    return f"point({{srid: {point.srid}, x: {_float(point.x)}, y: {_float(point.y)}{z}}})"


def _properties(entity: Mapping[str, Any], before: str) -> str:
    # By name: the order in which they are stored says nothing.
    return f"{before}{_written(dict(sorted(entity.items())), display)}" if entity else ""


def _path(path: Path) -> str:
    text = display(path.nodes[0])
    for place, relationship in enumerate(path.relationships):
        backward = relationship.start_node != path.nodes[place]
        text += f"{'<-' if backward else '-'}{display(relationship)}{'-' if backward else '->'}"
        text += display(path.nodes[place + 1])
    return text


# ------------------------------------------------------------------------------------------------- times


def iso(value: dt.date | dt.time | dt.datetime | Temporal | Duration) -> str:
    """ISO 8601 with everything that the value holds; a zone's name in brackets.

    >>> iso(Duration(14, 3, 7325, 500_000_000))
    'P1Y2M3DT2H2M5.5S'
    """
    match value:
        case Duration():
            return _duration(value)
        case Temporal():
            return _temporal(value)
        case dt.datetime():
            name = getattr(value.tzinfo, "key", None)
            zone = f"[{name}]" if name else ""
            return _with_z(value.isoformat()) + zone
        case dt.time():
            return _with_z(value.isoformat())
        case _:
            return value.isoformat()


def _with_z(text: str) -> str:
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _fraction(nanoseconds: int) -> str:
    return f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""


def _duration(value: Duration) -> str:
    years, months = _split(value.months, 12)
    total = value.seconds * 1_000_000_000 + value.nanoseconds
    hours, rest = _split(total, 3_600_000_000_000)
    minutes, rest = _split(rest, 60_000_000_000)
    date = "".join(
        f"{n}{unit}" for n, unit in ((years, "Y"), (months, "M"), (value.days, "D")) if n
    )
    time = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M")) if n)
    if rest:
        whole, part = divmod(abs(rest), 1_000_000_000)
        time += f"{'-' if rest < 0 else ''}{whole}{_fraction(part)}S"
    return f"P{date}{'T' + time if time else ''}" if date or time else "PT0S"


def _split(number: int, by: int) -> tuple[int, int]:
    """Towards zero, so that both parts have the number's sign."""
    whole, rest = divmod(abs(number), by)
    return (-whole, -rest) if number < 0 else (whole, rest)


def _civil(days: int) -> str:
    """A date of the proleptic calendar; years beyond four digits with a sign."""
    # Days from 0000-03-01, in eras of 400 years (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    shifted = days + 719_468
    era, of_era = divmod(shifted, 146_097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_shifted = (5 * of_year + 2) // 153
    day = of_year - (153 * month_shifted + 2) // 5 + 1
    month = month_shifted + 3 if month_shifted < 10 else month_shifted - 9
    year = year_of_era + era * 400 + (month <= 2)
    sign = "-" if year < 0 else "+" if year > 9999 else ""
    return f"{sign}{abs(year):04d}-{month:02d}-{day:02d}"


def _clock(seconds: int, nanoseconds: int) -> str:
    return (
        f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{_fraction(nanoseconds)}"
    )


def _offset(seconds: int) -> str:
    if seconds == 0:
        return "Z"
    whole, rest = divmod(abs(seconds), 3600)
    text = f"{'-' if seconds < 0 else '+'}{whole:02d}:{rest // 60:02d}"
    return text + (f":{rest % 60:02d}" if rest % 60 else "")


def _temporal(value: Temporal) -> str:
    offset = value.offset_seconds or 0
    match value.kind:
        case "date":
            return _civil(value.days)
        case "local_time":
            return _clock(value.seconds, value.nanoseconds)
        case "time":
            return _clock(value.seconds, value.nanoseconds) + _offset(offset)
        case kind:
            local = value.seconds + (offset if kind == "datetime" else 0)
            text = f"{_civil(local // 86_400)}T{_clock(local % 86_400, value.nanoseconds)}"
            if kind == "local_datetime":
                return text
            return text + _offset(offset) + (f"[{value.zone}]" if value.zone else "")
