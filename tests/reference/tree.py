"""The syntax tree as a tree: its children, the variables it names, its shape, copies with parts replaced."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from samyama.cypher import ast

__all__ = ["AGGREGATES", "aggregates_in", "children", "names_in", "replace", "shape", "walk"]

AGGREGATES = frozenset(
    [
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "collect",
        "percentilecont",
        "percentiledisc",
        "stdev",
        "stdevp",
    ]
)
_PLACES = ("start", "end", "auto")
_FIELDS: dict[type, tuple[str, ...]] = {}


def _fields(node: Any) -> tuple[str, ...]:
    kind = type(node)
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(f.name for f in dataclasses.fields(node) if f.name not in _PLACES)
    return _FIELDS[kind]


def _parts(value: Any) -> Iterator[ast.Node]:
    if isinstance(value, ast.Node):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _parts(item)


def children(node: ast.Node) -> Iterator[ast.Node]:
    for name in _fields(node):
        yield from _parts(getattr(node, name))


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """The node and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def names_in(node: ast.Node) -> set[str]:
    """Names of variables anywhere in it, local ones included."""
    found = set()
    for part in walk(node):
        if isinstance(part, ast.Variable):
            found.add(part.name)
        elif isinstance(part, ast.NodePattern | ast.RelationshipPattern | ast.PathPattern):
            found |= {part.variable} - {None}
    return found


def shape(value: Any) -> Any:
    """Equal for trees that are equal but for the places they were read from."""
    if dataclasses.is_dataclass(value):
        return (type(value).__name__, *(shape(getattr(value, name)) for name in _fields(value)))
    if isinstance(value, list | tuple):
        return tuple(shape(item) for item in value)
    # 1, 1.0 and true are equal to Python.
    return (type(value).__name__, repr(value))


def replace(value: Any, by: Callable[[ast.Node], ast.Node | None]) -> Any:
    """A copy in which each outermost node that ``by`` has an answer for is that answer."""
    if isinstance(value, ast.Node):
        found = by(value)
        if found is not None:
            return found
        changed = {
            name: replace(getattr(value, name), by)
            for name in _fields(value)
            if name not in ("is_return",)
        }
        copied = dataclasses.replace(value)
        for name, part in changed.items():
            setattr(copied, name, part)
        return copied
    if isinstance(value, list):
        return [replace(item, by) for item in value]
    if isinstance(value, tuple):
        return tuple(replace(item, by) for item in value)
    return value


def is_aggregate(node: ast.Node) -> bool:
    return isinstance(node, ast.Call) and node.name.lower() in AGGREGATES


def aggregates_in(node: ast.Node) -> list[ast.Call]:
    """Outermost aggregates of an expression; those inside subqueries are not its own."""
    if isinstance(node, ast.Subquery):
        return []
    if isinstance(node, ast.Call) and is_aggregate(node):
        return [node]
    return [found for child in children(node) for found in aggregates_in(child)]
