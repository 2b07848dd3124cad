"""Makes a case that fails small enough to be read: takes things away from the graph and the query while it still fails.

A graph loses nodes, relationships, labels and properties. A query loses clauses, items, predicates and parts of
patterns, and its expressions are replaced by parts of themselves or by literals. What makes no sense any more does not
fail in the same way, and so is not kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from tests.generators.graphs import GraphSpec, NodeSpec, RelationshipSpec
from tests.generators.unparse import unparse

from samyama.cypher import ast
from samyama.cypher.errors import CypherError
from samyama.cypher.parser import parse

__all__ = ["reduce_graph", "reduce_query"]


def reduce_graph(graph: GraphSpec, still_fails: Callable[[GraphSpec], bool]) -> GraphSpec:
    while True:
        smaller = next((g for g in _smaller_graphs(graph) if still_fails(g)), None)
        if smaller is None:
            return graph
        graph = smaller


def _smaller_graphs(graph: GraphSpec) -> Iterator[GraphSpec]:
    for at in range(len(graph.nodes)):
        yield _without_node(graph, at)
    for at in range(len(graph.relationships)):
        rest = graph.relationships[:at] + graph.relationships[at + 1 :]
        yield GraphSpec(graph.nodes, rest)
    for at, node in enumerate(graph.nodes):
        for lesser in _lesser_nodes(node):
            yield GraphSpec(
                [*graph.nodes[:at], lesser, *graph.nodes[at + 1 :]], graph.relationships
            )
    for at, r in enumerate(graph.relationships):
        for key in r.properties:
            rest = {k: v for k, v in r.properties.items() if k != key}
            lesser = RelationshipSpec(r.type, r.start, r.end, rest)
            before, behind = graph.relationships[:at], graph.relationships[at + 1 :]
            yield GraphSpec(graph.nodes, [*before, lesser, *behind])


def _without_node(graph: GraphSpec, gone: int) -> GraphSpec:
    def place(at: int) -> int:
        return at - (at > gone)

    rest = [
        RelationshipSpec(r.type, place(r.start), place(r.end), r.properties)
        for r in graph.relationships
        if gone not in (r.start, r.end)
    ]
    return GraphSpec(graph.nodes[:gone] + graph.nodes[gone + 1 :], rest)


def _lesser_nodes(node: NodeSpec) -> Iterator[NodeSpec]:
    for label in node.labels:
        yield NodeSpec([other for other in node.labels if other != label], node.properties)
    for key in node.properties:
        yield NodeSpec(node.labels, {k: v for k, v in node.properties.items() if k != key})


# ------------------------------------------------------------------------------------------------------ queries


def reduce_query(text: str, still_fails: Callable[[str], bool], *, tries: int = 4_000) -> str:
    """The shortest text found; the text itself if it cannot be parsed."""
    try:
        tree = parse(text)
    except CypherError:
        return text
    if not isinstance(tree.body, ast.Query):
        return text
    plain = unparse(tree)
    if not still_fails(plain):
        return text
    best, best_tree = plain, tree
    while True:
        for smaller in _smaller(best_tree):
            candidate = unparse(smaller)
            if len(candidate) >= len(best):
                continue
            tries -= 1
            if tries < 0:
                return best
            if still_fails(candidate):
                best, best_tree = candidate, smaller
                break
        else:
            return best


def _smaller(node: Any) -> Iterator[Any]:
    """Copies of a tree in which one thing is missing or simpler, great things first."""
    if isinstance(node, ast.Node):
        yield from _simpler_node(node)
        for field in dataclasses.fields(node):
            if field.name in ("start", "end"):
                continue
            value = getattr(node, field.name)
            if not isinstance(value, ast.Node | list | tuple):
                continue
            is_paired = isinstance(node, tuple(_PAIRED)) and isinstance(value, list)
            for smaller in _smaller(value):
                if not (is_paired and len(smaller) < len(value)):
                    yield _with(node, field.name, smaller)
    elif isinstance(node, list):
        yield from _smaller_list(node)
    elif isinstance(node, tuple):
        for at, part in enumerate(node):
            if isinstance(part, ast.Node):
                for smaller in _smaller(part):
                    yield (*node[:at], smaller, *node[at + 1 :])


#: Nodes whose lists belong together; items go from all of them at once.
_PAIRED: dict[type, tuple[str, str]] = {
    ast.MapLiteral: ("keys", "values"),
    ast.Case: ("whens", "thens"),
    ast.Comparison: ("operands", "operators"),
    ast.Query: ("parts", "all"),
    ast.PathPattern: ("nodes", "relationships"),
}


def _shorter_pairs(node: ast.Node) -> Iterator[ast.Node]:
    first, second = _PAIRED[type(node)]
    if not isinstance(node, ast.MapLiteral | ast.Case):
        return
    ones, others = getattr(node, first), getattr(node, second)
    least = 0 if isinstance(node, ast.MapLiteral) else 1
    for at in range(len(ones) if len(ones) > least else 0):
        fewer = _with(node, first, ones[:at] + ones[at + 1 :])
        yield _with(fewer, second, others[:at] + others[at + 1 :])


def _smaller_list(items: list[Any]) -> Iterator[list[Any]]:
    if len(items) > 1:
        for at in range(len(items)):
            yield items[:at] + items[at + 1 :]
    for at, item in enumerate(items):
        for smaller in _smaller(item):
            yield [*items[:at], smaller, *items[at + 1 :]]


def _with(node: ast.Node, name: str, value: Any) -> ast.Node:
    twin = dataclasses.replace(node)
    setattr(twin, name, value)
    return twin


#: Fields that may be left out, with what stands there then.
_OPTIONAL = {
    "where": None,
    "labels": None,
    "types": None,
    "properties": None,
    "skip": None,
    "limit": None,
    "length": None,
    "otherwise": None,
    "selector": None,
    "shortest": None,
    "distinct": False,
    "optional": False,
    "order": [],
    "on_create": [],
    "on_match": [],
    "detach": False,
}


def _simpler_node(node: ast.Node) -> Iterator[ast.Node]:
    if isinstance(node, ast.Query) and len(node.parts) > 1:
        for part in node.parts:
            yield ast.Query(0, 0, [part], [])
    if isinstance(node, ast.PathPattern):
        yield from _shorter_paths(node)
    if type(node) in _PAIRED:
        yield from _shorter_pairs(node)
    if isinstance(node, ast.Expr):
        yield from _simpler_expressions(node)
        if isinstance(node, ast.HasLabels | ast.Quantifier):
            return
    if isinstance(node, ast.Selector):
        return
    for name, nothing in _OPTIONAL.items():
        if getattr(node, name, nothing) != nothing and not isinstance(node, ast.SetLabels):
            yield _with(node, name, nothing)
    named = isinstance(node, ast.RelationshipPattern | ast.NodePattern | ast.PathPattern)
    if named and getattr(node, "variable", None) is not None:
        yield _with(node, "variable", None)
    if isinstance(node, ast.LabelAnd | ast.LabelOr):
        yield from node.operands
    if isinstance(node, ast.LabelNot):
        yield node.operand


def _shorter_paths(path: ast.PathPattern) -> Iterator[ast.PathPattern]:
    if len(path.nodes) > 1:
        first = dataclasses.replace(path)
        first.nodes, first.relationships = path.nodes[1:], path.relationships[1:]
        yield first
        last = dataclasses.replace(path)
        last.nodes, last.relationships = path.nodes[:-1], path.relationships[:-1]
        yield last


_LITERALS = (ast.Literal(0, 0, None), ast.Literal(0, 0, 1), ast.Literal(0, 0, True))


def _simpler_expressions(node: ast.Expr) -> Iterator[ast.Expr]:
    if isinstance(node, ast.Literal | ast.Variable):
        return
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        parts = value if isinstance(value, list) else [value]
        for part in parts:
            if isinstance(part, ast.Expr):
                yield part
    yield from _LITERALS
