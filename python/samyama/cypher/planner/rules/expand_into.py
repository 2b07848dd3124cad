"""A relationship between two nodes that are both bound (the last of a cycle) is looked for between them.

Instead of walking to every neighbour and dropping those that are not the other node, the operator is told where it must
end: a single hop walks from the end with fewer relationships, a search stops when it is there. The rows are the same,
because the filter that goes away asked for exactly that.

Does not apply to a node that was not bound before: there is nothing to compare with.
"""

from __future__ import annotations

import msgspec

from samyama.cypher import plan as p

__all__ = ["apply"]


def apply(found: p.Filter) -> p.Operator | None:
    """``found``: the hop to a slot that nothing else names, and the test that it is the node that is bound."""
    match found:
        case p.Filter(
            input=(p.Expand() | p.VarLengthExpand()) as hop,
            predicate=p.Comparison(
                operands=[p.Slot(slot=end), p.Slot(slot=bound)], operators=["="]
            ),
        ) if hop.to == end and not hop.into:
            return msgspec.structs.replace(hop, to=bound, into=True)
        case _:
            return None
