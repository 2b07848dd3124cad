"""Windows of a sorted result, one behind the other, are the whole result: SKIP 0 LIMIT n, SKIP n LIMIT n, ...

The order leaves rows open only where they are equal, so each window has one answer.
"""

from __future__ import annotations

from tests.differential.answers import Answer
from tests.generators.choices import Choices
from tests.generators.queries import Queries, Query
from tests.generators.scope import COMPARABLE, Scope
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import ask_all, clauses_of, differ, tree_of

from samyama.cypher import ast

__all__ = ["Windows"]

WINDOWS_MAX = 12


class Windows:
    name, weight = "windows", 5

    def make(self, choices: Choices) -> Query:
        queries = Queries(choices)
        clauses, scope = queries.clauses(Scope(), choices.between(1, 2))
        columns = {
            queries.names.fresh("c"): choices.one(COMPARABLE) for _ in range(choices.between(1, 3))
        }
        items = [
            f"{queries.expressions.of(kind, scope)} AS {name}" for name, kind in columns.items()
        ]
        order = [name + choices.one(("", " DESC")) for name in columns]
        distinct = choices.one(("", "DISTINCT "))
        returned = f"RETURN {distinct}{', '.join(items)}\nORDER BY {', '.join(order)}"
        return Query([*clauses, returned], columns, ordered=True)

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        last = clauses_of(query)[-1]
        if not isinstance(last, ast.Projection) or not last.order or last.skip or last.limit:
            raise NoVerdict
        if len(last.order) < len(last.items):
            raise NoVerdict
        whole = bench.engine.ask(query.text)
        size = choices.between(1, 4)
        count = len(whole.rows) // size + 1
        if whole.error or count > WINDOWS_MAX:
            raise NoVerdict
        texts = []
        for number in range(count):
            tree = tree_of(query)
            end = tree.parts[0].clauses[-1]
            assert isinstance(end, ast.Projection), "it was looked at"
            end.skip, end.limit = ast.Literal(0, 0, number * size), ast.Literal(0, 0, size)
            texts.append(written(tree, "\n"))
        answers = ask_all(bench, texts)
        asked = [(query.text, whole), *zip(texts, answers, strict=True)]
        if any(answer.error for answer in answers):
            return Fault("error", asked)
        joined = Answer(whole.columns, [row for answer in answers for row in answer.rows])
        return Fault("order", asked) if differ(query, whole, joined, ordered=True) else None
