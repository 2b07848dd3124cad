"""CALL { }: what it imports, what it gives back, and batches (IN TRANSACTIONS)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.semantic.scope import Scope, Symbol
from samyama.cypher.semantic.types import MAP

if TYPE_CHECKING:
    from samyama.cypher.semantic.queries import Queries

__all__ = ["Subqueries"]


class Subqueries:
    def __init__(self, queries: Queries) -> None:
        self.queries, self.analyser = queries, queries.analyser

    def call(self, clause: ast.CallSubquery, scope: Scope, *, top: bool) -> Scope:
        """The scope behind the clause."""
        if clause.batches is not None:
            self._check_batches(clause, top=top)
        with self.analyser.aggregates("here"):
            columns = self.queries.query(
                clause.query, self._imported(clause, scope), needs_end=True
            )
        behind = scope.copy()
        for part in clause.query.parts:
            self._check_aliases(part)
        for name, symbol in columns:
            if scope.find(name) is not None:
                message = f"Variable `{name}` already declared outside of the subquery; return it under another name"
                last = clause.query.parts[0].clauses[-1]
                self.analyser.fail(self.analyser.spot(last, name), e.ALREADY_BOUND, message)
            behind.names[name] = symbol
        status = clause.batches.report if clause.batches is not None else None
        if clause.batches is not None and status is not None:
            clause.batches.report = self.analyser.declare(behind, status, MAP, clause).name
        return behind

    def _check_aliases(self, part: ast.SingleQuery) -> None:
        last = part.clauses[-1]
        for item in last.items if isinstance(last, ast.Projection) else []:
            if not item.aliased:
                message = "An expression that a subquery returns must be aliased (use AS)"
                self.analyser.fail(item, e.NO_ALIAS, message)

    def _imported(self, clause: ast.CallSubquery, scope: Scope) -> Scope:
        """What the subquery sees at its beginning."""
        if clause.import_all:
            return scope.enclosing()
        why = "is not visible inside of CALL { }; import it with CALL (name) { }"
        hidden = {**scope.hidden, **dict.fromkeys(scope.visible(), (e.UNDEFINED_VARIABLE, why))}
        if clause.imports is not None:
            fixed: dict[str, Symbol] = {}
            for name in clause.imports:
                fixed[name] = self.analyser.resolve(scope, name, clause)
            clause.imports = [symbol.name for symbol in fixed.values()]
            return Scope({}, fixed, hidden)
        return Scope(self._importing_with(clause, scope), {}, hidden)

    def _importing_with(self, clause: ast.CallSubquery, scope: Scope) -> dict[str, Symbol]:
        """The older form: a first WITH of plain variables brings them in."""
        found: dict[str, Symbol] = {}
        for part in clause.query.parts:
            first = part.clauses[0]
            if not isinstance(first, ast.Projection) or first.is_return:
                continue
            if first.star:
                found |= scope.visible()
            names = [
                i.expression.name for i in first.items if isinstance(i.expression, ast.Variable)
            ]
            imported = {name: scope.find(name) for name in names}
            found |= {name: symbol for name, symbol in imported.items() if symbol is not None}
            if any(imported.values()):
                self._check_import(first)
        return found

    def _check_import(self, clause: ast.Projection) -> None:
        """It can only name variables: anything more needs a WITH of its own."""
        for item in clause.items:
            if not isinstance(item.expression, ast.Variable) or item.expression.name != item.name:
                message = (
                    "The WITH that imports variables can only name them;"
                    " use CALL (name) { } or a second WITH for expressions"
                )
                self.analyser.fail(item, e.BAD_IMPORT, message)
        more = clause.where or clause.skip or clause.limit or clause.order or clause.distinct
        if more:
            message = (
                "The WITH that imports variables cannot have DISTINCT, WHERE, ORDER BY, SKIP or LIMIT;"
                " use CALL (name) { }"
            )
            self.analyser.fail(clause, e.BAD_IMPORT, message)

    def _check_batches(self, clause: ast.CallSubquery, *, top: bool) -> None:
        batches = clause.batches
        assert batches is not None, "the caller has looked"
        if not top:
            message = "CALL { } IN TRANSACTIONS can only stand at the top of a query, not in a subquery or a UNION"
            self.analyser.fail(clause, e.BATCHES_NOT_ON_TOP, message)
        rows = batches.rows
        if rows is None or isinstance(rows, ast.Parameter):
            return
        if not isinstance(rows, ast.Literal):
            message = "The number of rows of a transaction is an integer or a parameter"
            self.analyser.fail(rows, e.UNEXPECTED_SYNTAX, message)
        if not isinstance(rows.value, int) or rows.value < 1:
            message = "The number of rows of a transaction is a positive integer"
            self.analyser.fail(rows, e.WRONG_TYPE, message)
