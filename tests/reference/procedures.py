"""CALL of a procedure that a test has defined (TCK clauses/call; its README, "Procedures").

A procedure is a table: a call gives the outputs of the rows whose inputs equal the arguments, null matching null.
"""

from __future__ import annotations

from typing import Any

from tests.reference.context import Context, Env, Procedure
from tests.reference.equivalence import equivalence_key
from tests.reference.errors import fail_static
from tests.reference.expressions import evaluate, holds
from tests.reference.kinds import is_integer
from tests.reference.table import Table

from samyama.cypher import ast

__all__ = ["call_procedure", "find", "yielded"]


def find(context: Context, name: str) -> Procedure:
    if name not in context.procedures:
        fail_static("ProcedureNotFound", name, "ProcedureError")
    return context.procedures[name]


def yielded(
    clause: ast.ProcedureCall, procedure: Procedure, *, alone: bool
) -> list[tuple[str, str]]:
    """(column, variable) of each output that the query sees."""
    if clause.star or (clause.yields is None and alone):
        return [(name, name) for name, _ in procedure.outputs]
    return clause.yields or []


def _arguments(
    context: Context, clause: ast.ProcedureCall, procedure: Procedure, env: Env
) -> list[Any]:
    if clause.arguments is None:
        values = []
        for name, _ in procedure.inputs:
            if name not in context.parameters:
                fail_static("MissingParameter", name, "ParameterMissing")
            values.append(context.parameters[name])
    else:
        values = [evaluate(context, argument, env) for argument in clause.arguments]
    types = [kind.rstrip("?") for _, kind in procedure.inputs]
    return [
        float(value) if is_integer(value) and kind in ("FLOAT", "NUMBER") else value
        for value, kind in zip(values, types, strict=True)
    ]


def call_procedure(
    context: Context, clause: ast.ProcedureCall, table: Table, *, alone: bool
) -> Table:
    procedure = find(context, clause.name)
    columns = yielded(clause, procedure, alone=alone)
    places = [name for name, _ in procedure.outputs]
    width = len(procedure.inputs)

    def grow(env: Env) -> list[Env]:
        wanted = [equivalence_key(v) for v in _arguments(context, clause, procedure, env)]
        if not procedure.outputs:
            return [env]
        rows = []
        for line in procedure.rows:
            if [equivalence_key(value) for value in line[:width]] == wanted:
                outputs = line[width:]
                new = {variable: outputs[places.index(column)] for column, variable in columns}
                rows.append({**env, **new})
        return [row for row in rows if holds(context, clause.where, row)]

    return table.flat_map([variable for _, variable in columns], grow)
