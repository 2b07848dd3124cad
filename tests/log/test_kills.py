"""Restart after ``kill -9``: nothing acknowledged is lost, nothing is doubled, and the graph is what the disk says."""

from __future__ import annotations

import pytest
from tests.log.kills import campaign

pytestmark = pytest.mark.cluster


@pytest.mark.timeout(200)
def test_a_node_that_is_killed_again_and_again_loses_nothing() -> None:
    report = campaign(kills=15, seed=7)
    print(*report.lines(), sep="\n")
    assert len(report.kills) == 15
    assert report.fingerprints == 2
    assert report.serials is not None
    assert report.serials.acknowledged > 200
    assert report.snapshots > 100, "the log was snapshotted and purged on the way"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_two_hundred_kills_strike_writes_rotations_snapshots_and_purges() -> None:
    report = campaign(kills=200, seed=1)
    print(*report.lines(), sep="\n")
    assert set(report.struck) >= {"writes", "a rotation", "a snapshot", "a purge"}, report.struck
    assert report.fingerprints == 20
