"""Graphs side by side: a connected pattern matches within one of them, so counts over both are the sums of the counts.
(GSlicer.)"""

from __future__ import annotations

from tests.generators.choices import Choices, Seeded
from tests.generators.graphs import GraphSpec, RelationshipSpec, generate_graph
from tests.generators.queries import Queries, Query
from tests.generators.scope import Scope
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import clauses_of

__all__ = ["Components", "side_by_side"]


def side_by_side(left: GraphSpec, right: GraphSpec) -> GraphSpec:
    shift = len(left.nodes)
    moved = [
        RelationshipSpec(r.type, r.start + shift, r.end + shift, r.properties)
        for r in right.relationships
    ]
    return GraphSpec([*left.nodes, *right.nodes], [*left.relationships, *moved])


class Components:
    name, weight = "components", 3

    def make(self, choices: Choices) -> Query:
        """One path, and a predicate that does not look elsewhere."""
        queries = Queries(choices)
        scope = Scope()
        # No subqueries, neither inside of the path nor behind it: they look at the whole graph.
        queries.expressions.queries = None
        path = queries.patterns.path(scope, set(), hops=choices.between(0, 3))
        where = (
            f" WHERE {queries.expressions.of('boolean', scope, 2)}" if choices.chance(60) else ""
        )
        return Query([f"MATCH {path}{where}", "RETURN count(*) AS c"], {"c": "integer"})

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        clauses = clauses_of(query)
        if len(clauses) != 2 or "count(*)" not in query.text or "{" in query.clauses[-1]:
            raise NoVerdict
        other = generate_graph(Choices(Seeded(choices.below(1 << 20))), 6)
        counts = []
        asked = []
        for spec in (bench.spec, other, side_by_side(bench.spec, other)):
            answer = bench.other(spec).ask(query.text)
            if answer.error:
                raise NoVerdict
            asked.append((query.text, answer))
            counts.append(answer.rows[0][0][1])
        return None if counts[0] + counts[1] == counts[2] else Fault("rows", asked)
