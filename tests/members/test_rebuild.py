"""A wiped follower is rebuilt under a new id under writes: a slice of the campaign, without a judgement of times."""

from __future__ import annotations

import pytest
from tests.members.rebuild import rebuild

pytestmark = pytest.mark.cluster


@pytest.mark.timeout(180)
def test_a_wiped_follower_is_rebuilt_by_streaming_under_a_new_id() -> None:
    report = rebuild(20_000, 60_000, before_s=1, every=1_000)
    print(*report.lines(), sep="\n")
    assert report.relationships == 60_000
    assert report.during.writes > 0, "writes were answered meanwhile"
    assert report.unknown == 0, "nobody's leader was lost"
