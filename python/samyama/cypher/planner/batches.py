"""CALL { } IN TRANSACTIONS: three plans, which hand rows to each other as a parameter.

What stands before the CALL is the outer plan: its rows are cut into batches. The inner plan takes a batch, runs the
subquery for each of its rows and is one transaction. What stands behind is the plan's own root, over all rows that
came back.
"""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.expressions import Lowering
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.planner.projection import Column
from samyama.cypher.planner.query import Part
from samyama.cypher.planner.scope import Binding, Context, Scope

__all__ = ["ROWS", "find_batched", "plan_batches"]

#: The parameter that carries rows; no query can write this name.
ROWS = "\0rows"
DEFAULT_ROWS = 1_000


def find_batched(context: Context, query: ast.Query) -> int | None:
    """The place of the CALL among the clauses of the query; None: there is none."""
    for part in query.parts:
        for at, clause in enumerate(part.clauses):
            if isinstance(clause, ast.CallSubquery) and clause.in_transactions:
                if len(query.parts) > 1:
                    message = "CALL { } IN TRANSACTIONS in a UNION is not supported"
                    context.fail(clause, message, "UnexpectedSyntax")
                return at
    return None


def plan_batches(
    context: Context, query: ast.Query, at: int
) -> tuple[p.Operator, list[Column], p.Batched]:
    """The root's operator and columns (what stands behind the CALL), and the two plans before it."""
    clauses = query.parts[0].clauses
    call = clauses[at]
    assert isinstance(call, ast.CallSubquery), "the clause that was found"
    outer, names = _outer(context, clauses[:at], call)
    inner, found = _inner(context, names, call)
    assert call.batches is not None, "the clause that was found"
    status = call.batches.report
    if status is not None:
        if status in found:
            context.fail(call, f"Variable `{status}` already declared", "VariableAlreadyBound")
        found = {**found, status: Binding(len(found))}
    batched = p.Batched(
        outer=outer,
        inner=inner,
        rows=_rows(context, call),
        on_error=call.batches.on_error,  # type: ignore[arg-type]
        status=status is not None,
    )
    behind = clauses[at + 1 :]
    if not behind:
        return (
            p.Unwind(input=p.Argument(), slot=context.new_slot(), list=p.ListLiteral([])),
            [],
            batched,
        )
    part = _over_rows(context, found)
    part.run(behind)
    if context.writes:
        context.fail(
            behind[0], "A write behind CALL { } IN TRANSACTIONS is not supported", "NotSupported"
        )
    return part.source, part.columns, batched


def _separate(context: Context) -> Context:
    """A context with slots of its own; parameters and warnings are those of the whole statement."""
    other = Context(context.text, context.catalog, context.spans, context.registry)
    other.parameters, other.notifications = context.parameters, context.notifications
    return other


def _outer(
    context: Context, clauses: list[ast.Clause], call: ast.CallSubquery
) -> tuple[p.Plan, dict[str, Binding]]:
    own = _separate(context)
    part = Part(own, p.Argument(), Scope(), top=True)
    for at, clause in enumerate(clauses):
        part._clause(clause, is_last=False, is_first=at == 0)
    if own.writes:
        own.fail(
            call,
            "CALL { } IN TRANSACTIONS after a clause that writes is not supported",
            "NotSupported",
        )
    names = dict(sorted(part.scope.names.items()))
    return _plan(
        own, part.source, [(name, binding, None) for name, binding in names.items()], "r"
    ), names


def _inner(
    context: Context, names: dict[str, Binding], call: ast.CallSubquery
) -> tuple[p.Plan, dict[str, Binding]]:
    own = _separate(context)
    part = _over_rows(own, names)
    part.batch = True
    part._call_subquery(call)
    new = [name for name in part.scope.names if name not in names]
    columns: list[Column] = [(name, part.scope.names[name], None) for name in [*names, *new]]
    return _plan(own, part.source, columns, "rw"), {name: binding for name, binding, _ in columns}


def _over_rows(context: Context, names: dict[str, Binding]) -> Part:
    """A part whose variables come from the parameter, in the order of ``names``."""
    row = context.new_slot()
    bound = {name: Binding(context.new_slot(), binding.kind) for name, binding in names.items()}
    source: p.Operator = p.Unwind(input=p.Argument(), slot=row, list=p.Parameter(ROWS))
    values: list[p.Expression] = [
        p.Index(p.Slot(row), p.Literal(place)) for place in range(len(bound))
    ]
    source = p.Projection(
        input=source, slots=[binding.slot for binding in bound.values()], expressions=values
    )
    part = Part(context, source, Scope(bound), top=True)
    part.single = False
    return part


def _plan(context: Context, source: p.Operator, columns: list[Column], kind: str) -> p.Plan:
    root = p.ProduceResults(input=source, slots=[binding.slot for _, binding, _ in columns])
    return p.Plan(
        version=p.IR_VERSION,
        kind=kind,  # type: ignore[arg-type]
        mode="run",
        slots=max(1, context.slots),
        columns=[p.Column([name]) for name, _, _ in columns],
        parameters=[],
        root=root,
    )


def _rows(context: Context, call: ast.CallSubquery) -> p.Expression:
    rows = call.batches.rows if call.batches else None
    if rows is None:
        return p.Literal(DEFAULT_ROWS)
    if not isinstance(rows, ast.Literal | ast.Parameter):
        context.fail(
            rows,
            "The number of rows of a transaction is an integer or a parameter",
            "UnexpectedSyntax",
        )
    if isinstance(rows, ast.Literal) and not (isinstance(rows.value, int) and rows.value > 0):
        context.fail(
            rows, "The number of rows of a transaction is a positive integer", "InvalidArgumentType"
        )
    return Lowering(context, Scope(), Patterns).lower(rows)
