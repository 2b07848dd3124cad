"""Small graphs: up to twelve nodes, several labels, parallel relationships, loops, missing properties, mixed types."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.generators.choices import Choices
from tests.generators.schema import KEY_KINDS, KEYS, LABELS, TYPES, VALUES

__all__ = ["GraphSpec", "NodeSpec", "RelationshipSpec", "generate_graph"]

NODES_MAX, RELATIONSHIPS_MAX = 12, 16


@dataclass
class NodeSpec:
    """``properties``: key to the literal that Cypher writes."""

    labels: list[str]
    properties: dict[str, str]


@dataclass
class RelationshipSpec:
    type: str
    start: int
    end: int
    properties: dict[str, str]


@dataclass
class GraphSpec:
    nodes: list[NodeSpec] = field(default_factory=list)
    relationships: list[RelationshipSpec] = field(default_factory=list)

    def create(self, *, ids: bool = False) -> str:
        """The statement that makes it; ``ids``: and returns the ids, nodes first."""
        pieces = [
            f"(n{at}{''.join(':' + label for label in node.labels)}{_map(node.properties)})"
            for at, node in enumerate(self.nodes)
        ]
        pieces += [
            f"(n{r.start})-[r{at}:{r.type}{_map(r.properties)}]->(n{r.end})"
            for at, r in enumerate(self.relationships)
        ]
        if not pieces:
            return "RETURN [] AS nodes, [] AS relationships" if ids else "RETURN 1"
        text = "CREATE " + ", ".join(pieces)
        if ids:
            nodes = ", ".join(f"id(n{at})" for at in range(len(self.nodes)))
            relationships = ", ".join(f"id(r{at})" for at in range(len(self.relationships)))
            text += f" RETURN [{nodes}] AS nodes, [{relationships}] AS relationships"
        return text


def _map(properties: dict[str, str]) -> str:
    if not properties:
        return ""
    return " {" + ", ".join(f"{key}: {value}" for key, value in properties.items()) + "}"


def _properties(choices: Choices, most: int) -> dict[str, str]:
    return {key: choices.one(VALUES[KEY_KINDS[key]]) for key in choices.some(KEYS, most)}


def generate_graph(choices: Choices, nodes_max: int = NODES_MAX) -> GraphSpec:
    graph = GraphSpec()
    for _ in range(
        choices.weighted((1, 0), (1, 1), (1, 2), (1, 3), *[(2, n) for n in range(4, nodes_max + 1)])
    ):
        graph.nodes.append(NodeSpec(choices.some(LABELS, 2), _properties(choices, 5)))
    if graph.nodes:
        last = len(graph.nodes) - 1
        most = min(RELATIONSHIPS_MAX, 2 * len(graph.nodes))
        for _ in range(choices.between(min(most, len(graph.nodes)), most)):
            ends = choices.between(0, last), choices.between(0, last)
            graph.relationships.append(
                RelationshipSpec(choices.one(TYPES), *ends, _properties(choices, 3))
            )
    return graph
