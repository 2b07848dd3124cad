"""Short histories under faults, each judged (see :mod:`tests.chaos.histories`). ``make chaos`` runs more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.chaos.histories import run_history, settings_for

from samyama.testing import Cluster

pytestmark = pytest.mark.cluster

#: How many histories of which class of faults, on how many nodes, with how many snapshots (see ``settings_for``).
PLAN = {
    ("kills", 3, 2): 6,
    ("pauses", 3, 1): 4,
    ("partitions", 3, 2): 6,
    ("partitions", 5, 1): 3,
    ("links", 3, 0): 3,
}
HISTORIES = [(place, number) for place, count in PLAN.items() for number in range(count)]


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest) -> Iterator[tuple[Cluster, str]]:
    """One cluster for all histories of a kind."""
    classes, nodes, snapshots = request.param
    with Cluster(nodes, links=True, settings=settings_for(snapshots)) as cluster:
        yield cluster, classes
        taken = max(status.snapshot_index for status in cluster.statuses().values())
        assert (taken > 0) == (snapshots > 0), f"snapshot at index {taken}"


@pytest.mark.parametrize(
    ("place", "number"),
    HISTORIES,
    indirect=["place"],
    ids=[f"{place[0]}-{place[1]}-{number}" for place, number in HISTORIES],
)
def test_a_history_keeps_every_promise(place: tuple[Cluster, str], number: int) -> None:
    cluster, classes = place
    verdict = run_history(cluster, number, [classes], seed=number)
    print(verdict)
    assert verdict.broken == []
    assert len(verdict.faults) == 2, "a history without its faults shows nothing"
