"""What went wrong once stays right: every case of the corpus, on the engine and on the reference."""

from __future__ import annotations

import pytest
from tests.differential.render import table
from tests.regressions.cases import Case, load_all

CASES = load_all()


def _marked(case: Case) -> object:
    marks = [pytest.mark.xfail(reason=case.open, strict=True)] if case.open else []
    return pytest.param(case, id=case.path.stem, marks=marks)


@pytest.mark.parametrize("case", [_marked(case) for case in CASES])
def test_the_engine_gives_the_answer_of_the_language(case: Case) -> None:
    difference = case.difference()
    assert difference is None, difference


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path.stem)
def test_the_written_answer_is_the_reference_s(case: Case) -> None:
    assert table(case.reference(), ordered=case.query.ordered) == case.result
