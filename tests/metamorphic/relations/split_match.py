"""Two MATCH clauses give all that one with both parts gives, and perhaps more: within one MATCH no relationship is used
twice, in two it may be. What is more uses one twice, so naming all relationships and comparing them gives equality."""

from __future__ import annotations

import dataclasses
from collections import Counter

from tests.generators.choices import Choices
from tests.generators.queries import Query
from tests.generators.unparse import query as written
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import ask_all, clauses_of, require_linear, tree_of
from tests.metamorphic.relations.permuted_parts import PermutedParts

from samyama.cypher import ast

__all__ = ["SplitMatch"]


class SplitMatch:
    name, weight = "split_match", 5

    def make(self, choices: Choices) -> Query:
        return PermutedParts().make(choices)

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        require_linear(clauses_of(query))
        tree = tree_of(query)
        clauses = tree.parts[0].clauses
        at = next((n for n, c in enumerate(clauses) if _is_several(c)), None)
        if at is None:
            raise NoVerdict
        clause = clauses[at]
        assert isinstance(clause, ast.Match), "it was looked for"
        first = dataclasses.replace(clause, paths=clause.paths[:1], where=None)
        rest = dataclasses.replace(clause, paths=clause.paths[1:])
        tree.parts[0].clauses = [*clauses[:at], first, rest, *clauses[at + 1 :]]
        texts = [query.text, written(tree, "\n")]
        answers = ask_all(bench, texts)
        asked = list(zip(texts, answers, strict=True))
        if any(answer.error for answer in answers):
            # A part may have asked for a variable of a later part.
            raise NoVerdict
        bags = any(kind.startswith("bag of") for kind in query.columns.values())
        if bags:
            raise NoVerdict
        missing = Counter(answers[0].rows) - Counter(answers[1].rows)
        return Fault("rows", asked) if missing else None


def _is_several(clause: ast.Clause) -> bool:
    return isinstance(clause, ast.Match) and len(clause.paths) > 1 and not clause.optional
