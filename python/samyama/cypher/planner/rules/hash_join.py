"""Two parts of a MATCH that meet in an equality: each is read once, and rows that fit are found by hash.

``MATCH (a:A), (b:B) WHERE a.x = b.x`` looks at every pair otherwise. And a pattern between two selective ends
(``(:A {id: 1})-->(m)<--(:B {id: 2})``) may explode in its middle when it is walked from one end: there it is cut at a
node, whose two halves are then joined by its identity.

Right, because the parts share nothing but the equality: the plan of the right part sees no slot of the left, so it
can be read before, once, and kept; a null joins nothing, as ``=`` would have it; relationships of the two parts are
compared afterwards, since a MATCH walks none twice. The part with fewer rows is kept where either can be.

Does not apply where something was written before in the same part of the query (the kept side would be read too
early), where a key could fail or draws values, to parts with shortest, quantified or bound relationships, when a seek
per row is cheaper, and when more rows would be kept than ``ROWS_MAX``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from samyama.cypher import plan as p
from samyama.cypher.planner.access import Access
from samyama.cypher.planner.estimates import Estimates
from samyama.cypher.planner.expressions import slots_of
from samyama.cypher.planner.query_graph import Predicate, QueryGraph, Relationship, may_be_same
from samyama.cypher.planner.rules.start_point import followed

__all__ = ["Key", "Part", "can_compare", "cut", "is_independent", "keys", "part_around", "wins"]

#: Rows to keep at most, by estimate: what a join keeps counts against the memory of its query.
ROWS_MAX = 200_000
#: A row that is kept and found again costs as much as so many that only pass by.
KEPT_COST = 2.0
#: Below this many rows nothing is worth a join, nor looking for one.
ROWS_MIN = 200.0


@dataclass(slots=True)
class Part:
    """Nodes and relationships that hang together, and touch nothing that is bound."""

    nodes: list[int]
    relationships: list[Relationship]

    @property
    def slots(self) -> set[int]:
        return {*self.nodes, *(r.slot for r in self.relationships)}


@dataclass(slots=True)
class Key:
    predicate: Predicate
    left: p.Expression
    right: p.Expression


def part_around(
    start: set[int], graph: QueryGraph, pending: Sequence[Relationship], bound: set[int]
) -> Part | None:
    """What hangs together with these nodes; None if it cannot stand on its own."""
    slots, found = set(start), list[Relationship]()
    grows = True
    while grows:
        grows = False
        for relationship in pending:
            if relationship in found or not {relationship.left, relationship.right} & slots:
                continue
            special = relationship.shortest or relationship.quantified or relationship.is_bound
            if special or {relationship.left, relationship.right} & bound:
                return None
            if relationship.hop_predicate is not None:
                return None
            found.append(relationship)
            slots |= {relationship.left, relationship.right}
            grows = True
    return Part([node for node in graph.nodes if node in slots], found)


def keys(predicates: Sequence[Predicate], part: Part, left: set[int]) -> list[Key]:
    """The equalities between the part and the rest of the pattern."""
    found = []
    for predicate in predicates:
        match predicate.expression:
            case p.Comparison(operands=[one, other], operators=["="]):
                if _is_of(one, left) and _is_of(other, part.slots):
                    found.append(Key(predicate, one, other))
                elif _is_of(other, left) and _is_of(one, part.slots):
                    found.append(Key(predicate, other, one))
    return found


def _is_of(expression: p.Expression, slots: set[int]) -> bool:
    """Is it one of these entities, or a property of one?"""
    inner = expression.entity if isinstance(expression, p.Property) else expression
    return isinstance(inner, p.Slot) and inner.slot in slots


def wins(rows: float, nested: float, right_cost: float, right_rows: float) -> bool:
    """``rows`` come from the left; for each of them the part would make ``nested`` rows; by itself it makes these."""
    if rows * nested < ROWS_MIN or min(rows, right_rows) > ROWS_MAX:
        return False
    return rows * nested > KEPT_COST * (right_cost + right_rows + rows)


def cut(
    graph: QueryGraph, accesses: Sequence[Access], estimates: Estimates
) -> tuple[Relationship, int] | None:
    """A relationship, and the node at one end of it from which it should be cut; None: it is better walked whole.

    ``accesses``: the ways to begin, of a pattern none of which is bound.
    """
    relationships = graph.relationships
    if len(relationships) < 2 or len(accesses) < 2:
        return None
    whole = min(followed(access, relationships, set(), estimates)[0] for access in accesses)
    best, found = whole / KEPT_COST, None
    if whole < ROWS_MIN or part_around({graph.nodes[0]}, graph, relationships, set()) is None:
        return None
    for relationship in relationships:
        for node in (relationship.left, relationship.right):
            cost = _cost_of_cut(relationship, node, graph, accesses, estimates)
            if cost is not None and cost < best:
                best, found = cost, (relationship, node)
    return found


def _cost_of_cut(
    relationship: Relationship,
    node: int,
    graph: QueryGraph,
    accesses: Sequence[Access],
    estimates: Estimates,
) -> float | None:
    other = relationship.left if node == relationship.right else relationship.right
    rest = [r for r in graph.relationships if r is not relationship]
    near, far = part_around({node}, graph, rest, set()), part_around({other}, graph, rest, set())
    if near is None or far is None or node in far.nodes or not near.relationships:
        return None
    beyond = [*far.relationships, relationship]
    if not (can_compare(near.relationships, beyond) and can_compare(beyond, near.relationships)):
        return None
    total, kept = 0.0, []
    for part, walked in ((near, near.relationships), (far, beyond)):
        ways = [
            followed(access, walked, set(), estimates)
            for access in accesses
            if access.binds <= part.slots and access.cost >= 0
        ]
        if not ways:
            return None
        cost, rows = min(ways)
        total += cost
        kept.append(rows)
    if min(kept) > ROWS_MAX:
        return None
    return total + KEPT_COST * sum(kept)


def can_compare(ours: Sequence[Relationship], others: Sequence[Relationship]) -> bool:
    """Can it be said afterwards that no relationship of the one was walked by the other as well?"""
    return not any(one.length and may_be_same(one, other) for one in ours for other in others)


def is_independent(predicate: Predicate, part: Part) -> bool:
    """Can the part answer it by itself?"""
    needed = slots_of(predicate.expression)
    return bool(needed) and needed <= part.slots
