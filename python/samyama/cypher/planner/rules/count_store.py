"""``MATCH (n:Label) RETURN count(*)`` and its kin: numbers that the store keeps, so nothing is scanned.

Nodes with at most one label, or directed relationships with at most one label at their ends, nothing else asked of
them, and of all that only how many there are: ``count(*)``, or ``count`` of what the pattern binds, which is
never null.

Does not apply to undirected relationships (a loop stands once in the rows, and twice at its node), to grouping, to
``DISTINCT``, to more than one row before the MATCH (each would count).
"""

from __future__ import annotations

from typing import Any

from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog

__all__ = ["apply"]


def apply(aggregation: p.Aggregation, _: Catalog) -> p.Operator | None:
    if aggregation.keys:
        return None
    counted = _counted(aggregation.input)
    if counted is None:
        return None
    slots, fields = counted
    source: p.Operator = p.Argument()
    for aggregate in aggregation.aggregates:
        if aggregate.distinct or aggregate.function not in ("count", "count_star"):
            return None
        if any(not isinstance(a, p.Slot) or a.slot not in slots for a in aggregate.arguments):
            return None
        source = p.CountStore(input=source, slot=aggregate.slot, **fields)
    return source


def _counted(operator: Any) -> tuple[set[int], dict[str, Any]] | None:
    """What the operator binds, and what CountStore is to be told; None: the store does not keep this number."""
    labels: dict[int, str] = {}
    while isinstance(operator, p.Filter):
        predicate = operator.predicate
        if not isinstance(predicate, p.HasLabels) or not isinstance(predicate.entity, p.Slot):
            return None
        if not isinstance(predicate.labels, p.LabelName) or predicate.entity.slot in labels:
            return None
        labels[predicate.entity.slot] = predicate.labels.name
        operator = operator.input
    match operator:
        case p.AllNodesScan(input=p.Argument()) | p.NodeByLabelScan(input=p.Argument()):
            if not labels.keys() <= {operator.slot} or not _add_scanned(operator, labels):
                return None
            return {operator.slot}, {"kind": "nodes", "label": labels.get(operator.slot)}
        case p.RelationshipScan(input=p.Argument()):
            start, end = operator.start, operator.end
        case p.Expand(into=False, exclude=[]):
            scan = operator.input
            if not isinstance(scan, p.AllNodesScan | p.NodeByLabelScan):
                return None
            if not isinstance(scan.input, p.Argument) or operator.from_ != scan.slot:
                return None
            if not _add_scanned(scan, labels):
                return None
            start, end = operator.from_, operator.to
            if operator.direction == "in":
                start, end = end, start
        case _:
            return None
    if operator.direction == "both" or start == end or len(labels) > 1:
        return None
    if operator.direction == "in" and isinstance(operator, p.RelationshipScan):
        start, end = end, start
    if len(set(operator.types)) != len(operator.types) or not labels.keys() <= {start, end}:
        return None
    return {start, end, operator.relationship}, {
        "kind": "relationships",
        "types": operator.types,
        "start_label": labels.get(start),
        "end_label": labels.get(end),
    }


def _add_scanned(scan: p.AllNodesScan | p.NodeByLabelScan, labels: dict[int, str]) -> bool:
    """Note the label of a scan; false: the node has another one already."""
    if isinstance(scan, p.AllNodesScan):
        return True
    if scan.slot in labels:
        return False
    labels[scan.slot] = scan.label
    return True
