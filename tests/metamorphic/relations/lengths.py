"""``-[*1..3]-`` walks what ``-[*1]-``, ``-[*2]-`` and ``-[*3]-`` walk, each trail once."""

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
    linear_query_with,
    replace_node,
    require_linear,
    sums_up,
    tree_of,
)

from samyama.cypher import ast

__all__ = ["Lengths"]


def _is_bounded(path: ast.PathPattern, step: Step) -> bool:
    bounded = step.high if isinstance(step, ast.Quantified) else step.length
    return bounded is not None and not path.shortest and not path.selector


class Lengths:
    name, weight = "lengths", 6

    def make(self, choices: Choices) -> Query:
        """One with a length in it, if one comes soon."""
        return linear_query_with(("*", "){"), choices)

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        require_linear(clauses_of(query))
        tree = tree_of(query)
        step = first_step(tree.parts[0].clauses, _is_bounded)
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
