"""Keys and entries in parts, as real nodes write them, read again by ``samyama.inspect``."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from samyama.cluster.client import NodeStatus
from samyama.inspect import Log, open_snapshot, read_log, replay, snapshot_files, verify
from samyama.inspect.directory import Replay
from samyama.inspect.graph import Graph
from samyama.inspect.records import Entry
from samyama.inspect.render import log_lines
from samyama.testing import Cluster, Node, wait_until
from samyama.testing.bolt import BoltConnection, BoltFailure, ConnectionLost

pytestmark = pytest.mark.cluster

#: 3 MB in one transaction, which is four parts and more.
LARGE = "UNWIND range(1, $count) AS i CREATE (:Large {i: i, text: $text})"
TEXT = "x" * 10_000
KEY = "samyama.idempotency_key"


def from_the_log_alone(log: Log, at: int) -> Replay:
    """Of a log that is purged, but whose segments are all there."""
    result = Replay(Graph(), None)
    # Of those at one index the last: it was written over the others.
    entries = {
        each.value.id.index: each.value for each in log.records if isinstance(each.value, Entry)
    }
    for index in sorted(index for index in entries if index <= at):
        result.apply(entries[index], log.directory)
    return result


def test_what_is_kept_of_keys_is_what_the_log_comes_to() -> None:
    with Cluster(
        3, settings={"raft": {"snapshot_log_entries": 50, "snapshot_log_percent": 0}}
    ) as cluster:
        leader, follower = cluster.leader(), cluster.followers()[0]
        with BoltConnection(follower.bolt) as relayed, BoltConnection(leader.bolt) as direct:
            for number in range(40):
                extra = {"tx_metadata": {KEY: f"order {number}"}} if number % 3 == 0 else {}
                for connection in (relayed, direct)[number % 2 :]:
                    connection.run("MERGE (n:N {i: $i}) RETURN n", {"i": number}, **extra)
            relayed.run(LARGE, {"count": 300, "text": TEXT}, tx_metadata={KEY: "a large one"})
            for number in range(60):
                relayed.run("CREATE (:N {i: $i})", {"i": number})
        cluster.wait_equal()
        wait_until(
            "snapshots",
            lambda: all(snapshot_files(data(node) / "snapshots") for node in cluster),
            20,
        )
        statuses = cluster.statuses()
        for node in cluster:
            node.stop()
        for node in cluster:
            assert not verify(data(node)).damages
            status, found = statuses[node.id], replay(data(node))
            assert f"{found.graph.fingerprint:032x}" == status.fingerprint
            assert "a large one" in found.keys.clients
            log = read_log(data(node) / "log")
            lines = list(log_lines(log, first=None, last=None, effects=False))
            assert any("part 2 of 4 of transaction" in line for line in lines)
            with open_snapshot(snapshot_files(data(node) / "snapshots")[0]) as snapshot:
                assert snapshot.head.last is not None
                alone = from_the_log_alone(log, snapshot.head.last.index)
                assert snapshot.state.keys == alone.keys, "the engine remembers other keys"
                assert alone.keys.clients, "keys of clients"
                assert alone.keys.relaying, "and of relays"
                assert snapshot.load().fingerprint == alone.graph.fingerprint


def data(node: Node) -> Path:
    return node.directory / "data"


def write_large(node: Node) -> None:
    try:
        with BoltConnection(node.bolt, timeout_s=60) as connection:
            connection.run(LARGE, {"count": 2_000, "text": TEXT})
    except (BoltFailure, ConnectionLost, OSError):
        pass  # it is killed


def newest_parts(node: Node) -> int:
    """How many parts wait in the newest snapshot for their last."""
    files = snapshot_files(data(node) / "snapshots")
    if not files:
        return 0
    with open_snapshot(files[0]) as snapshot:
        parts = snapshot.state.parts
        return len(parts.bodies) if parts is not None else 0


def all_applied(node: Node) -> NodeStatus | None:
    status = node.status()
    return status if status.applied_index == status.last_log_index else None


def test_a_snapshot_in_the_middle_of_a_large_transaction() -> None:
    with Cluster(
        1, settings={"raft": {"snapshot_log_entries": 3, "snapshot_log_percent": 0}}
    ) as cluster:
        node = cluster.nodes[0]
        seen = 0
        for _ in range(20):
            writer = Thread(target=write_large, args=(node,))
            before = node.status().applied_index
            writer.start()
            # The first snapshot after it has begun: as a rule its last part is yet to come.
            wait_until(
                "a snapshot",
                lambda before=before: node.status().snapshot_index > before,
                30,
                0.001,
            )
            node.kill()
            writer.join()
            assert not verify(data(node)).damages
            seen = newest_parts(node)
            node.start()
            node.wait_ready()
            # Ready is who serves; what stands in the log may still be on its way into the graph.
            status = wait_until("all of the log to be applied", lambda: all_applied(node), 30)
            found = replay(data(node), status.applied_index)
            assert f"{found.graph.fingerprint:032x}" == status.fingerprint
            if seen:
                break
        assert seen, "no kill met a snapshot between two parts"
