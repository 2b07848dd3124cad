"""A path read from its other end matches the same: ``(a)-[r]->(b)`` is ``(b)<-[r]-(a)``.

Only for paths whose variables do not know the direction of the walk: a named path and a list of relationships do.
(GraphGenie, ICSE 2024.)
"""

from __future__ import annotations

import dataclasses

from tests.generators.choices import Choices
from tests.generators.queries import Query, generate_query
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import same, tree_of
from tests.reference.tree import replace

from samyama.cypher import ast

__all__ = ["ReversedPaths", "turned"]

_TURNED = {"out": "in", "in": "out"}


def turned(path: ast.PathPattern) -> ast.PathPattern | None:
    """The path from its other end; None if that can be told."""
    if path.variable or path.shortest or path.selector or path.where or not path.relationships:
        return None
    steps = []
    for step in reversed(path.relationships):
        if isinstance(step, ast.Quantified) or (step.length and step.variable):
            return None
        steps.append(
            dataclasses.replace(step, direction=_TURNED.get(step.direction, step.direction))
        )
    return dataclasses.replace(path, nodes=path.nodes[::-1], relationships=steps)


class ReversedPaths:
    name, weight = "reversed_paths", 8

    def make(self, choices: Choices) -> Query:
        return generate_query(choices)

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        found = False

        def turn(node: ast.Node) -> ast.Node | None:
            nonlocal found
            if isinstance(node, ast.Quantified):
                return node
            other = turned(node) if isinstance(node, ast.PathPattern) else None
            found = found or other is not None
            return other

        tree = replace(tree_of(query), turn)
        if not found:
            raise NoVerdict
        return same(bench, query, [written(tree, "\n")])
