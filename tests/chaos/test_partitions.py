"""Partitions, one-way silences, slow links, hung processes: who serves, who refuses, and that all agree
afterwards."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator

import msgspec
import pytest
from tests.chaos.partitions import READ_TIMEOUT_MS, campaign, compare, writers_of
from tests.chaos.writers import Write

from samyama.testing import Cluster, Node, wait_until
from samyama.testing.bolt import BoltConnection, BoltFailure, ConnectionLost
from samyama.testing.faults import Bridge, CutOneWay, Fault, Ring, Slow, the_leader

pytestmark = pytest.mark.cluster

SETTINGS = {"reads": {"timeout_ms": READ_TIMEOUT_MS}}


def test_a_minority_acknowledges_nothing_and_the_majority_goes_on() -> None:
    report = campaign(count=2, say=lambda _: None)
    assert all(cut.minority_acknowledged == 0 for cut in report.cuts)
    assert all(cut.read_code.startswith("Neo.TransientError") for cut in report.cuts)
    # Bounds of seconds, not measurements.
    assert all(cut.gap_ms < 10_000 for cut in report.cuts)
    assert all(cut.read_refused_ms < READ_TIMEOUT_MS + 5_000 for cut in report.cuts)


@contextlib.contextmanager
def while_it_lasts(cluster: Cluster, fault: Fault, seed: int = 0) -> Iterator[None]:
    """The fault begins, something is shown, it ends, and it must have happened."""
    fault.begin(cluster, random.Random(seed))
    try:
        yield
    finally:
        fault.end()
    assert fault.evidence(), f"{fault.name} did not happen"


def judged(cluster: Cluster, writes: list[Write]) -> None:
    cluster.wait_equal()
    report = compare(cluster, writes)
    assert report.kept, report
    assert not cluster.panics()


@pytest.mark.parametrize(
    ("nodes", "fault"),
    [
        (3, CutOneWay("mute", the_leader)),
        (3, CutOneWay("deaf", the_leader)),
        (3, Bridge()),
        (5, Bridge()),
        (5, Ring()),
        (5, CutOneWay("deaf", the_leader)),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else value.name.replace(" ", "-"),
)
def test_writes_go_on_while_a_majority_sees_each_other(nodes: int, fault: Fault) -> None:
    with Cluster(nodes, links=True, settings=SETTINGS) as cluster:
        with writers_of({"all": cluster.nodes}, count=nodes) as writers:
            writers.wait_for("acknowledged", more=200)
            with while_it_lasts(cluster, fault):
                # More than what was under way: somebody leads, and its entries reach a quorum.
                writers.wait_for("acknowledged", more=300, timeout_s=20)
            writers.wait_for("acknowledged", more=200)
            writes = msgspec.convert(writers.stop()["writes"], list[Write])
        judged(cluster, writes)


def test_two_of_five_refuse_and_three_serve() -> None:
    with Cluster(5, links=True, settings=SETTINGS) as cluster:
        leader = cluster.leader()
        small = [leader, next(node for node in cluster if node is not leader)]
        large = [node for node in cluster if node not in small]
        with writers_of({"small": small, "large": large}) as writers:
            writers.wait_for("acknowledged", more=200)
            cluster.partition([node.id for node in small], [node.id for node in large])
            cut_ns = time.monotonic_ns()
            assert cluster.wait_for_leader(other_than=leader.id) in large
            writers.wait_for("acknowledged", more=300)
            heal_ns = time.monotonic_ns()
            cluster.heal()
            writers.wait_for("acknowledged", more=200)
            writes = msgspec.convert(writers.stop()["writes"], list[Write])
        within = [
            w
            for w in writes
            if w.told == "acknowledged" and cut_ns < w.called_ns and w.answered_ns < heal_ns
        ]
        assert {write.group for write in within} == {"large"}
        judged(cluster, writes)


def test_without_any_majority_nobody_acknowledges_and_all_recover() -> None:
    with Cluster(3, links=True, settings=SETTINGS) as cluster:
        with writers_of({"all": cluster.nodes}) as writers:
            writers.wait_for("acknowledged", more=200)
            cluster.partition([1], [2], [3])
            cut_ns = time.monotonic_ns()
            for node in cluster:
                assert refused(node), f"node {node.id}, alone, answered a linearizable read"
            heal_ns = time.monotonic_ns()
            cluster.heal()
            writers.wait_for("acknowledged", more=300)
            writes = msgspec.convert(writers.stop()["writes"], list[Write])
        alone = [
            w
            for w in writes
            if w.told == "acknowledged" and cut_ns < w.called_ns and w.answered_ns < heal_ns
        ]
        assert alone == []
        judged(cluster, writes)


def test_a_leader_that_is_alone_answers_every_write_in_bounded_time() -> None:
    with Cluster(3, links=True) as cluster:
        leader = cluster.leader()
        with contextlib.ExitStack() as stack:
            clients = [
                stack.enter_context(BoltConnection(leader.bolt, timeout_s=20.0)) for _ in range(3)
            ]
            clients[0].run("CREATE (:W {serial: 1})")
            cluster.isolate(leader.id)
            # The first is proposed while the lease still holds, the others wait behind it.
            for client in clients:
                client.send((0x10, "CREATE (:Alone)", {}, {"tx_timeout": 1_500}), (0x3F, {"n": -1}))
            codes = [failure_of(client) for client in clients]
        assert all(code.startswith("Neo.") for code in codes), "none was acknowledged"


def failure_of(client: BoltConnection) -> str:
    """The code of the failure that answers what was asked. Raises: ConnectionLost: no answer in time."""
    try:
        client.summary()
        client.summary()
    except BoltFailure as failure:
        return failure.code
    return ""


def refused(node: Node) -> bool:
    with BoltConnection(node.bolt, timeout_s=20.0) as connection:
        try:
            connection.run("MATCH (w:W) RETURN count(w)", mode="r")
        except BoltFailure as error:
            return error.code.startswith("Neo.TransientError")
    return False


def test_a_leader_that_hung_does_not_answer_with_the_past() -> None:
    """It wakes up and believes that it leads. Asked at once, it must answer with the present, or not at all."""
    with Cluster(3, settings=SETTINGS) as cluster:
        with BoltConnection(cluster.leader().bolt) as connection:
            connection.run("CREATE (:Counter {n: 0})")
        value = 0
        for _ in range(4):
            old = cluster.leader()
            with BoltConnection(old.bolt, timeout_s=20.0) as asleep:
                old.pause()
                new = cluster.wait_for_leader(other_than=old.id)
                value = raised(new, value)
                # The question lies in the socket when the process wakes up.
                asleep.send(
                    (0x10, "MATCH (c:Counter) RETURN c.n", {}, {"mode": "r"}), (0x3F, {"n": -1})
                )
                assert old.stands_still(), "it was to sleep until now"
                old.resume()
                rows: list[list[int]] = []
                refusal = ""
                try:
                    asleep.summary()
                    asleep.summary(rows)
                except BoltFailure as error:
                    refusal = error.code
                assert refusal.startswith("Neo.TransientError") or rows == [[value]], (
                    f"node {old.id} woke up and answered {refusal or rows} instead of {value}"
                )
            cluster.wait_equal()
        assert not cluster.panics()


def raised(node: Node, value: int) -> int:
    """The counter, raised by the majority; what is not known to be done is looked up."""

    def done() -> int | None:
        try:
            with BoltConnection(node.bolt) as connection:
                return int(
                    connection.run(
                        "MATCH (c:Counter) SET c.n = $n RETURN c.n", {"n": value + 1}
                    ).value
                )
        except (BoltFailure, ConnectionLost):
            return None

    return wait_until("the majority to write", done)


def test_a_slow_follower_neither_stops_writes_nor_causes_an_election() -> None:
    with Cluster(3, links=True) as cluster:
        term = cluster.leader().status().term
        with writers_of({"all": cluster.nodes}) as writers:
            writers.wait_for("acknowledged", more=200)
            with while_it_lasts(cluster, Slow(delay_ms=60, jitter_ms=20)):
                writers.wait_for("acknowledged", more=500)
            writes = msgspec.convert(writers.stop()["writes"], list[Write])
        assert cluster.leader().status().term == term, "a slow link cost an election"
        judged(cluster, writes)
