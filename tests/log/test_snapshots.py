"""Writes go on while a snapshot is built; a slice of the campaign, without a judgement of its times."""

from __future__ import annotations

import pytest
from tests.log.snapshots import campaign

pytestmark = pytest.mark.cluster


@pytest.mark.timeout(120)
def test_writes_go_on_while_snapshots_are_built() -> None:
    report = campaign(20_000, 60_000, seconds=5, every=1_000)
    print(*report.lines(), sep="\n")
    assert (report.nodes, report.relationships) == (20_000, 60_000)
    assert report.snapshots_s, "a snapshot was built"
    assert report.during.writes > 0, "writes were answered meanwhile"
