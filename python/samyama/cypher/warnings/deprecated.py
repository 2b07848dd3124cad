"""What works and has a better form, which later versions of Cypher may ask for."""

from __future__ import annotations

import itertools

from samyama.cypher import ast
from samyama.cypher.planner.context import Context
from samyama.cypher.semantic.types import NODE, RELATIONSHIP
from samyama.cypher.tree import walk
from samyama.cypher.warnings.nodes import Nodes

__all__ = ["warn_of_deprecated"]

CODE = "Neo.ClientNotification.Statement.FeatureDeprecationWarning"
TITLE = "This feature is deprecated and will be removed in future versions."
GQL_STATUS = "01N01"

FUNCTIONS = {
    "id": "id() is an old form; use elementId()",
    "exists": "exists(n.key) is an old form; use n.key IS NOT NULL, or EXISTS { } for a pattern",
}


#: What can be deprecated, all or in part.
LOOKED_AT: tuple[type[ast.Node], ...] = (
    ast.Call,
    ast.PatternPredicate,
    ast.CallSubquery,
    ast.RelationshipPattern,
    ast.SetProperties,
)


def warn_of_deprecated(context: Context, nodes: Nodes) -> None:
    for kind in LOOKED_AT:
        for node in nodes.of(kind):
            found = _found(context, node)
            if found:
                context.notify(node, CODE, TITLE, f"{found}.", "DEPRECATION", GQL_STATUS)


def _found(context: Context, node: ast.Node) -> str:
    """Why the node is not what one writes today; empty: it is."""
    match node:
        case ast.Call():
            return FUNCTIONS.get(node.name.lower(), "")
        case ast.PatternPredicate() if node.explicit:
            return "exists(pattern) is an old form; use EXISTS { }"
        case ast.CallSubquery() if node.imports is None and not node.import_all:
            return "CALL { } that imports by WITH is an old form; name what it takes: CALL (x) { }, CALL () { }"
        case ast.RelationshipPattern() if _has_two_colons(context, node.types):
            return "A colon before each type is an old form; write [:A|B]"
        case ast.SetProperties() if _is_entity(context, node.value):
            return "SET from a node or relationship is an old form; use properties()"
        case _:
            return ""


def _has_two_colons(context: Context, types: ast.LabelExpr | None) -> bool:
    if not isinstance(types, ast.LabelOr):
        return False
    names = [node for node in walk(types) if isinstance(node, ast.LabelName)]
    return any(
        ":" in context.text[left.end : right.start] for left, right in itertools.pairwise(names)
    )


def _is_entity(context: Context, value: ast.Expr) -> bool:
    return isinstance(value, ast.Variable) and context.analysis.types[value.name] in (
        NODE,
        RELATIONSHIP,
    )
