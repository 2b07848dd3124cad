"""Expressions: a value of a tree, for one row (openCypher 9, chapter 3; CIP2021-08-10 for what a form means).

Everything is evaluated as it is written, left to right, without short cuts; null goes through nearly everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.reference import labels
from tests.reference.arithmetic import OPERATORS, negate
from tests.reference.comparability import at_most, less
from tests.reference.context import Context, Env
from tests.reference.equality import equals
from tests.reference.errors import fail
from tests.reference.functions.lists import alive
from tests.reference.functions.registry import call
from tests.reference.graph import Node, Relationship
from tests.reference.kinds import is_integer, kind
from tests.reference.points import Point, component
from tests.reference.temporal.parts import part_of
from tests.reference.temporal.values import (
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
)
from tests.reference.truth import (
    Truth,
    all_of,
    any_of,
    conjunction,
    disjunction,
    exclusive,
    negation,
    truth,
)

from samyama.cypher import ast

__all__ = ["evaluate", "holds", "property_of"]

_TEMPORAL = (Date, LocalTime, Time, LocalDateTime, DateTime, Duration)


def evaluate(context: Context, node: ast.Expr | None, env: Env) -> Any:
    """The value of an expression; of none: null."""
    if node is None:
        return None
    context.step()
    return _RULES[type(node)](context, node, env)


def holds(context: Context, node: ast.Expr | None, env: Env) -> bool:
    """Does a predicate keep the row? Unknown does not."""
    return node is None or truth(evaluate(context, node, env)) is True


def property_of(value: Any, key: str) -> Any:
    match value:
        case None:
            return None
        case Node() | Relationship():
            return alive(value).properties.get(key)
        case dict():
            return value.get(key)
        case Point():
            return component(value, key)
    if isinstance(value, _TEMPORAL):
        return part_of(value, key)
    fail("TypeError", "InvalidArgumentType", f"a {kind(value)} has no properties")


def _literal(_: Context, node: ast.Literal, env: Env) -> Any:  # noqa: ARG001
    return node.value


def _parameter(context: Context, node: ast.Parameter, _: Env) -> Any:
    if node.name not in context.parameters:
        fail("ParameterMissing", "MissingParameter", node.name)
    return context.parameters[node.name]


def _variable(_: Context, node: ast.Variable, env: Env) -> Any:
    return env[node.name]


def _property(context: Context, node: ast.Property, env: Env) -> Any:
    return property_of(evaluate(context, node.entity, env), node.key)


def _index(context: Context, node: ast.Index, env: Env) -> Any:
    container, index = evaluate(context, node.container, env), evaluate(context, node.index, env)
    match container:
        case None:
            return None
        case list():
            if index is None:
                return None
            if not is_integer(index):
                fail("TypeError", "InvalidArgumentType", f"list[{kind(index)}]")
            return container[index] if -len(container) <= index < len(container) else None
        case dict() | Node() | Relationship():
            if index is None:
                return None
            if not isinstance(index, str):
                fail("TypeError", "MapElementAccessByNonString", f"map[{kind(index)}]")
            return property_of(container, index)
    fail("TypeError", "InvalidArgumentType", f"{kind(container)}[{kind(index)}]")


def _slice(context: Context, node: ast.Slice, env: Env) -> Any:
    items = evaluate(context, node.list, env)
    first = 0 if node.first is None else evaluate(context, node.first, env)
    if items is None or first is None:
        return None
    if not isinstance(items, list):
        fail("TypeError", "InvalidArgumentType", f"{kind(items)}[..]")
    last = len(items) if node.last is None else evaluate(context, node.last, env)
    if last is None:
        return None
    if not (is_integer(first) and is_integer(last)):
        fail("TypeError", "InvalidArgumentType", f"list[{kind(first)}..{kind(last)}]")
    # Places before the beginning are the beginning, as Python has it.
    return items[first:last]


def _list(context: Context, node: ast.ListLiteral, env: Env) -> list[Any]:
    return [evaluate(context, item, env) for item in node.items]


def _map(context: Context, node: ast.MapLiteral, env: Env) -> dict[str, Any]:
    pairs = zip(node.keys, node.values, strict=True)
    return {key: evaluate(context, value, env) for key, value in pairs}


def _unary(context: Context, node: ast.Unary, env: Env) -> Any:
    value = evaluate(context, node.operand, env)
    match node.operator:
        case "NOT":
            return negation(truth(value))
        case "IS NULL":
            return value is None
        case "IS NOT NULL":
            return value is not None
        case "-":
            return negate(value)
    return negate(negate(value))


def _contains(item: Any, items: Any) -> Truth:
    if items is None:
        return None
    if not isinstance(items, list):
        fail("TypeError", "InvalidArgumentType", f"IN {kind(items)}")
    return any_of(equals(item, other) for other in items)


def _regular(text: Any, pattern: Any) -> Truth:
    """The whole text matches."""
    if not isinstance(text, str) or not isinstance(pattern, str):
        return None
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error as error:
        fail("SyntaxError", "InvalidArgumentValue", str(error))


_LOGIC: dict[str, Callable[[Truth, Truth], Truth]] = {
    "AND": conjunction,
    "OR": disjunction,
    "XOR": exclusive,
}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "STARTS WITH": str.startswith,
    "ENDS WITH": str.endswith,
    "CONTAINS": lambda text, part: part in text,
}


def _binary(context: Context, node: ast.Binary, env: Env) -> Any:
    left, right = evaluate(context, node.left, env), evaluate(context, node.right, env)
    operator = node.operator
    if operator in _LOGIC:
        return _LOGIC[operator](truth(left), truth(right))
    if operator in _TEXT:
        both = isinstance(left, str) and isinstance(right, str)
        return _TEXT[operator](left, right) if both else None
    if operator == "IN":
        return _contains(left, right)
    if operator == "=~":
        return _regular(left, right)
    return OPERATORS[operator](left, right)


_COMPARISONS: dict[str, Callable[[Any, Any], Truth]] = {
    "=": equals,
    "<>": lambda a, b: negation(equals(a, b)),
    "<": less,
    "<=": at_most,
    ">": lambda a, b: less(b, a),
    ">=": lambda a, b: at_most(b, a),
}


def _comparison(context: Context, node: ast.Comparison, env: Env) -> Truth:
    """``a < b = c`` is ``a < b AND b = c``."""
    values = [evaluate(context, operand, env) for operand in node.operands]
    pairs = zip(node.operators, values, values[1:], strict=False)
    return all_of(_COMPARISONS[operator](left, right) for operator, left, right in pairs)


def _has_labels(context: Context, node: ast.HasLabels, env: Env) -> Truth:
    def give(value: ast.Expr) -> Any:
        return evaluate(context, value, env)

    entity = give(node.entity)
    match entity:
        case None:
            return None
        case Node():
            alive(entity)
            return labels.matches(node.labels, entity.labels, give)
        case Relationship():
            return labels.matches(node.labels, {entity.type}, give)
    fail("TypeError", "InvalidArgumentType", f"a {kind(entity)} has no labels")


def _call(context: Context, node: ast.Call, env: Env) -> Any:
    return call(context, node.name, [evaluate(context, one, env) for one in node.arguments])


def _case(context: Context, node: ast.Case, env: Env) -> Any:
    subject = evaluate(context, node.subject, env)
    for when, then in zip(node.whens, node.thens, strict=True):
        value = evaluate(context, when, env)
        chosen = truth(value) if node.subject is None else equals(subject, value)
        if chosen is True:
            return evaluate(context, then, env)
    return evaluate(context, node.otherwise, env)


def _items(context: Context, node: ast.Expr, env: Env) -> list[Any] | None:
    items = evaluate(context, node, env)
    if items is not None and not isinstance(items, list):
        fail("TypeError", "InvalidArgumentType", f"a list is needed, not a {kind(items)}")
    return items


def _list_comprehension(context: Context, node: ast.ListComprehension, env: Env) -> Any:
    items = _items(context, node.list, env)
    if items is None:
        return None
    kept = []
    for item in items:
        inner = {**env, node.variable: item}
        if holds(context, node.where, inner):
            kept.append(
                item if node.projection is None else evaluate(context, node.projection, inner)
            )
    return kept


def _quantifier(context: Context, node: ast.Quantifier, env: Env) -> Truth:
    items = _items(context, node.list, env)
    if items is None:
        return None
    found = [truth(evaluate(context, node.where, {**env, node.variable: item})) for item in items]
    match node.kind:
        case "all":
            return all_of(found)
        case "any":
            return any_of(found)
        case "none":
            return negation(any_of(found))
    # single: two that hold decide, whatever the rest is.
    count = found.count(True)
    if count > 1:
        return False
    return None if None in found else count == 1


def _reduce(context: Context, node: ast.Reduce, env: Env) -> Any:
    items = _items(context, node.list, env)
    if items is None:
        return None
    value = evaluate(context, node.initial, env)
    for item in items:
        inner = {**env, node.accumulator: value, node.variable: item}
        value = evaluate(context, node.body, inner)
    return value


def _pattern_comprehension(context: Context, node: ast.PatternComprehension, env: Env) -> Any:
    from tests.reference.matching import match_paths

    rows = match_paths(context, [node.path], node.where, env)
    return [evaluate(context, node.projection, row) for row in rows]


def _pattern_predicate(context: Context, node: ast.PatternPredicate, env: Env) -> bool:
    from tests.reference.matching import match_paths

    return bool(match_paths(context, [node.path], None, env))


def _subquery(context: Context, node: ast.Subquery, env: Env) -> Any:
    table = context.run_query(context, node.query, env)
    match node.kind:
        case "exists":
            return bool(table.rows)
        case "count":
            return len(table.rows)
    (column,) = table.names
    return [row[column] for row in table.rows]


def _map_projection(context: Context, node: ast.MapProjection, env: Env) -> Any:
    subject = evaluate(context, node.subject, env)
    if subject is None:
        return None
    if not isinstance(subject, Node | Relationship | dict):
        fail("TypeError", "InvalidArgumentType", f"a map projection of a {kind(subject)}")
    result: dict[str, Any] = {}
    for key, value in node.items:
        if value is not None:
            result[key] = evaluate(context, value, env)
        elif key == "*":
            result |= subject if isinstance(subject, dict) else alive(subject).properties
        else:
            result[key] = property_of(subject, key)
    return result


_RULES: dict[type, Callable[[Context, Any, Env], Any]] = {
    ast.Literal: _literal,
    ast.Parameter: _parameter,
    ast.Variable: _variable,
    ast.Property: _property,
    ast.Index: _index,
    ast.Slice: _slice,
    ast.ListLiteral: _list,
    ast.MapLiteral: _map,
    ast.Unary: _unary,
    ast.Binary: _binary,
    ast.Comparison: _comparison,
    ast.HasLabels: _has_labels,
    ast.Call: _call,
    ast.Case: _case,
    ast.ListComprehension: _list_comprehension,
    ast.Quantifier: _quantifier,
    ast.Reduce: _reduce,
    ast.PatternComprehension: _pattern_comprehension,
    ast.PatternPredicate: _pattern_predicate,
    ast.Subquery: _subquery,
    ast.MapProjection: _map_projection,
}
