"""SHOW and TERMINATE: a table of rows, then what YIELD, WHERE and RETURN make of it."""

from __future__ import annotations

from typing import Any

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.context import Context
from samyama.cypher.planner.expressions import Lowering
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.planner.procedures import expand_body
from samyama.cypher.planner.projection import Column
from samyama.cypher.planner.query import Part
from samyama.cypher.procedures.shown import KINDS, SHOWN, Shown, split_words
from samyama.cypher.procedures.tables import rows

__all__ = ["plan_show"]


def plan_show(context: Context, command: ast.Show) -> tuple[p.Operator, list[Column]]:
    words, thing = split_words(command.what)
    assert thing is not None, "the static pass has looked"
    assert command.yields is not None, "the static pass has looked"
    shown = SHOWN[thing]
    if shown.static is not None:
        source, found = _table(context, rows(shown.static, context.registry), shown, command)
    else:
        kinds = [p.Literal(kind) for word in words for kind in KINDS[word]]
        given: list[p.Expression] = [_names(context, command), p.ListLiteral(list(kinds))]
        source, found = expand_body(context, p.Argument(), shown.procedure, given)
    bound: list[Column] = [(variable, found[column], None) for column, variable in command.yields]
    part = Part(context, source, {name: slot for name, slot, _ in bound}, top=True)
    if command.where is not None:
        # Without YIELD a WHERE sees the columns that are shown.
        predicate = Lowering(context, part.names, Patterns).lower(command.where)
        part.source = p.Filter(input=part.source, predicate=predicate)
    for clause in command.tail:
        part.clause(clause)
    if part.columns:
        return part.source, part.columns
    return part.source, [(name, part.names[name], None) for name, _, _ in bound]


def _names(context: Context, command: ast.Show) -> p.Expression:
    lowering = Lowering(context, {}, Patterns)
    if len(command.names) == 1 and not isinstance(command.names[0], ast.Literal):
        # An expression: a text or a list of texts.
        one = lowering.lower(command.names[0])
        return p.Binary("add", p.ListLiteral([]), one)
    return p.ListLiteral(lowering.all(command.names))


def _table(
    context: Context, table: list[dict[str, Any]], shown: Shown, command: ast.Show
) -> tuple[p.Operator, dict[str, int]]:
    found = {column: context.new_slot() for column in shown.columns}
    asked = {name for name, _ in command.yields} if command.yields else set(shown.columns)
    wanted = [column for column in shown.columns if column in asked]
    row = context.new_slot()
    items = [p.MapLiteral(wanted, [_constant(one[column]) for column in wanted]) for one in table]
    source: p.Operator = p.Unwind(input=p.Argument(), slot=row, list=p.ListLiteral(list(items)))
    return p.Projection(
        input=source,
        slots=[found[column] for column in wanted],
        expressions=[p.Property(p.Slot(row), column) for column in wanted],
    ), found


def _constant(value: Any) -> p.Expression:
    if isinstance(value, dict):
        return p.MapLiteral(list(value), [_constant(item) for item in value.values()])
    if isinstance(value, list):
        return p.ListLiteral([_constant(item) for item in value])
    return p.Literal(value)
