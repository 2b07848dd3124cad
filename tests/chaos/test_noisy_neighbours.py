"""A slow query on every node, and twenty clients that never read: no election, and small writes go on."""

from __future__ import annotations

import pytest
from tests.chaos.neighbours import CPU_SECONDS, Disturbance, measure, never_read, slow_queries

from samyama.testing import Cluster

pytestmark = pytest.mark.cluster


def nobody_was_elected(found: Disturbance) -> None:
    print(found)
    assert found.term_after == found.term_before
    assert found.elections == 0
    assert found.writes > 100, "small writes hardly went on"


def test_ten_seconds_of_processor_on_every_node_cost_no_election() -> None:
    with Cluster(3) as cluster:
        nobody_was_elected(measure(cluster, "slow queries", slow_queries(cluster, CPU_SECONDS)))


def test_twenty_clients_that_never_read_cost_no_election() -> None:
    with Cluster(3) as cluster:
        nobody_was_elected(measure(cluster, "unread answers", never_read(cluster, count=20)))
