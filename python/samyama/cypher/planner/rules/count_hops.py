"""Aggregation over a last hop that is only counted: degrees are added up, the hop is never walked.

``count`` of a node or relationship that the pattern binds is ``count(*)``: it is never null. And where all that is
asked of the last hop is how often it can be taken (``MATCH (a)-[:T]->(b) RETURN a.name, count(b)``), each row before
the hop stands for as many rows as its node has relationships, so the sum of these numbers is the count. Nodes without
any give no row, as before. Without grouping keys the executor does the same by itself.

Does not apply where nodes have few relationships by the counts of the store; where a key, a predicate or another
aggregate looks at the hop; where the hop leads into a node that is bound; to undirected hops (their number has to be
walked); beside aggregates that feel how often a row comes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog
from samyama.cypher.planner.slots import slots_read

__all__ = ["apply"]

#: With fewer relationships at a node it is quicker to walk them than to ask for their number.
FAN_OUT_MIN = 8.0
_CHAIN = (p.Filter, p.Projection, p.Expand, p.VarLengthExpand)
_SCANS = (p.AllNodesScan, p.NodeByLabelScan, p.NodeByIdSeek, p.NodeIndexSeek)


def apply(aggregation: p.Aggregation, catalog: Catalog) -> p.Operator | None:
    counted = [_never_null(aggregate, aggregation.input) for aggregate in aggregation.aggregates]
    changed = counted != aggregation.aggregates
    hop = aggregation.input
    if not isinstance(hop, p.Expand) or not _is_only_counted(hop, aggregation.keys, counted):
        return msgspec.structs.replace(aggregation, aggregates=counted) if changed else None
    if _fan_out(hop, catalog) < FAN_OUT_MIN:
        return msgspec.structs.replace(aggregation, aggregates=counted) if changed else None
    # The slot of the end is free now, and holds the number.
    number = p.Slot(hop.to)
    walk = p.Subplan("count", msgspec.structs.replace(hop, input=p.Argument()))
    source: p.Operator = p.Projection(input=hop.input, slots=[hop.to], expressions=[walk])
    source = p.Filter(input=source, predicate=p.Comparison([number, p.Literal(0)], [">"]))
    sums = [
        p.Aggregate(a.slot, "sum", [number]) if a.function == "count_star" else a for a in counted
    ]
    return msgspec.structs.replace(aggregation, input=source, aggregates=sums)


def _fan_out(hop: p.Expand, catalog: Catalog) -> float:
    """Relationships of a node, by the counts of the store."""
    total = sum(catalog.types.get(name, 0) for name in hop.types)
    return (total if hop.types else catalog.relationships) / max(1, catalog.nodes)


def _never_null(aggregate: p.Aggregate, source: p.Operator) -> p.Aggregate:
    """``count(*)`` for ``count`` of what is there in every row."""
    if aggregate.function != "count" or aggregate.distinct:
        return aggregate
    (argument,) = aggregate.arguments
    if not isinstance(argument, p.Slot) or not _binds(source, argument.slot):
        return aggregate
    return p.Aggregate(aggregate.slot, "count_star", [])


def _binds(operator: Any, slot: int) -> bool:
    """Is the slot a node or relationship of the pattern right below?"""
    while isinstance(operator, _CHAIN):
        if isinstance(operator, p.Expand) and slot in (operator.to, operator.relationship):
            return True
        if isinstance(operator, p.VarLengthExpand) and slot == operator.to:
            return True
        if isinstance(operator, p.Projection) and slot in operator.slots:
            return False
        operator = operator.input
    return isinstance(operator, _SCANS) and operator.slot == slot


def _is_only_counted(
    hop: p.Expand, keys: list[p.Expression], aggregates: list[p.Aggregate]
) -> bool:
    """Is the hop counted for each key, and neither looked at nor felt by other aggregates?"""
    if not keys or hop.into or hop.direction == "both":
        return False
    others = [a for a in aggregates if a.function != "count_star"]
    if len(others) == len(aggregates):
        return False
    if not all(a.function in ("min", "max") or a.distinct for a in others):
        return False
    looked_at = slots_read([*keys, *(a.arguments for a in others)])
    return not looked_at & {hop.to, hop.relationship}
