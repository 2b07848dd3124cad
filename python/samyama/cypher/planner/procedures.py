"""CALL of procedures: the engine's own by name, those that are queries as subqueries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.parser import parse
from samyama.cypher.planner.context import Context, Names
from samyama.cypher.planner.expressions import Lowering
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.semantic import analyse_body
from samyama.cypher.semantic.scope import shown

if TYPE_CHECKING:
    from samyama.cypher.planner.projection import Column
    from samyama.cypher.procedures import Procedure

__all__ = ["expand_body", "is_write", "plan_call"]


def is_write(context: Context, clause: ast.Clause) -> bool:
    """Does the clause call a procedure that writes?"""
    return isinstance(clause, ast.ProcedureCall) and _find(context, clause).mode == "WRITE"


def _find(context: Context, clause: ast.ProcedureCall) -> Procedure:
    procedure = context.registry.find(clause.name)
    assert procedure is not None, "the static pass has found it"
    return procedure


def plan_call(
    context: Context, source: p.Operator, names: Names, clause: ast.ProcedureCall
) -> tuple[p.Operator, Names, list[Column]]:
    """The operator, the slots behind the clause, and the columns that were asked for."""
    if not clause.optional:
        return _plan_call(context, source, names, clause)
    right, after, bound = _plan_call(context, p.Argument(), names, clause)
    slots = [slot for _, slot, _ in bound]
    return p.OptionalApply(input=source, right=right, slots=slots), after, bound


def _plan_call(
    context: Context, source: p.Operator, names: Names, clause: ast.ProcedureCall
) -> tuple[p.Operator, Names, list[Column]]:
    procedure = _find(context, clause)
    assert clause.arguments is not None, "the static pass completes calls"
    assert clause.yields is not None, "the static pass completes calls"
    arguments = Lowering(context, names, Patterns).all(clause.arguments)
    bound: list[Column] = []
    if procedure.body is not None:
        source, slots = expand_body(context, source, procedure, arguments)
        # A column may be yielded twice; its rows are the same.
        bound = [(variable, slots[column], None) for column, variable in clause.yields]
    else:
        context.writes = context.writes or procedure.mode == "WRITE"
        bound = [(variable, context.new_slot(), None) for _, variable in clause.yields]
        source = p.ProcedureCall(
            input=source,
            name=procedure.name,
            arguments=arguments,
            yield_columns=[column for column, _ in clause.yields],
            yield_slots=[slot for _, slot, _ in bound],
        )
    names = names | {variable: slot for variable, slot, _ in bound}
    if clause.where is not None:
        predicate = Lowering(context, names, Patterns).lower(clause.where)
        source = p.Filter(input=source, predicate=predicate)
    return source, names, bound


def expand_body(
    context: Context, source: p.Operator, procedure: Procedure, arguments: list[p.Expression]
) -> tuple[p.Operator, dict[str, int]]:
    """Rows of ``source``, each with the rows of a procedure's body; the slots of its columns."""
    from samyama.cypher.planner.query import plan_inner

    body = procedure.body
    assert body is not None, "only a procedure that is a query has one"
    query = parse(body).body
    assert isinstance(query, ast.Query), "the body of a procedure is a query"
    analysis = analyse_body(procedure, query, context.registry)
    names: Names = {argument.name: context.new_slot() for argument in procedure.arguments}
    if names:
        source = p.Projection(input=source, slots=list(names.values()), expressions=arguments)
    # Positions, source text and types inside the body are its own.
    outside = context.text, context.spans, context.analysis
    context.text, context.spans, context.analysis = body, [], analysis
    right, columns = plan_inner(context, query, names)
    context.text, context.spans, context.analysis = outside
    if not columns:
        # It keeps the number of rows: its own are counted and dropped.
        counted = p.Aggregate(context.new_slot(), "count_star", [])
        right = p.Aggregation(input=right, key_slots=[], keys=[], aggregates=[counted])
    return p.Apply(input=source, right=right), {shown(name): slot for name, slot, _ in columns}
