"""A plan is a way to the answer, not a part of it: a query answers the same without rules, and with counts that lie."""

from __future__ import annotations

import re

from tests.differential.compare import compare
from tests.generators.choices import Choices
from tests.generators.queries import Query, generate_query
from tests.generators.schema import KEYS, LABELS, TYPES
from tests.generators.writes import generate_write
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.other_plans import other_plans
from tests.metamorphic.relations.indexed import Indexed

from samyama.cypher.planner.rules import RULES

__all__ = ["Replanned"]


#: Shapes that rules are made for and that chance seldom makes. Ordered by keys of one kind, so that equals look equal.
SHAPES = (
    ("MATCH (a:$L)$B[:$T*$N..3]$E(b)", "DISTINCT a.$K AS x, b.$P AS y"),
    ("MATCH p = (a:$L)$B[:$T*1..3]$E(b)$B[:$U]$E(c)", "DISTINCT b.$K AS x, c.$P AS y"),
    ("MATCH (a:$L), (b:$M) WHERE EXISTS { (a)$B[:$T*$N..3]$E(b) }", "a.$K AS x, b.$P AS y"),
    ("MATCH (a:$L), (b:$M) WHERE a.$K = b.$K", "a.$P AS x, b.$P AS y"),
    ("MATCH (a:$L)$B[:$T]$E(c), (b:$M)$E2[:$U]$B2(d) WHERE c.$K = b.$K", "a.$P AS x, d.$P AS y"),
    ("MATCH (a:$L)$B[:$T]$E(c)$B[:$U]-(d)$E2[:$T]$B2(b:$M)", "a.$P AS x, b.$K AS y"),
    ("MATCH (a:$L)$B[:$T]$E(b)", "a.$O AS x, count(b) AS y"),
    ("MATCH (a:$L)$B[r:$T]$E(b)$B[:$U]$E(c)", "b.$K AS x, count(*) AS y, max(a.$O) AS z"),
    ("MATCH (a:$L)$B[r:$T]$E()", "count(r) AS x, count(*) AS y"),
    ("MATCH (a:$L) OPTIONAL MATCH (a)$B[:$T]$E(b:$M)", "a.$O AS x ORDER BY x LIMIT 3"),
    ("MATCH (a) WITH a ORDER BY a.$O SKIP 1", "a.$O AS x LIMIT 2"),
    ("MATCH (a:$L)$B[:$T]$E(b)$B[:$U]$E(a)", "a.$K AS x, b.$K AS y"),
)
ARROWS = (("-", "->"), ("<-", "-"), ("-", "-"))


def shaped(choices: Choices) -> Query:
    match, result = choices.one(SHAPES)
    before, after = choices.one(ARROWS)
    names = {
        "$E2": "-" if before == "-" else "<-",
        "$B2": "-" if after == "-" else "->",
        "$L": choices.one(LABELS),
        "$M": choices.one(LABELS),
        "$T": choices.one(TYPES),
        "$U": choices.one(TYPES),
        "$K": choices.one(KEYS),
        "$P": choices.one(KEYS),
        "$O": choices.one(("i", "s", "b", "d")),
        "$N": str(choices.below(2)),
        "$B": before,
        "$E": after,
    }
    for name, text in names.items():
        match, result = match.replace(name, text), result.replace(name, text)
    columns = dict.fromkeys(re.findall(r"AS (\w)", result), "any")
    return Query([match, f"RETURN {result}"], columns, "ORDER BY" in result)


class Replanned:
    name, weight = "replanned", 16

    def make(self, choices: Choices) -> Query:
        """Writes show whether rows waited for each other; some reads ask for what an index has."""
        if choices.chance(25):
            return shaped(choices)
        if choices.chance(35):
            return generate_write(choices)
        return Indexed().make(choices) if choices.chance(20) else generate_query(choices)

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        # A third with all rules and lies alone, a third with none, the rest with some.
        kept = choices.below(3)
        without = frozenset(
            rule for rule in RULES if kept == 1 or (kept == 2 and choices.chance(50))
        )
        seed = choices.below(1 << 16)
        plain, other = (
            engine.try_write if query.writes else engine.ask
            for engine in (bench.engine, bench.replanned)
        )
        answers = [plain(query.text)]
        with other_plans(without, seed):
            answers.append(other(query.text))
        if all(answer.error for answer in answers):
            raise NoVerdict
        difference = compare(query, answers[1], answers[0])
        if difference is None:
            return None
        asked = [(query.text, answer) for answer in reversed(answers)]
        return Fault(difference.what, asked)
