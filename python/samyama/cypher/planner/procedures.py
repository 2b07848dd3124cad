"""CALL of procedures, and SHOW, which reads procedures of our own."""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.errors import did_you_mean
from samyama.cypher.planner.expressions import Lowering, has_aggregate
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.planner.scope import Binding, Context, Scope

__all__ = ["PROCEDURES", "SHOWN", "plan_call"]

#: Lower-case name to (name, number of arguments, columns).
PROCEDURES: dict[str, tuple[str, int, list[str]]] = {
    name.lower(): (name, arguments, columns)
    for name, arguments, columns in (
        ("db.labels", 0, ["label"]),
        ("db.relationshipTypes", 0, ["relationshipType"]),
        ("db.propertyKeys", 0, ["propertyKey"]),
        ("db.ping", 0, ["success"]),
        ("db.info", 0, ["id", "name", "creationDate"]),
        ("db.awaitIndexes", 1, []),
        ("dbms.components", 0, ["name", "versions", "edition"]),
        ("samyama.version", 0, ["version"]),
        ("samyama.cluster", 0, ["id", "bolt", "http", "role", "voter"]),
    )
}

SHOWN: dict[str, tuple[str, list[str]]] = {
    "INDEX": (
        "samyama.show.indexes",
        "id name state populationPercent type entityType labelsOrTypes properties indexProvider owningConstraint lastRead "
        "readCount".split(),
    ),
    "CONSTRAINT": (
        "samyama.show.constraints",
        "id name type entityType labelsOrTypes properties ownedIndex propertyType".split(),
    ),
}


def plan_call(
    context: Context, source: p.Operator, scope: Scope, clause: ast.ProcedureCall, *, alone: bool
) -> tuple[p.Operator, Scope, list[tuple[str, Binding, ast.Item | None]]]:
    found = PROCEDURES.get(clause.name.lower())
    if found is None:
        message = f"There is no procedure with the name `{clause.name}` registered for this database instance."
        hint = did_you_mean(clause.name, [name for name, _, _ in PROCEDURES.values()])
        context.fail(
            clause, message + hint, "ProcedureNotFound", error_type="ProcedureError",
            code="Neo.ClientError.Procedure.ProcedureNotFound", gql_status="42N08",
        )  # fmt: skip
    name, count, columns = found
    arguments = clause.arguments or []
    for argument in arguments:
        if has_aggregate(argument):
            context.fail(argument, "An aggregate cannot be the argument of a procedure", "InvalidAggregation")
    if clause.arguments is None and not alone:
        context.fail(
            clause, "A procedure call inside a query needs its arguments in parentheses", "InvalidArgumentPassingMode"
        )
    if len(arguments) > count:
        context.fail(clause, f"{name} takes {count} arguments and got {len(arguments)}", "InvalidNumberOfArguments")
    if clause.star and not alone:
        context.fail(clause, "YIELD * can only stand in a standalone CALL", "UnexpectedSyntax")
    if clause.yields and not clause.star:
        yields = clause.yields
    elif alone:
        yields = [(column, column) for column in columns]
    elif columns:
        context.fail(clause, f"{name} has columns; say which with YIELD", "UndefinedVariable")
    else:
        yields = []
    scope = scope.copy()
    bound: list[tuple[str, Binding, ast.Item | None]] = []
    for column, variable in yields:
        if column not in columns:
            context.fail(
                clause, f"{name} has no column `{column}`.{did_you_mean(column, columns)}", "UndefinedVariable"
            )
        if variable in scope.names:
            context.fail(clause, f"Variable `{variable}` already declared", "VariableAlreadyBound")
        scope.names[variable] = Binding(context.new_slot())
        bound.append((variable, scope.names[variable], None))
    source = p.ProcedureCall(
        input=source, name=name, arguments=Lowering(context, scope, Patterns).all(arguments),
        yield_columns=[column for column, _ in yields], yield_slots=[binding.slot for _, binding, _ in bound],
    )  # fmt: skip
    if clause.where is not None:
        source = p.Filter(input=source, predicate=Lowering(context, scope, Patterns).lower(clause.where))
    return source, scope, bound
