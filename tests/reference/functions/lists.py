"""Functions of lists, maps and entities (openCypher 9, "List functions", "Scalar functions"; TCK expressions/list,
expressions/graph, expressions/path)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

from tests.reference.equality import equals
from tests.reference.errors import fail
from tests.reference.graph import Node, Path, Relationship
from tests.reference.kinds import is_integer, is_number, kind
from tests.reference.types import value_type

__all__ = ["FUNCTIONS", "NULLS_WELCOME", "alive"]

#: The reference refuses to build longer lists: no generated query needs them.
LIST_MAX = 2_000_000


def _wrong(name: str, value: Any) -> NoReturn:
    fail("TypeError", "InvalidArgumentValue", f"{name}({kind(value)})")


def _a(kind_: type | tuple[type, ...], name: str, value: Any) -> Any:
    return value if isinstance(value, kind_) else _wrong(name, value)


def alive(entity: Node | Relationship) -> Node | Relationship:
    """Properties and labels of what was deleted cannot be read (TCK Return2)."""
    if entity.deleted:
        fail("EntityNotFound", "DeletedEntityAccess", "it has been deleted in this statement")
    return entity


def keys(value: Any) -> list[str]:
    return list(properties(value))


def properties(value: Any) -> dict[str, Any]:
    if isinstance(value, Node | Relationship):
        return dict(alive(value).properties)
    found: dict[str, Any] = _a(dict, "properties", value)
    return found


def labels(value: Any) -> list[str]:
    node = _a(Node, "labels", value)
    alive(node)
    return sorted(node.labels)


def size(value: Any) -> int:
    return len(_a((list, str), "size", value))


def reverse(value: Any) -> Any:
    return _a((list, str), "reverse", value)[::-1]


def head(value: Any) -> Any:
    return next(iter(_a(list, "head", value)), None)


def last(value: Any) -> Any:
    items = _a(list, "last", value)
    return items[-1] if items else None


def tail(value: Any) -> list[Any]:
    items: list[Any] = _a(list, "tail", value)
    return items[1:]


def is_empty(value: Any) -> bool:
    return not _a((list, str, dict), "isEmpty", value)


def range_of(start: Any, end: Any, step: Any = 1) -> list[int]:
    for argument in (start, end, step):
        if not is_integer(argument):
            fail("ArgumentError", "InvalidArgumentType", f"range() of a {kind(argument)}")
    if step == 0:
        fail("ArgumentError", "NumberOutOfRange", "range() with a step of 0")
    numbers = range(start, end + (1 if step > 0 else -1), step)
    if len(numbers) > LIST_MAX:
        fail("ResourceError", "MemoryLimit", f"a list of {len(numbers)} elements")
    return list(numbers)


def coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def null_if(left: Any, right: Any) -> Any:
    return None if equals(left, right) is True else left


def _cosine(a: list[float], b: list[float]) -> float:
    dot = math.fsum(x * y for x, y in zip(a, b, strict=True))
    lengths = math.sqrt(math.fsum(x * x for x in a) * math.fsum(y * y for y in b))
    return (1 + dot / lengths) / 2


def _euclidean(a: list[float], b: list[float]) -> float:
    return 1 / (1 + math.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True)))


def _similarity(name: str, measure: Callable[[list[float], list[float]], float]) -> Any:
    def apply(a: Any, b: Any) -> float:
        for vector in (a, b):
            if not (isinstance(vector, list) and vector and all(map(is_number, vector))):
                _wrong(name, vector)
        if len(a) != len(b):
            fail("ArgumentError", "InvalidArgumentValue", "vectors of different lengths")
        return measure([float(x) for x in a], [float(x) for x in b])

    return apply


#: They see their nulls; all others give null for null.
NULLS_WELCOME: dict[str, Callable[..., Any]] = {
    "coalesce": coalesce,
    "nullif": null_if,
    "valuetype": value_type,
    "exists": lambda value: value is not None,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "keys": keys,
    "properties": properties,
    "labels": labels,
    "size": size,
    "reverse": reverse,
    "head": head,
    "last": last,
    "tail": tail,
    "isempty": is_empty,
    "range": range_of,
    # The type, the ends and the id of a deleted relationship are still known.
    "type": lambda value: _a(Relationship, "type", value).type,
    "startnode": lambda value: _a(Relationship, "startNode", value).start,
    "endnode": lambda value: _a(Relationship, "endNode", value).end,
    "id": lambda value: _a((Node, Relationship), "id", value).id,
    "elementid": lambda value: str(_a((Node, Relationship), "elementId", value).id),
    "nodes": lambda value: list(_a(Path, "nodes", value).nodes),
    "relationships": lambda value: list(_a(Path, "relationships", value).relationships),
    "length": lambda value: len(_a(Path, "length", value).relationships),
    "vector.similarity.cosine": _similarity("vector.similarity.cosine", _cosine),
    "vector.similarity.euclidean": _similarity("vector.similarity.euclidean", _euclidean),
}
