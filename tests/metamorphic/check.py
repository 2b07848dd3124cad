"""A check: something that must hold for a query on a graph, whatever the query and the graph are.

A check makes a query and says what is wrong with the answers to it and to what it derives from it. Both halves are
apart, so that a query that fails can be made smaller and asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from tests.differential.answers import Answer
from tests.generators.choices import Choices
from tests.generators.queries import Query
from tests.metamorphic.bench import Bench

__all__ = ["Check", "Fault", "NoVerdict"]


class NoVerdict(Exception):
    """The check has nothing to say about this query: it does not apply, or the answer is left open."""


@dataclass
class Fault:
    """``what``: in a word. ``asked``: the queries in question with their answers, the first is the one to keep."""

    what: str
    asked: list[tuple[str, Answer]] = field(default_factory=list)


class Check(Protocol):
    """``name`` is that of its file; ``weight``: how often it is taken; ``__doc__`` says why it must hold."""

    name: str
    weight: int

    def make(self, choices: Choices) -> Query:
        """A query to check."""
        ...

    def run(self, bench: Bench, query: Query, choices: Choices) -> Fault | None:
        """Raises: NoVerdict."""
        ...
