"""What clients are told when leaders are lost: every write is acknowledged and there, or certainly not.

Three real processes, the official driver, ``kill -9``.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import neo4j
import pytest
from neo4j.exceptions import ClientError, DriverError, IncompleteCommit, Neo4jError

from samyama.cluster.client import transfer_leadership
from samyama.testing import Cluster, Node, wait_until
from samyama.testing.bolt import BoltConnection, BoltFailure
from samyama.testing.bolt.connection import DISCARD, PULL, RUN

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(3) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def whole(cluster: Cluster) -> Iterator[None]:
    """Every test begins with three running nodes and an empty graph, and ends with three equal ones."""
    cluster.start()
    with cluster.driver() as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n")
    yield
    cluster.start()
    cluster.wait_equal()


def kill_leader(cluster: Cluster) -> Node:
    leader = cluster.leader()
    leader.kill()
    return leader


def with_key(query: str, key: str | None = None) -> neo4j.Query:
    return neo4j.Query(query, metadata={"samyama.idempotency_key": key or secrets.token_hex(8)})


class Clients:
    """Threads that call ``work(number)`` one time after the other, and what each call came to.

    They end with the ``with`` block, also when the test fails in it: the cluster is the next test's.
    """

    def __init__(self, count: int, work: Callable[[str], None]) -> None:
        self.work = work
        self.stopping = threading.Event()
        self.done: set[str] = set()
        self.failed: list[str] = []
        self.threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True)
            for number in range(count)
        ]
        for thread in self.threads:
            thread.start()

    def _run(self, client: int) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            id = f"{client}-{number}"
            try:
                self.work(id)
            except (Neo4jError, DriverError) as error:
                self.failed.append(f"{id}: {error!r} {error}")
                return
            self.done.add(id)

    def wait_for(self, more: int) -> None:
        goal = len(self.done) + more
        wait_until(
            f"{more} more calls; failed: {self.failed[:1]}",
            lambda: len(self.done) >= goal or bool(self.failed),
        )
        assert not self.failed, self.failed

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs"


def ids(driver: neo4j.Driver) -> list[str]:
    return [
        record["id"] for record in driver.execute_query("MATCH (t:T) RETURN t.id AS id").records
    ]


@pytest.mark.parametrize("explicit", [False, True], ids=["auto-commit", "transaction"])
def test_clients_of_followers_do_not_notice_the_loss_of_the_leader(
    cluster: Cluster, explicit: bool
) -> None:
    """No retries in these clients: one failure ends the test."""
    with ExitStack() as stack:
        followers = [stack.enter_context(cluster.driver(node)) for node in cluster.followers()]

        def work(id: str) -> None:
            driver = followers[int(id.partition("-")[0]) % 2]
            with driver.session() as session:
                if not explicit:
                    session.run("CREATE (t:T {id: $id}) RETURN t.id AS id", id=id).consume()
                    return
                with session.begin_transaction() as transaction:
                    query = "CREATE (t:T {id: $id}) RETURN t.id AS id"
                    row = transaction.run(query, id=id).single()
                    assert row is not None
                    assert row["id"] == id
                    # It looks at nothing of the others': they would wait for each other, and some be told so.
                    transaction.run("CREATE (:Seen {id: $id})", id=id).consume()
                    transaction.commit()

        with Clients(6, work) as clients:
            clients.wait_for(50)
            kill_leader(cluster)
            clients.wait_for(100)
        found = ids(followers[0])
    assert not clients.failed, clients.failed
    assert clients.done <= set(found), f"acknowledged and gone: {clients.done - set(found)}"
    assert len(found) == len(set(found)), "something was done twice"


#: Statements of one transaction: what the client has of each when leadership moves, and its rows.
ALL, SOME, NONE, LATER = "ALL", "SOME", "NONE", "LATER"


@pytest.mark.parametrize("order", ["SOME NONE LATER", "LATER NONE SOME", "NONE LATER SOME"])
@pytest.mark.parametrize("to", ["the same", "the other", "here", "whoever is left"])
def test_every_result_of_a_transaction_goes_on_as_itself(
    cluster: Cluster, to: str, order: str
) -> None:
    """One whose rows the client has all, some or none of, and one that begins afterwards, read in any order."""
    leader, (node, other) = cluster.leader(), cluster.followers()
    query = "UNWIND range(1, 5) AS i CREATE (t:T {id: $name + i}) RETURN t.id AS id"
    rows = {name: [[f"{name}{i}"] for i in range(1, 6)] for name in (ALL, SOME, NONE, LATER)}
    qids: dict[str, int] = {}
    with BoltConnection(node.bolt) as connection:

        def begin(name: str) -> None:
            connection.send((RUN, query, {"name": name}, {}))
            qids[name] = connection.summary()["qid"]

        def pull(name: str, n: int = -1) -> list[list[Any]]:
            got: list[list[Any]] = []
            connection.send((PULL, {"n": n, "qid": qids[name]}))
            connection.summary(got)
            return got

        connection.begin()
        begin(ALL)
        assert pull(ALL) == rows[ALL]
        begin(SOME)
        assert pull(SOME, 2) == rows[SOME][:2]
        begin(NONE)
        match to:
            case "the other":
                transfer_leadership(leader.http, other.id)
            case "here":
                transfer_leadership(leader.http, node.id)
            case "whoever is left":
                leader.kill()
        begin(LATER)
        for name in order.split():
            assert pull(name) == rows[name][2 if name == SOME else 0 :], name
        connection.commit()
    with cluster.driver(node) as driver:
        assert sorted(ids(driver)) == sorted(row[0] for each in rows.values() for row in each)


def test_a_transaction_that_cannot_go_on_unnoticed_is_told_to_run_again(cluster: Cluster) -> None:
    """What it was told is not what another run gives: a random number."""
    node = cluster.followers()[0]
    with cluster.driver(node) as driver, driver.session() as session:
        transaction = session.begin_transaction()
        transaction.run("CREATE (t:T {id: 'r', at: rand()}) RETURN t.at AS at").single()
        kill_leader(cluster)
        with pytest.raises(Neo4jError) as caught:
            transaction.run("RETURN 1 AS one").consume()
        assert caught.value.is_retryable(), caught.value
        assert ids(driver) == []


def test_results_that_are_being_read_go_on(cluster: Cluster) -> None:
    """The rows of an auto-commit write, and of a statement in a transaction, over the loss of the leader."""
    node = cluster.followers()[0]
    query = "UNWIND range(1, 3000) AS i MERGE (t:T {id: i % 100}) RETURN i"
    with cluster.driver(node) as driver, driver.session(fetch_size=100) as session:
        rows = iter(session.run(query))
        got = [next(rows)["i"] for _ in range(150)]
        killed = kill_leader(cluster)
        got += [row["i"] for row in rows]
        assert got == list(range(1, 3001)), "each once, in order"
        killed.start()
        killed.wait_ready()
        with session.begin_transaction() as transaction:
            rows = iter(transaction.run(query.replace("100", "200")))
            got = [next(rows)["i"] for _ in range(150)]
            kill_leader(cluster)
            got += [row["i"] for row in rows]
            transaction.commit()
        assert got == list(range(1, 3001))
        assert len(ids(driver)) == 200


def test_the_same_key_gets_the_first_answer_on_any_node_over_loss_and_restart(
    cluster: Cluster,
) -> None:
    query = with_key("CREATE (t:T {id: $id, at: rand()}) RETURN t, t.at AS at")

    def ask(node: Node) -> tuple[Any, dict[str, Any], bool]:
        with cluster.driver(node) as driver:
            records, summary, _ = driver.execute_query(query, id=7)
            record = records[0]
            status = summary.gql_status_objects[0].diagnostic_record
            told = (
                record["at"],
                dict(record["t"]),
                record["t"].element_id,
                set(record["t"].labels),
            )
            counters = {
                "nodes": summary.counters.nodes_created,
                "set": summary.counters.properties_set,
            }
            return told, counters, bool(status.get("_samyama_repeated"))

    first, counters, repeated = ask(cluster.leader())
    assert counters == {"nodes": 1, "set": 2}
    assert not repeated
    with cluster.driver() as driver:
        driver.execute_query("MATCH (t:T) SET t.id = 8, t:Changed")
    for node in cluster:
        assert ask(node) == (first, counters, True)
    killed = kill_leader(cluster)
    for node in cluster.followers():
        assert ask(node) == (first, counters, True)
    killed.start()
    killed.wait_ready()
    for node in cluster:
        node.restart()
    assert ask(cluster.node(1)) == (first, counters, True)
    with cluster.driver() as driver:
        assert ids(driver) == [8], "nothing was done again"


def test_a_client_whose_commit_broke_asks_again_under_its_key(cluster: Cluster) -> None:
    """On the leader itself, where the connection dies with it; many times, so that every moment is met."""
    with cluster.driver() as driver:
        driver.execute_query("CREATE (:Counter {n: 0})")

        def work(id: str) -> None:
            query = with_key("MATCH (c:Counter) SET c.n = c.n + 1 CREATE (:T {id: $id})", f"k{id}")
            while True:
                try:
                    driver.execute_query(query, id=id)
                except IncompleteCommit:
                    continue
                return

        with Clients(6, work) as clients:
            for _ in range(3):
                clients.wait_for(30)
                killed = kill_leader(cluster)
                clients.wait_for(30)
                killed.start()
                killed.wait_ready()
        found = ids(driver)
        assert set(found) == clients.done
        assert len(found) == len(set(found)), "something was done twice"
        count = driver.execute_query("MATCH (c:Counter) RETURN c.n AS n").records[0]["n"]
        assert count == len(found)


def test_transactions_with_a_key_are_repeated_statement_by_statement(cluster: Cluster) -> None:
    key = {"samyama.idempotency_key": secrets.token_hex(8)}

    def run(node: Node, statements: list[tuple[str, int]]) -> list[Any]:
        with (
            cluster.driver(node) as driver,
            driver.session() as session,
            session.begin_transaction(metadata=key) as transaction,
        ):
            rows = [transaction.run(query, x=x).values() for query, x in statements]
            transaction.commit()
            return rows

    statements = [
        ("CREATE (t:T {id: $x}) RETURN t.id AS id", 1),
        ("MATCH (t:T) RETURN count(t) + $x AS n", 10),
        ("CREATE (t:T {id: $x}) RETURN rand() AS r", 2),
    ]
    first = run(cluster.node(1), statements)
    assert first[:2] == [[[1]], [[11]]]
    for node in cluster:
        assert run(node, statements) == first
    others = [
        statements[:2],
        [*statements, ("RETURN $x AS x", 3)],
        [statements[1]],
        statements[::-1],
    ]
    for other in others:
        with pytest.raises(ClientError, match="was used before") as caught:
            run(cluster.node(2), other)
        assert not caught.value.is_retryable()
    with cluster.driver() as driver:
        assert sorted(ids(driver)) == [1, 2]


def test_a_key_names_one_statement_with_its_parameters(cluster: Cluster) -> None:
    with cluster.driver() as driver:
        query = with_key("CREATE (:T {id: $id})", "order 1")
        driver.execute_query(query, id=1)
        for text, id in [("CREATE (:T {id: $id})", 2), ("CREATE (:T {id: $id, x: 1})", 1)]:
            with pytest.raises(ClientError, match="`order 1` was used before"):
                driver.execute_query(with_key(text, "order 1"), id=id)
        assert ids(driver) == [1]


@pytest.mark.parametrize("key", ["", "x" * 129, 7, None])
def test_a_bad_key_is_refused(cluster: Cluster, key: object) -> None:
    with cluster.driver() as driver:
        query = neo4j.Query("CREATE (:T)", metadata={"samyama.idempotency_key": key})
        with pytest.raises(ClientError, match=r"samyama\.idempotency_key"):
            driver.execute_query(query)
        assert ids(driver) == []


def test_a_key_on_many_transactions_is_refused(cluster: Cluster) -> None:
    query = with_key("UNWIND [1, 2] AS x CALL (x) { CREATE (:T {id: x}) } IN TRANSACTIONS")
    for node in cluster:
        with cluster.driver(node) as driver, driver.session() as session:
            with pytest.raises(ClientError, match="names one transaction"):
                session.run(query).consume()
            assert ids(driver) == []


def test_rows_that_are_not_kept_are_missed_by_name(cluster: Cluster) -> None:
    """A bare client: drivers pull rows before their user can say that they are not wanted."""
    key = {"samyama.idempotency_key": secrets.token_hex(8)}
    query = "UNWIND range(1, 2000) AS i CREATE (t:T {id: i}) RETURN i, $filler AS x"
    parameters = {"filler": "x" * 40}
    for node in [cluster.leader(), cluster.followers()[0]]:
        with BoltConnection(node.bolt) as connection:
            if node.id == cluster.leader().id:
                assert len(connection.run(query, parameters, tx_metadata=key).rows) == 2000
            connection.send((RUN, query, parameters, {"tx_metadata": key}), (DISCARD, {"n": -1}))
            connection.summary()
            counters = connection.summary()["stats"]
            assert counters["nodes-created"] == 2000, "its counters are kept"
            with pytest.raises(BoltFailure, match="Its rows are not kept") as caught:
                connection.run(query, parameters, tx_metadata=key)
            assert caught.value.code.startswith("Neo.DatabaseError"), "no driver tries it again"
    with cluster.driver() as driver:
        assert len(ids(driver)) == 2000


LARGE = 300_000


def test_a_large_transaction_is_all_or_nothing(cluster: Cluster) -> None:
    """300,000 nodes in one statement, whose leader is killed while it is being replicated."""
    query = "UNWIND range(1, $n) AS i CREATE (:Big {id: i, name: 'number ' + toString(i), even: i % 2 = 0})"
    count = "MATCH (b:Big) RETURN count(b) AS n"
    for killed_after_s in (None, 0.5, 1.0, 1.5):
        node = cluster.followers()[0]

        def write(node: Node = node) -> None:
            with cluster.driver(node) as driver, driver.session() as session:
                session.run(query, n=LARGE).consume()

        elections = sum(each.metrics()["samyama_raft_elections_won_total"] for each in cluster)
        killed = None
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            if killed_after_s is not None:
                time.sleep(killed_after_s)
                killed = kill_leader(cluster)
            writing.result(60)
        with cluster.driver(node) as driver:
            found = driver.execute_query(count).records[0]["n"]
            assert found == LARGE, f"{found} nodes, killed after {killed_after_s} s"
        if killed is None:
            held = sum(each.metrics()["samyama_raft_elections_won_total"] for each in cluster)
            assert held == elections, "a large entry made a leader lose its followers"
        else:
            killed.start()
            killed.wait_ready()
        cluster.wait_equal()
        with cluster.driver(node) as driver, driver.session() as session:
            session.run(
                "MATCH (b:Big) CALL (b) { DELETE b } IN TRANSACTIONS OF 50000 ROWS"
            ).consume()
