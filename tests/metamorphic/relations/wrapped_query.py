"""A whole query inside ``CALL { }`` gives its rows, and so do its columns once more behind it."""

from __future__ import annotations

from tests.generators.choices import Choices
from tests.generators.queries import Query, generate_query
from tests.generators.unparse import name as quoted
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault
from tests.metamorphic.linear import same, tree_of

__all__ = ["WrappedQuery"]


class WrappedQuery:
    name, weight = "wrapped_query", 6

    def make(self, choices: Choices) -> Query:
        return generate_query(choices)

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        inner = written(tree_of(query), "\n")
        columns = ", ".join(map(quoted, query.columns))
        forms = (
            f"CALL () {{ {inner} }}\nRETURN {columns}",
            f"CALL {{ {inner} }}\nRETURN {columns}",
            f"UNWIND [0] AS zero\nCALL (zero) {{ {inner} }}\nRETURN {columns}",
            f"CALL () {{ {inner} }}\nWITH *\nRETURN {columns}",
        )
        # The order of a subquery's rows is not kept by promise.
        unordered = Query(query.clauses, query.columns)
        return same(bench, unordered, [choices.one(forms)])
