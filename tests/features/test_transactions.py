"""SHOW TRANSACTIONS and TERMINATE TRANSACTIONS on statements that really run."""

from __future__ import annotations

import threading
import time

import pytest

import samyama
from samyama.errors import SamyamaError

LONG = (
    "UNWIND range(1, 100000) AS x UNWIND range(1, 100000) AS y WITH x * y AS z RETURN max(z) AS m"
)
DEADLINE_S = 20.0


def _id_of(db: samyama.Database, start: str) -> str:
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        shown = "SHOW TRANSACTIONS YIELD transactionId AS id, currentQuery AS text"
        query = f"{shown} WHERE text STARTS WITH $start RETURN id"
        found = [row[0] for row in db.execute(query, start=start)]
        if found:
            assert len(found) == 1, "one such statement runs"
            return str(found[0])
        time.sleep(0.01)
    raise AssertionError("the statement was not shown among the transactions")


def test_a_long_query_is_shown_and_ended() -> None:
    with samyama.open() as db:
        errors: list[SamyamaError] = []

        def run() -> None:
            try:
                db.execute(LONG).consume()
            except SamyamaError as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        number = _id_of(db, LONG)
        row = db.execute("TERMINATE TRANSACTION $id", id=number).single(strict=True)
        assert row["message"] == "Transaction terminated."
        thread.join(DEADLINE_S)
        assert not thread.is_alive(), "the query went on although it was terminated"
        assert [error.code for error in errors] == ["Neo.ClientError.Transaction.Terminated"]


def test_an_idle_transaction_is_ended_and_its_session_can_go_on() -> None:
    with samyama.open() as db:
        session = db.session()
        transaction = session.begin_transaction()
        transaction.run("CREATE (:Doomed)").consume()
        number = _id_of(db, "CREATE (:Doomed)")
        db.execute("TERMINATE TRANSACTIONS [$id]", id=number).consume()
        with pytest.raises(SamyamaError, match="ended before it was done"):
            transaction.run("CREATE (:Doomed)").consume()
        assert db.execute("MATCH (n:Doomed) RETURN count(n)").value() == [0], (
            "nothing of it was committed"
        )
        assert session.run("RETURN 1 AS one").value() == [1], "the session is usable again"


def test_call_in_transactions_is_refused_inside_a_transaction() -> None:
    with samyama.open() as db, db.begin() as transaction:
        with pytest.raises(SamyamaError, match="implicit transaction"):
            transaction.run("UNWIND [1] AS x CALL (x) { CREATE (:N) } IN TRANSACTIONS").consume()
        transaction.rollback()
        assert db.execute("MATCH (n) RETURN count(n)").value() == [0], "nothing was done"
