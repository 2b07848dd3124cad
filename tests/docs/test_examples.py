"""The examples in docstrings do what they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import samyama

#: Starting them is what they do.
NOT_IMPORTED = {"samyama.__main__"}
MODULES = [
    "samyama",
    *(
        module.name
        for module in pkgutil.walk_packages(samyama.__path__, "samyama.")
        if module.name not in NOT_IMPORTED
    ),
]


def _examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name))]
    return [test for test in found if test.examples]


@pytest.mark.parametrize("example", _examples(), ids=lambda test: test.name)
def test_the_example_shows_what_happens(example: doctest.DocTest) -> None:
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    output: list[str] = []
    runner.run(example, out=output.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(output)


def test_there_are_examples() -> None:
    names = {test.name for test in _examples()}
    assert {"samyama._database.open", "samyama._results.Record"} <= names
