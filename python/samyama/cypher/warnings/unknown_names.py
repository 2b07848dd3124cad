"""Labels, types and property keys that the graph has never had: often a slip of the pen.

A name that the statement writes itself is not unknown. The plan may outlive the warning: it says which name it is
about, and the engine leaves it out once the graph has that name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from samyama.cypher import ast
from samyama.cypher.errors import did_you_mean
from samyama.cypher.planner.context import Context
from samyama.cypher.semantic.types import NODE, RELATIONSHIP
from samyama.cypher.tree import walk
from samyama.cypher.warnings.nodes import Nodes

__all__ = ["warn_of_unknown_names"]

#: Code, title, GQL status and word by kind.
KINDS = {
    "label": (
        "Neo.ClientNotification.Statement.UnknownLabelWarning",
        "The provided label is not in the database.",
        "01N50",
        "label",
    ),
    "type": (
        "Neo.ClientNotification.Statement.UnknownRelationshipTypeWarning",
        "The provided relationship type is not in the database.",
        "01N51",
        "relationship type",
    ),
    "key": (
        "Neo.ClientNotification.Statement.UnknownPropertyKeyWarning",
        "The provided property key is not in the database",
        "01N52",
        "property key",
    ),
}

#: What can ask for names, and what can write them.
LOOKED_AT: tuple[type[ast.Node], ...] = (
    ast.NodePattern,
    ast.RelationshipPattern,
    ast.HasLabels,
    ast.Property,
    ast.MapProjection,
)
WRITTEN: tuple[type[ast.Node], ...] = (
    ast.Create,
    ast.Merge,
    ast.SetProperty,
    ast.SetProperties,
    ast.SetLabels,
)

#: Kind, name, and where it stands.
Use = tuple[str, str, ast.Node]


def warn_of_unknown_names(context: Context, nodes: Nodes) -> None:
    known: dict[str, Collection[str]] = {
        "label": context.catalog.labels,
        "type": context.catalog.types,
        "key": context.catalog.keys,
    }
    created = {
        id(part)
        for clause in (*nodes.of(ast.Create), *nodes.of(ast.Merge))
        for part in _created(clause)
    }
    missing = [
        use
        for kind in LOOKED_AT
        for node in nodes.of(kind)
        if id(node) not in created
        for use in _asked(context, node)
        if use[1] not in known[use[0]]
    ]
    if not missing:
        return
    written = {use for kind in WRITTEN for node in nodes.of(kind) for use in _written(node)}
    for kind, name, place in missing:
        if (kind, name) not in written:
            _tell(context, kind, name, place, known[kind])


def _tell(context: Context, kind: str, name: str, place: ast.Node, known: Collection[str]) -> None:
    code, title, gql_status, word = KINDS[kind]
    context.notify(
        place,
        code,
        title,
        f"There is no {word} `{name}` in the graph{did_you_mean(name, known) or '.'}",
        "UNRECOGNIZED",
        gql_status,
        unknown=(kind, name),
    )


def _asked(context: Context, node: ast.Node) -> Iterator[Use]:
    """The names that a node itself asks for."""
    match node:
        case ast.NodePattern():
            yield from _labels("label", node.labels)
            yield from _keys(node.properties)
        case ast.RelationshipPattern():
            yield from _labels("type", node.types)
            yield from _keys(node.properties)
        case ast.HasLabels():
            kind = _kind(context, node.entity)
            if kind is not None:
                yield from _labels(kind, node.labels)
        case ast.Property() if _kind(context, node.entity) is not None:
            yield "key", node.key, node
        case ast.MapProjection() if _kind(context, node.subject) is not None:
            for key, value in node.items:
                if value is None and key != "*":
                    yield "key", key, node


def _kind(context: Context, entity: ast.Expr) -> str | None:
    """What a label of this would be; None if it is no entity, or nobody knows."""
    if not isinstance(entity, ast.Variable):
        return None
    return {NODE: "label", RELATIONSHIP: "type"}.get(context.analysis.types[entity.name])


def _labels(kind: str, labels: ast.LabelExpr | None) -> Iterator[Use]:
    if labels is not None:
        for node in walk(labels):
            if isinstance(node, ast.LabelName):
                yield kind, node.name, node


def _keys(properties: ast.Expr | None) -> Iterator[Use]:
    if isinstance(properties, ast.MapLiteral):
        for key, value in zip(properties.keys, properties.values, strict=True):
            yield "key", key, value


def _created(node: ast.Node) -> Iterator[ast.Node]:
    """Patterns that are made, or made where they are not found."""
    paths = node.paths if isinstance(node, ast.Create) else []
    paths = [node.path] if isinstance(node, ast.Merge) else paths
    for path in paths:
        yield from path.nodes
        yield from path.relationships


def _written(node: ast.Node) -> Iterator[tuple[str, str]]:
    """The names that a node brings into the graph."""
    match node:
        case ast.Create() | ast.Merge():
            for pattern in _created(node):
                if isinstance(pattern, ast.NodePattern):
                    uses = [*_labels("label", pattern.labels), *_keys(pattern.properties)]
                elif isinstance(pattern, ast.RelationshipPattern):
                    uses = [*_labels("type", pattern.types), *_keys(pattern.properties)]
                yield from ((kind, name) for kind, name, _ in uses)
        case ast.SetProperty():
            yield "key", node.key
        case ast.SetProperties() if isinstance(node.value, ast.MapLiteral):
            yield from (("key", key) for key in node.value.keys)
        case ast.SetLabels():
            yield from (("label", label) for label in node.labels)
