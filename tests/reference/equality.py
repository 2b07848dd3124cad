"""Equality, as in ``=``, ``<>``, IN and property maps of patterns (CIP2016-06-14, "Equality"; TCK Comparison1, List1).

Ternary and recursive: unequal types are unequal, null makes it unknown, unless the rest decides already.
"""

from __future__ import annotations

from typing import Any

from tests.reference.graph import Node, Path, Relationship
from tests.reference.kinds import is_number, kind
from tests.reference.truth import Truth, all_of

__all__ = ["equals"]


def equals(left: Any, right: Any) -> Truth:
    if left is None or right is None:
        return None
    if is_number(left) and is_number(right):
        # Exact also between integer and float, as Python compares; NaN equals nothing.
        return bool(left == right)
    if kind(left) != kind(right):
        return False
    match left:
        case list():
            if len(left) != len(right):
                return False
            return all_of(equals(a, b) for a, b in zip(left, right, strict=True))
        case dict():
            if left.keys() != right.keys():
                return False
            return all_of(equals(left[key], right[key]) for key in left)
        case Node() | Relationship():
            return left is right
        case Path():
            ours, theirs = left.entities(), right.entities()
            pairs = zip(ours, theirs, strict=False)
            return len(ours) == len(theirs) and all(a is b for a, b in pairs)
    return bool(left == right)
