"""Predicates on indexed properties: the index gives the rows, instead of a scan and a test of each.

Equality on the first keys of an index, then on the next key nothing (if all are equal), IN, STARTS WITH, or a lower
and an upper bound. The predicates that the index answers go away: its rows are exactly those that fulfil them under
Cypher's comparison (null and what cannot be compared is not in it for that purpose).

Does not apply when a value needs the entity itself or what is not bound yet; to an index of several keys unless every
key is asked for (it holds only what has all of them); to the kinds of index that are not ordered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog, IndexInfo
from samyama.cypher.planner.access import HINTED, Access
from samyama.cypher.planner.expressions import slots_of
from samyama.cypher.planner.query_graph import Predicate, Relationship

__all__ = ["node_seeks", "relationship_seeks"]

ORDERED = ("range", "text", "point")
#: What is guessed where the index does not say: the share of a range and of a prefix, the length of a list.
RANGE_SHARE, PREFIX_SHARE, LIST_LENGTH = 0.3, 0.1, 10
COMPARED = {
    "<": ("upper", False),
    "<=": ("upper", True),
    ">": ("lower", False),
    ">=": ("lower", True),
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}

#: What becomes of the predicates an index answers: the seek over a source.
_Make = Callable[..., Callable[[p.Operator], p.Operator]]


def node_seeks(
    catalog: Catalog,
    slot: int,
    label: Predicate,
    name: str,
    predicates: Sequence[Predicate],
    bound: set[int],
    hint: ast.Hint | None,
) -> list[Access]:
    """Every index on the label that can answer something of the node; ``label`` is the predicate that asks for it."""

    def maker(index: IndexInfo) -> _Make:
        def make(equal: list[p.Expression], **more: Any) -> Callable[[p.Operator], p.Operator]:
            return lambda source: p.NodeIndexSeek(
                input=source, slot=slot, label=name, keys=index.keys, equal=equal, **more
            )

        return make

    found = [
        _access({slot}, slot, index, [label], predicates, bound, maker(index))
        for index in _indexes(catalog, "node", name, hint)
    ]
    return _hinted(found, hint)


def relationship_seeks(
    catalog: Catalog,
    relationship: Relationship,
    predicates: Sequence[Predicate],
    bound: set[int],
    hint: ast.Hint | None,
) -> list[Access]:
    """The same of a relationship of one type, which is bound with both its ends."""
    (name,) = relationship.types

    def maker(index: IndexInfo) -> _Make:
        def make(equal: list[p.Expression], **more: Any) -> Callable[[p.Operator], p.Operator]:
            return lambda source: p.RelationshipIndexSeek(
                input=source,
                relationship=relationship.slot,
                start=relationship.left,
                end=relationship.right,
                type=name,
                direction=relationship.direction,  # type: ignore[arg-type]
                keys=index.keys,
                equal=equal,
                **more,
            )

        return make

    slot, binds = relationship.slot, {relationship.slot, relationship.left, relationship.right}
    found = [
        _access(binds, slot, index, [], predicates, bound, maker(index))
        for index in _indexes(catalog, "relationship", name, hint)
    ]
    seeks = _hinted(found, hint)
    for seek in seeks:
        seek.relationship, seek.single = relationship, False
    return seeks


def _hinted(found: list[Access | None], hint: ast.Hint | None) -> list[Access]:
    seeks = [seek for seek in found if seek is not None]
    for seek in seeks if hint is not None else ():
        seek.cost = HINTED
    return seeks


def _indexes(catalog: Catalog, entity: str, name: str, hint: ast.Hint | None) -> list[IndexInfo]:
    """The ordered indexes on a label or type; only the hinted one if there is a hint."""
    found = [
        index
        for index in catalog.indexes
        if index.entity == entity and index.label == name and index.kind in ORDERED
    ]
    if hint is None:
        return found
    is_it = hint.kind == "index" and hint.name == name
    return [index for index in found if is_it and index.keys == hint.keys]


def _access(
    binds: set[int],
    slot: int,
    index: IndexInfo,
    labels: list[Predicate],
    predicates: Sequence[Predicate],
    bound: set[int],
    make: _Make,
) -> Access | None:
    tests = [
        (q, *test)
        for q in predicates
        if q.needs - {slot} <= bound and (test := _test_of(q.expression, slot))
    ]
    equal: list[p.Expression] = []
    covers = [*labels]
    for key in index.keys:
        found = next(
            (
                (q, value)
                for q, test_key, operator, value in tests
                if test_key == key and operator == "="
            ),
            None,
        )
        if found is None:
            break
        covers.append(found[0])
        equal.append(found[1])
    rows = max(1.0, float(index.entries))
    distinct = max(1.0, float(index.distinct))
    if len(equal) == len(index.keys):
        cost = 0.5 if index.unique else rows / distinct
        return Access(binds, cost, covers, index.unique, make(equal))
    if len(equal) + 1 < len(index.keys):
        # An index over several keys holds what has all of them: each has to be asked for.
        return None
    key = index.keys[len(equal)]
    share = 1.0 if not equal else 1.0 / distinct
    here = [(q, operator, value) for q, test_key, operator, value in tests if test_key == key]
    listed = next(((q, value) for q, operator, value in here if operator == "in"), None)
    if listed is not None and not equal and len(index.keys) == 1:
        return Access(
            binds,
            LIST_LENGTH * rows / distinct,
            [*labels, listed[0]],
            False,
            make([], in_list=listed[1]),
        )
    prefix = next(((q, value) for q, operator, value in here if operator == "prefix"), None)
    if prefix is not None:
        return Access(
            binds,
            rows * PREFIX_SHARE * share,
            [*covers, prefix[0]],
            False,
            make(equal, prefix=prefix[1]),
        )
    bounds: dict[str, object] = {}
    for q, operator, value in here:
        if operator in COMPARED and COMPARED[operator][0] not in bounds:
            side, included = COMPARED[operator]
            bounds |= {side: value, f"{side}_included": included}
            covers.append(q)
    if bounds:
        return Access(binds, rows * RANGE_SHARE * share, covers, False, make(equal, **bounds))
    return None


def _test_of(expression: p.Expression, slot: int) -> tuple[str, str, p.Expression] | None:
    """(key, operator, value) of a predicate ``slot.key operator value`` whose value does not need the slot."""

    def key_of(side: p.Expression) -> str | None:
        return side.key if isinstance(side, p.Property) and side.entity == p.Slot(slot) else None

    if (
        isinstance(expression, p.Comparison)
        and len(expression.operators) == 1
        and expression.operators[0] in MIRRORED
    ):
        left, right = expression.operands
        operator: str = expression.operators[0]
        if (key := key_of(left)) is not None and slot not in slots_of(right):
            return key, operator, right
        if (key := key_of(right)) is not None and slot not in slots_of(left):
            return key, MIRRORED[operator], left
    if isinstance(expression, p.Binary) and expression.operator in ("in", "starts_with"):
        key = key_of(expression.left)
        if key is not None and slot not in slots_of(expression.right):
            return key, "in" if expression.operator == "in" else "prefix", expression.right
    return None
