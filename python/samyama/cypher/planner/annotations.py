"""What EXPLAIN shows of each operator of a finished plan: what it is about, and how many rows it is believed to give.

The same counts and the same guesses as ``estimates``, but of operators instead of a query graph: a walk does not know
the labels where it begins, so the two may differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog
from samyama.cypher.explain import details
from samyama.cypher.planner.estimates import LENGTH_GUESS, share_of
from samyama.cypher.planner.rules.index_seek import LIST_LENGTH, PREFIX_SHARE, RANGE_SHARE

__all__ = ["annotate"]

#: Elements of a list, rows of a file or procedure, and groups for each row, where nothing is known.
LIST_GUESS, GROUPS_SHARE = 10.0, 0.3

#: Fields of each operator that hold what runs beside its input.
_SIDES: dict[type, tuple[str, ...]] = {
    kind: tuple(name for name in ("right", "body") if name in kind.__struct_fields__)
    for kind in p.Operator_.__subclasses__()
}


def annotate(operator: Any, catalog: Catalog, argument_rows: float = 1.0) -> Any:
    """The same operator with its details and the rows it is believed to give, all the way down."""
    kind = type(operator)
    if kind is p.Argument:
        return msgspec.structs.replace(operator, info=p.Info(rows=argument_rows))
    changes: dict[str, Any] = {}
    before, right = argument_rows, 0.0
    child = getattr(operator, "input", None)
    if isinstance(child, p.Operator_):
        changes["input"] = child = annotate(child, catalog, argument_rows)
        before = child.info.rows
    for name in _SIDES[kind]:
        child = getattr(operator, name, None)
        if isinstance(child, p.Operator_):
            is_join = isinstance(operator, p.HashJoin | p.CartesianProduct)
            outer = argument_rows if is_join else before
            changes[name] = child = annotate(child, catalog, outer)
            right = child.info.rows
    if kind is p.Union:
        changes["inputs"] = [annotate(one, catalog, argument_rows) for one in operator.inputs]
        rows = sum(one.info.rows for one in changes["inputs"])
    else:
        counted = _ROWS.get(kind)
        rows = before if counted is None else counted(operator, before, right, catalog)
    changes["info"] = p.Info(details=details(operator), rows=rows)
    return msgspec.structs.replace(operator, **changes)


def _relationships(types: list[str], catalog: Catalog) -> float:
    if not types:
        return float(catalog.relationships)
    return float(sum(catalog.types.get(name, 0) for name in types))


def _fan_out(walk: p.Expand | p.VarLengthExpand, catalog: Catalog) -> float:
    degree = _relationships(walk.types, catalog) / max(1, catalog.nodes)
    if walk.direction == "both":
        degree *= 2
    if isinstance(walk, p.VarLengthExpand):
        longest = min(walk.max or LENGTH_GUESS, LENGTH_GUESS)
        rows: float = sum(degree**length for length in range(walk.min, longest + 1))
        degree = min(rows, float(catalog.nodes)) if walk.distinct_ends else rows
    return degree / max(1, catalog.nodes) if walk.into else degree


def _sought(seek: p.NodeIndexSeek | p.RelationshipIndexSeek, catalog: Catalog) -> float:
    entity, name = (
        ("node", seek.label) if isinstance(seek, p.NodeIndexSeek) else ("relationship", seek.type)
    )
    index = next(
        (
            index
            for index in catalog.indexes
            if index.entity == entity and index.label == name and index.keys == seek.keys
        ),
        None,
    )
    if index is None:
        return 1.0
    each = index.entries / max(1, index.distinct)
    if len(seek.equal) == len(seek.keys):
        return each
    if seek.in_list is not None:
        known = seek.in_list
        return each * (len(known.items) if isinstance(known, p.ListLiteral) else LIST_LENGTH)
    share = PREFIX_SHARE if seek.prefix is not None else RANGE_SHARE
    return index.entries * share / (max(1, index.distinct) if seek.equal else 1)


def _share(predicate: p.Expression, catalog: Catalog) -> float:
    if isinstance(predicate, p.And):
        share = 1.0
        for operand in predicate.operands:
            share *= _share(operand, catalog)
        return share
    if isinstance(predicate, p.HasLabels) and isinstance(predicate.labels, p.LabelName):
        return min(1.0, catalog.labels.get(predicate.labels.name, 0) / max(1, catalog.nodes))
    return share_of(predicate)


def _at_most(count: p.Expression, rows: float) -> float:
    """A limit whose number is in the plan; one that the plan cache cut out is taken for ten."""
    if isinstance(count, p.Literal) and isinstance(count.value, int):
        return min(rows, float(count.value))
    return min(rows, LIST_GUESS)


def _rows_sorted(operator: p.Sort, before: float, _: float, __: Catalog) -> float:
    return before if operator.limit is None else _at_most(operator.limit, before)


def _rows_unwound(operator: p.Unwind, before: float, _: float, __: Catalog) -> float:
    known = operator.list
    return before * (len(known.items) if isinstance(known, p.ListLiteral) else LIST_GUESS)


def _rows_scanned(operator: p.RelationshipScan, before: float, _: float, catalog: Catalog) -> float:
    both = 2 if operator.direction == "both" else 1
    return before * _relationships(operator.types, catalog) * both


#: Rows of an operator, of those of its input and of its right side (for all of the input's together). Operators without
#: an entry give a row for each that comes in.
_ROWS: dict[type, Callable[[Any, float, float, Catalog], float]] = {
    p.AllNodesScan: lambda _, before, __, catalog: before * catalog.nodes,
    p.NodeByLabelScan: lambda o, before, _, catalog: before * catalog.labels.get(o.label, 0),
    p.NodeIndexSeek: lambda o, before, _, catalog: before * _sought(o, catalog),
    p.RelationshipIndexSeek: lambda o, before, _, catalog: before * _sought(o, catalog),
    p.RelationshipScan: _rows_scanned,
    p.Expand: lambda o, before, _, catalog: before * _fan_out(o, catalog),
    p.VarLengthExpand: lambda o, before, _, catalog: before * _fan_out(o, catalog),
    p.Filter: lambda o, before, _, catalog: before * _share(o.predicate, catalog),
    p.Aggregation: lambda o, before, *_: max(1.0, before * GROUPS_SHARE) if o.keys else 1.0,
    p.Distinct: lambda _, before, *__: before * GROUPS_SHARE,
    p.Sort: _rows_sorted,
    p.Limit: lambda o, before, *_: _at_most(o.count, before),
    p.Unwind: _rows_unwound,
    p.LoadCsv: lambda _, before, *__: before * LIST_GUESS,
    p.ProcedureCall: lambda _, before, *__: before * LIST_GUESS,
    p.HashJoin: lambda _, before, right, __: max(before, right),
    p.CartesianProduct: lambda _, before, right, __: before * right,
    p.OptionalApply: lambda _, before, right, __: max(before, right),
    p.Merge: lambda _, before, right, __: max(before, right),
    p.Apply: lambda _, __, right, ___: right,
}
