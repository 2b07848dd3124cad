"""A leader that is cut off with writes on their way: every client is answered in bounded time, and what it is told is
true when the leader is connected again, whoever came to lead meanwhile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from samyama.testing import Cluster, Node, wait_until
from samyama.testing.bolt import BoltConnection, BoltFailure, ConnectionLost

pytestmark = pytest.mark.cluster

#: Of a proposal; what is unknown by then is told so.
COMMIT_TIMEOUT_MS = 1_500
SETTINGS = {"limits": {"commit_timeout_ms": COMMIT_TIMEOUT_MS}}
#: The limit, the wait for a leader, and what a busy machine takes.
PATIENCE_S = 15.0
UNKNOWN = "Neo.DatabaseError.Transaction.TransactionCommitFailed"
RUN, PULL, COMMIT = 0x10, (0x3F, {"n": -1}), (0x12,)


def under(key: str) -> dict[str, Any]:
    return {"tx_metadata": {"samyama.idempotency_key": key}}


@contextlib.contextmanager
def connected(
    node: Node, count: int, patience_s: float = PATIENCE_S
) -> Iterator[list[BoltConnection]]:
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(BoltConnection(node.bolt, timeout_s=patience_s))
            for _ in range(count)
        ]


def told(client: BoltConnection, answers: int) -> str:
    """The code of the failure that comes; empty: it succeeded. Raises: ConnectionLost: no answer in time."""
    try:
        for _ in range(answers):
            client.summary()
    except BoltFailure as failure:
        return failure.code
    return ""


def count(cluster: Cluster, who: str) -> int:
    def asked() -> tuple[int] | None:
        try:
            with BoltConnection(cluster.leader().bolt, timeout_s=PATIENCE_S) as connection:
                rows = connection.run("MATCH (w:W {who: $who}) RETURN count(w)", {"who": who})
                return (int(rows.value),)
        except (BoltFailure, ConnectionLost):
            return None

    (found,) = wait_until("a leader to answer", asked)
    return found


def is_true(code: str, found: int) -> bool:
    """Unknown: there, or not. Any other failure: certainly not. Success: there."""
    return found in (0, 1) if code == UNKNOWN else found == (0 if code else 1)


@pytest.mark.parametrize("replaced", [True, False], ids=["replaced", "not-replaced"])
def test_a_cut_off_leader_tells_each_client_the_truth(replaced: bool) -> None:
    with Cluster(3, links=True, settings=SETTINGS) as cluster:
        leader = cluster.leader()
        others = [node.id for node in cluster if node is not leader]
        with connected(leader, 4) as (auto, keyed, explicit, later):
            auto.run("CREATE (:W {who: 'nobody'})")
            explicit.send((0x11, {}), (RUN, "CREATE (:W {who: 'explicit'})", {}, {}), PULL)
            assert told(explicit, 3) == ""
            if replaced:
                cluster.isolate(leader.id)
            else:
                cluster.partition([leader.id], others[:1], others[1:])
            began = time.monotonic()
            auto.send((RUN, "CREATE (:W {who: 'auto'})", {}, {}), PULL)
            keyed.send((RUN, "CREATE (:W {who: 'keyed'})", {}, under("order 17")), PULL)
            explicit.send(COMMIT)
            codes = {
                "auto": told(auto, 2),
                "keyed": told(keyed, 2),
                "explicit": told(explicit, 1),
            }
            # By now the lease is over, and this one was never proposed.
            later.send((RUN, "CREATE (:W {who: 'later'})", {}, {}), PULL)
            codes["later"] = told(later, 2)
            took_s = time.monotonic() - began
        assert all(code.startswith("Neo.") for code in codes.values()), codes
        assert codes["later"] == "Neo.TransientError.General.DatabaseUnavailable", codes
        assert UNKNOWN in codes.values(), f"the first is on its way when the links are cut: {codes}"
        assert took_s < 2 * PATIENCE_S
        cluster.heal()
        cluster.wait_equal()
        for who, code in codes.items():
            found = count(cluster, who)
            assert is_true(code, found), f"{who} was told {code}, and is there {found} times"
            if not replaced and code == UNKNOWN:
                assert found == 1, (
                    f"{who}: nobody else came to lead, so that what it proposed stands"
                )
        # Whatever came of it: asked again under its key it is done, once.
        with BoltConnection(cluster.leader().bolt, timeout_s=PATIENCE_S) as connection:
            connection.send((RUN, "CREATE (:W {who: 'keyed'})", {}, under("order 17")), PULL)
            assert told(connection, 2) == ""
            # And the node that was cut off takes writes as before.
        with BoltConnection(leader.bolt, timeout_s=PATIENCE_S) as connection:
            connection.run("CREATE (:W {who: 'after'})")
        assert [count(cluster, who) for who in ("keyed", "after")] == [1, 1]
        cluster.wait_equal()
        assert not cluster.panics()


def test_who_relays_to_a_cut_off_leader_answers_too() -> None:
    """Two of five, the leader and one that relays to it."""
    with Cluster(5, links=True, settings=SETTINGS) as cluster:
        leader = cluster.leader()
        relays = next(node for node in cluster if node is not leader)
        rest = [node.id for node in cluster if node not in (leader, relays)]
        # Who relays asks again under its key for ten seconds before it says that nobody knows.
        with connected(relays, 2, patience_s=2 * PATIENCE_S) as (auto, explicit):
            auto.run("CREATE (:W {who: 'nobody'})")
            explicit.send((0x11, {}), (RUN, "CREATE (:W {who: 'explicit'})", {}, {}), PULL)
            assert told(explicit, 3) == ""
            cluster.partition([leader.id, relays.id], rest)
            auto.send((RUN, "CREATE (:W {who: 'auto'})", {}, {}), PULL)
            explicit.send(COMMIT)
            codes = {"auto": told(auto, 2), "explicit": told(explicit, 1)}
        assert all(code.startswith("Neo.") for code in codes.values()), codes
        cluster.heal()
        cluster.wait_equal()
        for who, code in codes.items():
            found = count(cluster, who)
            assert is_true(code, found), f"{who} was told {code}, and is there {found} times"
        assert not cluster.panics()


def test_a_batch_in_doubt_is_no_failed_batch() -> None:
    """ON ERROR CONTINUE goes on behind what failed; behind what nobody knows it stops, and says so."""
    query = (
        "UNWIND range(1, 1000000) AS i CALL (i) { CREATE (:B {i: i}) }"
        " IN TRANSACTIONS OF 1 ROW ON ERROR CONTINUE REPORT STATUS AS s RETURN s.committed"
    )
    with Cluster(3, links=True, settings=SETTINGS) as cluster:
        leader = cluster.leader()
        with connected(leader, 1) as (client,):
            client.send((RUN, query, {}, {}), PULL)
            wait_until(
                "some batches to be committed", lambda: leader.status().committed_index > 200
            )
            cluster.isolate(leader.id)
            code = told(client, 2)
        assert code in (UNKNOWN, "Neo.DatabaseError.Statement.ExecutionFailed"), code
        cluster.heal()
        cluster.wait_equal()
