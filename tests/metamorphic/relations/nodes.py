"""Every node gives the same: the leader, a follower that has seen the bookmark, and the engine in this process.

Each is asked twice: once the plan has just been made, once it comes from the cache.
"""

from __future__ import annotations

from tests.generators.choices import Choices
from tests.generators.queries import Query, generate_query
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import Fault, NoVerdict
from tests.metamorphic.linear import differ

__all__ = ["Nodes"]


class Nodes:
    """Starts three processes, so it is taken only where that was asked for."""

    name, weight = "nodes", 0

    def make(self, choices: Choices) -> Query:
        return generate_query(choices)

    def run(self, bench: Bench, query: Query, _: Choices) -> Fault | None:
        nodes, text = bench.nodes, query.text
        asked = [
            (text, ask(text))
            for ask in (
                bench.engine.ask,
                nodes.ask_leader,
                nodes.ask_leader,
                nodes.ask_follower,
                nodes.ask_follower,
            )
        ]
        first = asked[0][1]
        if all(answer.error for _, answer in asked):
            raise NoVerdict
        for _, answer in asked[1:]:
            if answer.error != first.error:
                return Fault("error", [asked[0], (text, answer)])
            if answer.columns != first.columns:
                return Fault("columns", [asked[0], (text, answer)])
            if differ(query, first, answer, ordered=query.ordered):
                return Fault("rows", [asked[0], (text, answer)])
        return None
