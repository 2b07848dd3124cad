"""Queries: clauses in order, what can follow what, unions, subqueries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.semantic.expressions import Expressions
from samyama.cypher.semantic.patterns import Patterns
from samyama.cypher.semantic.procedures import Calls
from samyama.cypher.semantic.projection import Column, Projections
from samyama.cypher.semantic.scope import Scope
from samyama.cypher.semantic.subqueries import Subqueries
from samyama.cypher.semantic.types import MAP, STRING, list_of
from samyama.cypher.semantic.updates import Updates

if TYPE_CHECKING:
    from samyama.cypher.semantic.analyser import Analyser

__all__ = ["WRITES", "Queries"]

WRITES = (ast.Create, ast.Merge, ast.Set, ast.Delete, ast.Foreach)


class Queries:
    """The pass over queries; its parts know each other through it."""

    def __init__(self, analyser: Analyser) -> None:
        self.analyser = analyser
        self.expressions = Expressions(self)
        self.patterns = Patterns(self)
        self.projections = Projections(self)
        self.updates = Updates(self)
        self.calls = Calls(self)
        self.subqueries = Subqueries(self)

    def query(
        self, query: ast.Query, scope: Scope, *, top: bool = False, needs_end: bool = False
    ) -> list[Column]:
        """All parts of a query that begins with ``scope``; its columns.

        ``top``: it is the statement itself. ``needs_end``: it must end with RETURN or a write, as the statement must.
        """
        parts = [
            self.single(part, scope.copy(), top=top and len(query.parts) == 1, needs_end=needs_end)
            for part in query.parts
        ]
        if len(parts) > 1:
            self._check_union(query, parts)
        return parts[0]

    def single(
        self, part: ast.SingleQuery, scope: Scope, *, top: bool, needs_end: bool
    ) -> list[Column]:
        columns: list[Column] = []
        ended_by = ""
        last = len(part.clauses) - 1
        for at, clause in enumerate(part.clauses):
            if ended_by:
                message = f"Nothing can stand behind {ended_by}; use WITH to go on"
                self.analyser.fail(clause, e.BEHIND_RETURN, message)
            is_alone = top and last == 0
            before = scope.names
            scope, columns = self.clause(clause, scope, is_alone=is_alone, top=top)
            ended_by = _ends_by(clause)
            if at == last and needs_end and not ended_by:
                brings = len(scope.names) > len(before)
                self._check_end(clause, brings=brings, is_alone=is_alone)
        return columns if ended_by == "RETURN" or (top and last == 0) else []

    def _check_end(self, clause: ast.Clause, *, brings: bool, is_alone: bool) -> None:
        """The last clause shows something or does something; a call does that if it gives nothing back."""
        is_call = isinstance(clause, ast.ProcedureCall | ast.CallSubquery)
        if isinstance(clause, WRITES) or (is_call and not brings):
            return
        if is_alone and isinstance(clause, ast.ProcedureCall):
            return
        what = "a CALL that gives columns" if is_call else "this clause"
        message = f"A query cannot end with {what}; it needs RETURN, FINISH or a clause that writes"
        self.analyser.fail(clause, e.NO_END, message)

    def clause(
        self, clause: ast.Clause, scope: Scope, *, is_alone: bool = False, top: bool = False
    ) -> tuple[Scope, list[Column]]:
        """The scope behind a clause, and the columns that it shows if it is the last."""
        match clause:
            case ast.Match():
                return self._match(clause, scope), []
            case ast.Projection():
                return self.projections.project(clause, scope)
            case ast.Unwind():
                with self.analyser.aggregates("in UNWIND; use WITH first"):
                    kind = self.expressions.value(clause.list, scope)
                scope = scope.copy()
                symbol = self.analyser.declare(scope, clause.variable, kind.item, clause)
                clause.variable = symbol.name
                return scope, []
            case ast.ProcedureCall():
                return self.calls.call(clause, scope, is_alone=is_alone)
            case ast.CallSubquery():
                return self.subqueries.call(clause, scope, top=top), []
            case ast.LoadCsv():
                return self._load_csv(clause, scope), []
            case ast.Finish():
                return scope, []
            case _:
                with self.analyser.aggregates("in a clause that writes; use WITH first"):
                    return self.updates.run(clause, scope), []

    def _match(self, clause: ast.Match, scope: Scope) -> Scope:
        scope = scope.copy()
        self.patterns.match(clause.paths, scope)
        if clause.where is not None:
            with self.analyser.aggregates("in WHERE; use WITH first"):
                self.expressions.predicate(clause.where, scope)
        for hint in clause.hints:
            hint.variables = [
                self.analyser.resolve(scope, name, hint).name for name in hint.variables
            ]
        return scope

    def _load_csv(self, clause: ast.LoadCsv, scope: Scope) -> Scope:
        self.expressions.expect(clause.url, scope, STRING)
        if clause.delimiter is not None:
            self.expressions.expect(clause.delimiter, scope, STRING)
        scope = scope.copy()
        kind = MAP if clause.with_headers else list_of(STRING)
        symbol = self.analyser.declare(scope, clause.variable, kind, clause)
        clause.variable = symbol.name
        return scope

    def _check_union(self, query: ast.Query, parts: list[list[Column]]) -> None:
        names = [name for name, _ in parts[0]]
        for part, columns in zip(query.parts, parts, strict=True):
            if [name for name, _ in columns] != names:
                found = ", ".join(f"`{name}`" for name, _ in columns) or "none"
                wanted = ", ".join(f"`{name}`" for name in names) or "none"
                message = (
                    "All parts of a UNION must have the same columns in the same order:"
                    f" the first has {wanted}, this one has {found}"
                )
                self.analyser.fail(part, e.OTHER_COLUMNS, message)
        if len(set(query.all)) > 1:
            message = (
                "UNION and UNION ALL cannot be mixed in one query; put one of them into CALL { }"
            )
            self.analyser.fail(query, e.MIXED_UNION, message)


def _ends_by(clause: ast.Clause) -> str:
    """The word of a clause behind which nothing can stand."""
    if isinstance(clause, ast.Projection) and clause.is_return:
        return "RETURN"
    return "FINISH" if isinstance(clause, ast.Finish) else ""
