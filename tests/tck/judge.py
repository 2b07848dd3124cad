"""One scenario on one graph: what it asks for against what happens."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.tck.adapter import Adapter, Fault, Graph, State, Table
from tests.tck.steps import (
    Action,
    DefineProcedure,
    Execute,
    ExpectEffects,
    ExpectError,
    ExpectTable,
    Given,
    Parameters,
    SetUp,
    read,
)
from tests.tck.suite import Scenario, Suite
from tests.tck.values import key, render

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``wrong``: in a word what was not as asked (values, order, columns, side effects, ...); empty: it passed."""

    wrong: str = ""
    query: str = ""
    expected: str = ""
    actual: str = ""

    @property
    def passed(self) -> bool:
        return not self.wrong


class _Wrong(Exception):
    def __init__(self, wrong: str, expected: str, actual: str) -> None:
        super().__init__(wrong)
        self.wrong, self.expected, self.actual = wrong, expected, actual


def judge(suite: Suite, scenario: Scenario, adapter: Adapter) -> Verdict:
    """Run a scenario. Whatever goes wrong is in the verdict, the runner's own mistakes too."""
    trial = None
    try:
        actions = [read(step) for step in scenario.steps]
        procedures = [a.procedure for a in actions if isinstance(a, DefineProcedure)]
        with adapter.open(scenario, procedures) as graph:
            trial = _Trial(suite, graph)
            for action in actions:
                trial.do(action)
            trial.end()
    except _Wrong as found:
        return Verdict(found.wrong, trial.query if trial else "", found.expected, found.actual)
    except Exception:
        query = trial.query if trial else ""
        return Verdict("the runner or the engine broke", query, "", traceback.format_exc(limit=6))
    return Verdict()


class _Trial:
    """A scenario under way: the last answer, the state before it, and whether somebody asked about it."""

    def __init__(self, suite: Suite, graph: Graph) -> None:
        self.suite, self.graph = suite, graph
        self.parameters: dict[str, Any] = {}
        self.query = ""
        self.answer: Table | Fault | None = None
        self.before = State()
        self.answer_judged = self.effects_judged = True

    def do(self, action: Action) -> None:
        match action:
            case Given():
                if action.graph is not None:
                    self._set_up(self.suite.graph(action.graph))
            case SetUp():
                self._set_up(action.query)
            case Parameters():
                self.parameters = action.values
            case DefineProcedure():
                pass  # The graph was opened with them.
            case Execute():
                self.end()
                self.query = action.query
                self.before = self.graph.state()
                self.answer = self.graph.execute(action.query, self.parameters)
                self.answer_judged = self.effects_judged = False
            case ExpectTable():
                self._expect_table(action)
            case ExpectEffects():
                self._expect_effects(action.counts)
            case ExpectError():
                self._expect_error(action)

    def end(self) -> None:
        """What is not asked for must not be: an error, or an effect of a query that failed."""
        if not self.answer_judged:
            self._expect_success()
        if isinstance(self.answer, Fault) and not self.effects_judged:
            self._expect_effects({})

    def _set_up(self, query: str) -> None:
        self.query = query
        answer = self.graph.execute(query, self.parameters)
        if isinstance(answer, Fault):
            raise _Wrong("set-up", "the set-up succeeds", show_fault(answer))

    def _expect_success(self) -> Table:
        self.answer_judged = True
        assert self.answer is not None, "an expectation stands behind a query"
        if isinstance(self.answer, Fault):
            raise _Wrong("unexpected error", "no error", show_fault(self.answer))
        return self.answer

    def _expect_table(self, wanted: ExpectTable) -> None:
        if isinstance(self.answer, Fault):
            raise _Wrong("unexpected error", show_table(wanted), show_fault(self.answer))
        found = self._expect_success()
        wrong = compare(wanted, found)
        if wrong:
            raise _Wrong(wrong, show_table(wanted), show_table(found))

    def _expect_effects(self, wanted: dict[str, int]) -> None:
        self.effects_judged = True
        found = self.before.effects_until(self.graph.state())
        wanted = {name: count for name, count in wanted.items() if count}
        if found != wanted:
            raise _Wrong("side effects", show_effects(wanted), show_effects(found))

    def _expect_error(self, wanted: ExpectError) -> None:
        self.answer_judged = True
        asked = f"{wanted.type} at {wanted.phase}: {wanted.detail}"
        if isinstance(self.answer, Table):
            raise _Wrong("no error", asked, show_table(self.answer))
        assert self.answer is not None, "an expectation stands behind a query"
        for name, one, other in (
            ("error type", wanted.type, self.answer.type),
            ("error phase", wanted.phase, self.answer.phase),
            ("error detail", wanted.detail, self.answer.detail),
        ):
            if one not in (other, "any time", "*"):
                raise _Wrong(name, asked, show_fault(self.answer))


def compare(wanted: ExpectTable, found: Table) -> str:
    """What is wrong, in a word; empty: nothing."""
    if wanted.columns != found.columns:
        return "columns"
    want = [tuple(key(v, ordered=wanted.list_order) for v in row) for row in wanted.rows]
    have = [tuple(key(v, ordered=wanted.list_order) for v in row) for row in found.rows]
    if want == have:
        return ""
    if Counter(want) == Counter(have):
        return "order" if wanted.in_order else ""
    return "values" if len(want) == len(have) else "rows"


def show_table(table: Table | ExpectTable) -> str:
    if not table.columns and not table.rows:
        return "(empty)"
    lines = [" | ".join(table.columns)]
    lines += [" | ".join(map(render, row)) for row in table.rows]
    return "\n".join(lines)


def show_effects(counts: dict[str, int]) -> str:
    return "\n".join(f"{name} {count}" for name, count in sorted(counts.items())) or "(none)"


def show_fault(fault: Fault) -> str:
    return f"{fault.type} at {fault.phase}: {fault.detail}\n{fault.message}"
