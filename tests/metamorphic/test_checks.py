"""A slice of the campaign that ``make metamorphic`` runs, and the proof that its checks can fail."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from tests.differential.answers import Answer, Engine
from tests.metamorphic.campaign import CHECKS_PER_GRAPH, Campaign, Finding
from tests.metamorphic.catalogue import CHECKS
from tests.metamorphic.findings import describe, keep
from tests.regressions.cases import Case

SEED = 20_261_126
#: Checks whose findings are about the rows of reading queries.
PLANTED = {
    "differential_reads": "drops a row",
    "differential_writes": "counts wrong",
    "partition": "drops a row",
    "reversed_paths": "drops a row",
    "windows": "drops a row",
    "lengths": "drops a row",
    "directions": "drops a row",
    "optional": "drops a row",
    "expressions": "drops a row",
    "plan_cache": "drops a row",
    "indexed": "drops a row",
    "replanned": "drops a row",
    "components": "counts wrong",
    "subqueries": "drops a row",
    "distinct": "drops a row",
    "inserted_clauses": "drops a row",
    "wrapped_query": "drops a row",
    "split_match": "drops a row",
    "permuted_parts": "drops a row",
    "shuffled_graph": "drops a row",
    "comprehension": "drops a row",
    "write_twins": "writes too much",
    "differential_risky": "drops a row",
}


def _run(
    cases: int, only: tuple[str, ...] = (), seed: int = SEED, reduces: int = 3
) -> tuple[Campaign, list[Finding]]:
    found: list[Finding] = []
    campaign = Campaign(seed, only, on_finding=found.append, reduces=reduces)
    try:
        campaign.run(0, cases - cases % CHECKS_PER_GRAPH)
    finally:
        campaign.close()
    return campaign, found


def test_a_slice_of_the_campaign_finds_no_difference() -> None:
    campaign, found = _run(3_072)
    assert not found, "\n\n".join(describe(finding, SEED) for finding in found[:5])
    every = {name for name, check in CHECKS.items() if check.weight}
    assert set(campaign.tally.checks) == every, "every check had its turn"


@pytest.mark.cluster
def test_three_nodes_give_what_one_gives() -> None:
    campaign, found = _run(48, ("nodes",))
    assert not found, "\n\n".join(describe(finding, SEED) for finding in found[:5])
    assert campaign.tally.checks["nodes"] > 40


def test_most_queries_find_something() -> None:
    tally = _run(360, ("differential_reads",))[0].tally
    assert tally.answers_with_rows / tally.answers > 0.5


def test_every_check_has_its_planted_fault() -> None:
    assert set(PLANTED) == set(CHECKS) - {"nodes"}, "of `nodes` each half is another's check"


class Planted:
    """An engine that is wrong now and then, always at the same calls."""

    def __init__(self, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.how = how
        self.real = Engine._answer
        self.calls = 0
        monkeypatch.setattr(Engine, "_answer", self._method())

    def _method(self) -> Any:
        planted = self

        def answer(engine: Engine, result: Any) -> Answer:
            found = planted.real(engine, result)
            planted.calls += 1
            # Two calls in five, scattered: a check asks in steps of its own.
            is_wrong = (planted.calls * 2_654_435_761 >> 16) % 5 < 2
            return planted.spoiled(found) if is_wrong else found

        return answer

    def spoiled(self, answer: Answer) -> Answer:
        if self.how == "drops a row":
            return dataclasses.replace(answer, rows=answer.rows[:-1])
        if self.how == "counts wrong":
            rows = [tuple(_more(value) for value in row) for row in answer.rows]
            counters = {name: count + 1 for name, count in answer.counters.items()}
            return dataclasses.replace(answer, rows=rows, counters=counters)
        return answer


def _more(value: Any) -> Any:
    return ("integer", value[1] + 1) if value[0] == "integer" else value


@pytest.mark.parametrize("name", [n for n, how in PLANTED.items() if how != "writes too much"])
def test_a_planted_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Planted(PLANTED[name], monkeypatch)
    found = any(_run(48, (name,), seed, reduces=0)[1] for seed in range(10))
    assert found


def test_a_planted_write_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Engine.try_write

    def too_much(engine: Engine, text: str, parameters: Any = None) -> Answer:
        return real(engine, text.replace("MERGE (b:", "CREATE (b:"), parameters)

    monkeypatch.setattr(Engine, "try_write", too_much)
    _, found = _run(384, ("write_twins",), reduces=0)
    assert found


def test_a_finding_is_reduced_and_becomes_a_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine loses the rows of everything that unwinds: what is left is an UNWIND and a RETURN."""
    real = Engine.ask

    def ask(engine: Engine, text: str, parameters: Any = None) -> Answer:
        answer = real(engine, text, parameters)
        return dataclasses.replace(answer, rows=[]) if "UNWIND" in text else answer

    monkeypatch.setattr(Engine, "ask", ask)
    _, found = _run(60, ("differential_reads",), reduces=1)
    finding = found[0]
    assert len(finding.query.text) < 60, finding.query.text
    assert finding.graph.nodes == []
    path = keep(finding, SEED, tmp_path)
    assert path is not None
    case = Case.read(path)
    assert case.query.text == finding.query.text
    assert f"--case {finding.number}" in path.read_text("utf-8")
    monkeypatch.undo()
    assert case.difference() is None, "the engine that is not spoiled is right"


def test_the_same_seed_makes_the_same_campaign() -> None:
    first, second = (_run(60)[0].tally for _ in range(2))
    assert first == second
