"""Which slots an operator or expression reads and writes.

``slots_read`` may say too much, never too little: rules use it to see that something is *not* needed.
"""

from __future__ import annotations

from typing import Any

from samyama.cypher import plan as p

__all__ = ["is_drawn", "slots_read", "slots_written"]

#: Integers of the plan that are no slots.
_NUMBERS = ("min", "max", "value", "index")
#: What an operator writes, by the names of its fields; ``to`` unless it walks into a node that is bound.
_WRITES = ("slot", "relationship", "relationships", "start", "end", "to")
_LISTS = ("slots", "key_slots", "right_slots", "yield_slots", "groups")
_DRAWN = ("rand", "randomuuid")


def slots_read(value: Any) -> set[int]:
    """Every slot that is named at all, below and inside."""
    found: set[int] = set()
    _collect(value, found)
    return found


def _collect(value: Any, found: set[int]) -> None:
    if isinstance(value, list | tuple):
        for item in value:
            if isinstance(item, int) and not isinstance(item, bool):
                found.add(item)
            else:
                _collect(item, found)
    elif hasattr(value, "__struct_fields__"):
        for name in value.__struct_fields__:
            item = getattr(value, name)
            if isinstance(item, int) and not isinstance(item, bool):
                if name not in _NUMBERS:
                    found.add(item)
            elif not isinstance(item, str | float):
                _collect(item, found)


def slots_written(operator: Any) -> set[int]:
    """What an operator and all below it put into the row."""
    found: set[int] = set()
    _collect_written(operator, found)
    return found


def _collect_written(operator: Any, found: set[int]) -> None:
    for name in _WRITES:
        slot = getattr(operator, name, None)
        if isinstance(slot, int):
            found.add(slot)
    for name in _LISTS:
        slots = getattr(operator, name, None)
        if isinstance(slots, list):
            found.update(slots)
    for item in (*getattr(operator, "aggregates", ()), *getattr(operator, "nodes", ())):
        found.add(item.slot)
    for name in ("input", "right", "body"):
        child = getattr(operator, name, None)
        if isinstance(child, p.Operator_):
            _collect_written(child, found)
    for child in getattr(operator, "inputs", ()):
        _collect_written(child, found)
    created = getattr(operator, "relationships", None)
    if isinstance(created, list):
        found.update(relationship.slot for relationship in created)


def is_drawn(value: Any) -> bool:
    """Does it give another value each time it is asked?"""
    if isinstance(value, p.Function) and value.name in _DRAWN:
        return True
    if isinstance(value, list):
        return any(map(is_drawn, value))
    return any(is_drawn(getattr(value, name)) for name in getattr(value, "__struct_fields__", ()))
