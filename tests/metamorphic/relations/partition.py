"""Ternary partition: every row has a predicate true, false or unknown, and exactly one of them.

So the rows of ``WHERE p``, ``WHERE NOT p`` and ``WHERE p IS NULL`` are the rows without WHERE; also as counts, sums and
DISTINCT values. (Slutz's idea for SQL; Kamm and others, GDBMeter, ISSTA 2023, for graphs.)
"""

from __future__ import annotations

from tests.generators.choices import Choices
from tests.generators.queries import Queries, Query
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import clauses_of, finished, require_linear, sums_up, tree_of

from samyama.cypher import ast

__all__ = ["Partition"]


class Partition:
    name, weight = "partition", 12

    def make(self, choices: Choices) -> Query:
        """The last clause before RETURN is ``WITH * WHERE p``; the query without that WHERE is what is split."""
        from tests.generators.scope import Scope

        queries = Queries(choices)
        clauses, scope = queries.clauses(Scope(), choices.between(1, 3))
        if not scope.kinds:
            clauses, scope = ["UNWIND [1, 2, 3, null] AS x"], Scope({"x": "integer"})
        predicate = queries.expressions.of("boolean", scope, 3)
        return finished(queries, [*clauses, f"WITH * WHERE {predicate}"], scope)

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        clauses = clauses_of(query)
        filters = [
            clause
            for clause in clauses[:-1]
            if isinstance(clause, ast.Projection) and clause.star and clause.where is not None
        ]
        if not filters or filters[-1] is not clauses[-2]:
            raise NoVerdict
        require_linear(clauses[-1:])
        chosen = filters[-1]
        predicate = chosen.where
        assert predicate is not None, "it was looked for"

        def having(where: ast.Expr | None) -> str:
            chosen.where = where
            tree = tree_of(query)
            tree.parts[0].clauses = clauses
            return written(tree, "\n")

        whole = having(None)
        parts = [
            having(predicate),
            having(ast.Unary(0, 0, "NOT", predicate)),
            having(ast.Unary(0, 0, "IS NULL", predicate)),
        ]
        base = Query([whole], query.columns)
        fault = sums_up(bench, base, parts)
        if fault is not None:
            # What is to be kept is the query with the predicate.
            fault.asked[0], fault.asked[1] = fault.asked[1], fault.asked[0]
        return fault
