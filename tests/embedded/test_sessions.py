"""Sessions and transactions: they commit, roll back, retry, time out, and can be used again after what failed."""

from __future__ import annotations

import signal
import threading

import pytest

import samyama
from samyama.errors import ClientError, QueryError, TransientError

LONG = """
UNWIND range(1, 10000) AS a UNWIND range(1, 10000) AS b UNWIND range(1, 10000) AS c
WITH a WHERE a < 0 RETURN count(a) AS found
"""


def count(db: samyama.Database) -> int:
    return int(db.execute("MATCH (n) RETURN count(n)").value()[0])


def test_a_transaction_commits_at_the_end_of_its_block_and_rolls_back_on_an_exception(
    db: samyama.Database,
) -> None:
    with db.begin() as transaction:
        transaction.run("CREATE ()")
        assert transaction.run("MATCH (n) RETURN count(n)").value() == [1]
        assert count(db) == 0, "others see nothing before the commit"
    assert transaction.closed()
    assert count(db) == 1
    with pytest.raises(QueryError, match="by zero"), db.begin() as transaction:
        transaction.run("CREATE () RETURN 1 / 0")
    assert count(db) == 1
    with pytest.raises(RuntimeError, match="has ended"):
        transaction.run("CREATE ()")
    assert db.begin().commit().startswith("samyama:neo4j:")


def test_a_failed_statement_ends_its_transaction(db: samyama.Database) -> None:
    with db.session() as session:
        transaction = session.begin_transaction()
        transaction.run("CREATE ()")
        with pytest.raises(QueryError):
            transaction.run("RETURN 1 / 0")
        assert transaction.closed()
        with pytest.raises(RuntimeError, match="was rolled back"):
            transaction.commit()
        assert session.run("MATCH (n) RETURN count(n)").value() == [0]


def test_a_session_holds_one_transaction(db: samyama.Database) -> None:
    with db.session() as session, session.begin_transaction() as transaction:
        with pytest.raises(RuntimeError, match="transaction is open"):
            session.run("RETURN 1")
        with pytest.raises(RuntimeError, match="transaction is open"):
            session.begin_transaction()
        assert transaction.run("RETURN 1").value() == [1]


def test_work_is_run_again_while_it_meets_conflicts(db: samyama.Database) -> None:
    tries = []

    def work(transaction: samyama.Transaction, name: str) -> int:
        tries.append(name)
        transaction.run("CREATE (:T {name: $name})", name=name)
        if len(tries) < 3:
            raise TransientError("again", "Neo.TransientError.Transaction.Outdated", "25N11")
        return len(tries)

    with db.session() as session:
        assert session.execute_write(work, "a") == 3
        assert session.execute_read(lambda tx: tx.run("MATCH (t:T) RETURN count(t)").value()) == [1]
        with pytest.raises(ClientError, match="read"):
            session.execute_read(work, "b")


def test_a_transaction_that_reads_much_does_not_conflict_with_its_own_new_names(
    db: samyama.Database,
) -> None:
    # Without an index each MERGE looks at all nodes made before it: more reads than are kept one by one.
    with db.begin() as transaction:
        transaction.run(
            "UNWIND range(1, 300) AS i MERGE (n:New {key: i}) SET n.other = i"
        ).consume()
        transaction.run("MATCH (n:New) MERGE (m:Second {key: n.key}) SET m.third = 1").consume()
    assert count(db) == 600


def test_counters_of_many_threads_lose_nothing(db: samyama.Database) -> None:
    db.execute("CREATE (:C {n: 0})")

    def count_up(transaction: samyama.Transaction) -> None:
        n = transaction.run("MATCH (c:C) RETURN c.n").single(strict=True)[0]
        transaction.run("MATCH (c:C) SET c.n = $n", n=n + 1)

    def worker() -> None:
        with db.session() as session:
            for _ in range(20):
                session.execute_write(count_up)

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.execute("MATCH (c:C) RETURN c.n").value() == [80]


def test_a_timeout_ends_a_statement_and_its_session_goes_on(db: samyama.Database) -> None:
    with db.session() as session:
        with pytest.raises(ClientError) as caught:
            session.run(samyama.Query(LONG, timeout=0.05))
        assert "Timed" in caught.value.code
        assert session.run("RETURN 1").value() == [1]


def test_metadata_is_shown_and_instructions_are_checked(db: samyama.Database) -> None:
    with db.session() as session:
        query = samyama.Query("SHOW TRANSACTIONS YIELD metaData RETURN metaData", {"who": "me"})
        assert session.run(query).value() == [{"who": "me"}]
        with pytest.raises(ClientError, match=r"samyama\.reed"):
            session.run(samyama.Query("RETURN 1", {"samyama.reed": "stale"}))


def test_sessions_say_what_they_cannot_be() -> None:
    with samyama.open() as db:
        with pytest.raises(ValueError, match="READ or WRITE"):
            db.session(default_access_mode="w")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="fetch_size"):
            db.session(fetch_size=0)
        with pytest.raises(ClientError, match="no database `other`"):
            db.session(database="other").run("RETURN 1")
        with db.session(default_access_mode="READ") as session, pytest.raises(ClientError):
            session.run("CREATE ()")
        session = db.session()
    with pytest.raises(RuntimeError, match="closed"):
        session.run("RETURN 1")


@pytest.mark.parametrize("query", [LONG, f"CREATE (n) WITH n CALL () {{ {LONG} }} RETURN n"])
def test_ctrl_c_ends_a_statement_and_its_session_goes_on(db: samyama.Database, query: str) -> None:
    with db.session() as session:
        timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
        # A signal raised on another thread is handled on the main one, which waits in the engine.
        timer.start()
        try:
            with pytest.raises(KeyboardInterrupt):
                # Its end would be days away.
                session.run(samyama.Query(query, timeout=0))
        finally:
            timer.cancel()
        assert session.run("MATCH (n) RETURN count(n)").value() == [0]
