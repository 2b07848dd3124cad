"""Where a pattern begins: at the node or relationship from which the whole of it makes the fewest rows.

Every place gives the same rows in the end. For each way to begin (a seek, a scan of a label, of a type, of everything)
the steps from there are followed by estimate, cheapest first, and the rows of all of them added up; so a rare label
whose relationships are many loses to a more common one whose relationships are few.

Does not apply where a hint names the place, or where there is one place only.
"""

from __future__ import annotations

from collections.abc import Sequence

from samyama.cypher.planner.access import Access
from samyama.cypher.planner.estimates import Estimates
from samyama.cypher.planner.query_graph import Relationship
from samyama.cypher.planner.rules import expand_direction

__all__ = ["choose", "followed"]


def choose(
    accesses: Sequence[Access],
    pending: Sequence[Relationship],
    bound: set[int],
    estimates: Estimates,
) -> Access:
    hinted = min(accesses, key=lambda access: access.cost)
    if hinted.cost < 0 or len(accesses) == 1 or not pending:
        return hinted
    # One row at the most: where there is one such place, the others need not be followed.
    single = [access for access in accesses if access.cost <= 1.0]
    if len(single) == 1:
        return single[0]
    places = single or accesses
    return min(places, key=lambda access: followed(access, pending, bound, estimates)[0])


def followed(
    access: Access, pending: Sequence[Relationship], bound: set[int], estimates: Estimates
) -> tuple[float, float]:
    """The rows that an access and the steps after it make together, and those that come out at the end."""
    bound = bound | access.binds
    left = [relationship for relationship in pending if relationship is not access.relationship]
    total = rows = max(access.cost, 0.0)
    if access.relationship is not None:
        # A relationship with its ends is more to fetch than a node.
        total *= 2
    rows *= estimates.share_of_rest(access.binds, access.covers)
    while (step := expand_direction.cheapest(left, bound, estimates)) is not None:
        left.remove(step)
        if not {step.left, step.right} <= bound:
            start, end, _ = expand_direction.way(step, bound)
            rows *= estimates.fan_out(step, start)
            total += rows
            rows *= estimates.share_at(step, end)
        bound |= {step.left, step.right, step.slot}
    return total, rows
