"""Expressions: every variable gets its name in the statement, every operand the type that its place asks for.

Nothing is evaluated. A mistake that shows only in values (a list index that is no integer, a step of 0) is the
executor's to find, and the TCK asks for some of those at run time even where they are literals.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.errors import Problem, did_you_mean
from samyama.cypher.parser.expressions import IS_NORMALIZED, IS_TYPE, MAP_FROM_PAIRS
from samyama.cypher.semantic import aggregation, arithmetic
from samyama.cypher.semantic.scope import Scope, Symbol
from samyama.cypher.semantic.signatures import BY_NAME, SYNTAX, Function
from samyama.cypher.semantic.types import (
    ANY,
    BOOLEAN,
    FLOAT,
    INTEGER,
    LIST,
    MAP,
    NULL,
    PATH,
    STRING,
    Type,
    fits,
    join,
    list_of,
    of,
)

if TYPE_CHECKING:
    from samyama.cypher.semantic.queries import Queries

__all__ = ["Expressions"]

_ENTITY = of("NODE", "RELATIONSHIP")
#: Of a label or type that is a value.
NAMES = of("STRING", "LIST")
_HAS_KEYS = of("NODE", "RELATIONSHIP", "MAP")
#: What a dot can stand behind: maps, entities, and what has components.
_HAS_PROPERTIES = of(
    "NODE",
    "RELATIONSHIP",
    "MAP",
    "POINT",
    "DURATION",
    "DATE",
    "LOCAL_TIME",
    "ZONED_TIME",
    "LOCAL_DATETIME",
    "ZONED_DATETIME",
)
_SIGNED = of("INTEGER", "FLOAT", "DURATION")
_LITERALS: dict[type, Type] = {
    bool: BOOLEAN,
    int: INTEGER,
    float: FLOAT,
    str: STRING,
    type(None): NULL,
}


class Expressions:
    def __init__(self, queries: Queries) -> None:
        self.queries, self.analyser = queries, queries.analyser

    # ------------------------------------------------------------------------------------------------- what is asked

    def value(self, node: ast.Expr, scope: Scope) -> Type:
        """Resolve an expression; its type."""
        return self._readers[type(node)](self, node, scope)

    def expect(
        self, node: ast.Expr, scope: Scope, wanted: Type, problem: Problem = e.WRONG_TYPE
    ) -> Type:
        """Resolve an expression that must be able to be of a type."""
        found = self.value(node, scope)
        if not fits(found, wanted):
            message = f"Type mismatch: expected {wanted} but was {found}"
            self.analyser.fail(node, problem, message)
        return found

    def predicate(self, node: ast.Expr, scope: Scope) -> None:
        """Resolve what must be true or false: the only place where a bare pattern can stand."""
        if isinstance(node, ast.PatternPredicate):
            self._existence(node, scope)
        else:
            self.expect(node, scope, BOOLEAN)

    def item_of(self, node: ast.Expr, scope: Scope) -> Type:
        """Resolve a list; what its elements are."""
        return self.expect(node, scope, LIST).item

    def local(self, scope: Scope, name: str, kind: Type) -> tuple[Scope, Symbol]:
        """A scope with a variable of an expression, which hides another of its name."""
        inner = scope.copy()
        symbol = inner.names[name] = self.analyser.symbol(name, kind)
        return inner, symbol

    # ---------------------------------------------------------------------------------------------------- leaves

    def _literal(self, node: ast.Literal, _: Scope) -> Type:
        return _LITERALS[type(node.value)]

    def _parameter(self, _: ast.Parameter, __: Scope) -> Type:
        return ANY

    def _variable(self, node: ast.Variable, scope: Scope) -> Type:
        symbol = self.analyser.resolve(scope, node.name, node)
        node.name = symbol.name
        return symbol.type

    def _list(self, node: ast.ListLiteral, scope: Scope) -> Type:
        types = [self.value(item, scope) for item in node.items]
        return list_of(reduce(join, types)) if types else LIST

    def _map(self, node: ast.MapLiteral, scope: Scope) -> Type:
        for value in node.values:
            self.value(value, scope)
        return MAP

    # ------------------------------------------------------------------------------------------------- operators

    def _property(self, node: ast.Property, scope: Scope) -> Type:
        found = self.value(node.entity, scope)
        if not fits(found, _HAS_PROPERTIES):
            # The TCK calls it a type error of a value, but of a path an error of the query.
            problem = e.WRONG_TYPE if found == PATH else e.NO_PROPERTIES
            message = f"Type mismatch: expected Map, Node or Relationship but was {found}"
            hint = "; use nodes() or relationships()" if found == PATH else ""
            self.analyser.fail(node.entity, problem, message + hint)
        return ANY

    def _index(self, node: ast.Index, scope: Scope) -> Type:
        container = self.value(node.container, scope)
        self.value(node.index, scope)
        return container.item

    def _slice(self, node: ast.Slice, scope: Scope) -> Type:
        found = self.value(node.list, scope)
        for bound in (node.first, node.last):
            if bound is not None:
                self.value(bound, scope)
        return found

    def _unary(self, node: ast.Unary, scope: Scope) -> Type:
        if node.operator == "NOT":
            self.predicate(node.operand, scope)
            return BOOLEAN
        if node.operator in ("-", "+"):
            return self.expect(node.operand, scope, _SIGNED)
        self.value(node.operand, scope)
        return BOOLEAN

    def _binary(self, node: ast.Binary, scope: Scope) -> Type:
        operator = node.operator
        if operator in ("AND", "OR", "XOR"):
            self.predicate(node.left, scope)
            self.predicate(node.right, scope)
            return BOOLEAN
        left = self.value(node.left, scope)
        if operator == "IN":
            self.expect(node.right, scope, LIST)
            return BOOLEAN
        right = self.value(node.right, scope)
        if operator not in "+-*/%^":
            return BOOLEAN
        wanted = arithmetic.operands(operator, left, right)
        for operand, found, allowed in zip(
            (node.left, node.right), (left, right), wanted, strict=True
        ):
            if not fits(found, allowed):
                message = f"Type mismatch: expected {allowed} for `{operator}` but was {found}"
                self.analyser.fail(operand, e.WRONG_TYPE, message)
        return arithmetic.result(operator, left, right)

    def _comparison(self, node: ast.Comparison, scope: Scope) -> Type:
        for operand in node.operands:
            self.value(operand, scope)
        return BOOLEAN

    def _has_labels(self, node: ast.HasLabels, scope: Scope) -> Type:
        self.expect(node.entity, scope, _ENTITY)
        self.label_values(node.labels, scope)
        return BOOLEAN

    def label_values(self, labels: ast.LabelExpr | None, scope: Scope) -> None:
        """Those written ``$(...)``, wherever they stand in a label expression."""
        match labels:
            case ast.LabelValue():
                self.expect(labels.value, scope, NAMES)
            case ast.LabelNot():
                self.label_values(labels.operand, scope)
            case ast.LabelAnd() | ast.LabelOr():
                for operand in labels.operands:
                    self.label_values(operand, scope)

    def _case(self, node: ast.Case, scope: Scope) -> Type:
        if node.subject is not None:
            self.value(node.subject, scope)
        for when in node.whens:
            if node.subject is None:
                self.predicate(when, scope)
            else:
                self.value(when, scope)
        results = [*node.thens, *([node.otherwise] if node.otherwise is not None else [])]
        return reduce(join, [self.value(result, scope) for result in results])

    # ------------------------------------------------------------------------------------------------- functions

    def _call(self, node: ast.Call, scope: Scope) -> Type:
        if node.name in (IS_TYPE, IS_NORMALIZED, MAP_FROM_PAIRS):
            for argument in node.arguments:
                self.value(argument, scope)
            return MAP if node.name == MAP_FROM_PAIRS else BOOLEAN
        function = BY_NAME.get(node.name.lower())
        if function is None:
            hint = did_you_mean(node.name, [*(one.name for one in BY_NAME.values()), *SYNTAX])
            message = f"Unknown function '{node.name}'{hint}"
            self.analyser.fail(node, e.UNKNOWN_FUNCTION, message)
        self._check_form(node, function)
        if function.is_aggregating:
            with aggregation.argument(self.analyser, node):
                types = [self.value(argument, scope) for argument in node.arguments]
        else:
            types = [self.value(argument, scope) for argument in node.arguments]
        for place, (argument, found) in enumerate(zip(node.arguments, types, strict=True)):
            if not fits(found, wanted := function.wanted(place)):
                message = f"Type mismatch: {function.name}() expected {wanted} but was {found}"
                self.analyser.fail(argument, e.WRONG_TYPE, message)
        return function.result_of(types)

    def _check_form(self, node: ast.Call, function: Function) -> None:
        if node.star:
            if function.name != "count":
                message = (
                    f"Invalid input '*': only count can be of all rows, {function.name}(*) cannot"
                )
                self.analyser.fail(node, e.UNEXPECTED_SYNTAX, message)
            return
        if node.distinct and not function.is_aggregating:
            message = (
                f"DISTINCT cannot stand in {function.name}(), which is no aggregating function"
            )
            self.analyser.fail(node, e.DISTINCT_NOT_AGGREGATING, message)
        count = len(node.arguments)
        if function.least <= count and (function.most is None or count <= function.most):
            return
        wanted = f"{function.least}"
        if function.most is None:
            wanted = f"at least {wanted}"
        elif function.most != function.least:
            wanted += f" to {function.most}"
        noun = "argument" if wanted.endswith("1") and " to " not in wanted else "arguments"
        message = f"{function.name}() takes {wanted} {noun} and got {count}: {function.signature}"
        self.analyser.fail(node, e.WRONG_ARGUMENT_COUNT, message)

    # -------------------------------------------------------------------------------------------- comprehensions

    def _list_comprehension(self, node: ast.ListComprehension, scope: Scope) -> Type:
        item = self.item_of(node.list, scope)
        inner, symbol = self.local(scope, node.variable, item)
        node.variable = symbol.name
        with self.analyser.aggregates("inside a list comprehension"):
            if node.where is not None:
                self.predicate(node.where, inner)
            if node.projection is not None:
                return list_of(self.value(node.projection, inner))
        return list_of(item)

    def _quantifier(self, node: ast.Quantifier, scope: Scope) -> Type:
        inner, symbol = self.local(scope, node.variable, self.item_of(node.list, scope))
        node.variable = symbol.name
        with self.analyser.aggregates(f"inside {node.kind}()"):
            self.predicate(node.where, inner)
        return BOOLEAN

    def _reduce(self, node: ast.Reduce, scope: Scope) -> Type:
        initial = self.value(node.initial, scope)
        # The accumulator is what the body makes of it, which may be another type.
        inner, accumulator = self.local(scope, node.accumulator, ANY)
        inner, item = self.local(inner, node.variable, self.item_of(node.list, scope))
        node.accumulator, node.variable = accumulator.name, item.name
        with self.analyser.aggregates("inside reduce()"):
            return join(initial, self.value(node.body, inner))

    def _map_projection(self, node: ast.MapProjection, scope: Scope) -> Type:
        self.expect(node.subject, scope, _HAS_KEYS)
        for _, value in node.items:
            if value is not None:
                self.value(value, scope)
        return MAP

    # --------------------------------------------------------------------------------------- patterns and subqueries

    def _existence(self, node: ast.PatternPredicate, scope: Scope) -> Type:
        self.queries.patterns.exist(node.path, scope)
        return BOOLEAN

    def _pattern_predicate(self, node: ast.PatternPredicate, scope: Scope) -> Type:
        if node.explicit:
            return self._existence(node, scope)
        message = (
            "A pattern can only be tested for existence, where true or false is expected;"
            " use a pattern comprehension or COUNT { } for more"
        )
        self.analyser.fail(node, e.PATTERN_AS_VALUE, message)

    def _pattern_comprehension(self, node: ast.PatternComprehension, scope: Scope) -> Type:
        inner = scope.copy()
        with self.analyser.aggregates("inside a pattern comprehension"):
            self.queries.patterns.match([node.path], inner)
            if node.where is not None:
                self.predicate(node.where, inner)
            return list_of(self.value(node.projection, inner))

    def _subquery(self, node: ast.Subquery, scope: Scope) -> Type:
        name = f"{node.kind.upper()} {{ }}"
        with self.analyser.aggregates("here"), self.analyser.writes(name):
            columns = self.queries.query(node.query, scope.enclosing())
        if node.kind != "collect":
            return BOOLEAN if node.kind == "exists" else INTEGER
        if len(columns) != 1:
            message = "COLLECT { } must end with RETURN of exactly one column"
            self.analyser.fail(node, e.ONE_COLUMN, message)
        return list_of(columns[0][1].type)

    _readers: ClassVar[dict[type, Callable[[Any, Any, Scope], Type]]] = {
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
