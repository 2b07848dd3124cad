"""The same suite on 1, 3, 5 and 7 nodes: write anywhere, read everywhere, lose as many as may be lost, come back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from samyama.testing import Cluster, Node, told_by, wait_until
from samyama.testing.bolt import BoltConnection, BoltFailure, ConnectionLost

pytestmark = pytest.mark.cluster

SIZES = (1, 3, 5, 7)
#: So that a majority that is not there is noticed soon.
SETTINGS = {"reads": {"timeout_ms": 1_000}}


class Place:
    """A cluster, and what it has acknowledged."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.numbers = itertools.count(1)
        self.acknowledged: set[int] = set()
        self.unknown: set[int] = set()

    def write(self, node: Node) -> None:
        """A number through one node, certainly: what is not acknowledged is not there, or it is noted."""

        def done() -> bool:
            number = next(self.numbers)
            try:
                with BoltConnection(node.bolt) as connection:
                    connection.run("CREATE (:N {i: $i})", {"i": number})
            except (BoltFailure, ConnectionLost) as error:
                if told_by(error)[0] == "unknown":
                    self.unknown.add(number)
                return False
            self.acknowledged.add(number)
            return True

        wait_until(f"node {node.id} to take a write", done, 20.0)

    def check(self, nodes: list[Node]) -> None:
        """Every one of these nodes has it all, read linearizably."""
        for node in nodes:
            with BoltConnection(node.bolt) as connection:
                rows = connection.run("MATCH (n:N) RETURN n.i", mode="r").rows
            found = [row[0] for row in rows]
            assert len(found) == len(set(found)), f"node {node.id} has a write twice"
            assert self.acknowledged <= set(found), f"node {node.id} has lost a write"
            assert set(found) <= self.acknowledged | self.unknown, f"node {node.id} made one up"


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size}-nodes")
def shared(request: pytest.FixtureRequest) -> Iterator[Place]:
    with Cluster(request.param, settings=SETTINGS) as cluster:
        yield Place(cluster)


@pytest.fixture
def place(shared: Place) -> Iterator[Place]:
    """Given whole to each test, and made whole after it."""
    yield shared
    shared.cluster.start()
    shared.cluster.wait_equal()
    shared.check(shared.cluster.nodes)
    assert not shared.cluster.panics()


def minority(cluster: Cluster) -> list[Node]:
    """As many as may be lost, the leader first among them."""
    leader = cluster.leader()
    others = [node for node in cluster if node is not leader]
    return [leader, *others][: (len(cluster.nodes) - 1) // 2]


def test_every_node_takes_writes_and_shows_them(place: Place) -> None:
    statuses = place.cluster.statuses()
    assert len(statuses) == len(place.cluster.nodes)
    assert {len(status.members) for status in statuses.values()} == {len(place.cluster.nodes)}
    for node in place.cluster:
        place.write(node)
        place.check(place.cluster.nodes)


def test_the_loss_of_a_minority_is_survived(place: Place) -> None:
    lost = minority(place.cluster)
    for node in lost:
        node.kill()
    rest = [node for node in place.cluster if node.alive]
    for node in rest:
        place.write(node)
    place.check(rest)


def test_one_more_and_nobody_writes_but_old_answers_are_given(place: Place) -> None:
    if len(place.cluster.nodes) == 1:
        pytest.skip("one node has no minority to be left in")
    place.write(place.cluster.leader())
    place.cluster.wait_equal()
    spared = len(place.cluster.nodes) // 2
    for node in place.cluster.nodes[spared:]:
        node.kill()
    for node in place.cluster.nodes[:spared]:
        number = next(place.numbers)
        with BoltConnection(node.bolt, timeout_s=3.0) as connection:
            # No answer in time is none as well: how long it may take is another test's business.
            with pytest.raises((BoltFailure, ConnectionLost)) as refusal:
                connection.run("CREATE (:N {i: $i})", {"i": number}, tx_timeout=1_500)
            if told_by(refusal.value)[0] == "unknown":
                place.unknown.add(number)
        with BoltConnection(node.bolt, timeout_s=30.0) as connection:
            with pytest.raises(BoltFailure, match=r"Neo\.TransientError"):
                connection.run("MATCH (n:N) RETURN count(n)", mode="r")
            stale = {"samyama.read": "stale"}
            count = connection.run("MATCH (n:N) RETURN count(n)", mode="r", tx_metadata=stale).value
            assert count >= len(place.acknowledged)


def test_all_killed_at_once_come_back_with_everything(place: Place) -> None:
    place.write(place.cluster.leader())
    for node in place.cluster:
        node.kill()
    place.cluster.start()
    place.check(place.cluster.nodes)


def test_a_rolling_restart_loses_nothing(place: Place) -> None:
    for node in place.cluster:
        assert node.stop() == 0, f"node {node.id} did not stop in order"
        rest = [each for each in place.cluster if each.alive]
        if rest:
            place.write(rest[0])
        node.start()
        node.wait_ready()
    place.cluster.wait_equal()
