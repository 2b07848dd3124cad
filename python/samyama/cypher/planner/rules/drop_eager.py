"""Eager goes where nothing that flows past it could see, or be overwritten by, what is written on the other side.

The planner puts Eager between every clause that reads and one that writes, either way round (CIP2015-10-27). That is
right and often too much: ``MATCH (a:A) SET a.seen = true`` reads labels and writes a property, so rows may flow one by
one. What flows together is a *segment*: the operators below an Eager down to the next one that takes in all rows before
it gives any (Eager, Aggregation, Sort, Delete), and those above it up to the next such one. An Eager may go if the
footprints of its two segments have no conflict; then they are one segment, for the next Eager up or down.

A deletion takes in all rows by itself, so below it no Eager is needed for its sake; behind it everything has happened.
A right side of Apply is a segment of its own: what stands around the Apply was judged with all that is inside it.

Does not apply where a footprint cannot be told: procedures, properties and labels named by values.
"""

from __future__ import annotations

from typing import Any

import msgspec

from samyama.cypher import plan as p
from samyama.cypher.planner.footprint import Footprint, conflict, own_footprint

__all__ = ["apply"]

#: They take in all rows before they give any.
_BARRIERS = (p.Eager, p.Aggregation, p.Sort, p.Delete)


def apply(root: Any) -> Any:
    """A plan that writes, from its top."""
    return _visit(root, Footprint())


def _visit(operator: Any, above: Footprint) -> Any:
    """``above``: of the operators that flow together with this one, up to the next barrier."""
    if isinstance(operator, p.Argument):
        return operator
    if isinstance(operator, p.Eager):
        if not conflict(_segment(operator.input), above):
            return _visit(operator.input, above)
        below = _visit(operator.input, Footprint())
        return operator if below is operator.input else p.Eager(input=below)
    changes: dict[str, Any] = {}
    if isinstance(operator, p.Union):
        inputs = [_visit(child, Footprint()) for child in operator.inputs]
        return msgspec.structs.replace(operator, inputs=inputs)
    for name in ("right", "body"):
        child = getattr(operator, name, None)
        if child is not None:
            new = _visit(child, Footprint())
            if new is not child:
                changes[name] = new
    below = _visit(operator.input, _flows(operator, above))
    if below is not operator.input:
        changes["input"] = below
    return msgspec.structs.replace(operator, **changes) if changes else operator


def _flows(operator: Any, above: Footprint) -> Footprint:
    """What flows together with the input of this operator."""
    if isinstance(operator, p.Delete):
        targets = Footprint()
        for target in operator.targets:
            targets.add(own_footprint(p.Filter(input=p.Argument(), predicate=target)))
        return targets
    flows = own_footprint(operator)
    if not isinstance(operator, _BARRIERS):
        flows.add(above)
    return flows


def _segment(operator: Any) -> Footprint:
    """Of this operator and its inputs down to the next barrier."""
    found = Footprint()
    while not isinstance(operator, (*_BARRIERS, p.Argument)):
        found.add(own_footprint(operator))
        if isinstance(operator, p.Union):
            # No single line of inputs leads on; a query never has an Eager above a union.
            found.everything = True
            break
        operator = operator.input
    return found
