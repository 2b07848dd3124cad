"""OPTIONAL MATCH gives the rows of MATCH, and of the rows that match nothing each once, with nulls."""

from __future__ import annotations

import dataclasses

from tests.generators.choices import Choices
from tests.generators.queries import Queries, Query
from tests.generators.scope import Scope
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import clauses_of, finished, require_linear, sums_up, tree_of
from tests.reference.matching import new_names

from samyama.cypher import ast

__all__ = ["Optional"]


def _nothing(name: str) -> ast.Item:
    return ast.Item(0, 0, ast.Literal(0, 0, None), name, True)


class Optional:
    name, weight = "optional", 6

    def make(self, choices: Choices) -> Query:
        queries = Queries(choices)
        text, scope = choices.one((queries.match, queries.unwind))(Scope())
        if not scope.kinds:
            text, scope = "UNWIND [1, 2] AS x", Scope({"x": "integer"})
        more, after = queries.optional_match(scope)
        return finished(queries, [text, more], after)

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        require_linear(clauses_of(query))
        tree = tree_of(query)
        clauses = tree.parts[0].clauses
        place = next(
            (at for at, c in enumerate(clauses) if isinstance(c, ast.Match) and c.optional), 0
        )
        if place == 0:
            raise NoVerdict
        clause = clauses[place]
        assert isinstance(clause, ast.Match), "it was looked for"
        before = [c for c in clauses[:place] if isinstance(c, ast.Match | ast.Unwind)]
        known = {
            name
            for c in before
            for name in ([c.variable] if isinstance(c, ast.Unwind) else new_names(c.paths, {}))
        }
        if len(before) < place or not known:
            raise NoVerdict
        inner = ast.Match(0, 0, False, clause.paths, clause.where)
        exists = ast.Subquery(0, 0, "exists", ast.Query(0, 0, [ast.SingleQuery(0, 0, [inner])], []))
        names = new_names(clause.paths, dict.fromkeys(known))
        rest = ast.Projection(
            0,
            0,
            is_return=False,
            distinct=False,
            star=True,
            items=[_nothing(name) for name in names],
            order=[],
            skip=None,
            limit=None,
            where=None,
        )
        missing = dataclasses.replace(rest, items=[], where=ast.Unary(0, 0, "NOT", exists))

        def having(*middle: ast.Clause) -> str:
            tree.parts[0].clauses = [*clauses[:place], *middle, *clauses[place + 1 :]]
            return written(tree, "\n")

        return sums_up(bench, query, [having(inner), having(missing, rest)])
