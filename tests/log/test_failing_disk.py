"""A disk that fails under a real node: the node says so and stops, acknowledges nothing more, and loses nothing."""

from __future__ import annotations

import pytest

from samyama.exits import Exit
from samyama.testing import Cluster, Node, wait_until
from samyama.testing.bolt import BoltConnection, BoltFailure, ConnectionLost
from samyama.testing.faults.disk import FailingDisk, has_compiler

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not has_compiler(), reason="not run: needs a C compiler"),
]


def write(connection: BoltConnection, number: int) -> bool:
    """Acknowledged?"""
    try:
        connection.run("CREATE (:N {i: $i})", {"i": number})
    except (BoltFailure, ConnectionLost):
        return False
    return True


def numbers(node: Node) -> set[int]:
    with BoltConnection(node.bolt) as connection:
        return {row[0] for row in connection.run("MATCH (n:N) RETURN n.i").rows}


@pytest.mark.parametrize("call", ["fdatasync", "pwrite"])
def test_a_node_alone_stops_with_a_message_and_has_everything_when_it_is_back(call: str) -> None:
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        node.stop()
        disk = FailingDisk(node)
        cluster.start()
        with BoltConnection(node.bolt, timeout_s=20) as connection:
            acknowledged = {i for i in range(50) if write(connection, i)}
            assert len(acknowledged) == 50, "the disk is well"
            disk.fail(call)
            after = [write(connection, i) for i in range(50, 60)]
        assert not any(after), "a write was acknowledged that is on no disk"
        wait_until("the node to end", lambda: not node.alive, 15)
        assert node.exit_code == Exit.DISK_FAILED
        # Once, and never again: what the file holds is not known any more.
        assert disk.failures() == [call]
        story = node.log_tail(60)
        assert "writing or flushing the log failed: Input/output error" in story
        assert f"{node.directory}/data/log/" in story, "the file is named"
        assert "Free space or replace the disk, then start it again" in story, "and what to do"
        disk.remove()
        cluster.start()
        found = numbers(node)
        assert acknowledged <= found, f"acknowledged and gone: {acknowledged - found}"
        assert found - acknowledged <= {50}, "only the write that was under way may be there"


def test_a_leader_whose_disk_dies_is_replaced_and_nothing_is_lost() -> None:
    with Cluster(3) as cluster:
        leader = cluster.leader()
        leader.stop()
        disk = FailingDisk(leader)
        cluster.start()
        # It should lead again, or the wrong node has the failing disk.
        while (now := cluster.leader()) is not leader:
            now.restart()
            cluster.wait_for_leader()
        with BoltConnection(leader.bolt, timeout_s=20) as connection:
            acknowledged = {i for i in range(30) if write(connection, i)}
            disk.fail("fdatasync")
            acknowledged |= {i for i in range(30, 40) if write(connection, i)}
        wait_until("the node to end", lambda: not leader.alive, 15)
        follower = cluster.wait_for_leader(other_than=leader.id)
        with BoltConnection(follower.bolt) as connection:
            acknowledged |= {i for i in range(40, 60) if write(connection, i)}
        assert set(range(40, 60)) <= acknowledged, "the others go on"
        disk.remove()
        cluster.start()
        cluster.wait_equal()
        for node in cluster:
            assert acknowledged <= numbers(node), f"node {node.id} has lost something"


def test_a_snapshot_that_cannot_be_flushed_stops_the_node_too() -> None:
    settings = {"raft": {"snapshot_log_entries": 40, "snapshot_log_percent": 0}}
    with Cluster(1, settings=settings) as cluster:
        node = cluster.nodes[0]
        node.stop()
        disk = FailingDisk(node)
        cluster.start()
        with BoltConnection(node.bolt, timeout_s=20) as connection:
            # Directories are flushed with fsync: a snapshot is given its name that way, the log's records are not.
            disk.fail("fsync")
            acknowledged = {i for i in range(200) if write(connection, i)}
        wait_until("the node to end", lambda: not node.alive, 15)
        assert node.exit_code == Exit.DISK_FAILED
        story = node.log_tail(60)
        assert "snapshots/snap-" in story, "the file is named"
        assert "Free space or replace the disk, then start the node again" in story, (
            "and what to do"
        )
        disk.remove()
        cluster.start()
        assert acknowledged <= numbers(node)
