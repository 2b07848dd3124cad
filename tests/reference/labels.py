"""Label expressions: ``A``, ``A&B``, ``A|B``, ``!A``, ``%`` (Neo4j Cypher manual, "Label expressions")."""

from __future__ import annotations

from collections.abc import Set

from samyama.cypher import ast

__all__ = ["matches"]


def matches(expression: ast.LabelExpr | None, names: Set[str]) -> bool:
    """``names``: the labels of a node, or the one type of a relationship."""
    match expression:
        case None:
            return True
        case ast.LabelName():
            return expression.name in names
        case ast.LabelAny():
            return bool(names)
        case ast.LabelNot():
            return not matches(expression.operand, names)
        case ast.LabelAnd():
            return all(matches(operand, names) for operand in expression.operands)
        case ast.LabelOr():
            return any(matches(operand, names) for operand in expression.operands)
    raise AssertionError(f"no label expression: {expression}")
