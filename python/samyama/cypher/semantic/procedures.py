"""CALL of procedures: is there one, does it take these arguments, which columns become which variables.

Behind this the call is complete: every argument stands there, and YIELD names every column that is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.errors import did_you_mean
from samyama.cypher.parser import parse_expression
from samyama.cypher.parser.expressions import PROCEDURE_ARGUMENT
from samyama.cypher.semantic.projection import Column
from samyama.cypher.semantic.scope import Scope
from samyama.cypher.semantic.types import ANY, FLOAT, Type, accepting, fits, parse

if TYPE_CHECKING:
    from samyama.cypher.procedures.catalog import Argument, Procedure
    from samyama.cypher.semantic.queries import Queries

__all__ = ["Calls"]


class Calls:
    def __init__(self, queries: Queries) -> None:
        self.queries, self.analyser = queries, queries.analyser

    def call(
        self, clause: ast.ProcedureCall, scope: Scope, *, is_alone: bool
    ) -> tuple[Scope, list[Column]]:
        procedure = self._find(clause)
        if procedure.mode == "WRITE" and self.analyser.no_writes:
            message = f"{self.analyser.no_writes} cannot contain clauses that write"
            self.analyser.fail(clause, e.WRITE_IN_EXPRESSION, message)
        self._arguments(clause, procedure, scope, is_alone=is_alone)
        yields = self._yields(clause, procedure, is_alone=is_alone)
        types = dict(procedure.columns)
        scope = scope.copy()
        columns: list[Column] = []
        for column, variable in yields:
            if column not in types:
                hint = did_you_mean(column, types)
                message = f"{procedure.name} has no column `{column}`{hint}"
                self.analyser.fail(clause, e.UNKNOWN_COLUMN, message)
            symbol = self.analyser.declare(scope, variable, parse(types[column]), clause)
            columns.append((variable, symbol))
        clause.yields = [
            (column, symbol.name) for (column, _), (_, symbol) in zip(yields, columns, strict=True)
        ]
        clause.star = False
        if clause.where is not None:
            with self.analyser.aggregates("in WHERE; use WITH first"):
                self.queries.expressions.predicate(clause.where, scope)
        return scope, columns

    def _find(self, clause: ast.ProcedureCall) -> Procedure:
        procedure = self.analyser.registry.find(clause.name)
        if procedure is None:
            hint = did_you_mean(clause.name, self.analyser.registry.names())
            message = (
                f"There is no procedure with the name `{clause.name}` registered for this database"
                f" instance{hint}"
            )
            self.analyser.fail(clause, e.PROCEDURE_NOT_FOUND, message)
        return procedure

    def _arguments(
        self, clause: ast.ProcedureCall, procedure: Procedure, scope: Scope, *, is_alone: bool
    ) -> None:
        if clause.arguments is None:
            clause.arguments = self._implicit(clause, procedure, is_alone=is_alone)
        given = clause.arguments
        least, most = procedure.required, len(procedure.arguments)
        with self.analyser.aggregates("as the argument of a procedure; use WITH first"):
            types = [self.queries.expressions.value(argument, scope) for argument in given]
        if not least <= len(given) <= most:
            wanted = f"{most}" if least == most else f"{least} to {most}"
            noun = "argument" if wanted == "1" else "arguments"
            message = f"{procedure.name} takes {wanted} {noun} and got {len(given)}: {procedure.signature}"
            self.analyser.fail(clause, e.WRONG_ARGUMENT_COUNT, message)
        checked: list[ast.Expr] = []
        for node, found, argument in zip(given, types, procedure.arguments, strict=False):
            checked.append(self._checked(node, found, argument, procedure))
        clause.arguments = checked
        for argument in procedure.arguments[len(given) :]:
            assert argument.default is not None, "what may be left out has a default"
            clause.arguments.append(parse_expression(argument.default))

    def _checked(
        self, node: ast.Expr, found: Type, argument: Argument, procedure: Procedure
    ) -> ast.Expr:
        """The argument, which is looked at again when it runs, unless it is known to fit."""
        accepted = accepting(argument.type)
        if not fits(found, accepted):
            message = (
                f"Type mismatch: {procedure.name} expected {accepted} for `{argument.name}`"
                f" but was {found}"
            )
            self.analyser.fail(node, e.WRONG_TYPE, message)
        wanted = parse(argument.type)
        if accepted == ANY or (found == wanted and wanted.element is None):
            return node
        # An integer becomes the float that is asked for; in a list it stays one.
        asked = wanted if wanted == FLOAT else accepted
        words = [asked.written, procedure.name, argument.name]
        literals: list[ast.Expr] = [ast.Literal(node.start, node.end, word) for word in words]
        return ast.Call(node.start, node.end, PROCEDURE_ARGUMENT, [node, *literals])

    def _implicit(
        self, clause: ast.ProcedureCall, procedure: Procedure, *, is_alone: bool
    ) -> list[ast.Expr]:
        """Without parentheses, the arguments are the parameters of their names."""
        if not is_alone or clause.yields is not None:
            message = "A procedure call inside a query needs its arguments in parentheses"
            self.analyser.fail(clause, e.NO_PARENTHESES, message)
        known = self.analyser.parameters
        given: list[ast.Expr] = []
        for argument in procedure.arguments:
            if known is not None and argument.name not in known:
                if argument.default is not None:
                    break
                message = f"Expected parameter(s): {argument.name}"
                self.analyser.fail(clause, e.MISSING_PARAMETER, message)
            given.append(ast.Parameter(clause.start, clause.end, argument.name))
        return given

    def _yields(
        self, clause: ast.ProcedureCall, procedure: Procedure, *, is_alone: bool
    ) -> list[tuple[str, str]]:
        every = [(name, name) for name in procedure.column_names]
        if clause.star:
            if not is_alone:
                message = "YIELD * can only stand in a standalone CALL"
                self.analyser.fail(clause, e.YIELD_STAR_INSIDE, message)
            return every
        if clause.yields is not None:
            if not every and clause.yields:
                message = f"{procedure.name} has no columns: it cannot have YIELD"
                self.analyser.fail(clause, e.YIELD_OF_VOID, message)
            return clause.yields
        if every and not is_alone:
            columns = ", ".join(procedure.column_names)
            message = f"{procedure.name} has columns; say which with YIELD: {columns}"
            self.analyser.fail(clause, e.YIELD_MISSING, message)
        return every
