"""Walking and comparing syntax trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from samyama.cypher import ast

__all__ = [
    "children",
    "conjuncts",
    "joined",
    "label_parts",
    "path_parts",
    "signature",
    "transform",
    "walk",
]

_FIELDS: dict[type, tuple[str, ...]] = {}
_INNER: dict[type, tuple[str, ...]] = {}
#: Types of fields, as they are written in ``ast``, that hold no node.
_PLAIN = (
    *("int", "int | None", "str", "str | None", "bool", "list[str]", "list[str] | None", "None"),
    "bool | int | float | str | None",
)
_SEQUENCES = (list, tuple)
#: Where a node stands and how the plan cache stripped it are not what it says.
_PLACE = ("start", "end", "auto")


def _fields(kind: type) -> tuple[str, ...]:
    """The fields that say something."""
    if kind not in _FIELDS:
        declared: Iterable[str] = kind.__dataclass_fields__  # type: ignore[attr-defined]
        _FIELDS[kind] = tuple(name for name in declared if name not in _PLACE)
    return _FIELDS[kind]


def _inner(kind: type) -> tuple[str, ...]:
    """The fields in which nodes can stand, as their declared types say."""
    if kind not in _INNER:
        declared = kind.__dataclass_fields__.values()  # type: ignore[attr-defined]
        _INNER[kind] = tuple(field.name for field in declared if field.type not in _PLAIN)
    return _INNER[kind]


def signature(node: Any) -> Any:
    """What an expression says, without where it says it: equal for equal expressions."""
    kind = node.__class__
    if kind is str or node is None:
        return node
    if kind in _SEQUENCES:
        return tuple(map(signature, node))
    if isinstance(node, ast.Node):
        return (kind, *[signature(getattr(node, name)) for name in _fields(kind)])
    # 1, 1.0 and true are equal to Python.
    return kind, node


def children(node: ast.Node) -> Sequence[ast.Node]:
    """The nodes directly below, in order."""
    kind = node.__class__
    names = _INNER.get(kind)
    if names is None:
        names = _inner(kind)
    if not names:
        return ()
    found: list[ast.Node] = []
    for name in names:
        value = getattr(node, name)
        if value is None:
            continue
        if isinstance(value, ast.Node):
            found.append(value)
        elif value.__class__ in _SEQUENCES:
            _gather(value, found)
    return found


def _gather(values: Iterable[Any], found: list[ast.Node]) -> None:
    for value in values:
        if isinstance(value, ast.Node):
            found.append(value)
        elif value.__class__ in _SEQUENCES:
            _gather(value, found)


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """The node and everything below it, each before what is below it, in order.

    What is below a node is looked up when the next one is asked for.
    """
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(children(node))


#: Longer chains of one logical operator become a tree that is as flat as can be.
CHAIN_MAX = 16


def joined(operator: str, operands: list[ast.Expr]) -> ast.Expr:
    """Operands, two at least, with AND, OR or XOR between them: from the left, or in halves where there are many.

    The three are associative, so both mean the same; but a chain of a thousand must not nest a thousand deep.
    """
    if len(operands) > CHAIN_MAX:
        middle = len(operands) // 2
        operands = [joined(operator, operands[:middle]), joined(operator, operands[middle:])]
    left = operands[0]
    for right in operands[1:]:
        left = ast.Binary(left.start, right.end, operator, left, right)
    return left


def label_parts(
    labels: ast.LabelExpr | None,
) -> tuple[list[str], list[ast.Expr], ast.LabelExpr | None]:
    """Of labels that are created, set or removed: the plain names, the values of the others, and the first part that is
    neither a name nor ``$(...)``."""
    names: list[str] = []
    values: list[ast.Expr] = []
    waiting = [] if labels is None else [labels]
    while waiting:
        match waiting.pop():
            case ast.LabelName(name=name):
                names.append(name)
            case ast.LabelValue(value=value, is_any=False):
                values.append(value)
            case ast.LabelAnd(operands=operands):
                waiting += reversed(operands)
            case other:
                return names, values, other
    return names, values, None


def conjuncts(node: ast.Expr | None) -> list[ast.Expr]:
    """The operands of AND, however they nest; none of None."""
    if node is None:
        return []
    if isinstance(node, ast.Binary) and node.operator == "AND":
        return [*conjuncts(node.left), *conjuncts(node.right)]
    return [node]


def path_parts(
    path: ast.PathPattern,
) -> list[ast.NodePattern | ast.RelationshipPattern | ast.Quantified]:
    """Nodes and what is between them, in order."""
    parts: list[ast.NodePattern | ast.RelationshipPattern | ast.Quantified] = [path.nodes[0]]
    for relationship, node in zip(path.relationships, path.nodes[1:], strict=True):
        parts += [relationship, node]
    return parts


def transform(node: ast.Node, replace: Callable[[ast.Node], ast.Node | None]) -> ast.Node:
    """The node with parts replaced, in place, from above: by what ``replace`` gives; None: look inside."""
    found = replace(node)
    if found is not None:
        return found
    for name in _fields(type(node)):
        value = getattr(node, name)
        changed = _transformed(value, replace)
        if changed is not value:
            setattr(node, name, changed)
    return node


def _transformed(value: Any, replace: Callable[[ast.Node], ast.Node | None]) -> Any:
    if isinstance(value, ast.Node):
        return transform(value, replace)
    if isinstance(value, list):
        return [_transformed(item, replace) for item in value]
    if isinstance(value, tuple):
        return tuple(_transformed(item, replace) for item in value)
    return value
