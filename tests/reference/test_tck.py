"""The judge is judged: the reference interpreter on the quarter of the openCypher TCK that ``make test`` runs."""

from __future__ import annotations

import pytest
from tests.tck.judge import judge
from tests.tck.reference import Reference
from tests.tck.report import side_by_side
from tests.tck.suite import SuiteMissing, find_suite
from tests.tck.test_sample import in_sample

try:
    SUITE = find_suite()
except SuiteMissing as error:
    pytest.skip(str(error), allow_module_level=True)


@pytest.mark.parametrize("folder", ["clauses", "expressions", "useCases"])
def test_the_reference_passes_the_sample(folder: str) -> None:
    failures = [
        side_by_side(scenario, verdict)
        for scenario in SUITE.scenarios(folder)
        if in_sample(scenario) and not (verdict := judge(SUITE, scenario, Reference())).passed
    ]
    assert not failures, "\n\n".join(failures)
