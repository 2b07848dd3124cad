"""CREATE, MERGE, SET, REMOVE, DELETE, FOREACH."""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.planner.expressions import Lowering
from samyama.cypher.planner.patterns import Patterns, type_names
from samyama.cypher.planner.scope import Binding, Context, Scope

__all__ = ["plan_create", "plan_delete", "plan_foreach", "plan_merge", "plan_set"]


def plan_create(
    context: Context, source: p.Operator, scope: Scope, clause: ast.Create
) -> tuple[p.Operator, Scope]:
    scope = scope.copy()
    for path in clause.paths:
        nodes, relationships, slots = _new_pattern(context, scope, path, "CREATE")
        source = p.Create(input=source, nodes=nodes, relationships=relationships)
        source = _bind_path(context, source, scope, path, slots)
    return source, scope


def _bind_path(
    context: Context, source: p.Operator, scope: Scope, path: ast.PathPattern, slots: list[int]
) -> p.Operator:
    if path.variable is None:
        return source
    if path.variable in scope.names:
        context.fail(path, f"Variable `{path.variable}` already declared", "VariableAlreadyBound")
    slot = context.new_slot()
    scope.names[path.variable] = Binding(slot, "path")
    return p.Projection(input=source, slots=[slot], expressions=[p.PathBuild(slots)])


def _new_pattern(
    context: Context, scope: Scope, path: ast.PathPattern, clause: str
) -> tuple[list[p.CreateNode], list[p.CreateRelationship], list[int]]:
    if path.shortest or path.selector:
        context.fail(path, f"Shortest paths cannot stand in {clause}", "UnexpectedSyntax")
    if path.where is not None or any(
        isinstance(part, ast.Quantified) for part in path.relationships
    ):
        context.fail(
            path, f"Quantified patterns and WHERE cannot stand in {clause}", "UnexpectedSyntax"
        )
    nodes: list[p.CreateNode] = []
    relationships: list[p.CreateRelationship] = []
    lonely = not path.relationships
    slots = [_new_node(context, scope, path.nodes[0], nodes, clause, lonely)]
    for pattern, node in zip(_plain(path), path.nodes[1:], strict=True):
        right = _new_node(context, scope, node, nodes, clause, False)
        slot = _new_relationship(context, scope, pattern, slots[-1], right, relationships, clause)
        slots += [slot, right]
    return nodes, relationships, slots


def _label_names(context: Context, labels: ast.LabelExpr | None) -> list[str]:
    if labels is None:
        return []
    if isinstance(labels, ast.LabelName):
        return [labels.name]
    if isinstance(labels, ast.LabelAnd):
        return [name for operand in labels.operands for name in _label_names(context, operand)]
    return context.fail(
        labels, "What is created has plain labels, joined by ':'", "UnexpectedSyntax"
    )


def _properties(
    context: Context, scope: Scope, properties: ast.Expr | None, clause: str
) -> p.Expression | None:
    if properties is None:
        return None
    if clause == "MERGE" and isinstance(properties, ast.Parameter):
        context.fail(
            properties,
            "A parameter cannot stand for the properties in MERGE; write {key: $value}",
            "InvalidParameterUse",
        )
    return Lowering(context, scope, Patterns).lower(properties)


def _new_node(
    context: Context,
    scope: Scope,
    node: ast.NodePattern,
    nodes: list[p.CreateNode],
    clause: str,
    lonely: bool,
) -> int:
    has_more = node.labels is not None or node.properties is not None
    if node.variable and (binding := scope.names.get(node.variable)):
        if binding.kind not in ("node", "any"):
            context.fail(
                node,
                f"Type mismatch: `{node.variable}` is a {binding.kind}, not a Node",
                "VariableTypeConflict",
            )
        if has_more or lonely:
            message = (
                f"Can't create node `{node.variable}` with labels or properties here: "
                "the variable is already declared"
            )
            context.fail(node, message, "VariableAlreadyBound", gql_status="42N59")
        return binding.slot
    slot = context.new_slot()
    # Its own properties cannot see it.
    properties = _properties(context, scope, node.properties, clause)
    nodes.append(p.CreateNode(slot, _label_names(context, node.labels), properties))
    if node.variable:
        scope.names[node.variable] = Binding(slot, "node")
    return slot


def _new_relationship(
    context: Context,
    scope: Scope,
    pattern: ast.RelationshipPattern,
    left: int,
    right: int,
    relationships: list[p.CreateRelationship],
    clause: str,
) -> int:
    if pattern.length is not None:
        context.fail(
            pattern,
            f"Variable length relationships cannot be used in {clause}",
            "CreatingVarLength",
        )
    types = type_names(pattern.types)
    if types is None or len(types) != 1:
        context.fail(
            pattern,
            f"Exactly one relationship type must be specified in {clause}",
            "NoSingleRelationshipType",
        )
    if clause == "CREATE" and pattern.direction in ("both", "arrows"):
        context.fail(
            pattern,
            "Only directed relationships are supported in CREATE",
            "RequiresDirectedRelationship",
        )
    if pattern.variable and pattern.variable in scope.names:
        context.fail(
            pattern,
            f"Variable `{pattern.variable}` already declared",
            "VariableAlreadyBound",
            gql_status="42N59",
        )
    slot = context.new_slot()
    properties = _properties(context, scope, pattern.properties, clause)
    start, end = (right, left) if pattern.direction == "in" else (left, right)
    relationships.append(p.CreateRelationship(slot, types[0], start, end, properties))
    if pattern.variable:
        scope.names[pattern.variable] = Binding(slot, "relationship")
    return slot


def plan_merge(
    context: Context, source: p.Operator, scope: Scope, clause: ast.Merge
) -> tuple[p.Operator, Scope]:
    outer, new = scope, scope.copy()
    nodes, relationships, slots = _new_pattern(context, new, clause.path, "MERGE")
    # The same pattern to match, over the same slots: named parts are bound in a scope of their own, then renamed.
    bare = ast.PathPattern(
        clause.path.start, clause.path.end, None, clause.path.nodes, clause.path.relationships
    )
    right, matched = Patterns(context).plan(p.Argument(), outer, [bare], None)
    created_slots = slots
    matched_slots = _slots_in_pattern(matched, clause.path)
    renames = {m: c for m, c in zip(matched_slots, created_slots, strict=True) if m != c}
    if renames:
        right = p.Projection(
            input=right,
            slots=list(renames.values()),
            expressions=[p.Slot(slot) for slot in renames],
        )
    not_null = [
        value
        for pattern in _parts(clause.path)
        if isinstance(pattern.properties, ast.MapLiteral)
        for value in Lowering(context, outer, Patterns).all(pattern.properties.values)
    ]
    source = p.Merge(
        input=source,
        right=right,
        nodes=nodes,
        relationships=relationships,
        on_match=_items(context, new, clause.on_match),
        on_create=_items(context, new, clause.on_create),
        not_null=not_null,
    )
    return _bind_path(context, source, new, clause.path, slots), new


def _slots_in_pattern(matched: Scope, path: ast.PathPattern) -> list[int]:
    """The slots that matching the path has bound, in its order. Every part has a name: see ``name_all``."""
    return [
        matched.names[pattern.variable].slot
        for pattern in _parts(path)
        if pattern.variable is not None
    ]


def _plain(path: ast.PathPattern) -> list[ast.RelationshipPattern]:
    """The relationships; ``_new_pattern`` has refused all that is more than one."""
    return [part for part in path.relationships if isinstance(part, ast.RelationshipPattern)]


def _parts(path: ast.PathPattern) -> list[ast.NodePattern | ast.RelationshipPattern]:
    parts: list[ast.NodePattern | ast.RelationshipPattern] = [path.nodes[0]]
    for relationship, node in zip(_plain(path), path.nodes[1:], strict=True):
        parts += [relationship, node]
    return parts


def name_all(path: ast.PathPattern) -> None:
    """Give anonymous parts names that no query can write, so that matching and creating can speak of the same part."""
    for number, part in enumerate(_parts(path)):
        if part.variable is None:
            part.variable = f"\0merge{number}"


def plan_set(context: Context, source: p.Operator, scope: Scope, clause: ast.Set) -> p.Operator:
    return p.Set(input=source, items=_items(context, scope, clause.items))


def _items(context: Context, scope: Scope, items: list[ast.Node]) -> list[p.SetItem]:
    lowering = Lowering(context, scope, Patterns)
    result: list[p.SetItem] = []
    for item in items:
        match item:
            case ast.SetProperty():
                _no_pattern(context, item.value)
                result.append(
                    p.SetProperty(lowering.lower(item.entity), item.key, lowering.lower(item.value))
                )
            case ast.SetProperties():
                result.append(
                    p.SetProperties(
                        lowering.lower(item.entity), lowering.lower(item.value), item.replace
                    )
                )
            case ast.SetLabels():
                result.append(p.SetLabels(lowering.lower(item.entity), item.labels))
            case ast.RemoveProperty():
                result.append(p.RemoveProperty(lowering.lower(item.entity), item.key))
            case ast.RemoveLabels():
                result.append(p.RemoveLabels(lowering.lower(item.entity), item.labels))
            case _:
                raise AssertionError(f"no such item: {item}")
    return result


def _no_pattern(context: Context, value: ast.Expr) -> None:
    if isinstance(value, ast.PatternPredicate):
        context.fail(value, "A pattern cannot be the value of a property", "UnexpectedSyntax")


def plan_delete(
    context: Context, source: p.Operator, scope: Scope, clause: ast.Delete
) -> p.Operator:
    lowering = Lowering(context, scope, Patterns)
    for target in clause.targets:
        if isinstance(target, ast.HasLabels):
            context.fail(target, "DELETE does not delete labels; use REMOVE", "InvalidDelete")
        if isinstance(target, ast.Literal | ast.ListLiteral | ast.MapLiteral | ast.Binary):
            context.fail(
                target,
                "Type mismatch: DELETE takes a Node, Relationship or Path",
                "InvalidArgumentType",
            )
    return p.Delete(input=source, targets=lowering.all(clause.targets), detach=clause.detach)


def plan_foreach(
    context: Context, source: p.Operator, scope: Scope, clause: ast.Foreach
) -> p.Operator:
    lowering = Lowering(context, scope, Patterns)
    items = lowering.lower(clause.list)
    slot = context.new_slot()
    inner = scope.copy()
    inner.names[clause.variable] = Binding(slot)
    body: p.Operator = p.Argument()
    for step in clause.body:
        body, inner = plan_write(context, body, inner, step)
    return p.Foreach(input=source, slot=slot, list=items, body=body)


def plan_write(
    context: Context, source: p.Operator, scope: Scope, clause: ast.Clause
) -> tuple[p.Operator, Scope]:
    """Any clause that writes."""
    context.writes = True
    match clause:
        case ast.Create():
            return plan_create(context, source, scope, clause)
        case ast.Merge():
            _check_merge(context, scope, clause.path)
            name_all(clause.path)
            source, new = plan_merge(context, source, scope, clause)
            new.names = {
                name: binding for name, binding in new.names.items() if not name.startswith("\0")
            }
            return source, new
        case ast.Set():
            return plan_set(context, source, scope, clause), scope
        case ast.Delete():
            return plan_delete(context, source, scope, clause), scope
        case ast.Foreach():
            return plan_foreach(context, source, scope, clause), scope
        case _:
            raise AssertionError(f"no clause that writes: {clause}")


def _check_merge(context: Context, scope: Scope, path: ast.PathPattern) -> None:
    """A bound node is fine as an end; as the whole pattern, or with anything more, it is not."""
    for pattern in path.relationships:
        if pattern.variable and pattern.variable in scope.names:
            context.fail(
                pattern, f"Variable `{pattern.variable}` already declared", "VariableAlreadyBound"
            )
