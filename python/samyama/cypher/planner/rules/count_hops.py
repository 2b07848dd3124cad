"""Aggregation over a last hop that is only counted: degrees are added up, the hop is never walked.

``count`` of a node or relationship that the pattern binds is ``count(*)``: it is never null. And where all that is
asked of the last hop is how often it can be taken (``MATCH (a)-[:T]->(b) RETURN a.name, count(b)``), each row before
the hop stands for as many rows as its node has relationships, so the sum of these numbers is the count. Nodes without
any give no row, as before. Without grouping keys the executor does the same by itself.

Does not apply where a key, a predicate or another aggregate looks at the hop, where the hop leads into a node that is
bound, to undirected hops (their number has to be walked), beside aggregates that see how often a row comes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from samyama.cypher import plan as p
from samyama.cypher.planner.slots import slots_read

__all__ = ["apply"]

_CHAIN = (p.Filter, p.Projection, p.Expand, p.VarLengthExpand)
_SCANS = (p.AllNodesScan, p.NodeByLabelScan, p.NodeByIdSeek, p.NodeIndexSeek)


def apply(aggregation: p.Aggregation) -> p.Operator | None:
    counted = [_never_null(aggregate, aggregation.input) for aggregate in aggregation.aggregates]
    changed = counted != aggregation.aggregates
    hop = aggregation.input
    if not aggregation.keys or not isinstance(hop, p.Expand) or not _is_only_counted(hop, counted):
        return msgspec.structs.replace(aggregation, aggregates=counted) if changed else None
    others = [a.arguments for a in counted if a.function != "count_star"]
    if slots_read([*aggregation.keys, *others]) & {hop.to, hop.relationship}:
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


def _is_only_counted(hop: p.Expand, aggregates: list[p.Aggregate]) -> bool:
    """Does any aggregate count rows, and do the others not care how often a row comes?"""
    if hop.into or hop.direction == "both":
        return False
    is_insensitive = all(
        a.function in ("min", "max") or a.distinct or a.function == "count_star" for a in aggregates
    )
    return is_insensitive and any(a.function == "count_star" for a in aggregates)
