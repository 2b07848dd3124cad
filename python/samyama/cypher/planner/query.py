"""Clauses in order, unions, subqueries; Eager where a write must not be seen by reads of its own or a later clause."""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.counts import count_from_store
from samyama.cypher.planner.expressions import Lowering
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.planner.procedures import is_write as is_write_call
from samyama.cypher.planner.procedures import plan_call
from samyama.cypher.planner.projection import Column, plan_projection
from samyama.cypher.planner.scope import Binding, Context, Scope
from samyama.cypher.planner.writes import plan_write

__all__ = ["Part", "plan_inner", "plan_query"]

WRITES = (ast.Create, ast.Merge, ast.Set, ast.Delete, ast.Foreach)


class Part:
    """One single query under construction."""

    def __init__(self, context: Context, source: p.Operator, scope: Scope, *, top: bool) -> None:
        self.context, self.source, self.scope, self.top = context, source, scope, top
        self.columns: list[Column] = []
        self.returned = False
        #: At most one row flows here: nothing can be seen out of order.
        self.single = top
        self.unread_writes = False
        self.reads = False
        #: This is the plan of one batch: its CALL { } IN TRANSACTIONS is the transaction.
        self.batch = False

    def run(self, clauses: list[ast.Clause]) -> None:
        clauses = self._counts(clauses)
        for at, clause in enumerate(clauses):
            if self.returned:
                self.context.fail(
                    clause, "Nothing can stand behind RETURN", "InvalidClauseComposition"
                )
            self._clause(clause, is_last=at == len(clauses) - 1, is_first=at == 0)

    def _counts(self, clauses: list[ast.Clause]) -> list[ast.Clause]:
        """The clauses without a MATCH at their beginning that only asks for a number the store keeps."""
        if len(clauses) < 2:
            return clauses
        found = count_from_store(self.context, self.source, self.scope, clauses[0], clauses[1])
        if found is None:
            return clauses
        self.source, self.scope, projection = found
        return [projection, *clauses[2:]]

    def _eager(self) -> None:
        if not self.single:
            self.source = p.Eager(input=self.source)
        self.reads = self.unread_writes = False

    def _clause(self, clause: ast.Clause, *, is_last: bool, is_first: bool) -> None:
        is_write = isinstance(clause, WRITES) or is_write_call(self.context, clause)
        if is_write and self.reads:
            self._eager()
        if not is_write and self.unread_writes:
            self._eager()
        match clause:
            case ast.Match():
                self._match(clause)
            case ast.Unwind():
                slot_list = Lowering(self.context, self.scope, Patterns).lower(clause.list)
                self._declare(clause.variable, clause)
                slot = self.context.new_slot()
                self.scope = self.scope.copy()
                self.scope.names[clause.variable] = Binding(slot, _element_kind(clause.list))
                self.source = p.Unwind(input=self.source, slot=slot, list=slot_list)
                self.single = False
            case ast.Projection():
                self._projection(clause)
            case ast.Create() | ast.Merge() | ast.Set() | ast.Delete() | ast.Foreach():
                self.source, self.scope = plan_write(self.context, self.source, self.scope, clause)
                self.unread_writes = True
                if isinstance(clause, ast.Merge):
                    self.single = False
            case ast.ProcedureCall():
                alone = is_last and is_first and self.top
                self.source, self.scope, columns = plan_call(
                    self.context, self.source, self.scope, clause, alone=alone
                )
                self.single = False
                self.unread_writes = self.unread_writes or is_write
                if alone:
                    self.columns, self.returned = columns, True
            case ast.CallSubquery():
                self._call_subquery(clause)
            case ast.Finish():
                self.returned = True
            case ast.LoadCsv():
                self._load_csv(clause)
            case _:
                raise AssertionError(f"no clause: {clause}")
        if (
            is_last
            and not self.returned
            and not (is_write or isinstance(clause, ast.ProcedureCall | ast.CallSubquery))
        ):
            self.context.fail(
                clause,
                "A query cannot end with this clause; it needs RETURN or a clause that writes",
                "UnexpectedSyntax",
            )

    def _load_csv(self, clause: ast.LoadCsv) -> None:
        lowering = Lowering(self.context, self.scope, Patterns)
        url, delimiter = lowering.lower(clause.url), lowering.optional(clause.delimiter)
        self._declare(clause.variable, clause)
        slot = self.context.new_slot()
        self.scope = self.scope.copy()
        self.scope.names[clause.variable] = Binding(slot)
        self.source = p.LoadCsv(
            input=self.source, slot=slot, url=url, headers=clause.with_headers, delimiter=delimiter
        )
        self.single = False

    def _declare(self, name: str, node: ast.Node) -> None:
        if name in self.scope.names:
            self.context.fail(
                node,
                f"Variable `{name}` already declared",
                "VariableAlreadyBound",
                gql_status="42N59",
            )

    def _match(self, clause: ast.Match) -> None:
        self.reads = True
        patterns = Patterns(self.context)
        if not clause.optional:
            self.source, self.scope = patterns.plan(
                self.source, self.scope, clause.paths, clause.where, clause.hints
            )
            self.single = self.single and patterns.single
            return
        right, scope = patterns.plan(
            p.Argument(), self.scope, clause.paths, clause.where, clause.hints
        )
        slots = sorted(scope.slots() - self.scope.slots())
        self.source, self.scope = (
            p.OptionalApply(input=self.source, right=right, slots=slots),
            scope,
        )
        self.single = self.single and patterns.single

    def _projection(self, clause: ast.Projection) -> None:
        self.source, new, columns = plan_projection(self.context, self.source, self.scope, clause)
        if clause.is_return:
            self.columns, self.returned = columns, True
        self.scope = new

    def _call_subquery(self, clause: ast.CallSubquery) -> None:
        outer = self.scope
        if clause.in_transactions and not self.batch:
            message = "CALL { } IN TRANSACTIONS can only stand at the top of a query, once"
            self.context.fail(clause, message, "InvalidClauseComposition")
        if clause.imports is None:
            inner_scope = _importing_with(outer, clause.query)
        elif clause.import_all:
            inner_scope = outer.copy()
        else:
            inner_scope = Scope(
                {name: self.context.lookup(outer, name, clause) for name in clause.imports},
                frozenset(outer.names),
            )
        before = self.context.writes
        self.context.writes = False
        if self.reads:
            self._eager()
        right, columns = plan_inner(self.context, clause.query, inner_scope, needs_return=False)
        wrote, self.context.writes = self.context.writes, before or self.context.writes
        self.scope = outer.copy()
        if not columns:
            # A unit subquery keeps the number of rows: its own are counted and dropped.
            counted = p.Aggregate(self.context.new_slot(), "count_star", [])
            right = p.Aggregation(input=right, key_slots=[], keys=[], aggregates=[counted])
        for name, binding, _ in columns:
            if name in outer.names:
                self.context.fail(
                    clause,
                    f"Variable `{name}` already declared in outer scope",
                    "VariableAlreadyBound",
                )
            self.scope.names[name] = binding
        if clause.optional:
            slots = [binding.slot for _, binding, _ in columns]
            self.source = p.OptionalApply(input=self.source, right=right, slots=slots)
        else:
            self.source = p.Apply(input=self.source, right=right)
        self.single, self.reads = False, True
        self.unread_writes = wrote


def _element_kind(node: ast.Expr) -> str:
    is_literals = (
        isinstance(node, ast.ListLiteral)
        and node.items
        and all(isinstance(i, ast.Literal) and i.value is not None for i in node.items)
    )
    return "value" if is_literals else "any"


def _importing_with(outer: Scope, query: ast.Query) -> Scope:
    """The older form: a first WITH of plain variables brings them in; other names stay outside."""
    names: dict[str, Binding] = {}
    for part in query.parts:
        first = part.clauses[0]
        if isinstance(first, ast.Projection) and not first.is_return:
            if first.star:
                names |= outer.names
            for item in first.items:
                if (
                    isinstance(item.expression, ast.Variable)
                    and item.expression.name in outer.names
                ):
                    names[item.expression.name] = outer.names[item.expression.name]
    return Scope(names, frozenset(outer.names))


def plan_inner(
    context: Context, query: ast.Query, scope: Scope, *, needs_return: bool
) -> tuple[p.Operator, list[Column]]:
    """A query whose first row is the outer row."""
    source, columns = _union(context, query, scope, top=False)
    if needs_return and not columns:
        context.fail(query, "This subquery must end with RETURN", "UnexpectedSyntax")
    return source, columns


def plan_query(context: Context, query: ast.Query) -> tuple[p.Operator, list[Column]]:
    return _union(context, query, Scope(), top=True)


def _union(
    context: Context, query: ast.Query, scope: Scope, *, top: bool
) -> tuple[p.Operator, list[Column]]:
    parts = []
    for single in query.parts:
        part = Part(context, p.Argument(), scope.copy(), top=top)
        _run_inner(part, single, top)
        parts.append(part)
    if len(parts) == 1:
        return parts[0].source, parts[0].columns
    names = [name for name, _, _ in parts[0].columns]
    for part, single in zip(parts, query.parts, strict=True):
        if [name for name, _, _ in part.columns] != names:
            context.fail(
                single,
                "All parts of a UNION must have the same column names, in the same order",
                "DifferentColumnsInUnion",
                gql_status="42N39",
            )
    if len(set(query.all)) > 1:
        context.fail(query, "UNION and UNION ALL cannot be mixed", "InvalidClauseComposition")
    slots = [context.new_slot() for _ in names]
    source: p.Operator = p.Union(
        inputs=[part.source for part in parts],
        mappings=[[binding.slot for _, binding, _ in part.columns] for part in parts],
        slots=slots,
    )
    if not query.all[0]:
        source = p.Distinct(input=source, slots=slots)
    first = parts[0].columns
    return source, [
        (name, Binding(slot), item) for (name, _, item), slot in zip(first, slots, strict=True)
    ]


def _run_inner(part: Part, single: ast.SingleQuery, top: bool) -> None:
    clauses = single.clauses
    if not top and isinstance(clauses[-1], ast.Match | ast.Unwind):
        # EXISTS { MATCH ... } needs no RETURN.
        clauses = [
            *clauses,
            ast.Projection(
                single.end,
                single.end,
                True,
                False,
                False,
                [
                    ast.Item(
                        single.end,
                        single.end,
                        ast.Literal(single.end, single.end, True),
                        "\0",
                        True,
                    )
                ],
                [],
                None,
                None,
                None,
            ),
        ]
    part.run(clauses)
