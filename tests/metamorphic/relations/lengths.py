"""``-[*1..3]-`` walks what ``-[*1]-``, ``-[*2]-`` and ``-[*3]-`` walk, each trail once."""

from __future__ import annotations

import dataclasses

from tests.generators.choices import Choices
from tests.generators.queries import Query
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import (
    clauses_of,
    linear_query,
    replace_node,
    require_linear,
    sums_up,
    tree_of,
)

from samyama.cypher import ast

__all__ = ["Lengths"]


def _first(clauses: list[ast.Clause]) -> ast.RelationshipPattern | ast.Quantified | None:
    for clause in clauses:
        if isinstance(clause, ast.Match) and not clause.optional:
            for path in clause.paths:
                for step in path.relationships:
                    bounded = step.high if isinstance(step, ast.Quantified) else step.length
                    if bounded is not None and not path.shortest and not path.selector:
                        return step
    return None


class Lengths:
    name, weight = "lengths", 6

    def make(self, choices: Choices) -> Query:
        """One with a length in it, if one comes soon."""
        for _ in range(6):
            query = linear_query(choices)
            if "*" in query.text or "){" in query.text:
                break
        return query

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        require_linear(clauses_of(query))
        tree = tree_of(query)
        step = _first(tree.parts[0].clauses)
        if step is None:
            raise NoVerdict
        low, high = (
            (step.low, step.high) if isinstance(step, ast.Quantified) else step.length or (1, 1)
        )
        if high is None or high - low > 4:
            raise NoVerdict
        parts = []
        for length in range(low, high + 1):
            if isinstance(step, ast.Quantified):
                exact: ast.Node = dataclasses.replace(step, low=length, high=length)
            else:
                exact = dataclasses.replace(step, length=(length, length))
            changed = replace_node(tree, step, exact)
            assert isinstance(changed, ast.Query), "a query stays a query"
            parts.append(written(changed, "\n"))
        return sums_up(bench, query, parts)
