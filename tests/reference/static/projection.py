"""WITH and RETURN before they run: names, aggregation, what ORDER BY and WHERE may see (TCK clauses/return*, with*)."""

from __future__ import annotations

from dataclasses import replace

from tests.reference.errors import fail_static
from tests.reference.projection import expand_star, stand_in_for
from tests.reference.static.expressions import Checker
from tests.reference.static.scope import Scope, Type, is_a
from tests.reference.tree import aggregates_in, children, is_aggregate, names_in, shape, walk
from tests.reference.tree import replace as replace_in

from samyama.cypher import ast

__all__ = ["check_projection"]


def check_projection(clause: ast.Projection, check: Checker, outer: Scope) -> Scope:
    """The new scope. ``outer``: variables around a subquery, which stay visible."""
    visible = [name for name in check.scope if name not in outer]
    if clause.star and clause.is_return and not visible:
        fail_static("NoVariablesInScope")
    items = expand_star(clause, visible)
    new: Scope = {}
    for item in items:
        if item.name in new:
            fail_static("ColumnNameConflict", item.name)
        new[item.name] = replace(check, aggregates=True).type_of(item.expression)
    is_grouped = any(aggregates_in(item.expression) for item in items)
    if is_grouped:
        keys = [item for item in items if not aggregates_in(item.expression)]
        for item in items:
            if aggregates_in(item.expression):
                _check_outside(item.expression, keys, check.scope, set(outer))
    is_closed = is_grouped or clause.distinct
    seen = {**outer, **new} if is_closed else {**check.scope, **new}
    for item in clause.order:
        _check_order(item.expression, items, seen, check, is_grouped=is_grouped)
    for count in (clause.skip, clause.limit):
        _check_count(count, check)
    where = None if clause.where is None else replace_in(clause.where, stand_in_for(items))
    replace(check, scope=seen, aggregates=False).boolean(where)
    for item in items:
        if not clause.is_return and not item.aliased:
            fail_static("NoExpressionAlias", item.name)
    return {**outer, **new}


def _check_outside(node: ast.Node, keys: list[ast.Item], scope: Scope, constant: set[str]) -> None:
    """Outside its aggregates an item may name only what the group has one value of.

    Constants and keys that are variables or properties of variables are; a longer expression is not recognised.
    """
    shapes = {shape(key.expression) for key in keys if _is_simple(key.expression)}
    if is_aggregate(node) or (_is_simple(node) and shape(node) in shapes):
        return
    if isinstance(node, ast.Variable):
        if node.name in scope and node.name not in constant:
            fail_static("AmbiguousAggregationExpression", node.name)
        return
    if isinstance(node, ast.Subquery | ast.PatternComprehension):
        plain = {k.expression.name for k in keys if isinstance(k.expression, ast.Variable)}
        if (names_in(node) & scope.keys()) - constant - plain:
            fail_static("AmbiguousAggregationExpression", "a subquery over a grouped variable")
        return
    local = {
        name
        for attribute in ("variable", "accumulator")
        if isinstance(name := getattr(node, attribute, None), str)
    }
    for child in children(node):
        _check_outside(child, keys, scope, constant | local)


def _is_simple(node: ast.Node) -> bool:
    while isinstance(node, ast.Property):
        node = node.entity
    return isinstance(node, ast.Variable)


def _check_order(
    node: ast.Expr, items: list[ast.Item], seen: Scope, check: Checker, *, is_grouped: bool
) -> None:
    names = {shape(item.expression): item.name for item in items}
    if aggregates_in(node) and not is_grouped:
        fail_static("InvalidAggregation", "ORDER BY aggregates, and the projection does not")

    if aggregates_in(node) and shape(node) not in names:
        # What repeats a longer projected expression beside an aggregate is not recognised as it.
        for part in _outside_aggregates(node):
            is_long = not _is_simple(part) and not isinstance(part, ast.Literal | ast.Parameter)
            if is_long and shape(part) in names and not aggregates_in(part):
                fail_static("AmbiguousAggregationExpression", "a projected expression in ORDER BY")
    rest = replace_in(node, stand_in_for(items))
    replace(check, scope=seen, aggregates=is_grouped).type_of(rest)
    if aggregates_in(rest):
        fail_static("InvalidAggregation", "ORDER BY aggregates what the projection does not")


def _outside_aggregates(node: ast.Node) -> list[ast.Node]:
    if is_aggregate(node):
        return []
    return [node, *(part for child in children(node) for part in _outside_aggregates(child))]


def _check_count(node: ast.Expr | None, check: Checker) -> None:
    """SKIP and LIMIT: constant, and a literal is checked at once."""
    if node is None:
        return
    if any(isinstance(part, ast.Variable) for part in walk(node)):
        fail_static("NonConstantExpression", "SKIP and LIMIT do not depend on rows")
    kind = replace(check, aggregates=False).type_of(node)
    if isinstance(node, ast.Unary) and node.operator == "-" and kind == Type("integer"):
        fail_static("NegativeIntegerArgument")
    if not is_a(kind, "integer") and isinstance(node, ast.Literal | ast.Unary):
        fail_static("InvalidArgumentType", kind.name)
