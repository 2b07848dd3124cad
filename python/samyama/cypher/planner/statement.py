"""A whole statement to a plan."""

from __future__ import annotations

from collections.abc import Set

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog
from samyama.cypher.planner.annotations import annotate
from samyama.cypher.planner.batches import find_batched, plan_batches
from samyama.cypher.planner.context import Context
from samyama.cypher.planner.expressions import Lowering
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.planner.projection import Column
from samyama.cypher.planner.query import plan_query
from samyama.cypher.planner.rules import improved
from samyama.cypher.planner.show import plan_show
from samyama.cypher.procedures import Registry
from samyama.cypher.semantic import Analysis
from samyama.cypher.semantic.scope import shown
from samyama.cypher.warnings import warn

__all__ = ["plan_statement"]


def plan_statement(
    text: str,
    statement: ast.Statement,
    catalog: Catalog,
    spans: list[tuple[int, int]],
    registry: Registry,
    analysis: Analysis,
    without: Set[str] = frozenset(),
) -> p.Plan:
    context = Context(text, catalog, spans, registry, analysis, without)
    kind, batched = "r", None
    if isinstance(statement.body, ast.Query):
        at = find_batched(statement.body)
        if at is not None:
            source, columns, batched = plan_batches(context, statement.body, at)
        else:
            source, columns = plan_query(context, statement.body)
        warn(context, statement.body)
        if context.writes or batched:
            kind = "rw" if columns else "w"
    elif isinstance(statement.body, ast.Show):
        source, columns = plan_show(context, statement.body)
    else:
        source, columns, kind = _schema(context, statement.body), [], "s"
    source = improved(context, source)
    root = p.ProduceResults(input=source, slots=[slot for _, slot, _ in columns])
    return p.Plan(
        version=p.IR_VERSION,
        kind=kind,  # type: ignore[arg-type]
        mode=statement.mode,  # type: ignore[arg-type]
        slots=max(1, context.slots),
        columns=[p.Column(_name(context, column)) for column in columns],
        parameters=context.parameters,
        root=annotate(root, catalog) if statement.mode != "run" else root,
        notifications=context.notifications,
        batched=batched,
        cacheable=kind != "s" and statement.mode == "run",
    )


def _name(context: Context, column: Column) -> list[str | int]:
    name, _, item = column
    if item is None or item.aliased:
        return [shown(name)]
    return context.pieces(item.start, item.end)


def _schema(context: Context, command: ast.Command) -> p.Operator:
    lowering = Lowering(context, {}, Patterns)
    match command:
        case ast.CreateIndex():
            return p.CreateIndex(
                name=command.name,
                kind=command.kind,  # type: ignore[arg-type]
                entity=command.entity,  # type: ignore[arg-type]
                label=command.label,
                keys=command.keys,
                if_not_exists=command.if_not_exists,
                others=command.others,
                options=lowering.optional(command.options),
                name_from=lowering.optional(command.name_from),
            )
        case ast.CreateConstraint():
            return p.CreateConstraint(
                name=command.name,
                kind=command.kind,  # type: ignore[arg-type]
                entity=command.entity,  # type: ignore[arg-type]
                label=command.label,
                keys=command.keys,
                if_not_exists=command.if_not_exists,
                value_type=command.value_type,
                name_from=lowering.optional(command.name_from),
            )
        case ast.Drop():
            kind = p.DropIndex if command.what == "index" else p.DropConstraint
            name_from = lowering.optional(command.name_from)
            return kind(name=command.name, if_exists=command.if_exists, name_from=name_from)
        case _:
            return context.not_supported(command, "This command is not supported")
