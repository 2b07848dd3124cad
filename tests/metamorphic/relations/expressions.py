"""Expressions that say the same in other words, nulls included.

``x`` is ``CASE WHEN true THEN x END``; ``p`` is ``NOT NOT p``; De Morgan's laws hold in three-valued logic;
``x IN [a, b]`` is ``x = a OR x = b``; ``a < b < c`` is ``a < b AND b < c``; ``a <= b`` is ``b >= a``; ``p XOR q`` is
``(p OR q) AND NOT (p AND q)``. (Dinkel.)
"""

from __future__ import annotations

import dataclasses
from functools import reduce

from tests.generators.choices import Choices
from tests.generators.queries import Query, generate_query
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import replace_node, same, tree_of
from tests.reference.tree import aggregates_in, children

from samyama.cypher import ast

__all__ = ["Expressions"]

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
_DUAL = {"AND": "OR", "OR": "AND"}


def _not(node: ast.Expr) -> ast.Expr:
    return ast.Unary(0, 0, "NOT", node)


def _logic(operator: str, left: ast.Expr, right: ast.Expr) -> ast.Expr:
    return ast.Binary(0, 0, operator, left, right)


def _case(node: ast.Expr) -> ast.Expr:
    return ast.Case(0, 0, None, [ast.Literal(0, 0, True)], [node], None)


def _in_other_words(node: ast.Expr) -> list[ast.Expr]:
    found: list[ast.Expr] = [_case(node)]
    match node:
        case ast.Binary(operator=("AND" | "OR") as operator, left=left, right=right):
            found.append(_not(_logic(_DUAL[operator], _not(left), _not(right))))
        case ast.Binary(operator="XOR", left=left, right=right):
            both = _logic("AND", left, right)
            found.append(_logic("AND", _logic("OR", left, right), _not(both)))
        case ast.Binary(operator="IN", left=left, right=ast.ListLiteral(items=items)) if items:
            each = [ast.Comparison(0, 0, [left, item], ["="]) for item in items]
            found.append(reduce(lambda a, b: _logic("OR", a, b), each))
        case ast.Comparison(operands=operands, operators=operators):
            links = [
                ast.Comparison(0, 0, [right, left], [_MIRRORED[operator]])
                for left, right, operator in zip(operands, operands[1:], operators, strict=False)
            ]
            found.append(reduce(lambda a, b: _logic("AND", a, b), links))
        case ast.Unary(operator="IS NULL"):
            found.append(_not(dataclasses.replace(node, operator="IS NOT NULL")))
    if isinstance(node, ast.Comparison | ast.HasLabels | ast.Quantifier | ast.Subquery):
        is_boolean = not isinstance(node, ast.Subquery) or node.kind == "exists"
        found += [_not(_not(node))] if is_boolean else []
    return found


class Expressions:
    name, weight = "expressions", 12

    def make(self, choices: Choices) -> Query:
        return generate_query(choices)

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        tree = tree_of(query)
        places = [node for node in _replaceable(tree) if not isinstance(node, ast.Literal)]
        if not places:
            raise NoVerdict
        place = choices.one(places)
        other = choices.one(_in_other_words(place))
        changed = replace_node(tree, place, other)
        assert isinstance(changed, ast.Query), "a query stays a query"
        return same(bench, query, [written(changed, "\n")])


def _replaceable(node: ast.Node) -> list[ast.Expr]:
    """Expressions that may be any expression: not keys of a group, not what a form of syntax needs."""
    found: list[ast.Expr] = []
    for child in children(node):
        match node:
            case ast.Projection() if isinstance(child, ast.SortItem):
                continue
            case ast.MapProjection() if child is node.subject:
                continue
            case ast.Item() if isinstance(child, ast.Variable):
                continue
            case ast.NodePattern() | ast.RelationshipPattern() if child is node.properties:
                found += [part for value in children(child) for part in _with_inner(value)]
                continue
        if isinstance(child, ast.Match) or not isinstance(child, ast.Expr):
            found += _replaceable(child)
        elif isinstance(node, ast.Item) and aggregates_in(child):
            # What stands beside an aggregate is recognised by its words.
            found += [part for call in aggregates_in(child) for part in _replaceable(call)]
        else:
            found += _with_inner(child)
    return found


def _with_inner(node: ast.Node) -> list[ast.Expr]:
    own = [node] if isinstance(node, ast.Expr) else []
    if isinstance(node, ast.PatternPredicate):
        return []
    return [*own, *_replaceable(node)]
