"""A full disk under a real node: writes are refused and say why, reads go on, and when space is freed so do writes."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from samyama.testing import Cluster, Node, wait_until
from samyama.testing.bolt import BoltConnection, BoltFailure
from samyama.testing.faults.disk import SmallDisk, may_mount

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not may_mount(), reason="not run: needs root, to mount a small file system"),
]

SETTINGS = {"storage": {"segment_bytes": 1 << 20}}
FILLER = "x" * 2_000
UNKNOWN = "Neo.DatabaseError.Transaction.TransactionCommitFailed"


def write(connection: BoltConnection, number: int) -> BoltFailure | None:
    """None: acknowledged."""
    try:
        connection.run("CREATE (:N {i: $i, filler: $filler})", {"i": number, "filler": FILLER})
    except BoltFailure as failure:
        return failure
    return None


def run_and_commit(connection: BoltConnection) -> None:
    """Fails at COMMIT; or with the statement, if there was an election that no disk has room to end."""
    connection.run("CREATE (:N {i: -1})")
    connection.commit()


def count(node: Node) -> int:
    with BoltConnection(node.bolt) as connection:
        return int(connection.run("MATCH (n:N) RETURN count(n)").value)


def test_a_node_alone_refuses_writes_serves_reads_and_comes_back_by_itself() -> None:
    with ExitStack() as stack:
        cluster = Cluster(1, settings=SETTINGS)
        stack.callback(cluster.close)
        node = cluster.nodes[0]
        disk = stack.enter_context(SmallDisk(node, 16))
        cluster.start()
        with BoltConnection(node.bolt, timeout_s=20) as connection:
            acknowledged = 0
            assert write(connection, 0) is None
            acknowledged += 1
            disk.fill()
            refused = None
            while refused is None:
                refused = write(connection, acknowledged)
                acknowledged += refused is None
                assert acknowledged < 2_000, "a full disk went unnoticed"
            assert refused.code == "Neo.TransientError.General.DatabaseUnavailable"
            assert "no room for the log" in refused.message, refused.message
            assert str(node.directory / "data/log") in refused.message, "it says where"
            assert "until space is freed" in refused.message, "and what to do"
            # Reads go on, linearizable ones too; the node is ready and says what is the matter.
            assert connection.run("MATCH (n:N) RETURN count(n)").value == acknowledged
            assert "no room" in (node.status().shortage or "")
            assert node.metrics()["samyama_log_has_room"] == 0
        assert node.alive, "a full disk is no reason to end"
        # With nothing free it can be killed and starts again.
        assert disk.free_bytes < 4096
        node.kill()
        node.start()
        node.wait_ready()
        assert count(node) == acknowledged
        disk.free()
        with BoltConnection(node.bolt, timeout_s=20) as connection:
            wait_until("writes to come back", lambda: write(connection, -1) is None, 10)
        assert node.status().shortage is None
        assert count(node) == acknowledged + 1


def test_a_client_of_a_follower_is_told_that_the_leaders_disk_is_full() -> None:
    with ExitStack() as stack:
        cluster = Cluster(3, settings=SETTINGS)
        stack.callback(cluster.close)
        disks = [stack.enter_context(SmallDisk(node, 16)) for node in cluster]
        cluster.start()
        cluster.wait_for_leader()
        for disk in disks:
            disk.fill()
        with BoltConnection(cluster.followers()[0].bolt, timeout_s=30) as connection:
            refused, acknowledged, unknown = None, 0, 0
            while refused is None or refused.code == UNKNOWN:
                refused = write(connection, acknowledged)
                acknowledged += refused is None
                # The leader had room for it and the followers had not: when there is room it may yet be committed.
                unknown += refused is not None and refused.code == UNKNOWN
                assert acknowledged < 2_000, "three full disks went unnoticed"
            assert refused.code == "Neo.TransientError.General.DatabaseUnavailable"
            assert "no room for the log" in refused.message, refused.message
            # And so is one that wrote before, in a transaction of its own.
            connection.begin()
            with pytest.raises(BoltFailure, match="no room for the log"):
                run_and_commit(connection)
            for disk in disks:
                disk.free()
            wait_until("writes to come back", lambda: write(connection, -2) is None, 20)
        cluster.wait_equal()
        assert acknowledged < count(cluster.nodes[0]) <= acknowledged + 1 + unknown


@pytest.mark.parametrize("who", ["the leader", "a follower"])
def test_of_three_nodes_one_with_a_full_disk_stops_nobody_and_catches_up(who: str) -> None:
    with ExitStack() as stack:
        cluster = Cluster(3, settings=SETTINGS)
        stack.callback(cluster.close)
        disks = {node.id: stack.enter_context(SmallDisk(node, 24)) for node in cluster}
        cluster.start()
        leader = cluster.leader()
        node = leader if who == "the leader" else cluster.followers()[0]
        disks[node.id].fill()
        # Through a node whose disk is well, as a driver's routing would.
        through = next(other for other in cluster if other is not node)
        acknowledged, refused = 0, 0
        with BoltConnection(through.bolt, timeout_s=20) as connection:

            def push() -> bool:
                nonlocal acknowledged, refused
                failure = write(connection, acknowledged)
                acknowledged += failure is None
                refused += failure is not None
                return acknowledged >= 900

            wait_until("900 writes to be acknowledged", push, 60, every_s=0)
        if who == "the leader":
            assert cluster.leader() is not node, "it has handed leadership over"
        assert node.alive
        assert "no room" in (node.status().shortage or ""), "its disk was full all the time"
        disks[node.id].free()
        cluster.wait_equal()
        assert count(node) == acknowledged
        print(f"{who}: {acknowledged} acknowledged, {refused} refused meanwhile")
