"""The type of an expression, and what is certainly wrong in it (CIP2016-06-14; TCK expressions/*, compile time)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.reference.errors import fail_static
from tests.reference.static.functions import result_of
from tests.reference.static.scope import ANY, Scope, Type, element_of, is_a, list_of, look_up
from tests.reference.tree import aggregates_in, is_aggregate, walk

from samyama.cypher import ast

__all__ = ["Checker", "check_label_value", "check_label_values", "predicate_type", "type_of"]

BOOLEAN, STRING, MAP = Type("boolean"), Type("string"), Type("map")
INTEGER, FLOAT, NUMBER, NULL = Type("integer"), Type("float"), Type("number"), Type("null")
_TEMPORAL = ("date", "time", "localtime", "datetime", "localdatetime")
_HAVE_PARTS = ("node", "relationship", "map", "point", "duration", *_TEMPORAL)


@dataclass(frozen=True)
class Checker:
    """``aggregates``: may they stand here? ``pattern``: may a bare pattern, as the predicate that it is?"""

    text: str
    scope: Scope
    aggregates: bool = False
    pattern: bool = False
    subquery: Callable[[ast.Query, Scope], Any] = lambda *_: None
    path: Callable[[ast.PathPattern, Scope, Checker], Scope] = lambda *_: {}

    def type_of(self, node: ast.Expr | None) -> Type:
        return ANY if node is None else type_of(node, self)

    def boolean(self, node: ast.Expr | None) -> None:
        """A predicate; a bare pattern may be one."""
        if node is not None:
            predicate_type(node, self)

    def inner(self, **names: Type) -> Checker:
        """Within a comprehension, whose variables hide outer ones, and where nothing aggregates."""
        return replace(self, scope={**self.scope, **names}, aggregates=False)


def predicate_type(node: ast.Expr, check: Checker) -> None:
    found = type_of(node, replace(check, pattern=True))
    if not is_a(found, "boolean"):
        fail_static("InvalidArgumentType", f"{found.name} is no predicate")


def type_of(node: ast.Expr, check: Checker) -> Type:
    return _RULES[type(node)](node, check)


def _plain(check: Checker) -> Checker:
    return replace(check, pattern=False) if check.pattern else check


def _literal(node: ast.Literal, _: Checker) -> Type:
    names = {bool: "boolean", int: "integer", float: "float", str: "string", type(None): "null"}
    return Type(names[type(node.value)])


def _variable(node: ast.Variable, check: Checker) -> Type:
    return look_up(check.scope, node.name)


def _property(node: ast.Property, check: Checker) -> Type:
    entity = _plain(check).type_of(node.entity)
    if not is_a(entity, *_HAVE_PARTS):
        fail_static(
            "InvalidArgumentType",
            f"{entity.name}.{node.key}",
            "SyntaxError" if entity.name == "path" else "TypeError",
        )
    return ANY


def _index(node: ast.Index, check: Checker) -> Type:
    container = _plain(check).type_of(node.container)
    _plain(check).type_of(node.index)
    return element_of(container)


def _slice(node: ast.Slice, check: Checker) -> Type:
    kind = _plain(check).type_of(node.list)
    _plain(check).type_of(node.first)
    _plain(check).type_of(node.last)
    return kind if kind.name == "list" else ANY


def _list(node: ast.ListLiteral, check: Checker) -> Type:
    kinds = {_plain(check).type_of(item) for item in node.items}
    return list_of(kinds.pop() if len(kinds) == 1 else ANY)


def _map(node: ast.MapLiteral, check: Checker) -> Type:
    for value in node.values:
        _plain(check).type_of(value)
    return MAP


def _unary(node: ast.Unary, check: Checker) -> Type:
    if node.operator == "NOT":
        if not is_a(check.type_of(node.operand), "boolean"):
            fail_static("InvalidArgumentType", "NOT of what is not boolean")
        return BOOLEAN
    kind = _plain(check).type_of(node.operand)
    if node.operator.startswith("IS"):
        return BOOLEAN
    if not is_a(kind, "number", "integer", "float", "duration"):
        fail_static("InvalidArgumentType", f"{node.operator} {kind.name}")
    return kind


def _binary(node: ast.Binary, check: Checker) -> Type:
    operator = node.operator
    if operator in ("AND", "OR", "XOR"):
        for side in (node.left, node.right):
            kind = check.type_of(side)
            if not is_a(kind, "boolean"):
                fail_static("InvalidArgumentType", f"{operator} of {kind.name}")
        return BOOLEAN
    left, right = _plain(check).type_of(node.left), _plain(check).type_of(node.right)
    if operator == "IN":
        if not is_a(right, "list"):
            fail_static("InvalidArgumentType", f"IN {right.name}")
        return BOOLEAN
    if operator in ("=~", "STARTS WITH", "ENDS WITH", "CONTAINS"):
        return BOOLEAN
    return _arithmetic(operator, left, right)


_OPERANDS = {
    "+": ("number", "integer", "float", "string", "list", "duration", *_TEMPORAL),
    "-": ("number", "integer", "float", "duration", *_TEMPORAL),
    "*": ("number", "integer", "float", "duration"),
    "/": ("number", "integer", "float", "duration"),
    "%": ("number", "integer", "float"),
    "^": ("number", "integer", "float"),
}


def _arithmetic(operator: str, left: Type, right: Type) -> Type:
    # A list takes any value as a further element.
    if not (operator == "+" and "list" in (left.name, right.name)):
        for kind in (left, right):
            if not is_a(kind, *_OPERANDS[operator]):
                fail_static("InvalidArgumentType", f"{left.name} {operator} {right.name}")
    names = {left.name, right.name}
    if operator == "+" and "list" in names:
        return left if left == right else list_of(ANY)
    if "string" in names and "any" not in names:
        return STRING
    if operator == "^":
        return FLOAT
    if names == {"integer"}:
        return INTEGER
    return FLOAT if names <= {"integer", "float"} else ANY


def _comparison(node: ast.Comparison, check: Checker) -> Type:
    for operand in node.operands:
        _plain(check).type_of(operand)
    return BOOLEAN


def _has_labels(node: ast.HasLabels, check: Checker) -> Type:
    if not is_a(_plain(check).type_of(node.entity), "node", "relationship"):
        fail_static("InvalidArgumentType", "labels of what has none")
    check_label_values(node.labels, check)
    return BOOLEAN


def check_label_values(labels: ast.LabelExpr | None, check: Checker) -> None:
    """What stands in ``$(...)`` is a name or a list of names, as far as one can tell."""
    for node in [] if labels is None else walk(labels):
        if isinstance(node, ast.LabelValue):
            check_label_value(node.value, check)


def check_label_value(value: ast.Expr, check: Checker) -> None:
    if not is_a(_plain(check).type_of(value), "string", "list"):
        fail_static("InvalidArgumentType", "no label")


def _call(node: ast.Call, check: Checker) -> Type:
    check = _plain(check)
    if is_aggregate(node):
        if not check.aggregates:
            fail_static("InvalidAggregation", node.name)
        inside = replace(check, aggregates=False)
        for argument in node.arguments:
            if aggregates_in(argument):
                fail_static("NestedAggregation", node.name)
            for part in walk(argument):
                if isinstance(part, ast.Call) and part.name.lower() == "rand":
                    fail_static("NonConstantExpression", "rand() inside an aggregate")
        return result_of(node, [inside.type_of(argument) for argument in node.arguments])
    return result_of(node, [check.type_of(argument) for argument in node.arguments])


def _case(node: ast.Case, check: Checker) -> Type:
    plain = _plain(check)
    if node.subject is not None:
        plain.type_of(node.subject)
    for when in node.whens:
        if node.subject is None:
            predicate_type(when, check)
        else:
            plain.type_of(when)
    kinds = {plain.type_of(then) for then in node.thens}
    if node.otherwise is not None:
        kinds.add(plain.type_of(node.otherwise))
    kinds.discard(NULL)
    return kinds.pop() if len(kinds) == 1 else ANY


def _element(node: ast.Expr, check: Checker) -> Type:
    kind = _plain(check).type_of(node)
    if not is_a(kind, "list"):
        fail_static("InvalidArgumentType", f"a {kind.name} where a list is needed")
    return element_of(kind)


def _list_comprehension(node: ast.ListComprehension, check: Checker) -> Type:
    element = _element(node.list, check)
    inner = _plain(check).inner(**{node.variable: element})
    inner.boolean(node.where)
    return list_of(element if node.projection is None else inner.type_of(node.projection))


def _quantifier(node: ast.Quantifier, check: Checker) -> Type:
    inner = _plain(check).inner(**{node.variable: _element(node.list, check)})
    inner.boolean(node.where)
    return BOOLEAN


def _reduce(node: ast.Reduce, check: Checker) -> Type:
    _plain(check).type_of(node.initial)
    names = {node.accumulator: ANY, node.variable: _element(node.list, check)}
    _plain(check).inner(**names).type_of(node.body)
    return ANY


def _pattern_comprehension(node: ast.PatternComprehension, check: Checker) -> Type:
    scope = check.path(node.path, check.scope, check)
    inner = replace(_plain(check), scope=scope, aggregates=False)
    inner.boolean(node.where)
    return list_of(inner.type_of(node.projection))


def _pattern_predicate(node: ast.PatternPredicate, check: Checker) -> Type:
    is_function = check.text[node.start : node.start + 6].upper() == "EXISTS"
    if not (check.pattern or is_function):
        fail_static("UnexpectedSyntax", "a pattern is no value")
    check.path(node.path, check.scope, check)
    parts = (*node.path.nodes, *node.path.relationships)
    for name in {part.variable for part in parts} - {None}:
        look_up(check.scope, str(name))
    return BOOLEAN


def _subquery(node: ast.Subquery, check: Checker) -> Type:
    columns = check.subquery(node.query, check.scope)
    if node.kind != "collect":
        return BOOLEAN if node.kind == "exists" else INTEGER
    if len(columns) != 1:
        fail_static("UnexpectedSyntax", "COLLECT returns one column")
    return list_of(next(iter(columns.values())))


def _map_projection(node: ast.MapProjection, check: Checker) -> Type:
    subject = _plain(check).type_of(node.subject)
    if not is_a(subject, "node", "relationship", "map"):
        fail_static("InvalidArgumentType", f"a map projection of a {subject.name}")
    for _, value in node.items:
        _plain(check).type_of(value)
    return MAP


_RULES: dict[type, Callable[[Any, Checker], Type]] = {
    ast.Literal: _literal,
    ast.Parameter: lambda *_: ANY,
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
