"""Label expressions: ``A``, ``A&B``, ``A|B``, ``!A``, ``%`` (Neo4j Cypher manual, "Label expressions"), ``$(...)``.

Values are looked up in the row as far as it is known when the entity is met: a value that depends on a later part of
the same pattern is not for this interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

from tests.reference.errors import fail
from tests.reference.kinds import kind

from samyama.cypher import ast

__all__ = ["matches", "names_in", "names_of"]

#: What an expression gives in the row.
Give = Callable[[ast.Expr], Any]


def names_in(value: Any) -> list[str]:
    """A name, or a list of names."""
    names = value if isinstance(value, list) else [value]
    for name in names:
        if not isinstance(name, str):
            fail("TypeError", "InvalidArgumentType", f"a label is a string, not a {kind(name)}")
        if not name:
            fail("TypeError", "InvalidArgumentValue", "the empty string is no label")
    return names


def names_of(expression: ast.LabelExpr | None, give: Give) -> list[str]:
    """Of what is created: all of them."""
    match expression:
        case None:
            return []
        case ast.LabelName():
            return [expression.name]
        case ast.LabelValue(is_any=False):
            return names_in(give(expression.value))
        case ast.LabelAnd():
            return [name for operand in expression.operands for name in names_of(operand, give)]
    raise AssertionError("the static checks let only plain labels through")


def matches(expression: ast.LabelExpr | None, names: Set[str], give: Give) -> bool:
    """``names``: the labels of a node, or the one type of a relationship."""
    match expression:
        case None:
            return True
        case ast.LabelName():
            return expression.name in names
        case ast.LabelValue():
            asked = [name in names for name in names_in(give(expression.value))]
            return any(asked) if expression.is_any else all(asked)
        case ast.LabelAny():
            return bool(names)
        case ast.LabelNot():
            return not matches(expression.operand, names, give)
        case ast.LabelAnd():
            return all(matches(operand, names, give) for operand in expression.operands)
        case ast.LabelOr():
            return any(matches(operand, names, give) for operand in expression.operands)
    raise AssertionError(f"no label expression: {expression}")
