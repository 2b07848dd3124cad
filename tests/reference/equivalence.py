"""Equivalence, as in DISTINCT, grouping and UNION (CIP2016-06-14, "Equivalence"): like equality, but null is null and
NaN is NaN, inside lists and maps too. Two values are equivalent if their keys are the same."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

from tests.reference.graph import Node, Path, Relationship
from tests.reference.kinds import kind

__all__ = ["equivalence_key"]


def equivalence_key(value: Any) -> Hashable:
    match value:
        case float() if math.isnan(value):
            return ("nan",)
        case bool():
            return ("boolean", value)
        case int() | float():
            # Python's 1 and 1.0 are equal and have one hash.
            return ("number", value)
        case list():
            return ("list", *(equivalence_key(item) for item in value))
        case dict():
            return ("map", frozenset((key, equivalence_key(item)) for key, item in value.items()))
        case Node() | Relationship():
            return (kind(value), value.id)
        case Path():
            return ("path", *(equivalence_key(entity) for entity in value.entities()))
    return (kind(value), value)
