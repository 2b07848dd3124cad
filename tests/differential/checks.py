"""The engine against the reference interpreter: reading queries, queries that may fail, and writes."""

from __future__ import annotations

from tests.differential.answers import Answer, TooSlow
from tests.differential.compare import compare
from tests.generators.choices import Choices
from tests.generators.queries import Query, generate_query
from tests.generators.writes import generate_write
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict

__all__ = ["CHECKS"]


def _ask_oracle(bench: Bench, query: Query) -> Answer:
    try:
        return bench.oracle.ask(query.text, writes=query.writes)
    except TooSlow:
        raise NoVerdict from None


def _judge(query: Query, engine: Answer, reference: Answer) -> Fault | None:
    difference = compare(query, engine, reference)
    return None if difference is None else Fault(difference.what, [(query.text, engine)])


class Reads:
    """Columns, rows as a multiset (or in order), and that nothing fails."""

    name, weight = "differential_reads", 40

    def make(self, choices: Choices) -> Query:
        return generate_query(choices)

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        reference = _ask_oracle(bench, query)
        return _judge(query, bench.engine.ask(query.text), reference)


class Risky(Reads):
    """As above, for queries that may divide by zero, overflow or meet values of wrong types."""

    name, weight = "differential_risky", 5

    def make(self, choices: Choices) -> Query:
        return generate_query(choices, risky=True)


class Writes:
    """Rows, counters, and the graph afterwards; in a transaction that is rolled back, or by the lane."""

    name, weight = "differential_writes", 20

    def make(self, choices: Choices) -> Query:
        return generate_write(choices)

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        reference = _ask_oracle(bench, query)
        if choices.chance(25):
            answer = bench.engine.write(query.text)
            bench.spoiled()
        else:
            answer = bench.engine.try_write(query.text)
        if answer.error is not None and reference.error is None:
            reference.graph = answer.graph = None
        return _judge(query, answer, reference)


CHECKS = (Reads(), Risky(), Writes())
