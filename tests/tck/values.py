"""Values as the suite compares them: by structure, with exact types, without ids.

A scalar, list or map is itself; nodes, relationships and paths have classes here. ``key`` turns a value into something
that is equal exactly when the suite calls two values the same: 1 is not 1.0, ``-0.0`` is ``0.0``, NaN is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

__all__ = ["Node", "Path", "Relationship", "key", "render"]


@dataclass(frozen=True, slots=True)
class Node:
    labels: frozenset[str]
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Relationship:
    type: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Path:
    """Steps: a relationship, whether it was walked along its direction, and the node that was reached."""

    start: Node
    steps: tuple[tuple[Relationship, bool, Node], ...]


def key(value: Any, *, ordered: bool = True) -> Hashable:
    """``ordered`` False: the elements of lists, at any depth, in any order."""

    def of(item: Any) -> Hashable:
        return key(item, ordered=ordered)

    def pairs(properties: dict[str, Any]) -> Hashable:
        return frozenset((name, of(item)) for name, item in properties.items())

    match value:
        case None | bool() | int() | str():
            return type(value).__name__, value
        case float():
            return "float", "NaN" if math.isnan(value) else value
        case list():
            items = [of(item) for item in value]
            return "list", tuple(items if ordered else sorted(items, key=repr))
        case dict():
            return "map", pairs(value)
        case Node():
            return "node", value.labels, pairs(value.properties)
        case Relationship():
            return "relationship", value.type, pairs(value.properties)
        case Path():
            steps = tuple((of(r), along, of(n)) for r, along, n in value.steps)
            return "path", of(value.start), steps
        case _:
            raise TypeError(f"the suite has no value of the type {type(value).__name__}: {value!r}")


def render(value: Any) -> str:
    """As the suite writes it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            if math.isnan(value):
                return "NaN"
            return repr(value) if math.isfinite(value) else "Inf" if value > 0 else "-Inf"
        case str():
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            return f"'{escaped}'"
        case list():
            return f"[{', '.join(map(render, value))}]"
        case dict():
            return f"{{{_pairs(value)}}}"
        case Node():
            return f"({_inside(''.join(f':{label}' for label in sorted(value.labels)), value.properties)})"
        case Relationship():
            return f"[{_inside(f':{value.type}', value.properties)}]"
        case Path():
            pieces = [render(value.start)]
            for relationship, along, node in value.steps:
                pieces.append("-" if along else "<-")
                pieces.append(render(relationship))
                pieces.append("->" if along else "-")
                pieces.append(render(node))
            return f"<{''.join(pieces)}>"
        case _:
            return repr(value)


def _pairs(properties: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {render(properties[name])}" for name in sorted(properties))


def _inside(names: str, properties: dict[str, Any]) -> str:
    return " ".join(filter(None, [names, f"{{{_pairs(properties)}}}" if properties else ""]))
