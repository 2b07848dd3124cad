"""The test library itself: what it starts ends with it, and its faults do what they say."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from samyama.testing import Cluster, wait_until
from samyama.testing.bolt import BoltConnection
from samyama.testing.faults import (
    DRAWERS,
    Bridge,
    Halves,
    Isolate,
    Kill,
    Lossy,
    Nemesis,
    Ring,
    Void,
    a_follower,
    the_leader,
)

pytestmark = pytest.mark.cluster

CRASH = """
import os, signal
from samyama.testing import Cluster
with Cluster(1) as cluster:
    print(cluster.nodes[0].pid, cluster.directory, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nodes_end_when_the_process_that_started_them_is_killed() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", CRASH], capture_output=True, text=True, env=environment, check=False
    )
    pid, directory = done.stdout.split()
    try:
        wait_until("the node to end", lambda: not Path(f"/proc/{pid}").exists(), 10.0)
    finally:
        subprocess.run(["rm", "-rf", directory], check=True)


def test_a_fault_that_bites_nothing_is_void() -> None:
    class Idle(Isolate):
        """Cuts a wire on which nothing travels: between two followers there is no traffic."""

        name = "a cut that nobody notices"

        def _choose(self, cluster: Cluster, _: random.Random) -> list[tuple[int, int]]:
            one, other = cluster.followers()
            return [(one.id, other.id)]

    with Cluster(3, links=True) as cluster:
        cluster.wait_equal()
        with pytest.raises(Void, match="nothing shows"):
            Nemesis(cluster, 0).do(Idle(), 0.0)


def test_every_fault_can_be_done_undone_and_proved() -> None:
    with Cluster(5, links=True) as cluster:
        nemesis = Nemesis(cluster, 0)
        makers = [maker for drawer in DRAWERS.values() for maker in drawer]
        for maker in makers:
            fault = maker()
            cluster.wait_equal()  # connections that the last fault broke are there again
            # Losing one piece in fifty takes a while when hardly anything is said.
            nemesis.do(fault, 2.0 if isinstance(fault, Lossy) else 0.5)
        nemesis.settle()
        assert len(nemesis.done) == len(makers)
        assert all(done.evidence for done in nemesis.done)


def test_neighbouring_seeds_go_through_every_kind_of_fault() -> None:
    with Cluster(3, links=True) as cluster:
        names = {
            fault.name
            for seed in range(20)
            for fault in Nemesis(cluster, seed).draw(list(DRAWERS), 2)
        }
        every = {maker().name for drawer in DRAWERS.values() for maker in drawer}
        assert names == every - {Ring.name}
        same = [[f.name for f in Nemesis(cluster, 7).draw(["kills"], 3)] for _ in range(2)]
        assert same[0] == same[1]


@pytest.mark.parametrize("fault", [Halves(), Bridge(), Ring()], ids=lambda fault: fault.name)
def test_partitions_of_five_leave_somebody_a_majority(fault: Halves | Bridge | Ring) -> None:
    with Cluster(5, links=True) as cluster:
        cut = set(fault._choose(cluster, random.Random(3)))
        ids = {node.id for node in cluster}
        seen = {id: {other for other in ids if (id, other) not in cut} for id in ids}
        assert any(len(others) >= cluster.voters_needed() for others in seen.values())
        assert cut, "something is cut"
        assert all((b, a) in cut for a, b in cut), "both ways"


def test_two_clusters_share_no_port() -> None:
    clusters = [Cluster(7) for _ in range(4)]
    try:
        ports = [address for each in clusters for n in each for address in (n.bolt, n.peer, n.http)]
        assert len(set(ports)) == len(ports) == 4 * 7 * 3
    finally:
        for cluster in clusters:
            cluster.close()


def test_choices_of_nodes() -> None:
    with Cluster(3) as cluster:
        leader = cluster.leader()
        assert the_leader(cluster, random.Random(0)) == [leader]
        assert leader not in a_follower(cluster, random.Random(0))
        kill = Kill(the_leader)
        kill.begin(cluster, random.Random(0))
        assert not leader.alive
        assert kill.evidence() == "", "it was not started again yet"
        kill.end()
        leader.wait_ready()
        assert "SIGKILL" in kill.evidence()


def test_the_bare_client_tells_what_a_lost_connection_leaves_open() -> None:
    from samyama.testing.bolt import ConnectionLost

    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        idle, asking = BoltConnection(node.bolt), BoltConnection(node.bolt)
        node.kill()
        with pytest.raises(ConnectionLost) as lost:
            idle.receive()
        assert not lost.value.asked
        with pytest.raises(ConnectionLost) as lost:
            asking.run("CREATE (:A)")
        assert lost.value.asked, "it was sent, as far as the client can tell"
        with pytest.raises(ConnectionLost) as refused:
            BoltConnection(node.bolt)
        assert not refused.value.asked
