"""Nodes and relationships of a result as a networkx graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from samyama._results import Record
from samyama.export import require
from samyama.types import Node, Path, Relationship

if TYPE_CHECKING:
    import networkx

__all__ = ["to_networkx"]


def to_networkx(records: Iterable[Record]) -> networkx.MultiDiGraph[str]:
    """Every node and relationship among the values, in lists, maps and paths too, each once.

    Nodes and edges are keyed by element id. A property named ``labels`` or ``type`` would hide what the graph says of
    the entity itself, so labels and type win.
    """
    graph: networkx.MultiDiGraph[str] = require("networkx", "networkx").MultiDiGraph()
    for record in records:
        for entity in _entities(list(record)):
            if isinstance(entity, Node):
                graph.add_node(entity.element_id, **{**entity, "labels": set(entity.labels)})
    # Afterwards, so that an end that is itself in the result keeps its properties.
    for record in records:
        for entity in _entities(list(record)):
            if isinstance(entity, Relationship):
                _add_edge(graph, entity)
    return graph


def _add_edge(graph: Any, relationship: Relationship) -> None:
    start, end = relationship.start_node, relationship.end_node
    if start is None or end is None:
        return  # It was deleted by the statement that returned it: it joins nothing.
    attributes = {**relationship, "type": relationship.type}
    graph.add_edge(start.element_id, end.element_id, relationship.element_id, **attributes)


def _entities(value: Any) -> Iterator[Node | Relationship]:
    match value:
        case Node() | Relationship():
            yield value
        case Path():
            yield from value.nodes
            yield from value.relationships
        case list():
            for item in value:
                yield from _entities(item)
        case dict():
            for item in value.values():
                yield from _entities(item)
