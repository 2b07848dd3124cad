"""CREATE, SET, REMOVE, DELETE, FOREACH (openCypher 9, chapter 5; CIP2015-10-27 "Visibility"; TCK clauses/create, set,
remove, delete).

A clause takes its rows one after the other, and items from left to right; each sees what those before it did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.reference import labels
from tests.reference.context import Context, Env
from tests.reference.errors import fail
from tests.reference.expressions import evaluate
from tests.reference.functions.lists import alive
from tests.reference.graph import Node, Path, Relationship
from tests.reference.kinds import kind
from tests.reference.types import is_storable

from samyama.cypher import ast

__all__ = ["check_no_dangling", "create", "delete", "set_items", "storable"]


def storable(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Without nulls; anything that cannot be a property is refused."""
    kept = {key: value for key, value in properties.items() if value is not None}
    for key, value in kept.items():
        if not is_storable(value):
            fail("TypeError", "InvalidPropertyType", f"{key}: {value!r}")
    return kept


def _properties(context: Context, node: ast.Expr | None, env: Env) -> dict[str, Any]:
    value = evaluate(context, node, env)
    if value is None:
        return {}
    if not isinstance(value, dict):
        fail("TypeError", "InvalidArgumentType", f"properties are a map, not a {kind(value)}")
    return storable(value)


# ------------------------------------------------------------------------------------------------------ CREATE


def create(context: Context, paths: list[ast.PathPattern], env: Env) -> Env:
    """The row with what was created."""
    env = dict(env)
    for path in paths:
        nodes = [_node(context, pattern, env) for pattern in path.nodes]
        relationships = []
        for at, pattern in enumerate(path.relationships):
            assert isinstance(pattern, ast.RelationshipPattern), "the static checks saw to it"
            left, right = nodes[at], nodes[at + 1]
            start, end = (right, left) if pattern.direction == "in" else (left, right)
            relationships.append(_relationship(context, pattern, start, end, env))
        if path.variable is not None:
            env[path.variable] = Path(nodes, relationships)
    return env


def _node(context: Context, pattern: ast.NodePattern, env: Env) -> Node:
    if pattern.variable is not None and pattern.variable in env:
        node = env[pattern.variable]
        if node is None:
            fail("SemanticError", "InvalidArgumentValue", f"`{pattern.variable}` is null")
        assert isinstance(node, Node), "the static checks saw to it"
        return node
    properties = _properties(context, pattern.properties, env)
    names = labels.names_of(pattern.labels, lambda value: evaluate(context, value, env))
    node = context.graph.create_node(set(names), properties)
    context.counters.nodes_created += 1
    context.counters.labels_added += len(set(names))
    context.counters.properties_set += len(properties)
    if pattern.variable is not None:
        env[pattern.variable] = node
    return node


def _relationship(
    context: Context, pattern: ast.RelationshipPattern, start: Node, end: Node, env: Env
) -> Relationship:
    names = labels.names_of(pattern.types, lambda value: evaluate(context, value, env))
    if len(names) != 1:
        fail("TypeError", "InvalidArgumentValue", "a relationship has one type")
    (name,) = names
    properties = _properties(context, pattern.properties, env)
    relationship = context.graph.create_relationship(name, start, end, properties)
    context.counters.relationships_created += 1
    context.counters.properties_set += len(properties)
    if pattern.variable is not None:
        env[pattern.variable] = relationship
    return relationship


# ------------------------------------------------------------------------------------------------- SET, REMOVE


def set_items(context: Context, items: list[ast.Node], env: Env) -> None:
    for item in items:
        match item:
            case ast.SetProperty():
                entity = _entity(context, item.entity, env)
                _set(context, entity, {item.key: evaluate(context, item.value, env)})
            case ast.RemoveProperty():
                _set(context, _entity(context, item.entity, env), {item.key: None})
            case ast.SetProperties():
                _set_properties(context, item, env)
            case ast.SetLabels() | ast.RemoveLabels():
                _labels(context, item, env)
            case _:
                raise AssertionError(f"nothing to set: {item}")


def _entity(context: Context, node: ast.Expr, env: Env) -> Node | Relationship | None:
    """What is to be changed; on null nothing happens."""
    value = evaluate(context, node, env)
    if value is None:
        return None
    if not isinstance(value, Node | Relationship):
        fail("TypeError", "InvalidArgumentType", f"SET on a {kind(value)}")
    return alive(value)


def _set(context: Context, entity: Node | Relationship | None, changes: dict[str, Any]) -> None:
    """Null removes."""
    if entity is None:
        return
    storable(changes)
    for key, value in changes.items():
        if value is None:
            if entity.properties.pop(key, None) is not None:
                context.counters.properties_set += 1
        else:
            entity.properties[key] = value
            context.counters.properties_set += 1


def _set_properties(context: Context, item: ast.SetProperties, env: Env) -> None:
    entity = _entity(context, item.entity, env)
    value = evaluate(context, item.value, env)
    if entity is None:
        return
    if isinstance(value, Node | Relationship):
        value = dict(alive(value).properties)
    if value is None:
        # As an empty map: `= null` clears, `+= null` does nothing.
        value = {}
    if not isinstance(value, dict):
        fail("TypeError", "InvalidArgumentType", f"properties are a map, not a {kind(value)}")
    gone = {key: None for key in entity.properties if key not in value} if item.replace else {}
    _set(context, entity, {**gone, **value})


def _labels(context: Context, item: ast.SetLabels | ast.RemoveLabels, env: Env) -> None:
    entity = _entity(context, item.entity, env)
    if entity is None:
        return
    if not isinstance(entity, Node):
        fail("TypeError", "InvalidArgumentType", "a relationship has no labels")
    values = [labels.names_in(evaluate(context, value, env)) for value in item.values]
    adds = isinstance(item, ast.SetLabels)
    for name in [*item.labels, *(name for names in values for name in names)]:
        if adds and name not in entity.labels:
            entity.labels.add(name)
            context.counters.labels_added += 1
        elif not adds and name in entity.labels:
            entity.labels.remove(name)
            context.counters.labels_removed += 1


# ------------------------------------------------------------------------------------------------------ DELETE


def delete(context: Context, clause: ast.Delete, env: Env) -> None:
    for target in clause.targets:
        _delete(context, evaluate(context, target, env), detach=clause.detach)


def _delete(context: Context, value: Any, *, detach: bool) -> None:
    match value:
        case None:
            return
        case Path():
            for relationship in value.relationships:
                _delete(context, relationship, detach=detach)
            for node in value.nodes:
                _delete(context, node, detach=detach)
        case Relationship():
            if not value.deleted:
                context.counters.relationships_deleted += 1
            context.graph.delete(value)
        case Node():
            if detach:
                for relationship in context.graph.relationships_of(value):
                    _delete(context, relationship, detach=detach)
            if not value.deleted:
                context.counters.nodes_deleted += 1
            context.graph.delete(value)
        case _:
            fail("TypeError", "InvalidArgumentType", f"DELETE of a {kind(value)}")


def check_no_dangling(context: Context) -> None:
    """At the end of the statement no relationship may have lost an end."""
    for relationship in context.graph.relationships.values():
        if relationship.start.deleted or relationship.end.deleted:
            fail("ConstraintVerificationFailed", "DeleteConnectedNode", repr(relationship))
