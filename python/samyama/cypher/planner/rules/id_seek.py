"""``id(n) = ...``, ``elementId(n) = ...`` and their IN forms: the node is fetched, not looked for.

Right, because an id names at most one node. The predicate stays above the seek: an element id may be one of another
kind of entity, or of another database.

Does not apply when the value needs the node itself, or what is not bound yet.
"""

from __future__ import annotations

from collections.abc import Sequence

from samyama.cypher import plan as p
from samyama.cypher.planner.access import Access
from samyama.cypher.planner.expressions import slots_of
from samyama.cypher.planner.query_graph import Predicate

__all__ = ["access"]

_NAMES = ("id", "elementid")


def access(slot: int, predicates: Sequence[Predicate], bound: set[int]) -> Access | None:
    for predicate in predicates:
        if not predicate.needs - {slot} <= bound:
            continue
        match predicate.expression:
            case p.Comparison(
                operands=[p.Function(name=name, arguments=[p.Slot(slot=found)]), value],
                operators=["="],
            ):
                single = True
            case p.Binary(
                operator="in",
                left=p.Function(name=name, arguments=[p.Slot(slot=found)]),
                right=value,
            ):
                single = False
            case _:
                continue
        if name in _NAMES and found == slot and slot not in slots_of(value):
            return Access({slot}, 1.0, [], single, lambda s, v=value: _seek(s, slot, v))  # type: ignore[misc]
    return None


def _seek(source: p.Operator, slot: int, ids: p.Expression) -> p.Operator:
    return p.NodeByIdSeek(input=source, slot=slot, ids=ids)
