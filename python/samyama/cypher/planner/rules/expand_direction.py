"""Which relationship is walked next, and from which end: the step that makes the fewest rows.

Any order gives the same rows, since every part of a pattern is walked in the end and each step excludes what earlier
ones walked. A relationship between two bound nodes only filters, so it comes first, a bound one before it; then the
cheapest by fan-out and by how many of the nodes it leads to pass their labels and conditions. Walked from the right, a
directed pattern turns round.

Does not apply where there is no choice: a shortest path waits for both ends, a quantified pattern begins at its left.
"""

from __future__ import annotations

from collections.abc import Sequence

from samyama.cypher.planner.estimates import Estimates
from samyama.cypher.planner.query_graph import Relationship

__all__ = ["cheapest", "cost", "way"]

#: Searching between two bound nodes costs more than a hop between them, and seldom makes rows.
SHORTEST_COST = 50.0


def cheapest(
    pending: Sequence[Relationship], bound: set[int], estimates: Estimates
) -> Relationship | None:
    """None: nothing that is bound leads anywhere."""
    best: tuple[float, Relationship] | None = None
    for relationship in pending:
        found = cost(relationship, bound, estimates)
        if found is not None and (best is None or found < best[0]):
            best = found, relationship
    return best[1] if best else None


def cost(relationship: Relationship, bound: set[int], estimates: Estimates) -> float | None:
    """Rows for each row; None: it cannot be walked yet."""
    left, right = relationship.left in bound, relationship.right in bound
    if relationship.is_bound:
        return -1.0
    if relationship.shortest is not None:
        return SHORTEST_COST if left and right else None
    if relationship.quantified is not None:
        return estimates.fan_out(relationship, relationship.left) if left else None
    if left and right:
        return 0.0
    if left or right:
        start, end = relationship.left, relationship.right
        if not left:
            start, end = end, start
        # Rows that go on count first; rows that are made and dropped again decide between equals.
        fan_out = estimates.fan_out(relationship, start)
        return fan_out * estimates.share_at(relationship, end) + 0.01 * fan_out
    return None


def way(relationship: Relationship, bound: set[int]) -> tuple[int, int, str]:
    """Where the step begins, where it leads, and in which direction it is walked."""
    if relationship.left in bound:
        return relationship.left, relationship.right, relationship.direction
    turned = {"out": "in", "in": "out"}.get(relationship.direction, "both")
    return relationship.right, relationship.left, turned
