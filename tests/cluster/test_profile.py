"""PROFILE of a write on three nodes: who had it on disk when, asked of the leader and of a follower."""

from __future__ import annotations

import pytest

from samyama.testing import Cluster

pytestmark = pytest.mark.cluster


def test_a_write_tells_who_had_it_on_disk_when() -> None:
    with Cluster(3) as cluster:
        leader = cluster.leader()
        followers = [node for node in cluster.nodes if node is not leader]
        for node in (leader, followers[0]):
            with cluster.driver(node) as driver, driver.session() as session:
                profile = session.run("PROFILE CREATE (:N)").consume().profile
            assert profile is not None
            way = profile["args"]["Consensus"]
            assert way["term"] == leader.status().term
            on_disk = [way.get("on_disk_here_us"), *way["on_disk_of_followers_us"].values()]
            known = sorted(us for us in on_disk if us is not None)
            assert len(known) >= 2, "two of three have it on disk before it is answered"
            assert known[1] <= way["applied_us"]
            assert way["on_quorum_us"] <= way["applied_us"]
            assert set(way["on_disk_of_followers_us"]) <= {str(node.id) for node in followers}
