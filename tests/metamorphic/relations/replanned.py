"""A plan is a way to the answer, not a part of it: a query answers the same without rules, and with counts that lie."""

from __future__ import annotations

from tests.differential.compare import compare
from tests.generators.choices import Choices
from tests.generators.queries import Query, generate_query
from tests.generators.writes import generate_write
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.other_plans import other_plans
from tests.metamorphic.relations.indexed import Indexed

from samyama.cypher.planner.rules import RULES

__all__ = ["Replanned"]


class Replanned:
    name, weight = "replanned", 16

    def make(self, choices: Choices) -> Query:
        """Writes show whether rows waited for each other; some reads ask for what an index has."""
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
