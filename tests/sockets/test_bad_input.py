"""Bad input at the Bolt port: a clear error or a closed connection; the process lives, nothing panics, nothing
changes."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
from tests.sockets.attacks import (
    AFTER_HANDSHAKE,
    AFTER_LOGON,
    BEFORE_HANDSHAKE,
    RESET,
    Attack,
    mutated,
)

from samyama.testing import Cluster, Node
from samyama.testing.bolt import BoltConnection, ConnectionLost, Structure

pytestmark = pytest.mark.cluster

FAILURE, SUCCESS, RECORD = 0x7F, 0x70, 0x71
HANDSHAKE = b"\x60\x60\xb0\x17" + bytes((0, 0, 8, 5)) + bytes(12)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(1) as cluster:
        with cluster.driver() as driver:
            driver.execute_query("CREATE (a:Good {n: 1})-[:KNOWS]->(:Good {n: 2})")
        yield cluster


@pytest.fixture
def node(cluster: Cluster) -> Iterator[Node]:
    """After each test it is the same process, without a panic, with the same graph, and serves."""
    node = cluster.nodes[0]
    pid, before = node.pid, node.status()
    yield node
    assert node.pid == pid, f"the node ended: {node.log_tail()}"
    assert node.panics() == []
    assert node.status().fingerprint == before.fingerprint, "bad input changed the graph"
    with BoltConnection(node.bolt) as connection:
        assert connection.run("MATCH (n:Good) RETURN count(n)").value == 2


def connect(node: Node) -> socket.socket:
    host, port = node.bolt.rsplit(":", 1)
    return socket.create_connection((host, int(port)), 20.0)


def read_to_the_end(connection: socket.socket) -> bytes:
    """Everything until the server closes. Raises: TimeoutError: it does not."""
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize("name", BEFORE_HANDSHAKE)
def test_what_is_no_handshake_is_turned_away(node: Node, name: str) -> None:
    with connect(node) as connection:
        connection.sendall(BEFORE_HANDSHAKE[name])
        answer = read_to_the_end(connection)
    if name == "a lost HTTP client":
        assert answer.startswith(b"HTTP/1.1 "), "who speaks HTTP is told so in HTTP"
        assert node.http.rsplit(":", 1)[1].encode() in answer, "and where HTTP is"


def test_all_that_ends_early_is_let_go(node: Node) -> None:
    """Cut at every byte of the handshake and of the first messages, then closed."""
    whole = HANDSHAKE + b"".join(attack.payload for attack in list(AFTER_HANDSHAKE.values())[2:4])
    for size in range(len(whole)):
        with connect(node) as connection:
            connection.sendall(whole[:size])


def messages_in(payload: bytes) -> int:
    """How many whole messages there are: each is owed one answer besides records."""
    count, at, is_empty = 0, 0, True
    while at + 2 <= len(payload):
        size = int.from_bytes(payload[at : at + 2])
        at += 2 + size
        if size == 0:
            count += not is_empty
        is_empty = size == 0
    return count


def talk(connection: BoltConnection, payload: bytes) -> tuple[list[Structure], bool]:
    """Send, and read all answers that are due; then RESET.

    Returns: the answers, and whether the connection was closed.
    """
    answers: list[Structure] = []
    failure = ""
    try:
        connection.send_raw(payload)
        due = messages_in(payload)
        while due:
            answers.append(connection.receive())
            due -= answers[-1].tag != RECORD
        connection.send_raw(RESET)
        while answers[-1:] != [Structure(SUCCESS, [{}])]:
            answers.append(connection.receive())
    except ConnectionLost as error:
        failure = str(error)
    assert "timed out" not in failure, f"no answer and not closed, after {answers}"
    return answers, bool(failure)


def judge(attack: Attack, answers: list[Structure], closed: bool) -> None:
    failures = [answer.fields[0] for answer in answers if answer.tag == FAILURE]
    codes = [failure.get("neo4j_code", failure.get("code", "")) for failure in failures]
    assert not attack.code or any(code.startswith(attack.code) for code in codes), (
        f"{attack.code} was due, there came {answers}"
    )
    assert all(failure["message"] and failure["gql_status"] for failure in failures)
    assert attack.closes in (None, closed), f"closed: {closed}, answers: {answers}"


@pytest.mark.parametrize("name", AFTER_HANDSHAKE)
def test_strangers_are_told_what_is_wrong(node: Node, name: str) -> None:
    attack = AFTER_HANDSHAKE[name]
    with BoltConnection(node.bolt, log_on=False, timeout_s=20.0) as connection:
        connection.send_raw(HANDSHAKE)
        assert connection.receive_raw(4) == bytes((0, 0, 8, 5))
        if not attack.code:
            connection.send_raw(attack.payload)
            return
        # RESET is no answer to what strangers do: they are turned away before it is read.
        judge(attack, *talk(connection, attack.payload))


@pytest.mark.parametrize("name", AFTER_LOGON)
def test_clients_are_told_what_is_wrong(node: Node, name: str) -> None:
    attack = AFTER_LOGON[name]
    with BoltConnection(node.bolt, timeout_s=60.0) as connection:
        if not attack.code and attack.closes is None:
            connection.send_raw(attack.payload)  # cut in the middle: nothing is due
            return
        judge(attack, *talk(connection, attack.payload))


@pytest.mark.parametrize("seed", range(4))
def test_mutated_conversations_end_in_order(node: Node, seed: int) -> None:
    for payload in mutated(seed, 150):
        with (
            BoltConnection(node.bolt, timeout_s=20.0) as connection,
            contextlib.suppress(ConnectionLost),
        ):
            connection.send_raw(payload)
            connection.finish_sending()
            while True:
                connection.receive()


def test_who_says_nothing_is_let_go_and_holds_nobody_up(node: Node) -> None:
    """A hundred half-open connections and a hundred that drip; others work meanwhile, and all of them are closed."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(node)) for _ in range(100)]
        dripping = [stack.enter_context(connect(node)) for _ in range(100)]
        began = time.monotonic()
        slowest, place = 0.0, 0
        while time.monotonic() - began < 4.0:
            for connection in dripping:
                connection.sendall(HANDSHAKE[place : place + 1])
            place = min(place + 1, len(HANDSHAKE) - 2)
            asked = time.monotonic()
            with BoltConnection(node.bolt) as honest:
                assert honest.run("RETURN 1").value == 1
            slowest = max(slowest, time.monotonic() - asked)
            time.sleep(0.25)
        assert slowest < 2.0, f"an honest client waited {slowest:.1f} s"
        for connection in [*silent, *dripping]:
            read_to_the_end(connection)  # raises if it is still open after 20 s
