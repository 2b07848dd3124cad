"""Quantified path patterns and path selectors.

``((a)-[r]->(b) WHERE ...){1,3}``: the inner pattern is planned once, from its first node; Repeat
runs it round by round, and outside its variables are lists. ``SHORTEST k`` and its kin: all paths
of the pattern, the shortest first, of which SelectPaths takes what is asked for per pair of ends. A
single relationship with a quantifier, of which one or all shortest are asked for, is searched
breadth first instead; everything else looks at every path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.context import Names
from samyama.cypher.planner.query_graph import Relationship, group_names
from samyama.cypher.tree import conjuncts, path_parts

if TYPE_CHECKING:
    from samyama.cypher.planner.patterns import Patterns

__all__ = ["plan_repeat", "plan_selected"]

_PATH, _END = "\0path", "\0end"


def plan_repeat(
    patterns: Patterns,
    source: p.Operator,
    relationship: Relationship,
    exclude: list[int],
    bound: set[int],
) -> p.Operator:
    from samyama.cypher.planner.patterns import Patterns as Inner

    context, pattern = patterns.context, relationship.quantified
    assert pattern is not None, "only a quantified pattern is repeated"
    path = pattern.path
    # Every part gets a name, so that its slot can be found; those that were written come out as lists.
    written = set(group_names(pattern))
    for number, part in enumerate(path_parts(path)):
        if not isinstance(part, ast.Quantified) and part.variable is None:
            part.variable = f"\0inner{number}"
    inner_start, used = context.new_slot(), context.new_slot()
    first = path.nodes[0].variable
    assert first is not None, "every part has a name by now"
    names = patterns.outer | {first: inner_start}
    inner = Inner(context)
    inner.walked = [
        Relationship(slot, -1, -1, "both", [], (1, None), True, is_list=True)
        for slot in [used, *exclude]
    ]
    body, slot_of = inner.plan(p.Argument(), names, [path], pattern.where)
    low, high = relationship.length or (1, 1)
    into = relationship.right in bound
    bound |= {relationship.right, relationship.slot, *relationship.groups.values()}
    last = path.nodes[-1].variable
    assert last is not None, "every part has a name by now"
    walked = [part.variable for part in path.relationships if part.variable is not None]
    groups = [name for name in relationship.groups if name in written]
    return p.Repeat(
        input=source,
        body=body,
        from_=relationship.left,
        to=relationship.right,
        into=into,
        inner_start=inner_start,
        inner_end=slot_of[last],
        inner_relationships=[slot_of[name] for name in walked],
        used=used,
        relationships=relationship.slot,
        inner=[slot_of[name] for name in groups],
        groups=[relationship.groups[name] for name in groups],
        min=low,
        max=high,
    )


def plan_selected(
    patterns: Patterns,
    source: p.Operator,
    outer: Names,
    paths: list[ast.PathPattern],
    where: ast.Expr | None,
) -> tuple[p.Operator, Names]:
    """A MATCH whose only pattern has a selector; its WHERE comes after the selection."""
    from samyama.cypher.planner.expressions import Lowering, filtered
    from samyama.cypher.planner.patterns import Patterns as Inner

    context, path = patterns.context, paths[0]
    selector = path.selector
    assert selector is not None, "the caller has looked"
    assert len(paths) == 1, "a path with a selector stands alone"
    path.selector = None
    for node, name in ((path.nodes[0], _PATH + "0"), (path.nodes[-1], _END)):
        node.variable = node.variable or name
    path.variable = path.variable or _PATH
    ends = [path.nodes[0].variable, path.nodes[-1].variable]
    quick = _breadth_first(path, selector)
    if quick is not None:
        path.shortest, path.cycles = quick, True
    right, inside = Inner(context).plan(p.Argument(), outer, [path], None)
    if quick is None:
        length = p.Function("length", [p.Slot(inside[path.variable])])
        if selector.shortest:
            right = p.Sort(input=right, keys=[length], descending=[False])
        right = p.SelectPaths(
            input=right,
            partition=[inside[name] for name in ends if name is not None],
            length=length,
            count=Lowering(context, {}, Inner).lower(selector.count),
            groups=selector.groups,
        )
    source = p.Apply(input=source, right=right)
    patterns.single = False
    names = {name: slot for name, slot in inside.items() if not name.startswith("\0")}
    lowering = Lowering(context, names, Inner)
    predicates = [lowering.lower(condition) for condition in conjuncts(where)]
    return filtered(source, predicates), names


def _breadth_first(path: ast.PathPattern, selector: ast.Selector) -> str | None:
    """``one`` or ``all`` if the pattern is one relationship of any length and one or all shortest are asked for."""
    one = (
        selector.shortest and isinstance(selector.count, ast.Literal) and selector.count.value == 1
    )
    if (
        not one
        or selector.count.auto is not None  # type: ignore[attr-defined]
        or len(path.relationships) != 1
        or path.where is not None
    ):
        return None
    relationship = path.relationships[0]
    if not isinstance(relationship, ast.RelationshipPattern) or relationship.length is None:
        return None
    if relationship.length[0] > 1:
        return None
    return "all" if selector.groups else "one"
