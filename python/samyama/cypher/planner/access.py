"""A way to bind something that nothing bound leads to: a scan or a seek, with what it costs and what it makes
needless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from samyama.cypher import plan as p
from samyama.cypher.planner.query_graph import Predicate, Relationship

__all__ = ["HINTED", "Access", "all_nodes", "label_scan", "relationship_scan", "scan_cost"]

#: Cheaper than all that the counts can say.
HINTED = -1.0


@dataclass(slots=True)
class Access:
    #: The slots it binds: a node, or a relationship with its ends.
    binds: set[int]
    #: Rows for each row that comes in.
    cost: float
    #: Predicates that hold of every row it gives.
    covers: list[Predicate]
    #: At most one row for each that comes in.
    single: bool
    build: Callable[[p.Operator], p.Operator]
    relationship: Relationship | None = None


def scan_cost(count: int) -> float:
    """Never nothing: what is empty will hardly stay so, and whoever scans it depends on all that comes, where a seek
    depends on what it asks for."""
    return float(max(1, count))


def all_nodes(slot: int, nodes: int) -> Access:
    def build(source: p.Operator) -> p.Operator:
        return p.AllNodesScan(input=source, slot=slot)

    return Access({slot}, scan_cost(nodes) + 1, [], False, build)


def label_scan(slot: int, label: str, predicate: Predicate, cost: float) -> Access:
    def build(source: p.Operator) -> p.Operator:
        return p.NodeByLabelScan(input=source, slot=slot, label=label)

    return Access({slot}, cost, [predicate], False, build)


def relationship_scan(relationship: Relationship, cost: float) -> Access:
    def build(source: p.Operator) -> p.Operator:
        return p.RelationshipScan(
            input=source,
            relationship=relationship.slot,
            start=relationship.left,
            end=relationship.right,
            types=relationship.types,
            direction=relationship.direction,  # type: ignore[arg-type]
        )

    binds = {relationship.slot, relationship.left, relationship.right}
    return Access(binds, cost, [], False, build, relationship)
