"""An index is a way to find, never a change of what is found: with indexes on everything a query answers the same."""

from __future__ import annotations

from tests.generators.choices import Choices
from tests.generators.queries import Queries, Query, generate_query
from tests.generators.schema import KEY_KINDS, KEYS, LABELS, TYPES
from tests.generators.scope import Scope
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import differ, finished

__all__ = ["Indexed"]

_OPERATORS = ("=", "<", "<=", ">", ">=", "<>", "IN", "STARTS WITH")


class Indexed:
    name, weight = "indexed", 10

    def make(self, choices: Choices) -> Query:
        """Half of the time a query that an index can serve."""
        if choices.chance(40):
            return generate_query(choices)
        queries = Queries(choices)
        if choices.chance(25):
            scope = Scope({"a": "node", "r": "relationship", "b": "node"})
            pattern = f"(a)-[r:{choices.one(TYPES)}]-(b)"
            name, keys = "r", KEYS[:4]
        else:
            scope = Scope({"n": "node"})
            pattern, name, keys = f"(n:{choices.one(LABELS)})", "n", KEYS
        conditions = [
            self._condition(choices, queries, name, keys) for _ in range(choices.between(1, 2))
        ]
        joint = choices.one((" AND ", " AND ", " OR "))
        return finished(queries, [f"MATCH {pattern} WHERE {joint.join(conditions)}"], scope)

    def _condition(
        self, choices: Choices, queries: Queries, name: str, keys: tuple[str, ...]
    ) -> str:
        key = choices.one(keys)
        operator = choices.one(_OPERATORS)
        kind = KEY_KINDS[key] if choices.chance(85) else choices.one(tuple(KEY_KINDS.values()))
        if operator == "STARTS WITH":
            key, kind = "s", "string"
        values = queries.expressions.of(kind, Scope(), choices.below(2))
        if operator == "IN":
            values = f"[{values}, {queries.expressions.of(kind, Scope(), 0)}]"
        return f"{name}.{key} {operator} {values}"

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        answers = [engine.ask(query.text) for engine in (bench.engine, bench.indexed)]
        asked = [(query.text, answer) for answer in reversed(answers)]
        if all(answer.error for answer in answers):
            raise NoVerdict
        if answers[0].error != answers[1].error:
            return Fault("error", asked)
        wrong = differ(query, answers[0], answers[1], ordered=query.ordered)
        return Fault("rows", asked) if wrong else None
