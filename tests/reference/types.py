"""Types of values: ``valueType(x)`` and ``x IS :: TYPE`` (Neo4j Cypher manual, "Values and types")."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.reference.kinds import kind

__all__ = ["is_of_type", "value_type"]

_NAMES = {
    "boolean": "BOOLEAN",
    "string": "STRING",
    "integer": "INTEGER",
    "float": "FLOAT",
    "date": "DATE",
    "localtime": "LOCAL TIME",
    "time": "ZONED TIME",
    "localdatetime": "LOCAL DATETIME",
    "datetime": "ZONED DATETIME",
    "duration": "DURATION",
    "point": "POINT",
    "node": "NODE",
    "relationship": "RELATIONSHIP",
    "map": "MAP",
    "list": "LIST",
    "path": "PATH",
}
#: The order in which the types of a union stand.
_ORDER = list(_NAMES.values())
_STORABLE = {"boolean", "string", "integer", "float", "date", "localtime", "time"}
_STORABLE |= {"localdatetime", "datetime", "duration", "point"}


def value_type(value: Any) -> str:
    """The most exact type."""
    if value is None:
        return "NULL"
    if not isinstance(value, list):
        return f"{_NAMES[kind(value)]} NOT NULL"
    if not value:
        return "LIST<NOTHING> NOT NULL"
    inner = {value_type(item) for item in value if item is not None}
    if len(inner) < len({value_type(item) for item in value}):
        inner = {name.removesuffix(" NOT NULL") for name in inner} or {"NULL"}
    ordered = sorted(
        inner, key=lambda name: (_ORDER.index(_head(name)) if name != "NULL" else -1, name)
    )
    return f"LIST<{' | '.join(ordered)}> NOT NULL"


def _head(name: str) -> str:
    return "LIST" if name.startswith("LIST<") else name.removesuffix(" NOT NULL")


Test = Callable[[Any], bool]


def is_of_type(value: Any, text: str) -> bool:
    """``text``: a type in the parser's one spelling, such as ``LIST<INTEGER NOT NULL> | STRING``."""
    test, rest = _union(text)
    assert not rest, f"the type ends before {rest!r}"
    return test(value)


def _union(text: str) -> tuple[Test, str]:
    test, rest = _one(text)
    while rest.startswith(" | "):
        other, rest = _one(rest[3:])
        test = _either(test, other)
    return test, rest


def _either(a: Test, b: Test) -> Test:
    return lambda value: a(value) or b(value)


def _one(text: str) -> tuple[Test, str]:
    if text.startswith("LIST<"):
        inner, rest = _union(text[5:])
        assert rest.startswith(">"), "the list type is closed"
        rest = rest[1:]
        test: Test = lambda value: isinstance(value, list) and all(map(inner, value))  # noqa: E731
    else:
        found = re.match(r"[A-Z]+(?: (?!NOT NULL)[A-Z]+)*", text)
        assert found is not None, f"a type stands at {text!r}"
        test, rest = _named(found[0]), text[found.end() :]
    if rest.startswith(" NOT NULL"):
        return test, rest[len(" NOT NULL") :]
    return (lambda value: value is None or test(value)), rest


def _named(name: str) -> Test:
    match name:
        case "ANY":
            return lambda value: value is not None
        case "NOTHING" | "NULL":
            return lambda _: False
        case "PROPERTY VALUE":
            return is_storable
    return lambda value: value is not None and _NAMES[kind(value)] == name


def is_storable(value: Any) -> bool:
    """May it be a property? A list has elements of one simple type."""
    if isinstance(value, list):
        kinds = {kind(item) for item in value}
        return len(kinds) <= 1 and kinds <= _STORABLE
    return value is not None and kind(value) in _STORABLE
