"""CALL { } IN TRANSACTIONS: three plans, which hand rows to each other as a parameter.

What stands before the CALL is the outer plan: its rows are cut into batches. The inner plan takes a batch, runs the
subquery for each of its rows and is one transaction. What stands behind is the plan's own root, over all rows that
came back.
"""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.context import Context, Names
from samyama.cypher.planner.expressions import Lowering
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.planner.projection import Column
from samyama.cypher.planner.query import Part
from samyama.cypher.planner.rules import improved
from samyama.cypher.tree import walk

__all__ = ["ROWS", "find_batched", "plan_batches"]

#: The parameter that carries rows; no query can write this name.
ROWS = "\0rows"
DEFAULT_ROWS = 1_000
_ROW = "\0row"


def find_batched(query: ast.Query) -> int | None:
    """The place of the CALL among the clauses of the query; None: there is none."""
    for at, clause in enumerate(query.parts[0].clauses):
        if isinstance(clause, ast.CallSubquery) and clause.in_transactions:
            return at
    return None


def plan_batches(
    context: Context, query: ast.Query, at: int
) -> tuple[p.Operator, list[Column], p.Batched]:
    """The root's operator and columns (what stands behind the CALL), and the two plans before it."""
    clauses = query.parts[0].clauses
    call, behind = clauses[at], clauses[at + 1 :]
    assert isinstance(call, ast.CallSubquery), "what was found"
    assert call.batches is not None, "what was found"
    used = _used([call, *behind])
    outer, names = _outer(context, clauses[:at], call, used)
    inner, found = _inner(context, names, call)
    status = call.batches.report
    if status is not None:
        found = [*found, status]
    batched = p.Batched(
        outer=outer,
        inner=inner,
        rows=_rows(context, call.batches),
        on_error=call.batches.on_error,  # type: ignore[arg-type]
        status=status is not None,
    )
    if not behind:
        nothing = p.Unwind(input=p.Argument(), slot=context.new_slot(), list=p.ListLiteral([]))
        return nothing, [], batched
    part = _over_rows(context, found)
    part.run(behind)
    if context.writes:
        message = "A write behind CALL { } IN TRANSACTIONS is not supported"
        context.not_supported(behind[0], message)
    return part.source, part.columns, batched


def _used(clauses: list[ast.Clause]) -> set[str]:
    """The names of all variables in these clauses."""
    found: set[str] = set()
    for clause in clauses:
        for node in walk(clause):
            if isinstance(node, ast.Variable):
                found.add(node.name)
            elif isinstance(node, ast.NodePattern | ast.RelationshipPattern | ast.PathPattern):
                found |= {node.variable} if node.variable is not None else set()
            elif isinstance(node, ast.Hint):
                found.update(node.variables)
    return found


def _separate(context: Context) -> Context:
    """A context with slots of its own; parameters and warnings are those of the whole statement."""
    other = Context(
        context.text,
        context.catalog,
        context.spans,
        context.registry,
        context.analysis,
        context.without,
    )
    other.parameters, other.notifications = context.parameters, context.notifications
    return other


def _outer(
    context: Context, clauses: list[ast.Clause], call: ast.CallSubquery, used: set[str]
) -> tuple[p.Plan, list[str]]:
    """The plan of what stands before the CALL, and the variables that go on, in the order of its columns."""
    own = _separate(context)
    part = Part(own, p.Argument(), {}, top=True)
    for clause in clauses:
        part.clause(clause)
    if own.writes:
        message = "CALL { } IN TRANSACTIONS after a clause that writes is not supported"
        own.not_supported(call, message)
    names = sorted(used & set(part.names))
    if not names:
        # Rows without columns are none: something must go on for each.
        names, slot = [_ROW], own.new_slot()
        part.names = {_ROW: slot}
        part.source = p.Projection(input=part.source, slots=[slot], expressions=[p.Literal(True)])
    columns: list[Column] = [(name, part.names[name], None) for name in names]
    return _plan(own, part.source, columns, "r"), names


def _inner(context: Context, names: list[str], call: ast.CallSubquery) -> tuple[p.Plan, list[str]]:
    own = _separate(context)
    part = _over_rows(own, names)
    part.batch = True
    part.call_subquery(call)
    every = [*names, *(name for name in part.names if name not in names)]
    columns: list[Column] = [(name, part.names[name], None) for name in every]
    return _plan(own, part.source, columns, "rw"), every


def _over_rows(context: Context, names: list[str]) -> Part:
    """A part whose variables come from the parameter, in the order of ``names``."""
    row = context.new_slot()
    bound: Names = {name: context.new_slot() for name in names}
    source: p.Operator = p.Unwind(input=p.Argument(), slot=row, list=p.Parameter(ROWS))
    values: list[p.Expression] = [
        p.Index(p.Slot(row), p.Literal(place)) for place in range(len(bound))
    ]
    source = p.Projection(input=source, slots=list(bound.values()), expressions=values)
    part = Part(context, source, bound, top=True)
    part.single = False
    return part


def _plan(context: Context, source: p.Operator, columns: list[Column], kind: str) -> p.Plan:
    source = improved(context, source)
    root = p.ProduceResults(input=source, slots=[slot for _, slot, _ in columns])
    return p.Plan(
        version=p.IR_VERSION,
        kind=kind,  # type: ignore[arg-type]
        mode="run",
        slots=max(1, context.slots),
        columns=[p.Column([name]) for name, _, _ in columns],
        parameters=[],
        root=root,
    )


def _rows(context: Context, batches: ast.Batches) -> p.Expression:
    if batches.rows is None:
        return p.Literal(DEFAULT_ROWS)
    return Lowering(context, {}, Patterns).lower(batches.rows)
