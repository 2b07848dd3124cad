"""One relationship of a pattern to the operators that walk it, from what is bound."""

from __future__ import annotations

from collections.abc import Callable, Set

from samyama.cypher import plan as p
from samyama.cypher.planner.context import Context
from samyama.cypher.planner.query_graph import QueryGraph, Relationship
from samyama.cypher.planner.rules import expand_direction, expand_into

__all__ = ["bound_step", "shortest_step", "step"]


def bound_step(
    context: Context,
    source: p.Operator,
    relationship: Relationship,
    exclude: list[int],
    bound: set[int],
) -> p.Operator:
    """Over a relationship, or a list of them, that an earlier clause has bound."""
    left, right = relationship.left in bound, relationship.right in bound
    low, high = relationship.length or (1, 1)
    end, same = relationship.right, None
    if end == relationship.left and not left:
        # One node at both ends: the walk has to come back to where it began.
        end = context.new_slot()
        same = p.Comparison([p.Slot(relationship.left), p.Slot(end)], ["="])
    bound |= {relationship.left, relationship.right}
    walk = p.BoundRelationships(
        input=source,
        relationship=relationship.slot,
        is_list=relationship.is_list,
        start=relationship.left,
        start_bound=left,
        end=end,
        end_bound=right,
        types=relationship.types,
        direction=relationship.direction,  # type: ignore[arg-type]
        min=low,
        max=high,
        exclude=exclude,
    )
    return walk if same is None else p.Filter(input=walk, predicate=same)


def step(
    context: Context,
    source: p.Operator,
    relationship: Relationship,
    exclude: list[int],
    bound: set[int],
) -> p.Operator:
    """A hop, or a path of variable length; its other end is bound behind it, or has to be the node that is."""
    from_, to, direction = expand_direction.way(relationship, bound)
    end = context.new_slot() if to in bound else to
    hop: p.Operator
    if relationship.length is None:
        hop = p.Expand(
            input=source,
            from_=from_,
            relationship=relationship.slot,
            to=end,
            types=relationship.types,
            direction=direction,  # type: ignore[arg-type]
            exclude=exclude,
        )
    else:
        hop = _var_length(source, relationship, (from_, end, direction), exclude)
    if end != to:
        hop = _into(hop, end, to, context.without)
    if relationship.length is not None and from_ != relationship.left and relationship.is_seen:
        reverse = p.Function("reverse", [p.Slot(relationship.slot)])
        hop = p.Projection(input=hop, slots=[relationship.slot], expressions=[reverse])
    bound |= {to, relationship.slot}
    return hop


def _into(hop: p.Operator, end: int, to: int, without: Set[str]) -> p.Operator:
    """The hop has to end at a node that is bound."""
    test = p.Filter(input=hop, predicate=p.Comparison([p.Slot(end), p.Slot(to)], ["="]))
    better = None if "expand_into" in without else expand_into.apply(test)
    return better or test


def _var_length(
    source: p.Operator,
    relationship: Relationship,
    way: tuple[int, int, str],
    exclude: list[int],
    *,
    into: bool = False,
) -> p.Operator:
    from_, to, direction = way
    low, high = relationship.length or (1, 1)
    return p.VarLengthExpand(
        input=source,
        from_=from_,
        relationships=relationship.slot,
        to=to,
        types=relationship.types,
        direction=direction,  # type: ignore[arg-type]
        min=low,
        max=high,
        into=into,
        exclude=exclude,
        hop=relationship.hop,
        predicate=relationship.hop_predicate,
    )


def shortest_step(
    source: p.Operator,
    graph: QueryGraph,
    relationship: Relationship,
    bound: set[int],
    filtered: Callable[[p.Operator], p.Operator],
) -> p.Operator:
    """The shortest path, or all, between two bound nodes; ``filtered`` puts in the predicates that are ready."""
    from_, to, direction = expand_direction.way(relationship, bound)
    bound.add(relationship.slot)
    paths = {slot for slot, slots in graph.paths if relationship.slot in slots}
    is_all = relationship.shortest == "all"
    if any(predicate.needs & (paths | {relationship.slot}) for predicate in graph.predicates):
        # Predicates over the whole path: every path is looked at, and the shortest of those that fit is taken.
        way = from_, to, direction
        right = filtered(_var_length(p.Argument(), relationship, way, [], into=True))
        size = p.Function("size", [p.Slot(relationship.slot)])
        right = p.Sort(input=right, keys=[size], descending=[False])
        right = p.SelectPaths(
            input=right, partition=[], length=size, count=p.Literal(1), groups=is_all
        )
        return p.Apply(input=source, right=right)
    low, high = relationship.length or (1, 1)
    return p.ShortestPath(
        input=source,
        from_=from_,
        relationships=relationship.slot,
        to=to,
        types=relationship.types,
        direction=direction,  # type: ignore[arg-type]
        min=low,
        max=high,
        all=is_all,
        hop=relationship.hop,
        predicate=relationship.hop_predicate,
        cycles=relationship.cycles,
    )
