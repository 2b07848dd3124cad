"""WITH and RETURN: projection, aggregation, DISTINCT, ORDER BY, SKIP, LIMIT, WHERE."""

from __future__ import annotations

from typing import Any

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.expressions import Lowering, children, has_aggregate, signature
from samyama.cypher.planner.patterns import Patterns, conjuncts
from samyama.cypher.planner.scope import Binding, Context, Scope

__all__ = ["Column", "plan_projection"]

#: Name, binding, and the item it came from (None for ``*``).
Column = tuple[str, Binding, ast.Item | None]


def plan_projection(
    context: Context, source: p.Operator, scope: Scope, clause: ast.Projection
) -> tuple[p.Operator, Scope, list[Column]]:
    """The operator, the scope behind the clause, and its columns in order."""
    items = _expand(context, scope, clause)
    _check_names(context, clause, items)
    is_grouped = any(item is not None and has_aggregate(item.expression) for _, item in items)
    if is_grouped:
        source, columns, replace = _aggregate(context, source, scope, items)
    else:
        source, columns, replace = _project(context, source, scope, items)
    new = Scope(
        {name: binding for name, binding, _ in columns}, scope.hidden | frozenset(scope.names)
    )
    if clause.distinct:
        source = p.Distinct(input=source, slots=[binding.slot for _, binding, _ in columns])
    sees_old = not (is_grouped or clause.distinct)
    both = Scope({**(scope.names if sees_old else {}), **new.names}, new.hidden)
    source = _order(context, source, clause, both, replace, is_grouped)
    if clause.where is not None:
        lowering = Lowering(context, both, Patterns)
        for condition in conjuncts(clause.where):
            lowering._require_boolean(condition)
            source = p.Filter(input=source, predicate=lowering.lower(condition))
    return source, new, columns


def _expand(
    context: Context, scope: Scope, clause: ast.Projection
) -> list[tuple[str, ast.Item | None]]:
    items: list[tuple[str, ast.Item | None]] = []
    if clause.star:
        names = sorted(scope.names)
        if not names and not clause.items and clause.is_return:
            context.fail(
                clause,
                "RETURN * is not allowed when there are no variables in scope",
                "NoVariablesInScope",
            )
        items += [(name, None) for name in names]
    for item in clause.items:
        if not clause.is_return and not item.aliased:
            context.fail(
                item, "An expression in WITH must be aliased (use AS)", "NoExpressionAlias"
            )
        items.append((item.name, item))
    return items


def _check_names(
    context: Context, clause: ast.Projection, items: list[tuple[str, ast.Item | None]]
) -> None:
    seen: set[str] = set()
    for name, item in items:
        if name in seen:
            context.fail(
                item or clause,
                f"Multiple result columns with the same name `{name}` are not supported",
                "ColumnNameConflict",
            )
        seen.add(name)


def _kind_of(scope: Scope, expression: ast.Expr) -> str:
    if isinstance(expression, ast.Variable) and (binding := scope.names.get(expression.name)):
        return binding.kind
    if isinstance(expression, ast.Literal) and expression.value is not None:
        return "value"
    if isinstance(expression, ast.ListLiteral | ast.MapLiteral):
        inner = expression.items if isinstance(expression, ast.ListLiteral) else []
        is_entities = any(isinstance(item, ast.Variable) for item in inner)
        return "any" if is_entities else "value"
    return "any"


def _project(
    context: Context, source: p.Operator, scope: Scope, items: list[tuple[str, ast.Item | None]]
) -> tuple[p.Operator, list[Column], dict[Any, int]]:
    columns: list[Column] = []
    replace: dict[Any, int] = {}
    slots: list[int] = []
    expressions: list[p.Expression] = []
    lowering = Lowering(context, scope, Patterns)
    for name, item in items:
        if item is None:
            columns.append((name, scope.names[name], None))
            continue
        if isinstance(item.expression, ast.Variable):
            # The same value under another name: no need to copy it.
            columns.append(
                (name, context.lookup(scope, item.expression.name, item.expression), item)
            )
            continue
        slot = context.new_slot()
        slots.append(slot)
        expressions.append(lowering.lower(item.expression))
        replace[signature(item.expression)] = slot
        columns.append((name, Binding(slot, _kind_of(scope, item.expression)), item))
    if slots:
        source = p.Projection(input=source, slots=slots, expressions=expressions)
    return source, columns, replace


def _aggregate(
    context: Context, source: p.Operator, scope: Scope, items: list[tuple[str, ast.Item | None]]
) -> tuple[p.Operator, list[Column], dict[Any, int]]:
    plain = Lowering(context, scope, Patterns)
    key_slots: list[int] = []
    keys: list[p.Expression] = []
    #: What may stand beside an aggregate: keys that are variables or properties of variables.
    simple: dict[Any, int] = {}
    every: dict[Any, int] = {}
    columns: list[Column | None] = []
    for name, item in items:
        if item is not None and has_aggregate(item.expression):
            columns.append(None)
            continue
        expression = item.expression if item is not None else ast.Variable(0, 0, name)
        slot = context.new_slot()
        key_slots.append(slot)
        keys.append(plain.lower(expression))
        every[signature(expression)] = slot
        if isinstance(expression, ast.Variable) or (
            isinstance(expression, ast.Property) and isinstance(expression.entity, ast.Variable)
        ):
            simple[signature(expression)] = slot
        columns.append((name, Binding(slot, _kind_of(scope, expression)), item))
    aggregates: list[p.Aggregate] = []
    known: dict[Any, int] = {}

    def aggregate(call: ast.Call) -> p.Expression:
        name = call.name.lower()
        for argument in call.arguments:
            if has_aggregate(argument):
                context.fail(
                    call,
                    "Can't use aggregate functions inside of aggregate functions",
                    "NestedAggregation",
                )
            if _calls(argument, "rand"):
                context.fail(
                    call,
                    "Can't use non-deterministic (random) functions inside of aggregate functions",
                    "NonConstantExpression",
                )
        if (slot := known.get(signature(call))) is None:
            slot = known[signature(call)] = context.new_slot()
            function = "count_star" if call.star else name
            aggregates.append(p.Aggregate(slot, function, plain.all(call.arguments), call.distinct))
        return p.Slot(slot)

    beside = Lowering(
        context, scope, Patterns, replace=simple, aggregate=aggregate, only_replaced=True
    )
    slots: list[int] = []
    expressions: list[p.Expression] = []
    for at, (name, item) in enumerate(items):
        if columns[at] is not None:
            continue
        assert item is not None, "an item with an aggregate was written"
        slot = context.new_slot()
        slots.append(slot)
        expressions.append(beside.lower(item.expression))
        every[signature(item.expression)] = slot
        columns[at] = (name, Binding(slot), item)
    source = p.Aggregation(input=source, key_slots=key_slots, keys=keys, aggregates=aggregates)
    source = p.Projection(input=source, slots=slots, expressions=expressions)
    every |= {key: slot for key, slot in known.items() if key not in every}
    return source, [column for column in columns if column is not None], every


def _calls(node: ast.Node, name: str) -> bool:
    if isinstance(node, ast.Call) and node.name.lower() == name:
        return True
    return any(_calls(child, name) for child in children(node))


def _order(
    context: Context,
    source: p.Operator,
    clause: ast.Projection,
    scope: Scope,
    replace: dict[Any, int],
    is_grouped: bool,
) -> p.Operator:
    skip = _count(context, clause.skip, "SKIP")
    limit = _count(context, clause.limit, "LIMIT")
    if clause.order:
        lowering = Lowering(context, scope, Patterns, replace=replace)
        for item in clause.order:
            if has_aggregate(item.expression) and not is_grouped:
                context.fail(
                    item,
                    "In ORDER BY an aggregate can stand only if the projection has one",
                    "InvalidAggregation",
                )
        keys = [lowering.lower(item.expression) for item in clause.order]
        top = limit if skip is None or limit is None else p.Binary("add", limit, skip)
        source = p.Sort(
            input=source,
            keys=keys,
            descending=[item.descending for item in clause.order],
            limit=top,
        )
    if skip is not None:
        source = p.Skip(input=source, count=skip)
    if limit is not None and not (clause.order and skip is None):
        source = p.Limit(input=source, count=limit, exhaust=context.writes)
    return source


def _count(context: Context, node: ast.Expr | None, clause: str) -> p.Expression | None:
    if node is None:
        return None
    if (
        isinstance(node, ast.Unary)
        and node.operator == "-"
        and isinstance(node.operand, ast.Literal)
    ):
        context.fail(node, f"{clause} takes no negative number", "NegativeIntegerArgument")
    if isinstance(node, ast.Literal) and not isinstance(node.value, int):
        context.fail(node, f"{clause} takes an integer", "InvalidArgumentType")
    if _has_variable(node):
        context.fail(
            node, f"{clause} cannot depend on variables of the query", "NonConstantExpression"
        )
    return Lowering(context, Scope(), Patterns).lower(node)


def _has_variable(node: ast.Node) -> bool:
    return isinstance(node, ast.Variable) or any(_has_variable(child) for child in children(node))
