"""CALL of procedures: the engine's own by name, those that are queries as subqueries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.errors import did_you_mean
from samyama.cypher.planner.expressions import Lowering, has_aggregate
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.planner.scope import Binding, Context, Scope
from samyama.cypher.procedures import Procedure

if TYPE_CHECKING:
    from samyama.cypher.planner.projection import Column

__all__ = ["expand_body", "is_write", "plan_call"]


def is_write(context: Context, clause: ast.Clause) -> bool:
    """Does the clause call a procedure that writes?"""
    if not isinstance(clause, ast.ProcedureCall):
        return False
    procedure = context.registry.find(clause.name)
    return procedure is not None and procedure.mode == "WRITE"


def plan_call(
    context: Context, source: p.Operator, scope: Scope, clause: ast.ProcedureCall, *, alone: bool
) -> tuple[p.Operator, Scope, list[tuple[str, Binding, ast.Item | None]]]:
    procedure = _find(context, clause)
    columns = procedure.column_names
    arguments = _arguments(context, scope, clause, procedure, alone)
    if clause.star and not alone:
        context.fail(clause, "YIELD * can only stand in a standalone CALL", "UnexpectedSyntax")
    if clause.yields and not clause.star:
        yields = clause.yields
    elif alone:
        yields = [(column, column) for column in columns]
    elif columns:
        context.fail(
            clause, f"{procedure.name} has columns; say which with YIELD", "UndefinedVariable"
        )
    else:
        yields = []
    _check_yields(context, scope, clause, procedure, yields)
    scope = scope.copy()
    bound: list[Column] = []
    if procedure.body is not None:
        given = dict(
            zip((argument.name for argument in procedure.arguments), arguments, strict=True)
        )
        wrote, context.writes = context.writes, False
        source, found = expand_body(context, source, given, procedure.body)
        if context.writes and procedure.mode != "WRITE":
            message = f"The body of {procedure.name} writes and its mode is {procedure.mode}"
            context.fail(clause, message, "InvalidClauseComposition")
        context.writes = context.writes or wrote
        by_name = {name: binding for name, binding, _ in found}
        for column, _ in yields:
            if column not in by_name:
                message = f"The body of {procedure.name} does not return its column `{column}`"
                context.fail(clause, message, "UndefinedVariable")
        # A column may be yielded twice; its rows are the same.
        bound = [(variable, by_name[column], None) for column, variable in yields]
    else:
        context.writes = context.writes or procedure.mode == "WRITE"
        bound = [(variable, Binding(context.new_slot()), None) for _, variable in yields]
        source = p.ProcedureCall(
            input=source,
            name=procedure.name,
            arguments=arguments,
            yield_columns=[column for column, _ in yields],
            yield_slots=[binding.slot for _, binding, _ in bound],
        )
    scope.names |= {variable: binding for variable, binding, _ in bound}
    if clause.where is not None:
        source = p.Filter(
            input=source, predicate=Lowering(context, scope, Patterns).lower(clause.where)
        )
    return source, scope, bound


def _find(context: Context, clause: ast.ProcedureCall) -> Procedure:
    procedure = context.registry.find(clause.name)
    if procedure is None:
        message = f"There is no procedure with the name `{clause.name}` registered for this database instance."
        context.fail(
            clause,
            message + did_you_mean(clause.name, context.registry.names()),
            "ProcedureNotFound",
            error_type="ProcedureError",
            code="Neo.ClientError.Procedure.ProcedureNotFound",
            gql_status="42N08",
        )
    return procedure


def _arguments(
    context: Context, scope: Scope, clause: ast.ProcedureCall, procedure: Procedure, alone: bool
) -> list[p.Expression]:
    """All arguments: those left out by their defaults or, without parentheses, by parameters of their names."""
    if clause.arguments is None:
        if not alone:
            message = "A procedure call inside a query needs its arguments in parentheses"
            context.fail(clause, message, "InvalidArgumentPassingMode")
        given: list[ast.Expr] = [
            ast.Parameter(clause.start, clause.end, a.name) for a in procedure.arguments
        ]
    else:
        given = clause.arguments
    for argument in given:
        if has_aggregate(argument):
            context.fail(
                argument, "An aggregate cannot be the argument of a procedure", "InvalidAggregation"
            )
    least, most = procedure.required, len(procedure.arguments)
    if not least <= len(given) <= most:
        wanted = f"{most}" if least == most else f"{least} to {most}"
        message = (
            f"{procedure.name} takes {wanted} arguments and got {len(given)}: {procedure.signature}"
        )
        context.fail(clause, message, "InvalidNumberOfArguments")
    lowering = Lowering(context, scope, Patterns)
    left_out = [_default(argument.default) for argument in procedure.arguments[len(given) :]]
    return lowering.all(given) + left_out


def _default(text: str | None) -> p.Expression:
    assert text is not None, "an argument that may be left out has a default"
    if text == "{}":
        return p.MapLiteral([], [])
    return p.Literal(text[1:-1] if text.startswith("'") else int(text))


def _check_yields(
    context: Context,
    scope: Scope,
    clause: ast.ProcedureCall,
    procedure: Procedure,
    yields: list[tuple[str, str]],
) -> None:
    columns = procedure.column_names
    seen: set[str] = set()
    for column, variable in yields:
        if column not in columns:
            message = f"{procedure.name} has no column `{column}`.{did_you_mean(column, columns)}"
            context.fail(clause, message, "UndefinedVariable")
        if variable in scope.names or variable in seen:
            context.fail(clause, f"Variable `{variable}` already declared", "VariableAlreadyBound")
        seen.add(variable)


def expand_body(
    context: Context, source: p.Operator, given: dict[str, p.Expression], body: str
) -> tuple[p.Operator, list[Column]]:
    """Rows of ``source``, each with the rows of the query ``body``, which sees ``given`` as its variables."""
    from samyama.cypher.parser import parse
    from samyama.cypher.planner.query import plan_inner

    query = parse(body).body
    assert isinstance(query, ast.Query), "the body of a procedure is a query"
    bindings = {name: Binding(context.new_slot()) for name in given}
    if bindings:
        slots = [binding.slot for binding in bindings.values()]
        source = p.Projection(input=source, slots=slots, expressions=list(given.values()))
    # Positions and source text inside the body are its own.
    outside = context.text, context.spans
    context.text, context.spans = body, []
    right, columns = plan_inner(context, query, Scope(bindings), needs_return=False)
    context.text, context.spans = outside
    if not columns:
        # It keeps the number of rows: its own are counted and dropped.
        counted = p.Aggregate(context.new_slot(), "count_star", [])
        right = p.Aggregation(input=right, key_slots=[], keys=[], aggregates=[counted])
    return p.Apply(input=source, right=right), columns
