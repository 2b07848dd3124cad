"""LIMIT over ORDER BY: a sort that keeps only the rows that are asked for.

Right, because a stable sort cut to its first k rows gives the same rows in the same order as the whole sort and then
k of it. SKIP adds to k. Projections between give one row for each, so the limit reaches through them (``WITH n ORDER BY
n.x RETURN n.name LIMIT 3``); nothing moves, the sort only learns how many rows will be pulled. A limit that stands
directly on its sort goes away.

Does not apply where rows may be dropped or doubled between (a WHERE behind the ORDER BY, a MATCH), nor to a sort that
is cut already.
"""

from __future__ import annotations

import msgspec

from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog

__all__ = ["apply"]


def apply(limit: p.Limit, _: Catalog) -> p.Operator | None:
    count = limit.count
    above: list[p.Skip | p.Projection] = []
    at = limit.input
    while isinstance(at, p.Skip | p.Projection):
        if isinstance(at, p.Skip):
            count = p.Binary("add", count, at.count)
        above.append(at)
        at = at.input
    if not isinstance(at, p.Sort) or at.limit is not None:
        return None
    below: p.Operator = msgspec.structs.replace(at, limit=count)
    if not above:
        return below
    for operator in reversed(above):
        below = msgspec.structs.replace(operator, input=below)
    return msgspec.structs.replace(limit, input=below)
