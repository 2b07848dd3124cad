"""Property values: docs/format/effects.md. Plain Python where it has them, else small records of the fields on disk."""

from __future__ import annotations

from typing import Any

import msgspec

from samyama.inspect.cursor import Cursor

__all__ = [
    "Date",
    "DateTime",
    "Duration",
    "LocalDateTime",
    "LocalTime",
    "NodeReference",
    "Path",
    "Point",
    "RelationshipReference",
    "Time",
    "Value",
    "read_value",
    "show_value",
]

DEPTH_MAX = 64

#: None, bool, int, float, str, bytes, list, dict (keys in the order of their UTF-8), or one of the classes below.
Value = Any


class _Fields(msgspec.Struct, frozen=True):
    """Fields as they stand on disk."""


class NodeReference(_Fields, frozen=True):
    id: int


class RelationshipReference(_Fields, frozen=True):
    id: int


class Path(_Fields, frozen=True):
    start: int
    #: Relationship, forward, node.
    steps: tuple[tuple[int, bool, int], ...]


class Date(_Fields, frozen=True):
    days: int


class LocalTime(_Fields, frozen=True):
    nanoseconds: int


class Time(_Fields, frozen=True):
    nanoseconds: int
    offset_seconds: int


class LocalDateTime(_Fields, frozen=True):
    seconds: int
    nanoseconds: int


class DateTime(_Fields, frozen=True):
    seconds: int
    nanoseconds: int
    offset_seconds: int
    #: None: the offset is all there is.
    zone: str | None


class Duration(_Fields, frozen=True):
    months: int
    days: int
    seconds: int
    nanoseconds: int


class Point(_Fields, frozen=True):
    srid: int
    coordinates: tuple[float, ...]


def read_value(cursor: Cursor, depth: int = 0) -> Value:
    """One value. Raises: Damage."""
    if depth > DEPTH_MAX:
        raise cursor.damage(f"a value nested more than {DEPTH_MAX} deep")
    tag = cursor.u8()
    if tag == 5:
        return cursor.text()
    if tag == 3:
        return cursor.int_()
    match tag:
        case 0:
            return None
        case 1 | 2:
            return tag == 2
        case 4:
            return cursor.f64()
        case 6:
            return cursor.take(cursor.count())
        case 7:
            return [read_value(cursor, depth + 1) for _ in range(cursor.count())]
        case 8:
            pairs = [(cursor.text(), read_value(cursor, depth + 1)) for _ in range(cursor.count())]
            return dict(sorted(pairs, key=lambda pair: pair[0].encode()))
        case 9:
            return NodeReference(cursor.uint())
        case 10:
            return RelationshipReference(cursor.uint())
        case 11:
            start, steps = cursor.uint(), cursor.count()
            return Path(
                start,
                tuple((cursor.uint(), cursor.u8() != 0, cursor.uint()) for _ in range(steps)),
            )
        case 12:
            return Date(cursor.int_())
        case 13:
            return LocalTime(cursor.uint())
        case 14:
            return Time(cursor.uint(), cursor.int_())
        case 15:
            return LocalDateTime(cursor.int_(), cursor.uint())
        case 16:
            return _read_date_time(cursor)
        case 17:
            return Duration(cursor.int_(), cursor.int_(), cursor.int_(), cursor.int_())
        case 18:
            srid, dimensions = cursor.uint(), cursor.u8()
            if dimensions not in (2, 3):
                raise cursor.damage(f"a point of {dimensions} dimensions")
            return Point(srid, tuple(cursor.f64() for _ in range(dimensions)))
    raise cursor.damage(f"unknown value tag {tag}")


def _read_date_time(cursor: Cursor) -> DateTime:
    seconds, nanoseconds, zone = cursor.int_(), cursor.uint(), cursor.u8()
    if zone not in (0, 1):
        raise cursor.damage(f"unknown zone tag {zone}")
    name = cursor.text() if zone else None
    return DateTime(seconds, nanoseconds, cursor.int_(), name)


def show_value(value: Value) -> str:
    """As a person reads it: Cypher's literals where there are any."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
            return f"'{escaped}'"
        case bytes():
            return f"bytes {value.hex()}"
        case list():
            return "[" + ", ".join(map(show_value, value)) + "]"
        case dict():
            return (
                "{" + ", ".join(f"{key}: {show_value(item)}" for key, item in value.items()) + "}"
            )
        case int() | float():
            return repr(value)
    name = type(value).__name__
    return f"{name}({', '.join(f'{field}={getattr(value, field)!r}' for field in value.__struct_fields__)})"
