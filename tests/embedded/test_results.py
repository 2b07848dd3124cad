"""Results, records and summaries of the embedded API mean what they mean in the driver."""

from __future__ import annotations

import pickle

import pytest

import samyama
from samyama.errors import QueryError, ResultError


def test_records_are_reached_by_name_position_and_slice_of_keys(db: samyama.Database) -> None:
    record = db.execute("RETURN 1 AS a, 'x' AS b").single(strict=True)
    assert (record["a"], record[1], record.value(), record.value("b")) == (1, "x", 1, "x")
    assert (record.value("no", default=7), record.get("no"), "x" in record) == (7, None, True)
    assert record.keys() == ["a", "b"]
    assert record.values("b") == ["x"]
    assert record.items() == [("a", 1), ("b", "x")]
    assert record.index("b") == record.index(1) == 1
    assert dict(record.data("a")) == {"a": 1}
    with pytest.raises(KeyError):
        record["c"]


def test_data_is_plain_python(db: samyama.Database) -> None:
    db.execute("CREATE (:A {n: 1})-[:R {w: 2}]->(:B {n: 3})")
    row = db.execute("MATCH p = (a:A)-[r]->() RETURN a, r, p, [a] AS l, {k: a} AS m").data()[0]
    a, b = {"n": 1}, {"n": 3}
    assert row == {"a": a, "r": (a, "R", b), "p": [a, "R", b], "l": [a], "m": {"k": a}}
    alone = db.execute("MATCH ()-[r]->() RETURN r").data()[0]
    assert alone == {"r": ({}, "R", {})}, "on its own it knows the ids of its ends only"


def test_single_is_strict_when_asked_and_never_drops_rows_in_silence(db: samyama.Database) -> None:
    assert db.execute("MATCH (n) RETURN n").single() is None
    with pytest.raises(ResultError, match="there is none"):
        db.execute("MATCH (n) RETURN n").single(strict=True)
    with pytest.raises(ResultError, match="there is more"):
        db.execute("UNWIND [1, 2] AS x RETURN x").single()


def test_rows_are_fetched_as_they_are_read(db: samyama.Database) -> None:
    with db.session(fetch_size=10) as session:
        result = session.run("UNWIND range(1, 95) AS x RETURN x")
        first = result.peek()
        assert first is not None
        assert first["x"] == 1
        assert [r["x"] for r in result.fetch(12)] == list(range(1, 13))
        assert next(result)["x"] == 13
        assert not result.closed()
        assert [r["x"] for r in result] == list(range(14, 96))
        assert result.closed()
        assert list(result) == []
        assert result.consume().query_type == "r"
        with pytest.raises(ResultError, match="consumed"):
            list(result)


def test_a_statement_may_follow_one_that_is_not_read_to_its_end(db: samyama.Database) -> None:
    with db.session(fetch_size=2) as session:
        one = session.run("UNWIND range(1, 7) AS x RETURN x")
        two = session.run("UNWIND range(10, 12) AS x RETURN x")
        assert two.value() == [10, 11, 12]
        assert one.value() == [1, 2, 3, 4, 5, 6, 7]


def test_results_of_one_transaction_are_read_side_by_side(db: samyama.Database) -> None:
    with db.session(fetch_size=2) as session:
        with session.begin_transaction() as transaction:
            one = transaction.run("UNWIND range(1, 7) AS x RETURN x")
            two = transaction.run("UNWIND range(10, 16) AS x RETURN x")
            pairs = [(a["x"], b["x"]) for a, b in zip(one, two, strict=True)]
            assert pairs == [(i, i + 9) for i in range(1, 8)]
            left = transaction.run("UNWIND range(1, 7) AS x RETURN x")
        assert left.closed()
        with pytest.raises(ResultError):
            left.fetch_all()


def test_summaries_say_what_was_done_and_where_it_stands_in_the_log(db: samyama.Database) -> None:
    summary = db.execute("CREATE (:A:B {x: 1})-[:R]->()").consume()
    counters = summary.counters
    assert (counters.nodes_created, counters.relationships_created) == (2, 1)
    assert (counters.labels_added, counters.properties_set, counters.nodes_deleted) == (2, 1, 0)
    assert counters.contains_updates
    assert counters["nodes-created"] == 2
    assert "nodes-deleted" not in counters
    assert (summary.query_type, summary.database, summary.leader) == ("w", "neo4j", 1)
    assert summary.index is not None
    assert summary.bookmark == f"samyama:neo4j:{summary.index}"
    read = db.execute("MATCH (n) RETURN n").consume()
    assert (read.read_level, read.index) == ("linearizable", summary.index)
    assert not read.counters.contains_updates


def test_execute_query_gives_everything_at_once(db: samyama.Database) -> None:
    records, summary, keys = db.execute_query("UNWIND $xs AS x RETURN x", {"xs": [0]}, xs=[1, 2])
    assert ([r["x"] for r in records], keys, summary.query_type) == ([1, 2], ["x"], "r")
    total = db.execute_query(
        "UNWIND [1, 2] AS x RETURN x", result_transformer_=lambda result: sum(result.value())
    )
    assert total == 3
    with pytest.raises(QueryError, match="read"):
        db.execute_query("CREATE (n)", routing_="r")
    with pytest.raises(TypeError, match="auth_"):
        db.execute_query("RETURN 1", auth_=("a", "b"))
    assert db.execute_query("RETURN $x_ AS x", {"x_": 1}).records[0]["x"] == 1


def test_a_notebook_shows_a_table_and_the_rows_stay_unread(db: samyama.Database) -> None:
    result = db.execute("UNWIND range(1, 60) AS x RETURN x, '<b>' AS tag")
    shown = result._repr_html_()
    assert shown.count("<tr>") == 51
    assert "more rows" in shown
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown
    assert len(result.fetch_all()) == 60
    eager = db.execute_query("RETURN null AS nothing")
    assert eager._repr_html_() == (
        "<table><thead><tr><th>nothing</th></tr></thead><tbody><tr><td></td></tr></tbody></table>"
    )


def test_errors_survive_pickling(db: samyama.Database) -> None:
    with pytest.raises(QueryError) as caught:
        db.execute("RETURN x")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is QueryError
    assert (again.code, again.position, str(again)) == (
        caught.value.code,
        caught.value.position,
        str(caught.value),
    )


def test_skip_and_limit_may_add_up_to_more_than_an_integer(db: samyama.Database) -> None:
    query = "UNWIND [3, 1, 2] AS x RETURN x ORDER BY x SKIP $skip LIMIT $limit"
    most = 2**63 - 1
    assert [r[0] for r in db.execute(query, skip=1, limit=most)] == [2, 3]
    assert [r[0] for r in db.execute(query, skip=most, limit=most)] == []
