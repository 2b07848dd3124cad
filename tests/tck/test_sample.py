"""A stable quarter of the openCypher TCK, chosen by the hash of each scenario's id."""

from __future__ import annotations

import zlib

import pytest
from tests.tck.embedded import Embedded
from tests.tck.judge import judge
from tests.tck.report import side_by_side
from tests.tck.suite import Scenario, Suite, SuiteMissing, find_suite

try:
    SUITE: Suite | None = find_suite()
    WHY_NOT = ""
except SuiteMissing as error:
    SUITE, WHY_NOT = None, str(error)


def in_sample(scenario: Scenario) -> bool:
    return zlib.crc32(scenario.id.encode()) % 4 == 0 and not scenario.ignored


SAMPLE = [scenario for scenario in SUITE.scenarios() if in_sample(scenario)] if SUITE else []


@pytest.mark.skipif(SUITE is None, reason=WHY_NOT)
def test_the_sample_is_about_a_quarter() -> None:
    assert 900 < len(SAMPLE) < 1_050


@pytest.mark.parametrize("scenario", SAMPLE, ids=lambda scenario: scenario.id)
def test_scenario(scenario: Scenario) -> None:
    assert SUITE is not None, "there are scenarios only if there is a suite"
    verdict = judge(SUITE, scenario, Embedded())
    assert verdict.passed, side_by_side(scenario, verdict)


@pytest.mark.skipif(SUITE is None, reason=WHY_NOT)
def test_the_scenario_that_the_suite_ignores_passes_too() -> None:
    assert SUITE is not None, "see above"
    (ignored,) = (scenario for scenario in SUITE.scenarios() if scenario.ignored)
    verdict = judge(SUITE, ignored, Embedded())
    assert verdict.passed, side_by_side(ignored, verdict)
