"""CREATE, MERGE, SET, REMOVE, DELETE, FOREACH."""

from __future__ import annotations

from itertools import zip_longest

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.context import Context, Names
from samyama.cypher.planner.expressions import Lowering, holds_subplan, slots_of
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.tree import label_parts, path_parts

__all__ = ["plan_write"]


def plan_write(
    context: Context, source: p.Operator, names: Names, clause: ast.Clause
) -> tuple[p.Operator, Names]:
    """Any clause that writes; the slots behind it."""
    context.writes = True
    match clause:
        case ast.Create():
            return _plan_create(context, source, names, clause)
        case ast.Merge():
            return _plan_merge(context, source, names, clause)
        case ast.Set():
            return p.Set(input=source, items=_items(context, names, clause.items)), names
        case ast.Delete():
            targets = Lowering(context, names, Patterns).all(clause.targets)
            return p.Delete(input=source, targets=targets, detach=clause.detach), names
        case ast.Foreach():
            return _plan_foreach(context, source, names, clause), names
        case _:
            raise AssertionError(f"no clause that writes: {clause}")


def _plan_create(
    context: Context, source: p.Operator, names: Names, clause: ast.Create
) -> tuple[p.Operator, Names]:
    names = dict(names)
    for path in clause.paths:
        new = _NewPattern(context, names)
        new.add(path)
        source = _create(source, new)
        source = _bind_path(context, source, names, path, new.slots)
    return source, names


def _create(source: p.Operator, new: _NewPattern) -> p.Operator:
    """One operator for consecutive patterns: scripts create hundreds of them in a row.

    It makes all its nodes before its relationships, so a node whose properties look at a relationship, or at the graph,
    begins another one.
    """
    if isinstance(source, p.Create):
        made = {relationship.slot for relationship in source.relationships}
        needed = [node.properties for node in new.nodes if node.properties is not None]
        if not any(slots_of(one) & made or holds_subplan(one) for one in needed):
            return p.Create(
                input=source.input,
                nodes=[*source.nodes, *new.nodes],
                relationships=[*source.relationships, *new.relationships],
            )
    return p.Create(input=source, nodes=new.nodes, relationships=new.relationships)


def _bind_path(
    context: Context, source: p.Operator, names: Names, path: ast.PathPattern, slots: list[int]
) -> p.Operator:
    if path.variable is None:
        return source
    slot = names[path.variable] = context.new_slot()
    return p.Projection(input=source, slots=[slot], expressions=[p.PathBuild(slots)])


class _NewPattern:
    """What one path creates: ``slots`` are its parts in order, those that were there before among them."""

    def __init__(self, context: Context, names: Names) -> None:
        self.context, self.names = context, names
        self.nodes: list[p.CreateNode] = []
        self.relationships: list[p.CreateRelationship] = []
        self.slots: list[int] = []

    def add(self, path: ast.PathPattern) -> None:
        self.slots.append(self._node(path.nodes[0]))
        for pattern, node in zip(path.relationships, path.nodes[1:], strict=True):
            assert isinstance(pattern, ast.RelationshipPattern), "quantified parts are refused"
            right = self._node(node)
            slot = self._relationship(pattern, self.slots[-1], right)
            self.slots += [slot, right]

    def _node(self, node: ast.NodePattern) -> int:
        if node.variable is not None and node.variable in self.names:
            return self.names[node.variable]
        slot = self.context.new_slot()
        names, values, _ = label_parts(node.labels)
        lowering = Lowering(self.context, self.names, Patterns)
        properties = lowering.optional(node.properties)
        self.nodes.append(p.CreateNode(slot, names, properties, lowering.all(values)))
        if node.variable is not None:
            self.names[node.variable] = slot
        return slot

    def _relationship(self, pattern: ast.RelationshipPattern, left: int, right: int) -> int:
        slot = self.context.new_slot()
        names, values, _ = label_parts(pattern.types)
        name, value = next(zip_longest(names, values))
        lowering = Lowering(self.context, self.names, Patterns)
        start, end = (right, left) if pattern.direction == "in" else (left, right)
        properties = lowering.optional(pattern.properties)
        self.relationships.append(
            p.CreateRelationship(slot, name, start, end, properties, lowering.optional(value))
        )
        if pattern.variable is not None:
            self.names[pattern.variable] = slot
        return slot


def _plan_merge(
    context: Context, source: p.Operator, names: Names, clause: ast.Merge
) -> tuple[p.Operator, Names]:
    """The pattern is planned twice, to match and to create; what is matched moves to the slots of what is created."""
    path = clause.path
    _name_all(path)
    behind = dict(names)
    new = _NewPattern(context, behind)
    new.add(path)
    bare = ast.PathPattern(path.start, path.end, None, path.nodes, path.relationships)
    right, matched = Patterns(context).plan(p.Argument(), names, [bare], None)
    found = [matched[name] for part in path_parts(path) if (name := part.variable) is not None]
    renames = {m: c for m, c in zip(found, new.slots, strict=True) if m != c}
    if renames:
        right = p.Projection(
            input=right,
            slots=list(renames.values()),
            expressions=[p.Slot(slot) for slot in renames],
        )
    values = Lowering(context, names, Patterns)
    source = p.Merge(
        input=source,
        right=right,
        nodes=new.nodes,
        relationships=new.relationships,
        on_match=_items(context, behind, clause.on_match),
        on_create=_items(context, behind, clause.on_create),
        not_null=[
            value
            for part in path_parts(path)
            if isinstance(part, ast.NodePattern | ast.RelationshipPattern)
            and isinstance(part.properties, ast.MapLiteral)
            for value in values.all(part.properties.values)
        ],
    )
    source = _bind_path(context, source, behind, path, new.slots)
    return source, {name: slot for name, slot in behind.items() if not name.startswith("\0")}


def _name_all(path: ast.PathPattern) -> None:
    """Give anonymous parts names that no query can write, so that matching and creating can speak of the same part."""
    for number, part in enumerate(path_parts(path)):
        if isinstance(part, ast.NodePattern | ast.RelationshipPattern) and part.variable is None:
            part.variable = f"\0merge{number}"


def _items(context: Context, names: Names, items: list[ast.Node]) -> list[p.SetItem]:
    lowering = Lowering(context, names, Patterns)
    lower = lowering.lower
    result: list[p.SetItem] = []
    for item in items:
        match item:
            case ast.SetProperty():
                result.append(p.SetProperty(lower(item.entity), item.key, lower(item.value)))
            case ast.SetProperties():
                entity, value = lower(item.entity), lower(item.value)
                result.append(p.SetProperties(entity, value, item.replace))
            case ast.SetLabels():
                values = lowering.all(item.values)
                result.append(p.SetLabels(lower(item.entity), item.labels, values))
            case ast.RemoveProperty():
                result.append(p.RemoveProperty(lower(item.entity), item.key))
            case ast.RemoveLabels():
                values = lowering.all(item.values)
                result.append(p.RemoveLabels(lower(item.entity), item.labels, values))
            case _:
                raise AssertionError(f"no such item: {item}")
    return result


def _plan_foreach(
    context: Context, source: p.Operator, names: Names, clause: ast.Foreach
) -> p.Operator:
    items = Lowering(context, names, Patterns).lower(clause.list)
    slot = context.new_slot()
    inner = names | {clause.variable: slot}
    body: p.Operator = p.Argument()
    for step in clause.body:
        body, inner = plan_write(context, body, inner, step)
    return p.Foreach(input=source, slot=slot, list=items, body=body)
