"""Paths of any length whose paths nobody sees: breadth first, every node once.

Where a DISTINCT (or EXISTS, or an aggregate that does not care how often a row comes) stands above, and nothing between
looks at the relationships of the path, only *which* nodes are reached matters. The trails between two nodes can be
exponentially many; the nodes are as many as there are.

Right for ``min`` 0 or 1: a node that is reached at all is reached by a shortest way, which is a trail and within
``max`` if any trail is. Between, operators may filter and multiply rows, since doubles make only doubles.

Does not apply for larger ``min`` (a trail of three may exist where the shortest way has one), across LIMIT, SKIP and
anything that counts rows, where random values are drawn, or when the path is named and used.
"""

from __future__ import annotations

from typing import Any

import msgspec

from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog
from samyama.cypher.planner.slots import is_drawn, slots_read

__all__ = ["apply"]

_SCANS = (p.AllNodesScan, p.NodeByLabelScan, p.NodeByIdSeek, p.NodeIndexSeek)
_THROUGH = (p.Expand, p.VarLengthExpand, p.Filter, p.Projection, p.Unwind, *_SCANS)


def apply(node: p.Distinct | p.Aggregation | p.Subplan, _: Catalog) -> Any:
    match node:
        case p.Distinct():
            seen = set(node.slots)
        case p.Aggregation():
            if not all(a.distinct or a.function in ("min", "max") for a in node.aggregates):
                return None
            arguments = [a.arguments for a in node.aggregates]
            if is_drawn([*node.keys, *arguments]):
                return None
            seen = slots_read([*node.keys, *arguments])
        case p.Subplan(kind="exists"):
            seen = set()
        case _:
            return None
    below = _prune(node.input, seen)
    return None if below is node.input else msgspec.structs.replace(node, input=below)


def _prune(operator: Any, seen: set[int]) -> Any:
    """The operator with its searches pruned, given the slots that are looked at above."""
    if not isinstance(operator, _THROUGH):
        return operator
    if isinstance(operator, p.Projection) and _is_dead(operator, seen):
        below = _prune(operator.input, seen)
        # Dropped only with a search that it kept: otherwise the plan stays as it was written.
        return operator if below is operator.input else below
    own = [
        getattr(operator, name)
        for name in ("predicate", "expressions", "list", "ids", "exclude", "equal", "in_list")
        if hasattr(operator, name)
    ]
    if is_drawn(own):
        return operator
    if isinstance(operator, p.Expand | p.VarLengthExpand):
        own += [p.Slot(operator.from_), p.Slot(operator.to)]
    elif isinstance(operator, p.NodeIndexSeek):
        own += [operator.lower, operator.upper, operator.prefix]
    below = _prune(operator.input, seen | slots_read(own))
    if (
        isinstance(operator, p.VarLengthExpand)
        and operator.relationships not in seen
        and operator.min <= 1
        and operator.max != 1
        and not operator.distinct_ends
    ):
        return msgspec.structs.replace(operator, input=below, distinct_ends=True)
    if below is operator.input:
        return operator
    return msgspec.structs.replace(operator, input=below)


def _is_dead(projection: p.Projection, seen: set[int]) -> bool:
    """Are its values never looked at, and can they not fail? A path, or a list of relationships turned round."""

    def is_harmless(expression: p.Expression) -> bool:
        return isinstance(expression, p.PathBuild) or (
            isinstance(expression, p.Function)
            and expression.name == "reverse"
            and isinstance(expression.arguments[0], p.Slot)
        )

    return not seen & set(projection.slots) and all(map(is_harmless, projection.expressions))
