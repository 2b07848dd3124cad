"""WITH and RETURN: projection, aggregation, DISTINCT, ORDER BY, SKIP, LIMIT, WHERE."""

from __future__ import annotations

from typing import Any

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.context import Context, Names
from samyama.cypher.planner.expressions import Lowering, filtered
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.semantic.aggregation import find_aggregate, is_aggregate, is_simple_key
from samyama.cypher.tree import conjuncts, signature

__all__ = ["Column", "plan_projection"]

#: Name, slot, and the item it came from (None: from no item).
Column = tuple[str, int, ast.Item | None]


def plan_projection(
    context: Context, source: p.Operator, names: Names, clause: ast.Projection
) -> tuple[p.Operator, Names, list[Column]]:
    """The operator, the slots behind the clause, and its columns in order."""
    is_grouped = any(find_aggregate(item.expression) for item in clause.items)
    plan_items = _aggregate if is_grouped else _project
    source, columns = plan_items(context, source, names, clause.items)
    new = {name: slot for name, slot, _ in columns}
    if clause.distinct:
        source = p.Distinct(input=source, slots=list(new.values()))
    # Names that are not visible any more are not asked for, except those from outside of a subquery.
    names = names | new
    source = _order(context, source, clause, names)
    lowering = Lowering(context, names, Patterns)
    source = filtered(source, [lowering.lower(condition) for condition in conjuncts(clause.where)])
    return source, names, columns


def _project(
    context: Context, source: p.Operator, names: Names, items: list[ast.Item]
) -> tuple[p.Operator, list[Column]]:
    columns: list[Column] = []
    slots: list[int] = []
    expressions: list[p.Expression] = []
    lowering = Lowering(context, names, Patterns)
    for item in items:
        if isinstance(item.expression, ast.Variable):
            # The same value under another name: no need to copy it.
            columns.append((item.name, names[item.expression.name], item))
            continue
        slot = context.new_slot()
        slots.append(slot)
        expressions.append(lowering.lower(item.expression))
        columns.append((item.name, slot, item))
    if slots:
        source = p.Projection(input=source, slots=slots, expressions=expressions)
    return source, columns


def _aggregate(
    context: Context, source: p.Operator, names: Names, items: list[ast.Item]
) -> tuple[p.Operator, list[Column]]:
    """Keys first, then the aggregates, then what is made of both."""
    keys = Lowering(context, names, Patterns)
    key_slots: dict[int, int] = {}
    expressions: list[p.Expression] = []
    beside = dict(names)
    for place, item in enumerate(items):
        if find_aggregate(item.expression):
            continue
        slot = key_slots[place] = context.new_slot()
        expressions.append(keys.lower(item.expression))
        if isinstance(item.expression, ast.Variable):
            beside[item.expression.name] = slot
    #: What may stand beside an aggregate: keys that are variables or properties of variables.
    simple: dict[Any, int] = {}
    others = [item for place, item in enumerate(items) if place not in key_slots]
    if not all(is_aggregate(item.expression) for item in others):
        simple = {
            signature(items[place].expression): slot
            for place, slot in key_slots.items()
            if is_simple_key(items[place].expression)
        }
    aggregates = _Aggregates(context, keys)
    made = Lowering(context, beside, Patterns, replace=simple, aggregate=aggregates.make)
    columns: list[Column] = []
    made_slots: list[int] = []
    made_of: list[p.Expression] = []
    for place, item in enumerate(items):
        if place not in key_slots:
            made_slots.append(context.new_slot())
            made_of.append(made.lower(item.expression))
        columns.append(
            (item.name, key_slots.get(place, made_slots[-1] if made_slots else -1), item)
        )
    source = p.Aggregation(
        input=source,
        key_slots=list(key_slots.values()),
        keys=expressions,
        aggregates=aggregates.found,
    )
    return p.Projection(input=source, slots=made_slots, expressions=made_of), columns


class _Aggregates:
    """The aggregates of a projection, each once."""

    def __init__(self, context: Context, arguments: Lowering) -> None:
        self.context, self.arguments = context, arguments
        self.found: list[p.Aggregate] = []
        self.slots: dict[Any, int] = {}

    def make(self, call: ast.Call) -> p.Expression:
        same = signature(call)
        if same not in self.slots:
            self.slots[same] = slot = self.context.new_slot()
            function = "count_star" if call.star else call.name.lower()
            given = self.arguments.all(call.arguments)
            self.found.append(p.Aggregate(slot, function, given, call.distinct))
        return p.Slot(self.slots[same])


def _order(
    context: Context, source: p.Operator, clause: ast.Projection, names: Names
) -> p.Operator:
    constants = Lowering(context, {}, Patterns)
    skip, limit = constants.optional(clause.skip), constants.optional(clause.limit)
    if clause.order:
        lowering = Lowering(context, names, Patterns)
        source = p.Sort(
            input=source,
            keys=[lowering.lower(item.expression) for item in clause.order],
            descending=[item.descending for item in clause.order],
        )
    if skip is not None:
        source = p.Skip(input=source, count=skip)
    if limit is not None:
        source = p.Limit(input=source, count=limit, exhaust=context.writes)
    return source
