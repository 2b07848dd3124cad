"""Aggregates: where they can stand, what can stand inside of them, and what beside them.

Source: the rules on implicit grouping keys of openCypher 9, as the TCK's features ReturnOrderBy6, Return6, With6 and
WithOrderBy4 have them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.semantic.scope import shown
from samyama.cypher.semantic.signatures import AGGREGATES
from samyama.cypher.tree import children, signature, walk

if TYPE_CHECKING:
    from samyama.cypher.semantic.analyser import Analyser

__all__ = ["argument", "check_beside", "find_aggregate", "is_aggregate", "is_simple_key"]

_INSIDE_ANOTHER = "inside of another"
#: Aggregates in these are over rows of their own.
_OWN_ROWS = (ast.Subquery, ast.PatternComprehension, ast.PatternPredicate)


def is_aggregate(node: object) -> bool:
    return isinstance(node, ast.Call) and node.name.lower() in AGGREGATES


def find_aggregate(node: ast.Node) -> ast.Call | None:
    """The first aggregate over the rows that the expression stands in."""
    if isinstance(node, ast.Call) and node.name.lower() in AGGREGATES:
        return node
    if isinstance(node, _OWN_ROWS):
        return None
    for child in children(node):
        found = find_aggregate(child)
        if found is not None:
            return found
    return None


@contextmanager
def argument(analyser: Analyser, call: ast.Call) -> Iterator[None]:
    """Check that the aggregate can stand here; inside of it no other can."""
    if analyser.no_aggregates == _INSIDE_ANOTHER:
        message = f"Aggregating functions cannot be nested: {call.name}() stands {_INSIDE_ANOTHER}"
        analyser.fail(call, e.AGGREGATE_NESTED, message)
    if analyser.no_aggregates:
        message = f"Invalid use of the aggregating function {call.name}() {analyser.no_aggregates}"
        analyser.fail(call, e.AGGREGATE_HERE, message)
    for node in (found for given in call.arguments for found in walk(given)):
        if isinstance(node, ast.Call) and node.name.lower() == "rand":
            message = f"rand() cannot stand inside of {call.name}(): use WITH rand() AS x first"
            analyser.fail(node, e.AGGREGATE_OF_RANDOM, message)
    with analyser.aggregates(_INSIDE_ANOTHER):
        yield


def is_simple_key(node: ast.Expr) -> bool:
    """What can stand beside an aggregate when it is projected: a variable, or a property of one."""
    is_property = isinstance(node, ast.Property) and isinstance(node.entity, ast.Variable)
    return is_property or isinstance(node, ast.Variable)


def check_beside(analyser: Analyser, node: ast.Node, keys: set[Any], outside: set[str]) -> None:
    """What stands beside an aggregate is constant, or made of grouping keys.

    Args:
        node: An item with an aggregate, its variables resolved.
        keys: Signatures of the simple grouping keys.
        outside: Names of the variables in front of the projection; others are the item's own.
    """
    if is_aggregate(node) or signature(node) in keys:
        return
    name = None
    if isinstance(node, ast.Variable):
        name = node.name
    elif isinstance(node, ast.Property) and isinstance(node.entity, ast.Variable):
        name = node.entity.name
        if signature(node.entity) in keys:
            return
    elif isinstance(node, ast.NodePattern | ast.RelationshipPattern) and node.variable is not None:
        name = node.variable
        if signature(ast.Variable(0, 0, name)) in keys:
            name = None
    if name in outside:
        what = f"{shown(name)}.{node.key}" if isinstance(node, ast.Property) else shown(name)
        message = (
            f"`{what}` stands beside an aggregate and is no grouping key;"
            f" project it as an item of its own, or use WITH {what} AS x first"
        )
        analyser.fail(node, e.AMBIGUOUS_GROUPING, message)
    for child in children(node):
        check_beside(analyser, child, keys, outside)
