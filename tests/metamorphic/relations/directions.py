"""``(a)-[r]-(b)`` matches what ``(a)-[r]->(b)`` and ``(a)<-[r]-(b)`` match, but a loop, which both do, once."""

from __future__ import annotations

import dataclasses

from tests.generators.choices import Choices
from tests.generators.queries import Query
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import (
    Step,
    clauses_of,
    first_step,
    fresh_name,
    linear_query_with,
    replace_node,
    require_linear,
    sums_up,
    tree_of,
)

from samyama.cypher import ast

__all__ = ["Directions"]


def _is_undirected(_: ast.PathPattern, step: Step) -> bool:
    return (
        isinstance(step, ast.RelationshipPattern)
        and step.direction in ("both", "arrows")
        and step.length is None
        and step.where is None
    )


def _no_loop(name: str) -> ast.Expr:
    ends = [
        ast.Call(0, 0, function, [ast.Variable(0, 0, name)])
        for function in ("startNode", "endNode")
    ]
    return ast.Comparison(0, 0, list(ends), ["<>"])


class Directions:
    name, weight = "directions", 6

    def make(self, choices: Choices) -> Query:
        """One with an undirected relationship in it, if one comes soon."""
        return linear_query_with((")--(", "]-("), choices)

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        require_linear(clauses_of(query))
        tree = tree_of(query)
        step = first_step(tree.parts[0].clauses, _is_undirected)
        if not isinstance(step, ast.RelationshipPattern):
            raise NoVerdict
        name = step.variable or fresh_name(tree, "d")
        along = dataclasses.replace(step, direction="out", variable=name)
        against = dataclasses.replace(step, direction="in", variable=name, where=_no_loop(name))
        parts = []
        for one in (along, against):
            changed = replace_node(tree, step, one)
            assert isinstance(changed, ast.Query), "a query stays a query"
            parts.append(written(changed, "\n"))
        return sums_up(bench, query, parts)
