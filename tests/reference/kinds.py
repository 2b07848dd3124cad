"""What a value is: one word for each type of Cypher (CIP2016-06-14, section 2)."""

from __future__ import annotations

from typing import Any

from tests.reference.graph import Node, Path, Relationship
from tests.reference.points import Point
from tests.reference.temporal.values import Date, DateTime, Duration, LocalDateTime, LocalTime, Time

__all__ = ["is_integer", "is_number", "kind"]

_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "float",
    str: "string",
    list: "list",
    dict: "map",
    Node: "node",
    Relationship: "relationship",
    Path: "path",
    Date: "date",
    LocalTime: "localtime",
    Time: "time",
    LocalDateTime: "localdatetime",
    DateTime: "datetime",
    Duration: "duration",
    Point: "point",
}


def kind(value: Any) -> str:
    return _KINDS[type(value)]


def is_number(value: Any) -> bool:
    return type(value) in (int, float)


def is_integer(value: Any) -> bool:
    return type(value) is int
