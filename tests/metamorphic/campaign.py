"""Checks, one after the other, from a seed: a graph, some checks on it, the next graph.

Every case has a number, and its number alone makes it: graph, check and query. The same checks with the same queries
are run on some graphs, one after the other: a plan is made once, as in a server, and has to be right for all of them.
A case that fails is made smaller, told as text, and given to whoever runs the campaign.
"""

from __future__ import annotations

import dataclasses
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.differential.answers import ENDED, TooSlow
from tests.generators.choices import Choices, Recorded, Seeded
from tests.generators.graphs import GraphSpec, generate_graph
from tests.generators.queries import Query
from tests.generators.reduce import reduce_graph, reduce_query
from tests.metamorphic.bench import Bench
from tests.metamorphic.catalogue import CHECKS
from tests.metamorphic.check import Check, Fault, NoVerdict

__all__ = ["CASES_PER_ROUND", "CHECKS_PER_GRAPH", "Campaign", "Finding", "Tally"]

CHECKS_PER_GRAPH = 48
#: So many graphs in turn meet the same queries. Making a query and its plan costs about as much as two graphs do.
GRAPHS_PER_QUERY = 8
CASES_PER_ROUND = CHECKS_PER_GRAPH * GRAPHS_PER_QUERY
#: What is decided for a case is drawn from streams of its own, so that one does not shift the others.
GRAPH_SALT, CHECK_SALT, QUERY_SALT, RUN_SALT = 1, 2, 3, 4


@dataclass
class Finding:
    """``number``: of the case. ``graph`` and ``query`` as small as they could be made."""

    number: int
    check: str
    graph: GraphSpec
    query: Query
    fault: Fault

    @property
    def signature(self) -> tuple[str, str, str]:
        """Two findings that are alike have one."""
        first = self.fault.asked[0][1] if self.fault.asked else None
        return self.check, self.fault.what, "" if first is None else first.message[:30]


@dataclass
class Tally:
    checks: Counter[str] = field(default_factory=Counter)
    without_verdict: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    answers_with_rows: int = 0
    differences: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.checks += other.checks
        self.without_verdict += other.without_verdict
        self.answers += other.answers
        self.answers_with_rows += other.answers_with_rows
        self.differences += other.differences


def _choices(seed: int, number: int, salt: int) -> Choices:
    # Large odd factors keep the streams of neighbouring numbers apart.
    return Choices(
        Seeded((seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + salt) & (1 << 63) - 1)
    )


def _first_alike(number: int) -> int:
    """The first case with the query of this one, on another graph of the round."""
    return number - number % CASES_PER_ROUND + number % CHECKS_PER_GRAPH


class Campaign:
    """``only``: names of the checks to take; all if there are none."""

    def __init__(
        self,
        seed: int,
        only: Sequence[str] = (),
        *,
        on_finding: Callable[[Finding], None],
        reduces: int = 40,
    ) -> None:
        self.seed, self.on_finding, self.reduces = seed, on_finding, reduces
        self.checks: list[tuple[int, Check]] = [
            (check.weight, check) for check in CHECKS.values() if check.weight
        ]
        if only:
            # What is asked for by name is taken even if it has no weight of its own.
            self.checks = [(max(1, CHECKS[name].weight), CHECKS[name]) for name in only]
        self.tally = Tally()
        self.bench = Bench()
        # An engine that does not start is no finding: it ends the campaign here.
        assert self.bench.engine.ask("RETURN 1").error is None, "the engine answers"
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def close(self) -> None:
        self.bench.close()

    def run(self, first: int, last: int, until: float = float("inf")) -> int:
        """Cases ``first`` up to ``last``, or until the monotonic clock says so; the number after the last one done."""
        assert first % CHECKS_PER_GRAPH == 0, "cases on one graph stay together"
        number = first
        while number < last and time.monotonic() < until:
            self.bench.load(generate_graph(_choices(self.seed, number, GRAPH_SALT)))
            for _ in range(min(CHECKS_PER_GRAPH, last - number)):
                self.case(number)
                number += 1
        answers, with_rows = self.bench.take_counts()
        self.tally.answers += answers
        self.tally.answers_with_rows += with_rows
        return number

    def run_one(self, number: int) -> None:
        """One case by its number."""
        first = number - number % CHECKS_PER_GRAPH
        self.bench.load(generate_graph(_choices(self.seed, first, GRAPH_SALT)))
        self.case(number)

    def case(self, number: int) -> Fault | None:
        """One check on the graph that is loaded."""
        alike = _first_alike(number)
        check = _choices(self.seed, alike, CHECK_SALT).weighted(*self.checks)
        query = check.make(_choices(self.seed, alike, QUERY_SALT))
        choices = _choices(self.seed, alike, RUN_SALT)
        try:
            fault = self._attempt(check, query, choices)
        except NoVerdict:
            self.tally.without_verdict[check.name] += 1
            return None
        self.tally.checks[check.name] += 1
        if fault is not None:
            self.tally.differences[check.name] += 1
            self._report(number, check, query, choices.made, fault)
        return fault

    def _attempt(self, check: Check, query: Query, choices: Choices) -> Fault | None:
        try:
            return check.run(self.bench, query, choices)
        except (NoVerdict, TooSlow):
            raise NoVerdict from None
        except Exception as error:
            # Loading a graph and looking at it stand under the limits too.
            if getattr(error, "code", None) in ENDED:
                raise NoVerdict from None
            return Fault("exception: " + traceback.format_exc(limit=-2))

    def _report(
        self, number: int, check: Check, query: Query, made: list[int], fault: Fault
    ) -> None:
        finding = Finding(number, check.name, self.bench.spec, query, fault)
        self._seen[finding.signature] += 1
        if self._seen[finding.signature] <= 3 and self.reduces > 0:
            self.reduces -= 1
            graph = self.bench.spec
            finding = self._reduced(finding, check, made)
            self.bench.load(graph)
        self.on_finding(finding)

    def _reduced(self, finding: Finding, check: Check, made: list[int]) -> Finding:
        signature = finding.signature

        def again(graph: GraphSpec, query: Query) -> Fault | None:
            self.bench.load(graph)
            try:
                fault = self._attempt(check, query, Choices(Recorded(made)))
            except NoVerdict:
                return None
            if fault is None:
                return None
            alike = dataclasses.replace(finding, fault=fault).signature == signature
            return fault if alike else None

        graph, query = finding.graph, finding.query
        if again(graph, query) is None:
            return finding
        # Graphs first: what is small runs fast.
        graph = reduce_graph(graph, lambda one: again(one, query) is not None)
        if not (query.writes and len(query.clauses) == 2 and check.name == "write_twins"):
            text = reduce_query(
                query.text,
                lambda one: again(graph, dataclasses.replace(query, clauses=[one])) is not None,
            )
            smaller = dataclasses.replace(query, clauses=[text])
            query = smaller if again(graph, smaller) is not None else query
        graph = reduce_graph(graph, lambda one: again(one, query) is not None)
        fault = again(graph, query)
        assert fault is not None, "what was kept fails"
        return Finding(finding.number, finding.check, graph, query, fault)
