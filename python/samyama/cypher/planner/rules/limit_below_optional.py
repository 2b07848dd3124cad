"""ORDER BY ... LIMIT k over OPTIONAL MATCH: the first k rows are chosen before the optional part runs.

Right, because an optional match gives at least one row for each row that comes in, in their order: if only what stood
before it decides the order, the first k rows out of it come from the first k rows into it. The sort above stays, and
finds its input sorted and short. Sort keys that a projection between has computed are computed below as well.

Does not apply where a key needs what the optional part binds, where a key draws random values, or where the optional
part could fail on a row that is now cut off (only plain property tests are taken for harmless).
"""

from __future__ import annotations

from typing import Any

import msgspec

from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog
from samyama.cypher.planner.slots import is_drawn, slots_read, slots_written

__all__ = ["apply"]

_TOTAL = (
    p.Slot,
    p.Literal,
    p.AutoParameter,
    p.Parameter,
    p.Property,
    p.Comparison,
    p.HasLabels,
    p.And,
    p.Or,
)
_PLAIN = (
    p.Argument,
    p.AllNodesScan,
    p.NodeByLabelScan,
    p.NodeIndexSeek,
    p.Expand,
    p.VarLengthExpand,
    p.Filter,
)


def apply(
    operator: p.Limit | p.Skip | p.Projection | p.Sort, catalog: Catalog
) -> p.Operator | None:
    """At a sort, or at the limit above it."""
    if isinstance(operator, p.Sort):
        return _below(operator)
    if not isinstance(operator.input, p.Skip | p.Projection | p.Sort):
        return None
    inner = apply(operator.input, catalog)
    return None if inner is None else msgspec.structs.replace(operator, input=inner)


def _below(sort: p.Sort) -> p.Operator | None:
    if sort.limit is None:
        return None
    keys = sort.keys
    above: list[p.Projection] = []
    at = sort.input
    while isinstance(at, p.Projection):
        made = dict(zip(at.slots, at.expressions, strict=True))
        keys = [_put_in(key, made) for key in keys]
        above.append(at)
        at = at.input
    if not isinstance(at, p.OptionalApply) or not _cannot_fail(at.right):
        return None
    if slots_read(keys) & (set(at.slots) | slots_written(at.right)) or is_drawn(keys):
        return None
    cut = p.Sort(input=at.input, keys=keys, descending=sort.descending, limit=sort.limit)
    below: p.Operator = msgspec.structs.replace(at, input=cut)
    for projection in reversed(above):
        below = msgspec.structs.replace(projection, input=below)
    return msgspec.structs.replace(sort, input=below)


def _put_in(key: p.Expression, made: dict[int, p.Expression]) -> p.Expression:
    """The key over what a projection had below it; deeper inside an expression its slots stay, and stop the rule."""
    if isinstance(key, p.Slot):
        return made.get(key.slot, key)
    if isinstance(key, p.Property):
        return p.Property(_put_in(key.entity, made), key.key)
    if slots_read(key) & made.keys():
        # Random as far as this rule is concerned: it will not be moved.
        return p.Function("rand", [])
    return key


def _cannot_fail(operator: Any) -> bool:
    while True:
        if not isinstance(operator, _PLAIN):
            return False
        predicate = getattr(operator, "predicate", None)
        if predicate is not None and not _is_total(predicate):
            return False
        if isinstance(operator, p.Argument):
            return True
        operator = operator.input


def _is_total(expression: Any) -> bool:
    if not isinstance(expression, _TOTAL):
        return False
    if isinstance(expression, p.Property):
        return isinstance(expression.entity, p.Slot)
    return all(map(_is_total, getattr(expression, "operands", ())))
