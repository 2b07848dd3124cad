"""``(a)-[r]-(b)`` matches what ``(a)-[r]->(b)`` and ``(a)<-[r]-(b)`` match, but a loop, which both do, once."""

from __future__ import annotations

import dataclasses

from tests.generators.choices import Choices
from tests.generators.queries import Query
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import (
    clauses_of,
    fresh_name,
    linear_query,
    replace_node,
    require_linear,
    sums_up,
    tree_of,
)

from samyama.cypher import ast

__all__ = ["Directions"]


def _first(clauses: list[ast.Clause]) -> ast.RelationshipPattern | None:
    for clause in clauses:
        if isinstance(clause, ast.Match) and not clause.optional:
            for path in clause.paths:
                for step in path.relationships:
                    if isinstance(step, ast.RelationshipPattern) and _is_undirected(step):
                        return step
    return None


def _is_undirected(step: ast.RelationshipPattern) -> bool:
    return step.direction in ("both", "arrows") and step.length is None and step.where is None


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
        for _ in range(6):
            query = linear_query(choices)
            if ")--(" in query.text or "]-(" in query.text:
                break
        return query

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        require_linear(clauses_of(query))
        tree = tree_of(query)
        step = _first(tree.parts[0].clauses)
        if step is None:
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
