"""``EXISTS { q }`` is ``COUNT { q } > 0``; a bare pattern as a predicate is EXISTS of it; COUNT is COLLECT's size."""

from __future__ import annotations

from tests.generators.choices import Choices
from tests.generators.queries import Queries, Query
from tests.generators.scope import Scope
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import same, tree_of
from tests.reference.tree import replace

from samyama.cypher import ast

__all__ = ["Subqueries"]


def _exists_by_count(node: ast.Node) -> ast.Node | None:
    if isinstance(node, ast.PatternPredicate):
        match = ast.Match(0, 0, False, [node.path], None)
        return ast.Subquery(0, 0, "exists", _alone(match))
    if isinstance(node, ast.Subquery) and node.kind == "exists":
        count = ast.Subquery(0, 0, "count", node.query)
        return ast.Comparison(0, 0, [count, ast.Literal(0, 0, 0)], [">"])
    return None


def _alone(*clauses: ast.Clause) -> ast.Query:
    return ast.Query(0, 0, [ast.SingleQuery(0, 0, list(clauses))], [])


def _count_by_collect(node: ast.Node) -> ast.Node | None:
    """Only where the subquery has no RETURN of its own to be kept."""
    if not (isinstance(node, ast.Subquery) and node.kind == "count"):
        return None
    clauses = node.query.parts[0].clauses
    if len(node.query.parts) > 1 or not isinstance(clauses[-1], ast.Match):
        return None
    item = ast.Item(0, 0, ast.Literal(0, 0, 1), "one", True)
    returned = ast.Projection(0, 0, True, False, False, [item], [], None, None, None)
    return ast.Call(0, 0, "size", [ast.Subquery(0, 0, "collect", _alone(*clauses, returned))])


class Subqueries:
    name, weight = "subqueries", 6

    def make(self, choices: Choices) -> Query:
        """A subquery stands in the WHERE for certain."""
        queries = Queries(choices)
        text, scope = choices.one((queries.match, queries.unwind))(Scope())
        if not scope.kinds:
            text, scope = "UNWIND [1, 2] AS x", Scope({"x": "integer"})
        body = queries.subquery_body(scope, 1)
        form = choices.one(("EXISTS {{ {} }}", "COUNT {{ {} }} > 1", "NOT EXISTS {{ {} }}"))
        condition = form.format(body)
        if scope.of("node") and choices.chance(40):
            condition = queries.pattern_predicate(scope)
        returned, columns, ordered = queries.projection("RETURN", scope)
        return Query([text, f"WITH * WHERE {condition}", returned], columns, ordered)

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        tree = tree_of(query)
        others = [
            text
            for rule in (_exists_by_count, _count_by_collect)
            if (text := written(replace(tree, rule), "\n")) != written(tree, "\n")
        ]
        if not others:
            raise NoVerdict
        return same(bench, query, others)
