"""What a node writes into its log: in words, once for each change, and not a line for each client that misbehaves."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack

import pytest

from samyama.testing import Cluster, Node, wait_until

pytestmark = pytest.mark.cluster


def lines(node: Node, text: str) -> list[str]:
    return [line for line in node.log_text().splitlines() if text in line]


def test_members_and_leaders_are_told_in_words() -> None:
    with Cluster(3) as cluster:
        leader = cluster.leader()
        followers = cluster.followers()
        for follower in followers:
            wait_until(
                "the line", lambda f=follower: bool(lines(f, f"node {leader.id} leads in term"))
            )
        led = lines(leader, "this node leads in term")
        assert led[-1].endswith(f" {leader.status().term}")
        assert len({line.split()[-1] for line in led}) == len(led), "a term is told once"
        for node in cluster:
            (members,) = lines(node, "members: ")
            assert re.search(r"members: (node \d \(peer 127\.0\.0\.1:\d+\)(, )?){3}$", members)
            (runs,) = lines(node, "the node runs")
            assert f"bolt={node.bolt}" in runs
            assert not lines(node, " WARN "), "it is well"

        for follower in followers:
            follower.kill()
        wait_until("the line", lambda: bool(lines(leader, "nobody leads")))
        followers[0].start()
        wait_until("the next leader", lambda: len(lines(leader, " leads in term")) > len(led))
        assert len(lines(leader, "nobody leads")) == 1


def test_a_thousand_refusals_are_a_line() -> None:
    with (
        Cluster(1, settings={"limits": {"connections_max": 5}}) as cluster,
        ExitStack() as open_ones,
    ):
        node = cluster.nodes[0]
        host, port = node.bolt.split(":")
        for _ in range(500):
            connection = socket.create_connection((host, int(port)))
            open_ones.enter_context(connection)
        refused = "samyama_bolt_connections_refused_total"
        wait_until("the refusals", lambda: node.metrics()[refused] >= 490)
        assert 1 <= len(lines(node, "limits.connections_max is reached")) <= 3


def test_strangers_are_a_line() -> None:
    with Cluster(1) as cluster:
        node = cluster.nodes[0]
        host, port = node.bolt.split(":")
        for _ in range(200):
            with socket.create_connection((host, int(port))) as stranger:
                stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert stranger.recv(16).startswith(b"HTTP/1.1 400")
        said = lines(node, "a connection was ended")
        assert 1 <= len(said) <= 3
        assert "an HTTP client called the Bolt port" in said[0]
        assert 'client="127.0.0.1:' in said[0]
