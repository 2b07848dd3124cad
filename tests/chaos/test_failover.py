"""A slice of the failover campaign: three deaths and a planned stop. ``make failover`` runs fifty."""

from __future__ import annotations

import pytest
from tests.chaos.failover import campaign

pytestmark = pytest.mark.cluster


def test_leaders_die_under_load_and_every_promise_is_kept() -> None:
    report = campaign(nodes=3, kills=3, stops=1, say=lambda _: None)
    assert len(report.gaps("kill", "light")) == 3
    # A bound, not a measurement: the figures are the campaign's.
    assert max(report.gaps("kill", "light")) < 10_000
    assert report.serials is not None
    assert report.serials.acknowledged > 1_000
