"""Three-valued logic (openCypher 9, section 2.3; TCK expressions/boolean): null is "not known"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.reference.errors import fail

__all__ = [
    "Truth",
    "all_of",
    "any_of",
    "conjunction",
    "disjunction",
    "exclusive",
    "negation",
    "truth",
]

Truth = bool | None


def truth(value: Any) -> Truth:
    """A value where a predicate stands."""
    if value is None or isinstance(value, bool):
        return value
    fail("TypeError", "InvalidArgumentType", f"{value!r} is neither true nor false")


def negation(value: Truth) -> Truth:
    return None if value is None else not value


def conjunction(left: Truth, right: Truth) -> Truth:
    return all_of((left, right))


def disjunction(left: Truth, right: Truth) -> Truth:
    return any_of((left, right))


def exclusive(left: Truth, right: Truth) -> Truth:
    return None if left is None or right is None else left is not right


def all_of(values: Iterable[Truth]) -> Truth:
    """False if one is false, else unknown if one is unknown."""
    unknown = False
    for value in values:
        if value is False:
            return False
        unknown = unknown or value is None
    return None if unknown else True


def any_of(values: Iterable[Truth]) -> Truth:
    """True if one is true, else unknown if one is unknown."""
    unknown = False
    for value in values:
        if value is True:
            return True
        unknown = unknown or value is None
    return None if unknown else False
