"""Clauses in order, unions, subqueries; Eager where a write must not be seen by reads of its own or a later clause."""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.context import Context, Names
from samyama.cypher.planner.expressions import Lowering
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.planner.procedures import is_write as is_write_call
from samyama.cypher.planner.procedures import plan_call
from samyama.cypher.planner.projection import Column, plan_projection
from samyama.cypher.planner.visibility import reads_graph, writes_conflict
from samyama.cypher.planner.writes import plan_write
from samyama.cypher.semantic.queries import WRITES

__all__ = ["Part", "plan_inner", "plan_query"]


class Part:
    """One single query under construction.

    ``names`` holds the slot of every variable so far, those that are not visible any more among them: no clause asks
    for these.
    """

    def __init__(self, context: Context, source: p.Operator, names: Names, *, top: bool) -> None:
        self.context, self.source, self.names = context, source, names
        self.columns: list[Column] = []
        #: At most one row flows here: nothing can be seen out of order.
        self.single = top
        self.unread_writes = False
        self.reads = False
        #: Clauses that have written since the last Eager.
        self.written: list[ast.Clause] = []
        #: This is the plan of one batch: its CALL { } IN TRANSACTIONS is the transaction.
        self.batch = False

    def run(self, clauses: list[ast.Clause]) -> None:
        for clause in clauses:
            self.clause(clause)

    def _eager(self) -> None:
        if not self.single:
            self.source = p.Eager(input=self.source)
        self.reads = self.unread_writes = False
        self.written.clear()

    def clause(self, clause: ast.Clause) -> None:
        is_write = isinstance(clause, WRITES) or is_write_call(self.context, clause)
        is_read = reads_graph(clause)
        conflicts = any(writes_conflict(earlier, clause) for earlier in self.written)
        if (
            (is_write and self.reads)
            or ((not is_write or is_read) and self.unread_writes)
            or (is_write and conflicts)
        ):
            self._eager()
        if is_write:
            self.written.append(clause)
        match clause:
            case ast.Match():
                self._match(clause)
            case ast.Unwind():
                source = Lowering(self.context, self.names, Patterns).lower(clause.list)
                slot = self._bind(clause.variable)
                self.source = p.Unwind(input=self.source, slot=slot, list=source)
                self.single = False
            case ast.Projection():
                self.source, self.names, columns = plan_projection(
                    self.context, self.source, self.names, clause
                )
                self.columns = columns if clause.is_return else []
            case ast.Create() | ast.Merge() | ast.Set() | ast.Delete() | ast.Foreach():
                self.source, self.names = plan_write(self.context, self.source, self.names, clause)
                self.unread_writes = True
                if isinstance(clause, ast.Merge):
                    self.single = False
            case ast.ProcedureCall():
                self.source, self.names, self.columns = plan_call(
                    self.context, self.source, self.names, clause
                )
                self.single = False
                self.unread_writes = self.unread_writes or is_write
            case ast.CallSubquery():
                self.call_subquery(clause)
            case ast.Finish():
                pass
            case ast.LoadCsv():
                self._load_csv(clause)
            case _:
                raise AssertionError(f"no clause: {clause}")
        self.reads = self.reads or is_read

    def _bind(self, name: str) -> int:
        slot = self.context.new_slot()
        self.names = self.names | {name: slot}
        return slot

    def _load_csv(self, clause: ast.LoadCsv) -> None:
        lowering = Lowering(self.context, self.names, Patterns)
        url, delimiter = lowering.lower(clause.url), lowering.optional(clause.delimiter)
        self.source = p.LoadCsv(
            input=self.source,
            slot=self._bind(clause.variable),
            url=url,
            headers=clause.with_headers,
            delimiter=delimiter,
        )
        self.single = False

    def _match(self, clause: ast.Match) -> None:
        self.reads = True
        patterns = Patterns(self.context)
        source = p.Argument() if clause.optional else self.source
        found, names = patterns.plan(source, self.names, clause.paths, clause.where, clause.hints)
        if clause.optional:
            slots = sorted(set(names.values()) - set(self.names.values()))
            found = p.OptionalApply(input=self.source, right=found, slots=slots)
        self.source, self.names = found, names
        self.single = self.single and patterns.single

    def call_subquery(self, clause: ast.CallSubquery) -> None:
        if clause.in_transactions and not self.batch:
            message = "More than one CALL { } IN TRANSACTIONS in a query is not supported"
            self.context.not_supported(clause, message)
        before = self.context.writes
        self.context.writes = False
        if self.reads:
            self._eager()
        right, columns = plan_inner(self.context, clause.query, self.names)
        wrote, self.context.writes = self.context.writes, before or self.context.writes
        if not columns:
            # A unit subquery keeps the number of rows: its own are counted and dropped.
            counted = p.Aggregate(self.context.new_slot(), "count_star", [])
            right = p.Aggregation(input=right, key_slots=[], keys=[], aggregates=[counted])
        if clause.optional:
            right, columns = _apart(self.context, right, columns, set(self.names.values()))
        self.names = self.names | {name: slot for name, slot, _ in columns}
        if clause.optional:
            slots = [slot for _, slot, _ in columns]
            self.source = p.OptionalApply(input=self.source, right=right, slots=slots)
        else:
            self.source = p.Apply(input=self.source, right=right)
        self.single, self.reads = False, True
        self.unread_writes = wrote


def _apart(
    context: Context, source: p.Operator, columns: list[Column], taken: set[int]
) -> tuple[p.Operator, list[Column]]:
    """The same columns in slots of their own: without match they become null, and the outer row's must not."""
    moved = {slot: context.new_slot() for _, slot, _ in columns if slot in taken}
    if not moved:
        return source, columns
    expressions: list[p.Expression] = [p.Slot(slot) for slot in moved]
    source = p.Projection(input=source, slots=list(moved.values()), expressions=expressions)
    return source, [(name, moved.get(slot, slot), kind) for name, slot, kind in columns]


def plan_inner(context: Context, query: ast.Query, names: Names) -> tuple[p.Operator, list[Column]]:
    """A query whose first row is the outer row."""
    return _union(context, query, names, top=False)


def plan_query(context: Context, query: ast.Query) -> tuple[p.Operator, list[Column]]:
    return _union(context, query, {}, top=True)


def _union(
    context: Context, query: ast.Query, names: Names, *, top: bool
) -> tuple[p.Operator, list[Column]]:
    parts = []
    for single in query.parts:
        part = Part(context, p.Argument(), names, top=top)
        part.run(single.clauses)
        if _shows_nothing(single, part, top=top):
            part.columns = []
        parts.append(part)
    first = parts[0].columns
    if len(parts) == 1:
        return parts[0].source, first
    slots = [context.new_slot() for _ in first]
    source: p.Operator = p.Union(
        inputs=[part.source for part in parts],
        mappings=[[slot for _, slot, _ in part.columns] for part in parts],
        slots=slots,
    )
    if not query.all[0]:
        source = p.Distinct(input=source, slots=slots)
    return source, [(name, slot, item) for (name, _, item), slot in zip(first, slots, strict=True)]


def _shows_nothing(single: ast.SingleQuery, part: Part, *, top: bool) -> bool:
    """Only RETURN shows columns, and a procedure that is called alone."""
    last = single.clauses[-1]
    if isinstance(last, ast.ProcedureCall):
        return not (top and len(single.clauses) == 1)
    return not isinstance(last, ast.Projection) or not part.columns
