"""What is wrong with a statement before it runs (TCK, errors at compile time): scopes, types, order of clauses."""

from __future__ import annotations

from tests.reference.context import Context
from tests.reference.errors import fail_static
from tests.reference.procedures import find, yielded
from tests.reference.static.expressions import Checker, check_label_value
from tests.reference.static.patterns import check_created, check_matched
from tests.reference.static.projection import check_projection
from tests.reference.static.scope import Scope, Type, declare, element_of, is_a, look_up

from samyama.cypher import ast

__all__ = ["check_statement"]

_WRITES = (ast.Create, ast.Merge, ast.Set, ast.Delete, ast.Foreach)
_TYPES = {"INTEGER": "integer", "FLOAT": "float", "NUMBER": "number", "STRING": "string"}


def check_statement(context: Context, query: ast.Query) -> None:
    Statement(context).query(query, {}, {}, top=True)


class Statement:
    def __init__(self, context: Context) -> None:
        self.context = context

    def checker(self, scope: Scope) -> Checker:
        return Checker(
            self.context.text,
            scope,
            subquery=self.expression_subquery,
            path=lambda path, outer, check: check_matched([path], outer, check),
        )

    # ------------------------------------------------------------------------------------------------- queries

    def query(self, query: ast.Query, scope: Scope, outer: Scope, *, top: bool) -> Scope:
        """The columns of a query, in order, with their types."""
        found = [self.part(part, dict(scope), outer, top=top) for part in query.parts]
        if len(set(query.all)) > 1:
            fail_static("InvalidClauseComposition", "UNION and UNION ALL")
        if any(list(columns) != list(found[0]) for columns in found):
            fail_static("DifferentColumnsInUnion")
        return found[0]

    def expression_subquery(self, query: ast.Query, scope: Scope) -> Scope:
        """EXISTS, COUNT, COLLECT: they read, and see all variables around them."""
        self._refuse_writes(query)
        return self.query(query, scope, scope, top=False)

    def _refuse_writes(self, query: ast.Query) -> None:
        for part in query.parts:
            for clause in part.clauses:
                if isinstance(clause, _WRITES):
                    fail_static("InvalidClauseComposition", "a subquery of an expression reads")
                if isinstance(clause, ast.CallSubquery):
                    self._refuse_writes(clause.query)

    def part(self, part: ast.SingleQuery, scope: Scope, outer: Scope, *, top: bool) -> Scope:
        columns: Scope = {}
        ended = False
        for clause in part.clauses:
            if ended:
                fail_static("InvalidClauseComposition", "a clause behind RETURN")
            alone = top and len(part.clauses) == 1
            scope = self.clause(clause, scope, outer, alone=alone)
            if isinstance(clause, ast.Projection) and clause.is_return:
                columns, ended = {k: v for k, v in scope.items() if k not in outer}, True
            elif isinstance(clause, ast.Finish):
                ended = True
            elif alone and isinstance(clause, ast.ProcedureCall):
                columns, ended = scope, True
        last = part.clauses[-1]
        may_end = (*_WRITES, ast.ProcedureCall, ast.CallSubquery)
        if not ended and top and not isinstance(last, may_end):
            fail_static("UnexpectedSyntax", "a query ends with RETURN or a clause that writes")
        return columns

    def clause(self, clause: ast.Clause, scope: Scope, outer: Scope, *, alone: bool) -> Scope:
        check = self.checker(scope)
        match clause:
            case ast.Match():
                scope = check_matched(clause.paths, scope, check)
                self.checker(scope).boolean(clause.where)
            case ast.Unwind():
                element = element_of(check.type_of(clause.list))
                scope = dict(scope)
                declare(scope, clause.variable, element)
            case ast.Projection():
                scope = check_projection(clause, check, outer)
            case ast.Create():
                scope = check_created(clause.paths, scope, check, merges=False)
            case ast.Merge():
                scope = check_created([clause.path], scope, check, merges=True)
                self.updates([*clause.on_create, *clause.on_match], scope)
            case ast.Set():
                self.updates(clause.items, scope)
            case ast.Delete():
                self.deletes(clause, check)
            case ast.Foreach():
                element = element_of(check.type_of(clause.list))
                inner = {**scope, clause.variable: element}
                for update in clause.body:
                    inner = self.clause(update, inner, {}, alone=False)
            case ast.ProcedureCall():
                scope = self.procedure(clause, check, alone=alone)
            case ast.CallSubquery():
                scope = self.call(clause, scope)
        return scope

    # ------------------------------------------------------------------------------------------------- clauses

    def updates(self, items: list[ast.Node], scope: Scope) -> None:
        check = self.checker(scope)
        for item in items:
            entity: ast.Expr = item.entity  # type: ignore[attr-defined]
            if not is_a(check.type_of(entity), "node", "relationship", "map"):
                fail_static("InvalidArgumentType", "SET on what is no entity")
            if isinstance(item, ast.SetProperty | ast.SetProperties):
                check.type_of(item.value)
            if isinstance(item, ast.SetLabels | ast.RemoveLabels):
                for value in item.values:
                    check_label_value(value, check)

    def deletes(self, clause: ast.Delete, check: Checker) -> None:
        for target in clause.targets:
            if isinstance(target, ast.HasLabels):
                fail_static("InvalidDelete", "a label is removed by REMOVE")
            if not is_a(check.type_of(target), "node", "relationship", "path"):
                fail_static("InvalidArgumentType", "DELETE of what is no entity")

    def procedure(self, clause: ast.ProcedureCall, check: Checker, *, alone: bool) -> Scope:
        procedure = find(self.context, clause.name)
        if clause.arguments is None and (not alone or clause.yields is not None):
            fail_static("InvalidArgumentPassingMode", clause.name)
        if clause.arguments is None:
            for name, _ in procedure.inputs:
                if name not in self.context.parameters:
                    fail_static("MissingParameter", name, "ParameterMissing")
        elif len(clause.arguments) != len(procedure.inputs):
            fail_static("InvalidNumberOfArguments", clause.name)
        for argument, (_, kind) in zip(clause.arguments or (), procedure.inputs, strict=False):
            wanted = _TYPES[kind.rstrip("?")]
            given = check.type_of(argument)
            takes = (wanted, "integer", "float") if wanted in ("float", "number") else (wanted,)
            if not is_a(given, *takes):
                fail_static("InvalidArgumentType", f"{clause.name}({given.name})")
        if clause.star and not alone:
            fail_static("UnexpectedSyntax", "YIELD * within a query")
        scope = dict(check.scope)
        outputs = {name: Type(_TYPES[kind.rstrip("?")]) for name, kind in procedure.outputs}
        for column, variable in yielded(clause, procedure, alone=alone):
            if column not in outputs:
                fail_static("UndefinedVariable", column)
            declare(scope, variable, outputs[column])
        self.checker(scope).boolean(clause.where)
        return scope

    def call(self, clause: ast.CallSubquery, scope: Scope) -> Scope:
        if clause.imports is not None:
            names = list(scope) if clause.import_all else clause.imports
            inner = {name: look_up(scope, name) for name in names}
            columns = self.query(clause.query, inner, inner, top=False)
        else:
            found = [self._older_part(part, scope) for part in clause.query.parts]
            if any(list(one) != list(found[0]) for one in found):
                fail_static("DifferentColumnsInUnion")
            columns = found[0]
        scope = dict(scope)
        for name, kind in columns.items():
            declare(scope, name, kind)
        return scope

    def _older_part(self, part: ast.SingleQuery, scope: Scope) -> Scope:
        """The part of a subquery that imports by a first WITH of plain variables, or nothing."""
        first = part.clauses[0]
        imports = isinstance(first, ast.Projection) and not first.is_return
        return self.part(part, dict(scope) if imports else {}, {}, top=False)
