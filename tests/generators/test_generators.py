"""The generators do what is asked of them: the same case from the same decisions, text that parses and comes back from
its tree, cases that shrink, and enough queries that find something."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.generators.choices import Choices, Recorded, Seeded, shrink
from tests.generators.graphs import GraphSpec, generate_graph
from tests.generators.hypothesis_source import Drawn
from tests.generators.queries import generate_query
from tests.generators.reduce import reduce_graph, reduce_query
from tests.generators.unparse import unparse
from tests.generators.writes import generate_write
from tests.reference.tree import shape, walk

from samyama.cypher import ast
from samyama.cypher.parser import parse


def _unnamed(tree: ast.Statement) -> object:
    for node in walk(tree):
        if isinstance(node, ast.Item) and not node.aliased:
            node.name = ""
    return shape(tree)


def test_a_case_is_told_again_from_its_decisions() -> None:
    for seed in range(30):
        first = Choices(Seeded(seed))
        text = generate_query(first).text
        assert generate_query(Choices(Recorded(first.made))).text == text


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_generated_parses_and_comes_back_from_its_tree(data: st.DataObject) -> None:
    choices = Choices(Drawn(data))
    text = generate_query(choices).text if choices.chance(60) else generate_write(choices).text
    tree = parse(text)
    assert _unnamed(parse(unparse(tree))) == _unnamed(tree)


def test_the_simplest_graph_and_query_are_simple() -> None:
    assert generate_graph(Choices(Recorded([]))) == GraphSpec()
    assert len(generate_query(Choices(Recorded([]))).text) < 60


def test_a_list_of_decisions_shrinks() -> None:
    def still_fails(made: list[int]) -> bool:
        return "OPTIONAL" in generate_query(Choices(Recorded(made))).text

    made = next(
        choices.made
        for seed in range(200)
        if "OPTIONAL" in generate_query(choices := Choices(Seeded(seed))).text
    )
    small = shrink(made, still_fails, tries=2_000)
    assert still_fails(small)
    assert len(small) < len(made)


def test_a_query_and_a_graph_are_reduced_to_what_matters() -> None:
    text = next(
        text
        for seed in range(200)
        if "UNWIND" in (text := generate_query(Choices(Seeded(seed))).text) and len(text) > 300
    )
    small = reduce_query(text, lambda one: "UNWIND" in one)
    assert len(small) < 40
    graph = next(
        graph
        for seed in range(200)
        if len((graph := generate_graph(Choices(Seeded(seed)))).relationships) > 5
    )
    least = reduce_graph(graph, lambda one: any(r.type == "S" for r in one.relationships))
    assert len(least.nodes) <= 2
    assert len(least.relationships) == 1
