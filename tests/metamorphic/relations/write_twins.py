"""Writes that come to nothing, or to the same: MERGE twice is MERGE once; CREATE and then DELETE leaves the graph as it
was; a property set to what it is changes nothing; writes that were undone by hand are undone. (GraspDB, ISSTA 2024.)"""

from __future__ import annotations

from tests.differential.answers import Answer
from tests.generators.choices import Choices
from tests.generators.queries import Query
from tests.generators.schema import LABELS, TYPES, VALUES
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict

__all__ = ["WriteTwins"]

#: Each pair leaves the same graph; ``{l}`` and ``{m}`` are labels, ``{t}`` a type, ``{i}`` an integer, ``{s}`` a text.
_PAIRS = (
    ("MERGE (a:{l} {{i: {i}}})", "MERGE (a:{l} {{i: {i}}}) WITH 1 AS x MERGE (b:{l} {{i: {i}}})"),
    (
        "MATCH (a:{l}), (b:{m}) MERGE (a)-[:{t}]->(b)",
        "MATCH (a:{l}), (b:{m}) MERGE (a)-[:{t}]->(b) MERGE (a)-[:{t}]->(b)",
    ),
    ("RETURN 1", "CREATE (a:{l} {{i: {i}}})-[r:{t}]->(b:{m}) DETACH DELETE a, b"),
    ("RETURN 1", "CREATE (a:{l})-[r:{t} {{s: {s}}}]->(b) DELETE r, a, b"),
    ("RETURN 1", "MATCH (a:{l}) SET a += properties(a)"),
    ("RETURN 1", "MATCH (a) SET a = properties(a)"),
    ("RETURN 1", "MATCH (a:{l}) SET a:{l}"),
    ("RETURN 1", "MATCH (a)-[r:{t}]->() SET r.s = r.s, a.i = a.i"),
    ("RETURN 1", "MATCH (a:{l}) WHERE NOT a:{m} SET a:{m} REMOVE a:{m}"),
    ("MATCH (a) SET a.i = {i}", "MATCH (a) FOREACH (x IN [{i}, {i}] | SET a.i = x)"),
    ("MATCH (a) SET a.i = {i}", "MATCH (a) CALL (a) {{ SET a.i = {i} }}"),
    ("MATCH (a) SET a.s = {s} REMOVE a.i", "MATCH (a) SET a += {{s: {s}, i: null}}"),
    ("MATCH (a:{l}) DETACH DELETE a", "MATCH (a:{l}) OPTIONAL MATCH (a)-[r]-() DELETE r, a"),
    ("CREATE (:{l} {{i: {i}}})", "UNWIND [{i}] AS x CREATE (a:{l}) SET a.i = x"),
    ("CREATE (:{l}), (:{m})", "FOREACH (x IN [1] | CREATE (:{l}) CREATE (:{m}))"),
)


class WriteTwins:
    name, weight = "write_twins", 6

    def make(self, choices: Choices) -> Query:
        pair = choices.one(_PAIRS)
        filled = {
            "l": choices.one(LABELS),
            "m": choices.one(LABELS),
            "t": choices.one(TYPES),
            "i": choices.one(VALUES["integer"]),
            "s": choices.one(VALUES["string"]),
        }
        return Query([text.format(**filled) for text in pair], writes=True)

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        if len(query.clauses) != 2:
            raise NoVerdict
        committed = choices.chance(20)
        answers: list[Answer] = []
        for text in query.clauses:
            if committed:
                bench.spoiled()
                answers.append(bench.engine.write(text))
            else:
                answers.append(bench.engine.try_write(text))
        if committed:
            bench.spoiled()
        asked = list(zip(query.clauses, answers, strict=True))
        if any(answer.error for answer in answers):
            return Fault("error", asked)
        return Fault("graph", asked) if answers[0].graph != answers[1].graph else None
