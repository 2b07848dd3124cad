"""Warnings reach the driver as notifications and as GQL status, and a client that does not want them gets none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import neo4j
import pytest

from samyama.testing import Cluster

pytestmark = pytest.mark.cluster

SUSPICIOUS = "MATCH (a:Persn), (b:Person {name: $name}) WHERE id(b) > 0 RETURN a, b"
CODES = ["03N90", "01N50", "01N01"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(3) as cluster:
        with cluster.driver() as driver:
            driver.execute_query("CREATE (:Person {name: 'Ada'})-[:KNOWS]->(:Person {name: 'Bob'})")
        cluster.wait_equal()
        yield cluster


def _summary(driver: neo4j.Driver, query: str = SUSPICIOUS) -> neo4j.ResultSummary:
    with driver.session() as session:
        return session.run(query, name="Ada").consume()


def _statuses(summary: neo4j.ResultSummary) -> list[Any]:
    return [status for status in summary.gql_status_objects if status.is_notification]


@pytest.mark.parametrize("role", ["leader", "follower"])
def test_warnings_are_gql_status_and_notifications(cluster: Cluster, role: str) -> None:
    node = cluster.leader() if role == "leader" else cluster.followers()[0]
    with cluster.driver(node) as driver:
        for _ in range(2):
            summary = _summary(driver)
            statuses = _statuses(summary)
            assert sorted(status.gql_status for status in statuses) == sorted(CODES)
            unknown = next(status for status in statuses if status.gql_status == "01N50")
            assert "`Persn`" in unknown.status_description
            assert "Did you mean `Person`?" in unknown.status_description
            assert (unknown.raw_severity, unknown.raw_classification) == ("WARNING", "UNRECOGNIZED")
            place = unknown.position
            assert place is not None
            assert SUSPICIOUS[place.offset :].startswith("Persn")
            told = summary.metadata["statuses"]
            assert {one["neo4j_code"] for one in told if "neo4j_code" in one} == {
                "Neo.ClientNotification.Statement.CartesianProduct",
                "Neo.ClientNotification.Statement.UnknownLabelWarning",
                "Neo.ClientNotification.Statement.FeatureDeprecationWarning",
            }


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        ({"notifications_min_severity": "OFF"}, []),
        ({"notifications_min_severity": "WARNING"}, ["01N01", "01N50"]),
        ({"notifications_disabled_classifications": ["UNRECOGNIZED"]}, ["01N01", "03N90"]),
        ({"notifications_disabled_classifications": ["DEPRECATION", "PERFORMANCE"]}, ["01N50"]),
    ],
)
def test_a_client_says_what_it_wants(
    cluster: Cluster, settings: dict[str, Any], left: list[str]
) -> None:
    with cluster.driver(cluster.leader(), **settings) as driver:
        assert sorted(status.gql_status for status in _statuses(_summary(driver))) == left


def test_a_write_and_an_explained_query_are_warned_of_too(cluster: Cluster) -> None:
    with cluster.driver(cluster.followers()[0]) as driver:
        write = "MATCH (a:Person {name: $name}), (b:Nobody) CREATE (a)-[:KNOWS]->(b)"
        for query in (write, f"EXPLAIN {write}"):
            codes = [status.gql_status for status in _statuses(_summary(driver, query))]
            assert sorted(codes) == ["01N50", "03N90"], query
