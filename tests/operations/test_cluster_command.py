"""``samyama cluster`` against real nodes: what it says, what it does, how it exits."""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any

import pytest
from tests.command import cluster_command

from samyama.testing import Cluster

pytestmark = pytest.mark.cluster


def data(*arguments: str) -> Any:
    return json.loads(cluster_command(*arguments, "--json").stdout)


def test_a_cluster_from_well_to_lost_and_back() -> None:
    with Cluster(3) as cluster, cluster.driver() as driver:
        first = cluster.nodes[0]
        driver.execute_query("UNWIND range(1, 5) AS i CREATE (:N {i: i})-[:R]->(:N)")
        cluster.wait_equal()
        well = cluster_command("status", first.http)
        leader = cluster.leader()
        assert well.returncode == 0, well.stdout + well.stderr
        assert well.stdout.startswith(f"node {leader.id} leads in term ")
        assert "10 nodes, 5 relationships at log index" in well.stdout
        assert max(map(len, well.stdout.splitlines())) <= 80
        assert well.stdout.count("follower") == 2

        document = data("status", first.http)
        assert document["healthy"] is True
        assert (document["leader"], document["findings"]) == (leader.id, [])
        assert [answer["id"] for answer in document["nodes"]] == [1, 2, 3]

        for address in (n.http for n in cluster):
            assert address in cluster_command("members", first.http).stdout
        assert [m["id"] for m in data("members", first.http)["members"]] == [1, 2, 3]
        assert cluster_command("wait", first.http).returncode == 0

        follower, other = cluster.followers()
        follower.kill()
        hurt = cluster_command("status", leader.http)
        assert hurt.returncode == 1
        assert (
            f"warning: node {follower.id} ({follower.http}) does not answer"
            in hurt.stdout.replace("\n", " ")
        )
        other.kill()
        lost = data("status", leader.http)
        assert lost["findings"][0]["severity"] == "critical"
        assert "a write needs 2" in lost["findings"][0]["text"]
        late = cluster_command("wait", "--timeout", "0.3", leader.http)
        assert late.returncode == 1
        assert "a write needs 2" in late.stderr.replace("\n", " ")

        for node in (follower, other):
            node.start()
        assert cluster_command("wait", leader.http).returncode == 0
        leader.kill()
        other_http = other.http
        assert cluster_command("wait", "--leader", other_http).returncode == 0
        for node in cluster:
            node.kill()
        silent = cluster_command("status", first.http)
        assert silent.returncode == 3
        assert first.http in silent.stderr
        assert cluster_command("verify", first.http).returncode == 3


def test_leadership_goes_where_it_is_sent() -> None:
    with Cluster(3) as cluster:
        leader, target = cluster.leader(), cluster.followers()[0]
        asked = cluster.nodes[0].http
        sent = cluster_command("transfer-leader", str(target.id), asked)
        assert (sent.returncode, sent.stdout) == (0, f"node {target.id} leads\n"), sent.stderr
        assert cluster.leader().id == target.id
        again = cluster_command("transfer-leader", str(target.id), asked)
        assert again.stdout == f"node {target.id} leads\n", "it does already"
        anybody = data("transfer-leader", asked)
        assert anybody["leader"] != target.id
        assert cluster.leader().id == anybody["leader"]
        stranger = cluster_command("transfer-leader", "9", asked)
        assert (stranger.returncode, "no voting member" in stranger.stderr) == (4, True)
        assert cluster_command("transfer-leader", "two", asked).returncode == 2
        assert leader.alive


def test_a_single_node_has_nobody_to_hand_over_to() -> None:
    with Cluster(1) as cluster:
        refused = cluster_command("transfer-leader", cluster.nodes[0].http)
        assert refused.returncode == 4
        assert "nobody to hand over to" in refused.stderr


def test_graphs_are_compared_while_writes_go_on() -> None:
    with Cluster(3) as cluster, cluster.driver() as driver:
        stop = threading.Event()
        written = [0]

        def write() -> None:
            while not stop.is_set():
                driver.execute_query("CREATE (:N)")
                written[0] += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            first = data("verify", cluster.nodes[0].http)
            before = written[0]
            second = data("verify", cluster.nodes[1].http)
            assert written[0] > before
        finally:
            stop.set()
            writer.join()
        for verdict in (first, second):
            assert verdict["equal"] is True
            assert len(set(verdict["fingerprints"].values())) == 1
            assert set(verdict["fingerprints"]) == {"1", "2", "3"}
        assert second["index"] > first["index"]
        said = cluster_command("verify", cluster.nodes[0].http).stdout
        assert said.startswith("nodes 1, 2, 3 have the same graph at log index ")

        cluster.followers()[0].kill()
        partial = cluster_command("verify", "--timeout", "0.2", cluster.leader().http)
        assert partial.returncode == 1
        assert "no answer from" in partial.stdout


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 403),
        ({"X-Samyama-Request": "1", "Host": "evil.example"}, 403),
        ({"X-Samyama-Request": "1"}, 200),
        ({"X-Samyama-Request": "1", "Host": "localhost:7474"}, 200),
    ],
)
def test_what_changes_the_cluster_is_not_done_for_a_page_in_a_browser(
    headers: dict[str, str], code: int
) -> None:
    with Cluster(3) as cluster:
        leader = cluster.leader()
        host, port = leader.http.split(":")
        connection = http.client.HTTPConnection(host, int(port))
        connection.request("POST", "/leadership/transfer", headers=headers)
        assert connection.getresponse().status == code
        connection.close()
        if code != 200:
            assert cluster.leader().id == leader.id
