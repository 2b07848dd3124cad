"""What is written as YAML is the same data when it is read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.observability.yaml_reader import read_yaml

from samyama.observability.yaml_text import render_yaml

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, min_size=1, max_size=4))
def test_data_comes_back(value: dict[str, Any]) -> None:
    assert read_yaml(render_yaml(value)) == value


@pytest.mark.parametrize("word", ["on", "No", "null", "1", "1e3", "a: b", "- a", "", "~", "#x"])
def test_texts_that_yaml_takes_for_something_else_are_quoted(word: str) -> None:
    assert render_yaml({"k": word}) == f'k: "{word}"\n'
