"""The static pass between parser and planner: names, types, signatures, and every rule that needs no graph.

It goes through a statement once, in the order of its clauses. Every variable is resolved to one name in the whole
statement (``scope``), every operand is checked against what its place takes (``expressions``, with ``types``,
``arithmetic`` and the table of functions in ``signatures``), every clause against what may follow what (``queries``,
``projection``, ``patterns``, ``updates``, ``subqueries``, ``procedures``, ``commands``), and aggregates against the
rules of grouping (``aggregation``). What is wrong is raised here, with its place and the words of the TCK.

What comes out is the same tree, complete: no ``*``, no name that means two things, no argument left out, nothing in
ORDER BY that is also projected. So the planner has no errors of users to find, only what is not supported.

Nothing is evaluated. Not here: warnings (``samyama.cypher.warnings``), types of parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.semantic.analyser import Analyser, Analysis
from samyama.cypher.semantic.commands import analyse_command
from samyama.cypher.semantic.queries import Queries
from samyama.cypher.semantic.scope import Scope
from samyama.cypher.semantic.types import parse

if TYPE_CHECKING:
    from samyama.cypher.procedures import Procedure, Registry

__all__ = ["Analysis", "analyse", "analyse_body"]


def analyse(
    text: str,
    statement: ast.Statement,
    registry: Registry,
    parameters: Mapping[str, str] | None = None,
) -> Analysis:
    """Check a statement and complete its tree, in place.

    Raises: CypherError: it is wrong.
    """
    analyser = Analyser(text, registry, parameters)
    queries = Queries(analyser)
    if isinstance(statement.body, ast.Query):
        queries.query(statement.body, Scope(), top=True, needs_end=True)
    else:
        analyse_command(queries, statement.body)
    return analyser.analysis


def analyse_body(procedure: Procedure, query: ast.Query, registry: Registry) -> Analysis:
    """The same for the body of a procedure, which sees its arguments as variables.

    Raises: CypherError: it is wrong, does not return the columns of the procedure, or writes where it must not.
    """
    assert procedure.body is not None, "only a procedure that is a query has one"
    analyser = Analyser(procedure.body, registry)
    scope = Scope()
    for argument in procedure.arguments:
        scope.names[argument.name] = analyser.symbol(argument.name, parse(argument.type))
    if procedure.mode != "WRITE":
        analyser.no_writes = f"{procedure.name}, whose mode is {procedure.mode},"
    columns = Queries(analyser).query(query, scope, needs_end=True)
    returned = {name for name, _ in columns}
    for column in procedure.column_names:
        if column not in returned:
            message = f"The body of {procedure.name} does not return its column `{column}`"
            analyser.fail(query, e.UNKNOWN_COLUMN, message)
    return analyser.analysis
