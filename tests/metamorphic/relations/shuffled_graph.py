"""A graph does not know in which order it was made: built in another order, with other ids, it answers the same."""

from __future__ import annotations

from tests.generators.choices import Choices
from tests.generators.graphs import GraphSpec, RelationshipSpec
from tests.generators.queries import Query, generate_query
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import differ

__all__ = ["ShuffledGraph"]


def _shuffled(choices: Choices, size: int) -> list[int]:
    rest, order = list(range(size)), []
    while rest:
        order.append(rest.pop(choices.below(len(rest))))
    return order


class ShuffledGraph:
    name, weight = "shuffled_graph", 4

    def make(self, choices: Choices) -> Query:
        return generate_query(choices)

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        spec = bench.spec
        nodes = _shuffled(choices, len(spec.nodes))
        relationships = _shuffled(choices, len(spec.relationships))
        place = {old: new for new, old in enumerate(nodes)}
        moved = GraphSpec(
            [spec.nodes[old] for old in nodes],
            [
                RelationshipSpec(r.type, place[r.start], place[r.end], r.properties)
                for r in (spec.relationships[old] for old in relationships)
            ],
        )
        other = bench.other(moved)
        # Entities are known by their number in the first graph.
        back = {"node": nodes, "relationship": relationships}
        other.numbers = {
            kind: {id: back[kind][at] for id, at in numbers.items()}
            for kind, numbers in other.numbers.items()
        }
        answers = [engine.ask(query.text) for engine in (bench.engine, other)]
        asked = [(query.text, answer) for answer in answers]
        if all(answer.error for answer in answers):
            raise NoVerdict
        if answers[0].error != answers[1].error:
            return Fault("error", asked)
        wrong = differ(query, answers[0], answers[1], ordered=query.ordered)
        return Fault("rows", asked) if wrong else None
