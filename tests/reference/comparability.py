"""Comparability, as in ``<``, ``<=``, ``>``, ``>=`` (CIP2016-06-14, "Comparability"; TCK Comparison2).

Values of different types cannot be compared (null), but integers with floats. NaN compares false with every number.
Lists compare element by element; a missing element is less than any. Durations, points, maps and entities: null.
"""

from __future__ import annotations

from typing import Any

from tests.reference.equality import equals
from tests.reference.kinds import is_number, kind
from tests.reference.order import temporal_key
from tests.reference.truth import Truth

__all__ = ["at_most", "less"]

_TEMPORAL = ("date", "localtime", "time", "localdatetime", "datetime")


def _compare(left: Any, right: Any) -> int | None:
    """-1, 0, 1; None if the two cannot be compared."""
    what = kind(left)
    if what != kind(right):
        return None
    if what in ("string", "boolean"):
        a, b = left, right
    elif what in _TEMPORAL:
        a, b = temporal_key(left), temporal_key(right)
    else:
        return None
    return (a > b) - (a < b)


def less(left: Any, right: Any) -> Truth:
    if left is None or right is None:
        return None
    if is_number(left) and is_number(right):
        return bool(left < right)
    if isinstance(left, list) and isinstance(right, list):
        return _lists(left, right, shorter=True, same=False)
    order = _compare(left, right)
    return None if order is None else order < 0


def at_most(left: Any, right: Any) -> Truth:
    if left is None or right is None:
        return None
    if is_number(left) and is_number(right):
        return bool(left <= right)
    if isinstance(left, list) and isinstance(right, list):
        return _lists(left, right, shorter=True, same=True)
    order = _compare(left, right)
    return None if order is None else order <= 0


def _lists(left: list[Any], right: list[Any], *, shorter: bool, same: bool) -> Truth:
    """The first pair that differs decides."""
    for a, b in zip(left, right, strict=False):
        equal = equals(a, b)
        if equal is None:
            return None
        if not equal:
            return less(a, b)
    if len(left) == len(right):
        return same
    return shorter if len(left) < len(right) else not shorter
