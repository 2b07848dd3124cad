"""Hypothesis drives the generators: engine against reference, with its own way to explore and to simplify."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.differential.checks import Reads, Writes
from tests.generators.choices import Choices
from tests.generators.graphs import generate_graph
from tests.generators.hypothesis_source import Drawn
from tests.metamorphic.bench import Bench
from tests.metamorphic.check import NoVerdict

EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def _check(bench: Bench, data: st.DataObject, check: Reads | Writes) -> None:
    choices = Choices(Drawn(data))
    graph, query = generate_graph(choices, 5), check.make(choices)
    bench.load(graph)
    try:
        fault = check.run(bench, query, choices)
    except NoVerdict:
        assume(False)
        return
    assert fault is None, f"{fault.what}\n{graph.create()}\n{query.text}\n{fault.asked}"


@EXAMPLES
@given(st.data())
def test_reading_queries_agree(bench: Bench, data: st.DataObject) -> None:
    _check(bench, data, Reads())


@EXAMPLES
@given(st.data())
def test_writes_agree(bench: Bench, data: st.DataObject) -> None:
    _check(bench, data, Writes())
