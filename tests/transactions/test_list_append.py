"""Multi-key explicit transactions, with kills and partitions: no anomaly below strict serializability."""

from __future__ import annotations

import pytest
from tests.transactions.cycles import run_history

from samyama.testing import Cluster

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize(
    ("classes", "shapes"),
    [("kills", ["property", "chain"]), ("partitions", ["property"]), ("pauses", ["chain"])],
)
def test_three_nodes_under_faults_are_strictly_serializable(
    classes: str, shapes: list[str]
) -> None:
    with Cluster(3, links=True) as cluster:
        for number, shape in enumerate(shapes):
            verdict = run_history(cluster, number, shape, [classes], seed=number)
            print(verdict)
            assert verdict.anomalies == []
            assert verdict.faults
            assert verdict.outcomes["committed"] >= 300


@pytest.mark.parametrize("shape", ["property", "chain"])
def test_one_node_that_dies_and_hangs_is_strictly_serializable(shape: str) -> None:
    with Cluster(1) as cluster:
        verdict = run_history(cluster, 0, shape, [], seed=0)
        print(verdict)
        assert verdict.anomalies == []
        assert [done.name for done in verdict.faults] == ["kill everyone", "pause everyone"]
        assert verdict.outcomes["committed"] >= 300
