"""Real clusters: they form, lose their leader, come back, and refuse to write without a majority."""

from __future__ import annotations

import pytest

from samyama.testing import Cluster

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_a_cluster_of_every_size_forms_writes_and_stops(size: int) -> None:
    with Cluster(size) as cluster, cluster.driver() as driver:
        for number in range(10):
            driver.execute_query("CREATE (:N {i: $i})", i=number)
        records, _, _ = driver.execute_query(
            "MATCH (n:N) RETURN sum(n.i) AS sum, count(*) AS count"
        )
        assert records[0].data() == {"sum": 45, "count": 10}
        cluster.wait_equal()
        assert cluster.nodes[-1].stop() == 0


def test_the_leader_is_killed_and_nothing_acknowledged_is_lost() -> None:
    with Cluster(3) as cluster, cluster.driver() as driver:
        acknowledged: list[int] = []
        for round_number in range(3):
            leader = cluster.leader()
            for number in range(20):
                value = round_number * 100 + number
                driver.execute_query("CREATE (:N {i: $i})", i=value)
                acknowledged.append(value)
            leader.kill()
            cluster.wait_for_leader(other_than=leader.id)
            driver.execute_query("CREATE (:N {i: $i})", i=round_number * 100 + 50)
            acknowledged.append(round_number * 100 + 50)
            leader.start()
            leader.wait_ready()
        cluster.wait_equal()
        records, _, _ = driver.execute_query("MATCH (n:N) RETURN n.i AS i")
        found = [record["i"] for record in records]
        assert len(found) == len(set(found)), "a write was doubled"
        assert set(acknowledged) <= set(found), "an acknowledged write is gone"


def test_a_leader_that_is_cut_off_acknowledges_nothing_and_heals() -> None:
    import neo4j

    with Cluster(3, links=True) as cluster:
        leader = cluster.leader()
        with cluster.driver(leader) as direct:
            direct.execute_query("CREATE (:K {v: 0})")
            cluster.isolate(leader.id)
            majority = cluster.wait_for_leader(other_than=leader.id)
            with cluster.driver(majority) as there:
                there.execute_query("MATCH (k:K) SET k.v = 1")
            with direct.session() as session, pytest.raises(neo4j.exceptions.Neo4jError):
                session.run(neo4j.Query("MATCH (k:K) SET k.v = 2", timeout=3)).consume()
            stale = neo4j.Query("MATCH (k:K) RETURN k.v AS v", metadata={"samyama.read": "stale"})  # type: ignore[arg-type]
            with direct.session(default_access_mode="READ") as session:
                assert session.run(stale).single(strict=True)["v"] == 0
            cluster.heal()
            cluster.wait_equal()
            assert direct.execute_query("MATCH (k:K) RETURN k.v AS v").records[0]["v"] == 1


def test_a_planned_stop_hands_leadership_over() -> None:
    with Cluster(3) as cluster:
        leader = cluster.leader()
        assert leader.stop() == 0
        assert cluster.wait_for_leader(other_than=leader.id, timeout_s=5).id != leader.id
        leader.start()
        leader.wait_ready()
        cluster.wait_equal()
