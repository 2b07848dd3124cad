"""The property graph: nodes, relationships, paths, and a graph as two dictionaries (openCypher 9, section 2.1).

Entities are objects with identity; a value of a query that is a node *is* the node, so it always shows the graph as it
is now. Nothing is indexed. Deleting marks the entity, so that a value that still names it can be recognised.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.reference.errors import fail

__all__ = ["Graph", "Node", "Path", "Relationship"]


@dataclass(eq=False)
class Node:
    id: int
    labels: set[str]
    properties: dict[str, Any]
    deleted: bool = False

    def __repr__(self) -> str:
        return (
            f"({self.id}{''.join(':' + label for label in sorted(self.labels))} {self.properties})"
        )


@dataclass(eq=False)
class Relationship:
    id: int
    type: str
    start: Node
    end: Node
    properties: dict[str, Any]
    deleted: bool = False

    def __repr__(self) -> str:
        return f"[{self.id}:{self.type} {self.start.id}->{self.end.id} {self.properties}]"


@dataclass(eq=False)
class Path:
    """A walk: one node more than relationships."""

    nodes: list[Node]
    relationships: list[Relationship]

    def entities(self) -> list[Node | Relationship]:
        """Nodes and relationships in turn."""
        turns: list[Node | Relationship] = [self.nodes[0]]
        for relationship, node in zip(self.relationships, self.nodes[1:], strict=True):
            turns += [relationship, node]
        return turns

    def __repr__(self) -> str:
        return f"<{self.entities()}>"


@dataclass
class Graph:
    nodes: dict[int, Node] = field(default_factory=dict)
    relationships: dict[int, Relationship] = field(default_factory=dict)
    next_id: int = 0

    def _fresh_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def create_node(self, labels: set[str], properties: dict[str, Any]) -> Node:
        node = Node(self._fresh_id(), set(labels), dict(properties))
        self.nodes[node.id] = node
        return node

    def create_relationship(
        self, type: str, start: Node, end: Node, properties: dict[str, Any]
    ) -> Relationship:
        for node in (start, end):
            if node.deleted:
                fail("EntityNotFound", "DeletedEntityAccess", "a relationship needs two nodes")
        relationship = Relationship(self._fresh_id(), type, start, end, dict(properties))
        self.relationships[relationship.id] = relationship
        return relationship

    def delete(self, entity: Node | Relationship) -> None:
        """Deleting twice is fine. Whether a node still has relationships is asked at the end of the statement."""
        entity.deleted = True
        table: dict[int, Any] = self.nodes if isinstance(entity, Node) else self.relationships
        table.pop(entity.id, None)

    def relationships_of(self, node: Node) -> list[Relationship]:
        return [r for r in self.relationships.values() if r.start is node or r.end is node]

    def copy(self) -> Graph:
        """An equal graph of other objects, with the same ids."""
        twin = Graph(next_id=self.next_id)
        for node in self.nodes.values():
            twin.nodes[node.id] = Node(node.id, set(node.labels), dict(node.properties))
        for r in self.relationships.values():
            ends = twin.nodes[r.start.id], twin.nodes[r.end.id]
            twin.relationships[r.id] = Relationship(r.id, r.type, *ends, dict(r.properties))
        return twin
