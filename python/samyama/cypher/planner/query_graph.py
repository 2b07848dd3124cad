"""One MATCH as a graph: nodes and relationships are slots, everything asked of them is a predicate with what it
needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.tree import path_parts

__all__ = [
    "Predicate",
    "QueryGraph",
    "Relationship",
    "differs",
    "group_names",
    "is_plain",
    "may_be_same",
    "type_names",
]


@dataclass(slots=True)
class Relationship:
    """``left`` and ``right`` as written; ``direction`` seen from the left."""

    slot: int
    left: int
    right: int
    direction: str
    types: list[str]
    length: tuple[int, int | None] | None
    #: By its own name or that of its path: its relationships stand in the order of the pattern.
    is_seen: bool
    shortest: str | None = None
    is_bound: bool = False
    is_list: bool = False
    hop: int | None = None
    hop_predicate: p.Expression | None = None
    quantified: ast.Quantified | None = None
    #: Of a quantified pattern: its variables outside, which hold lists.
    groups: dict[str, int] = field(default_factory=dict)
    cycles: bool = False


@dataclass(slots=True)
class Predicate:
    expression: p.Expression
    needs: set[int]


@dataclass(slots=True)
class QueryGraph:
    """One MATCH as a graph of what is to be bound."""

    nodes: list[int] = field(default_factory=list)
    relationships: list[Relationship] = field(default_factory=list)
    predicates: list[Predicate] = field(default_factory=list)
    paths: list[tuple[int, list[int]]] = field(default_factory=list)
    #: Slots of relationships that have been walked: one that was bound before is not, until its ends are seen to.
    walked: set[int] = field(default_factory=set)


def type_names(types: ast.LabelExpr | None) -> list[str] | None:
    """The names of a plain alternative; None when it is more than that."""
    if types is None:
        return []
    if isinstance(types, ast.LabelName):
        return [types.name]
    if isinstance(types, ast.LabelOr) and all(
        isinstance(operand, ast.LabelName) for operand in types.operands
    ):
        return [operand.name for operand in types.operands if isinstance(operand, ast.LabelName)]
    return None


def is_plain(relationship: Relationship) -> bool:
    return (
        relationship.length is None and not relationship.is_bound and relationship.shortest is None
    )


def may_be_same(one: Relationship, other: Relationship) -> bool:
    return not one.types or not other.types or bool(set(one.types) & set(other.types))


def differs(one: Relationship, other: Relationship) -> p.Expression:
    if other.length is not None or other.is_list:
        return p.Unary("not", p.Binary("in", p.Slot(one.slot), p.Slot(other.slot)))
    return p.Comparison([p.Slot(one.slot), p.Slot(other.slot)], ["<>"])


def group_names(pattern: ast.Quantified) -> list[str]:
    """The variables of the inner pattern, each once."""
    names = [part.variable for part in path_parts(pattern.path) if part.variable is not None]
    return list(dict.fromkeys(names))
