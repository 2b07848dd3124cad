"""DISTINCT is grouping without aggregates, and UNION with nothing new.

``RETURN DISTINCT x`` = ``WITH x, count(*) AS c RETURN x`` = ``RETURN x UNION RETURN x``; made distinct twice is made
distinct once.
"""

from __future__ import annotations

from tests.generators.choices import Choices
from tests.generators.queries import Query, generate_query
from tests.generators.unparse import name as quoted
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import same, tree_of

from samyama.cypher import ast

__all__ = ["Distinct"]


class Distinct:
    name, weight = "distinct", 5

    def make(self, choices: Choices) -> Query:
        return generate_query(choices)

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        if query.bags or any(kind in ("path", "inexact") for kind in query.columns.values()):
            raise NoVerdict
        tree = tree_of(query)
        for part in tree.parts:
            last = part.clauses[-1]
            if not isinstance(last, ast.Projection):
                raise NoVerdict
            if last.order or last.skip or last.limit:
                raise NoVerdict
        plain = written(tree, "\n")
        columns = ", ".join(map(quoted, query.columns))
        base = f"CALL () {{ {plain} }}\nRETURN DISTINCT {columns}"
        forms = (
            f"CALL () {{ {plain} }}\nWITH {columns}, count(*) AS many\nRETURN {columns}",
            f"{plain}\nUNION\n{plain}" if len(tree.parts) == 1 else base,
            f"CALL () {{ {plain} }}\nWITH DISTINCT {columns}\nRETURN DISTINCT {columns}",
        )
        return same(bench, Query([base], query.columns), [choices.one(forms)])
