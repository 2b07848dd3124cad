"""``MATCH (n:Label) RETURN count(*)`` and its kin: numbers that the store keeps, so nothing is scanned.

A MATCH of one node with at most one label, or of one directed relationship with at most one label at its ends, nothing
else in it, followed by a projection whose items see it through ``count`` only. Undirected relationships are not among
them: a loop would count twice.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.context import Context, Names
from samyama.cypher.semantic.signatures import AGGREGATES
from samyama.cypher.tree import children

__all__ = ["count_from_store"]

SCOPES = (
    ast.Subquery,
    ast.PatternComprehension,
    ast.PatternPredicate,
    ast.ListComprehension,
    ast.Quantifier,
    ast.Reduce,
)
_COUNT = "\0count"


def count_from_store(
    context: Context, source: p.Operator, bound: Names, match: ast.Clause, then: ast.Clause
) -> tuple[p.Operator, Names, ast.Projection] | None:
    """The operator, the slots and the projection to go on with; None: the store does not keep this number."""
    if not isinstance(match, ast.Match) or not isinstance(then, ast.Projection):
        return None
    counted = _counted(match, bound)
    if counted is None or then.distinct or not then.items:
        return None
    names, fields = counted
    items = [
        dataclasses.replace(item, expression=_replace(item.expression, names))
        for item in then.items
    ]
    seen = (
        [item.expression for item in items]
        + [item.expression for item in then.order]
        + [then.where]
    )
    if not all(_uses_count(item.expression) for item in items) or any(
        _sees(one, names) for one in seen if one
    ):
        return None
    slot = context.new_slot()
    source = p.CountStore(input=source, slot=slot, **fields)
    return source, bound | {_COUNT: slot}, dataclasses.replace(then, items=items)


def _label(node: ast.NodePattern) -> str | None:
    """The only label; empty for none; None when there is more to the node."""
    if node.properties is not None or node.where is not None:
        return None
    if node.labels is None:
        return ""
    return node.labels.name if isinstance(node.labels, ast.LabelName) else None


def _counted(match: ast.Match, bound: Names) -> tuple[set[str], dict[str, Any]] | None:
    """The variables of the pattern, and what CountStore is to be told."""
    if match.optional or match.where is not None or match.hints or len(match.paths) != 1:
        return None
    path = match.paths[0]
    if path.variable or path.shortest or path.selector or path.where is not None:
        return None
    labels = [_label(node) for node in path.nodes]
    names = {part.variable for part in [*path.nodes, *path.relationships] if part.variable}
    if None in labels or names & set(bound):
        return None
    if not path.relationships:
        return names, {"kind": "nodes", "label": labels[0] or None}
    relationship = path.relationships[0]
    if len(path.relationships) > 1 or not isinstance(relationship, ast.RelationshipPattern):
        return None
    more = relationship.length or relationship.properties or relationship.where
    ends = [node.variable for node in path.nodes]
    if (
        more is not None
        or relationship.direction not in ("out", "in")
        or (ends[0] and ends[0] == ends[1])
    ):
        return None
    from samyama.cypher.planner.patterns import type_names

    types = type_names(relationship.types)
    start, end = labels if relationship.direction == "out" else labels[::-1]
    if types is None or (start and end) or len(set(types)) != len(types):
        return None
    return names, {
        "kind": "relationships",
        "types": types,
        "start_label": start or None,
        "end_label": end or None,
    }


def _is_count(node: object, names: set[str]) -> bool:
    if not isinstance(node, ast.Call) or node.name.lower() != "count" or node.distinct:
        return False
    return node.star or (
        len(node.arguments) == 1 and getattr(node.arguments[0], "name", None) in names
    )


def _replace(value: Any, names: set[str]) -> Any:
    if _is_count(value, names):
        return ast.Variable(value.start, value.end, _COUNT)
    if isinstance(value, list | tuple):
        return type(value)(_replace(item, names) for item in value)
    if isinstance(value, ast.Node):
        changes = {
            f.name: _replace(getattr(value, f.name), names) for f in dataclasses.fields(value)
        }
        return dataclasses.replace(value, **changes)
    return value


def _uses_count(node: ast.Node) -> bool:
    return (isinstance(node, ast.Variable) and node.name == _COUNT) or any(
        map(_uses_count, children(node))
    )


def _sees(node: ast.Node, names: set[str]) -> bool:
    """A variable of the pattern, or another aggregate, or something with a scope of its own."""
    if isinstance(node, ast.Variable) and node.name in names:
        return True
    if isinstance(node, ast.Call) and node.name.lower() in AGGREGATES:
        return True
    if isinstance(node, SCOPES):
        return True
    return any(_sees(child, names) for child in children(node))
