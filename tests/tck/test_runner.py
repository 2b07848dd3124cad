"""The runner catches wrong answers: right ones pass, and each kind of lie about them is found and named."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.tck import literals, temporal
from tests.tck.adapter import Fault, Graph, State, Table
from tests.tck.embedded import Embedded
from tests.tck.judge import judge
from tests.tck.steps import Procedure, read
from tests.tck.suite import Scenario, Step, Suite
from tests.tck.values import Node, Relationship, key, render
from tests.tck.values import Path as GraphPath

RIGHT_ANSWERS = Path(__file__).with_name("right_answers.feature")


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    directory = tmp_path_factory.mktemp("tck")
    (directory / "features" / "basics").mkdir(parents=True)
    shutil.copy(RIGHT_ANSWERS, directory / "features" / "basics")
    (directory / "graphs" / "binary-tree-1").mkdir(parents=True)
    graph = directory / "graphs" / "binary-tree-1" / "binary-tree-1.cypher"
    graph.write_text("CREATE (:X)", "utf-8")
    return Suite(directory)


def scenario_called(suite: Suite, name: str) -> Scenario:
    (found,) = suite.scenarios(name=name)
    return found


Answer = Table | Fault


class Liar:
    """The embedded adapter, except that the last answers and states are not what they were."""

    name = "liar"

    def __init__(
        self,
        answer: Callable[[Answer], Answer] = lambda answer: answer,
        state: Callable[[State], State] = lambda state: state,
        at: str = "",
    ) -> None:
        self.answer, self.lie_about_state, self.at = answer, state, at

    @contextmanager
    def open(self, scenario: Scenario, procedures: Sequence[Procedure]) -> Iterator[Graph]:
        with Embedded().open(scenario, procedures) as graph:
            yield _LyingGraph(graph, self)

    def close(self) -> None:
        pass


class _LyingGraph:
    def __init__(self, graph: Graph, liar: Liar) -> None:
        self.graph, self.liar = graph, liar
        self.asked = False

    def execute(self, query: str, parameters: dict[str, Any]) -> Answer:
        answer = self.graph.execute(query, parameters)
        if self.liar.at in query and not query.startswith("CREATE (:"):
            self.asked = True
            return self.liar.answer(answer)
        return answer

    def state(self) -> State:
        state = self.graph.state()
        return self.liar.lie_about_state(state) if self.asked else state


def test_right_answers_pass(suite: Suite) -> None:
    scenarios = list(suite.scenarios())
    assert len(scenarios) == 7
    for scenario in scenarios:
        verdict = judge(suite, scenario, Embedded())
        assert verdict.passed, verdict


def cell(row: int, column: int, value: Any) -> Callable[[Answer], Answer]:
    def lie(answer: Answer) -> Answer:
        assert isinstance(answer, Table), answer
        rows = [list(one) for one in answer.rows]
        rows[row][column] = value
        return replace(answer, rows=tuple(map(tuple, rows)))

    return lie


def rows(change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Callable[[Answer], Answer]:
    def lie(answer: Answer) -> Answer:
        assert isinstance(answer, Table), answer
        return replace(answer, rows=change(answer.rows))

    return lie


def columns(*names: str) -> Callable[[Answer], Answer]:
    def lie(answer: Answer) -> Answer:
        assert isinstance(answer, Table), answer
        return replace(answer, columns=names)

    return lie


A = Node(frozenset({"A"}), {"num": 1, "list": [1, 2]})
B = Node(frozenset({"B"}), {"name": "it's"})
T = Relationship("T", {"w": 0.5})
FAULT = Fault("TypeError", "runtime", "InvalidArgumentType", "planted")

LIES: list[tuple[str, str, Callable[[Answer], Answer]]] = [
    ("scalars", "values", cell(0, 0, 2)),
    ("scalars", "values", cell(0, 0, 1.0)),
    ("scalars", "values", cell(1, 0, 2)),
    ("scalars", "values", cell(2, 0, "y")),
    ("scalars", "values", cell(3, 0, "null")),
    ("scalars", "values", cell(4, 0, 1)),
    ("scalars", "values", cell(0, 1, [1, 1.0])),
    ("scalars", "values", cell(0, 1, [1])),
    ("scalars", "order", rows(lambda found: found[::-1])),
    ("scalars", "rows", rows(lambda found: found[1:])),
    ("scalars", "rows", rows(lambda found: (*found, found[0]))),
    ("scalars", "columns", columns("a", "c")),
    ("scalars", "columns", columns("b", "a")),
    ("scalars", "unexpected error", lambda _: FAULT),
    ("entities", "values", cell(0, 0, replace(A, labels=frozenset()))),
    ("entities", "values", cell(0, 0, replace(A, labels=frozenset("AB")))),
    ("entities", "values", cell(0, 0, replace(A, properties={"num": 1, "list": [2, 1]}))),
    ("entities", "values", cell(0, 0, replace(A, properties={"num": 1}))),
    ("entities", "values", cell(0, 0, {"num": 1, "list": [1, 2]})),
    ("entities", "values", cell(0, 1, replace(T, type="U"))),
    ("entities", "values", cell(0, 1, replace(T, properties={}))),
    ("entities", "values", cell(0, 3, GraphPath(B, ((T, True, A),)))),
    ("entities", "values", cell(0, 3, GraphPath(A, ((T, False, B),)))),
    ("entities", "values", cell(0, 3, GraphPath(B, ()))),
    ("entities", "values", cell(0, 4, {"k": [1, 2], "l": None})),
    ("lists", "values", cell(0, 0, [2, 3, 3])),
    ("writes", "rows", rows(lambda _: ((),))),
    ("writes", "columns", columns("a")),
    (
        "an error",
        "error type",
        lambda _: Fault("TypeError", "compile time", "UndefinedVariable", ""),
    ),
    ("an error", "error phase", lambda _: Fault("SyntaxError", "runtime", "UndefinedVariable", "")),
    ("an error", "error detail", lambda _: Fault("SyntaxError", "compile time", "Other", "")),
    ("an error", "no error", lambda _: Table(("missing",), ((1,),))),
    ("procedures", "values", cell(0, 0, "yes")),
]


@pytest.mark.parametrize(("name", "wrong", "lie"), LIES)
def test_a_planted_answer_is_caught(
    suite: Suite, name: str, wrong: str, lie: Callable[[Answer], Answer]
) -> None:
    assert judge(suite, scenario_called(suite, name), Liar(lie)).wrong == wrong


@pytest.mark.parametrize(
    ("name", "lie"),
    [
        ("scalars", cell(0, 0, 1)),
        ("entities", rows(lambda found: found[::-1])),
        ("lists", cell(0, 0, [1, 2, 3])),
    ],
)
def test_what_may_differ_is_not_called_wrong(
    suite: Suite, name: str, lie: Callable[[Answer], Answer]
) -> None:
    assert judge(suite, scenario_called(suite, name), Liar(lie)).passed


@pytest.mark.parametrize("name", ["scalars", "writes", "an error"])
@pytest.mark.parametrize("kind", ["nodes", "relationships", "labels", "properties"])
@pytest.mark.parametrize("more", [True, False])
def test_a_planted_side_effect_is_caught(suite: Suite, name: str, kind: str, more: bool) -> None:
    def lie(state: State) -> State:
        found = sorted(getattr(state, kind), key=repr)
        return replace(state, **{kind: frozenset([*found, "planted"] if more else found[1:])})

    # An error implies that nothing was changed, although no step says so.
    assert judge(suite, scenario_called(suite, name), Liar(state=lie)).wrong == "side effects"


def test_a_wrong_answer_to_the_control_query_is_caught(suite: Suite) -> None:
    liar = Liar(cell(0, 0, 2), at="(c:C)")
    assert judge(suite, scenario_called(suite, "writes"), liar).wrong == "values"


def test_an_error_that_nobody_asked_about_is_caught(suite: Suite) -> None:
    scenario = scenario_called(suite, "an error")
    unjudged = replace(scenario, steps=scenario.steps[:-1])
    assert judge(suite, unjudged, Embedded()).wrong == "unexpected error"


def test_a_set_up_that_fails_is_not_passed_over(suite: Suite) -> None:
    broken = Step("having executed:", "CREATE (:A", ())
    scenario = scenario_called(suite, "scalars")
    assert (
        judge(suite, replace(scenario, steps=(broken, *scenario.steps)), Embedded()).wrong
        == "set-up"
    )


def test_a_step_that_nobody_reads_is_not_passed_over(suite: Suite) -> None:
    unknown = Step("the moon should be full", None, ())
    scenario = scenario_called(suite, "scalars")
    verdict = judge(suite, replace(scenario, steps=(*scenario.steps, unknown)), Embedded())
    assert not verdict.passed
    assert "the moon should be full" in verdict.actual


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "true",
        "-3",
        "1.5",
        "1e+20",
        "NaN",
        "-Inf",
        r"'a \'quoted\' \\ text'",
        "[1, [2.0], {k: null}]",
        "{}",
        "(:A:B {k: 'v', l: [1]})",
        "()",
        "[:T {k: 1}]",
        "<(:A)-[:T]->({k: 1})<-[:U {w: 0.5}]-()>",
    ],
)
def test_literals_are_read_and_written(text: str) -> None:
    assert render(literals.parse(text)) == text


@pytest.mark.parametrize("text", ["", "1 2", "[1", "'open", "(:A", "{k 1}", "<()-[:T]-()>", "no"])
def test_what_is_no_literal_is_refused(text: str) -> None:
    with pytest.raises(literals.LiteralError):
        literals.parse(text)


def test_sameness_is_exact_where_it_must_be() -> None:
    assert key(0.0) == key(-0.0)
    assert key(float("nan")) == key(float("nan"))
    assert key(1) != key(1.0)
    assert key(True) != key(1)
    assert key("1") != key(1)
    assert key([1, 2]) != key([2, 1])
    assert key([[2, 1], 3], ordered=False) == key([3, [1, 2]], ordered=False)
    assert key({"a": None}) != key({})


@pytest.mark.parametrize(
    ("kind", "parts", "text"),
    [
        ("date", (0,), "1970-01-01"),
        ("date", (-719_529,), "-0001-12-31"),
        ("date", (365_241_780_471,), "+999999999-12-31"),
        ("local_time", (43_260_000_000_000,), "12:01"),
        ("local_time", (1_500_000_000,), "00:00:01.500"),
        ("time", (0, -3_599), "00:00-00:59:59"),
        ("local_datetime", (-1, 1_000), "1969-12-31T23:59:59.000001"),
        ("datetime", (0, 0, 3_600, "Europe/Stockholm"), "1970-01-01T01:00+01:00[Europe/Stockholm]"),
        ("duration", (0, 0, 0, 0), "PT0S"),
        ("duration", (14, -3, -60, -1_000_000), "P1Y2M-3DT-1M-0.001S"),
        ("duration", (-13, 0, -2, 1_000_000), "P-1Y-1MT-1.999S"),
        ("duration", (0, 1, -1, 999_000_000), "P1DT-0.001S"),
    ],
)
def test_temporal_text(kind: str, parts: tuple[Any, ...], text: str) -> None:
    assert temporal.text(kind, parts) == text


def test_a_side_effect_that_there_is_not_is_refused() -> None:
    sentence = "the side effects should be:"
    with pytest.raises(ValueError, match=r"no side effect \+triples"):
        read(Step(sentence, None, (("+triples", "1"),)))


def test_the_suite_is_found_by_name_and_by_folder(suite: Suite, tmp_path: Path) -> None:
    assert not list(suite.scenarios(folder="elsewhere"))
    assert not list(Suite(tmp_path).scenarios())
