"""The members of a running cluster change, with real processes, by the command that operators use."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.command import cluster_command, samyama_command

from samyama.cluster.client import NotNow, Refused, fetch_text, take_step
from samyama.testing import Cluster, Node, wait_until
from samyama.testing.bolt import BoltConnection, BoltFailure

pytestmark = pytest.mark.cluster

WRITE = "CREATE (:N {i: $i})"
ROUTE = 0x66
COUNT = "MATCH (n:N) RETURN count(n)"


def write(node: Node, first: int, count: int) -> None:
    with BoltConnection(node.bolt, timeout_s=30) as connection:
        for i in range(first, first + count):
            connection.run(WRITE, {"i": i})


def ask(node: Node, query: str) -> object:
    with BoltConnection(node.bolt, timeout_s=30) as connection:
        return connection.run(query).value


def wait_until_removed(node: Node) -> None:
    def knows() -> bool:
        status = node.try_status()
        return status is not None and status.standing == "removed"

    wait_until(f"node {node.id} to know that it was removed", knows)


def serves_nobody(node: Node, why: str) -> None:
    """The node answers, and says that it is no member, whatever it is asked."""
    for query in (COUNT, "CREATE (:N)"):
        with (
            BoltConnection(node.bolt, timeout_s=10) as connection,
            pytest.raises(BoltFailure) as told,
        ):
            connection.run(query)
        assert why in str(told.value), told.value
        assert told.value.code == "Neo.TransientError.General.DatabaseUnavailable"
    code, text = fetch_text(node.http, "/health/ready")
    assert code == 503
    assert why in text


@pytest.mark.timeout(300)
def test_one_node_grows_to_three_and_five_and_shrinks_back() -> None:
    with Cluster(
        1, spares=4, settings={"raft": {"snapshot_log_entries": 100, "snapshot_log_percent": 0}}
    ) as cluster:
        first = cluster.nodes[0]
        write(first, 0, 300)
        for count in range(2, 6):
            node = cluster.start_spare()
            serves_nobody(node, "waits to be added")
            added = cluster_command("add", node.http, first.http)
            assert added.returncode == 0, added.stderr
            assert f"node {node.id} is a member and votes" in added.stdout
            assert ("survive" in added.stderr) == (count % 2 == 0), "an even number is remarked on"
            cluster.note_members()
            write(node, 1000 * count, 20)
        assert [node.id for node in cluster] == [1, 2, 3, 4, 5]
        cluster.wait_equal()
        with BoltConnection(first.bolt) as connection:
            connection.send((ROUTE, {}, [], {}))
            servers = connection.summary()["rt"]["servers"]
        assert {address for server in servers for address in server["addresses"]} == {
            node.bolt for node in cluster
        }, "drivers are sent to all of them"
        for node in cluster:  # all at once: what they know of each other is on their disks
            node.kill()
        cluster.start()
        write(cluster.nodes[4], 9000, 10)
        for _ in range(4):
            leader = cluster.leader()
            gone = cluster_command("remove", str(leader.id), leader.http)
            assert gone.returncode == 0, gone.stderr
            assert f"node {leader.id} is no member any more" in gone.stdout
            cluster.note_members()
            wait_until_removed(leader)
            serves_nobody(leader, "was removed")
            again = cluster_command("remove", str(leader.id), cluster.nodes[0].http)
            assert again.returncode == 4
            assert "is no member any more" in again.stderr
        (last,) = cluster.nodes
        refused = cluster_command("remove", str(last.id), last.http)
        assert refused.returncode == 4
        assert "the only voter" in refused.stderr
        last.restart()
        assert ask(last, COUNT) == 300 + 4 * 20 + 10
        assert not cluster.panics()


@pytest.mark.timeout(180)
def test_a_wiped_disk_is_refused_under_its_old_id_and_welcome_under_a_new_one() -> None:
    with Cluster(
        3, spares=2, settings={"raft": {"snapshot_log_entries": 50, "snapshot_log_percent": 0}}
    ) as cluster:
        write(cluster.leader(), 0, 200)
        lost = cluster.followers()[0]
        lost.kill()
        shutil.rmtree(lost.directory / "data")
        lost.start()
        wait_until(
            "it to be refused", lambda: "was here before with another disk" in lost.log_text()
        )
        status = wait_until("its status", lost.try_status)
        assert status.applied_index == 0, "it was given nothing"
        lost.kill()
        leader = cluster.leader()
        used = samyama_command(
            "server", "--id", str(lost.id), "--data", str(lost.directory / "other"), "--join", leader.http,
            "--bolt", lost.bolt, "--peer", lost.peer, "--http", lost.http,
        )  # fmt: skip
        assert used.returncode == 4
        assert "give the node an id of 4 or higher" in used.stderr
        new = cluster.join(instead_of=lost.id)
        assert new.id == 4
        assert lost not in cluster.nodes
        cluster.wait_equal()
        assert ask(new, COUNT) == 200
        # Its own old directory would be no better: it is told that it was removed.
        lost.start()
        wait_until_removed(lost)
        status = cluster_command("status", leader.http)
        assert status.returncode == 0, status.stdout
        assert not cluster.panics()


@pytest.mark.timeout(180)
def test_what_would_lose_the_majority_or_makes_no_sense_is_refused() -> None:
    with Cluster(3, spares=1) as cluster, Cluster(1) as other:
        leader = cluster.leader()
        for arguments, why in (
            (("remove", "9"), "there is no node 9; members are 1, 2 and 3"),
            (("add", other.nodes[0].http), "belongs to cluster"),
            (("replace", "9", cluster.start_spare().http), "there is no node 9"),
        ):
            refused = cluster_command(*arguments, leader.http)
            assert refused.returncode == 4, refused.stdout + refused.stderr
            assert why in refused.stderr
        nobody = cluster_command("add", "127.0.0.1:1", leader.http)
        assert nobody.returncode == 3
        down, up = cluster.followers()
        down.kill()
        refused = cluster_command("remove", str(up.id), leader.http)
        assert refused.returncode == 4
        assert f"node {down.id} does not answer: bring it back first" in refused.stderr
        assert {member.id for member in leader.status().members} == {1, 2, 3}
        # A page in a browser cannot do it.
        code, _ = fetch_text(leader.http, "/members/remove")
        assert code == 404


@pytest.mark.timeout(180)
def test_a_leader_that_is_cut_off_changes_nothing_and_the_majority_does() -> None:
    with Cluster(3, spares=1, links=True) as cluster:
        write(cluster.leader(), 0, 50)
        old = cluster.leader()
        new = cluster.start_spare()
        cluster.partition([old.id], [node.id for node in cluster if node is not old] + [new.id])
        with ThreadPoolExecutor(1) as thread:
            body: dict[str, object] = {"id": old.id % 3 + 1}
            told = thread.submit(take_step, old.http, "remove", body)
            leader = cluster.wait_for_leader(other_than=old.id)
            added = cluster_command("add", new.http, leader.http)
            assert added.returncode == 0, added.stderr
            write(leader, 1000, 50)
            # The step is refused for now, or its outcome is not known; never is it said to be done.
            with pytest.raises((NotNow, Refused)) as why:
                told.result()
            assert "does not answer" in str(why.value) or "do not answer" in str(why.value)
        cluster.heal()
        cluster.note_members()
        cluster.wait_equal()
        assert {member.id for member in old.status().members} == {1, 2, 3, 4}
        assert ask(new, COUNT) == 100
        assert not cluster.panics()


@pytest.mark.timeout(180)
def test_a_distant_node_is_added_when_the_timeouts_are_made_for_the_distance() -> None:
    """A round trip of 200 ms: no greeting fits into what a dial may take by default."""
    raft = {
        "election_timeout_ms_min": 1_000,
        "election_timeout_ms_max": 2_000,
        "heartbeat_interval_ms": 400,
    }
    with Cluster(1, spares=1, settings={"raft": raft}, links=True) as cluster:
        first = cluster.nodes[0]
        write(first, 0, 50)
        for source, target in cluster.links.wires:
            cluster.links.delay(source, target, 100)
        distant = cluster.join()
        write(distant, 1000, 5)
        cluster.wait_equal()
        assert ask(distant, COUNT) == 55
        status = first.status()
        assert status.term == 1, "nobody was missed"
        assert not cluster.panics()


@pytest.mark.timeout(180)
def test_an_addition_goes_on_when_the_leader_dies_in_the_middle() -> None:
    settings = {"raft": {"snapshot_log_entries": 200, "snapshot_log_percent": 0}}
    with Cluster(3, spares=1, settings=settings, links=True) as cluster:
        write(cluster.leader(), 0, 500)
        new = cluster.start_spare()
        # Slow links, so that it takes its time to catch up.
        for source, target in cluster.links.wires:
            if new.id in (source, target):
                cluster.links.delay(source, target, 10)
        leader = cluster.leader()
        with ThreadPoolExecutor(1) as thread:
            adding = thread.submit(
                cluster_command, "add", new.http, *(node.http for node in cluster)
            )
            wait_until(
                "it to be a learner", lambda: any(m.id == new.id for m in leader.status().members)
            )
            leader.kill()
            added = adding.result()
        assert added.returncode == 0, added.stderr
        leader.start()
        cluster.note_members()
        assert len(cluster.nodes) == 4
        for node in cluster:
            node.wait_ready()
        cluster.wait_equal()
        assert ask(new, COUNT) == 500
        assert not cluster.panics()
