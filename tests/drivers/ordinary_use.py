"""Ordinary use of the Neo4j Python driver, as an application has it. Run as a script: ``ordinary_use.py HOST:PORT``.

Knows nothing of Samyama but an address, and imports nothing but the driver: the same script runs against a single
node and against a cluster, with whichever version of the driver is on the path. Each check prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
import traceback
import uuid
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import neo4j
import pytz  # type: ignore[import-untyped]  # the driver's own; its Time takes no other offsets
from neo4j import (
    READ_ACCESS,
    WRITE_ACCESS,
    Driver,
    GraphDatabase,
    Query,
    RoutingControl,
    unit_of_work,
)
from neo4j.exceptions import (
    ClientError,
    ConstraintError,
    CypherSyntaxError,
    Neo4jError,
    TransactionError,
    TransientError,
)
from neo4j.graph import Node, Path, Relationship
from neo4j.spatial import CartesianPoint, Point, WGS84Point
from neo4j.time import Date, DateTime, Duration, Time

CHECKS: dict[str, Callable[[Driver, str], None]] = {}
#: Long enough to be stopped, whatever stops it; it ends by itself after some minutes.
SLOW = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a * b AS c WHERE c < 0 RETURN count(c) AS n"


def check(function: Callable[[Driver, str], None]) -> Callable[[Driver, str], None]:
    CHECKS[function.__name__] = function
    return function


def label() -> str:
    """One that nobody else uses."""
    return "L" + uuid.uuid4().hex


def raised(kind: type[Exception], work: Callable[[], Any]) -> Any:
    """The error that ``work`` raises, which must be of this kind."""
    try:
        result = work()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was due, there came {result!r}")


# ---------------------------------------------------------------------------------------------- connecting


@check
def connectivity_and_server_info(driver: Driver, address: str) -> None:
    driver.verify_connectivity()
    info = driver.get_server_info()
    assert info.agent.startswith("Neo4j/5."), info.agent
    assert tuple(info.protocol_version) == (5, 8), info.protocol_version
    with GraphDatabase.driver(f"bolt://{address}") as direct:
        direct.verify_connectivity()
        assert direct.execute_query("RETURN 1 AS one").records[0]["one"] == 1


@check
def credentials_are_accepted_where_none_are_needed(_: Driver, address: str) -> None:
    with GraphDatabase.driver(f"neo4j://{address}", auth=("neo4j", "secret")) as driver:
        assert driver.verify_authentication()
        assert driver.execute_query("RETURN 1 AS one").records[0]["one"] == 1


@check
def databases_by_name(driver: Driver, _: str) -> None:
    result = driver.execute_query("RETURN 1 AS one", database_="neo4j")
    assert result.summary.database == "neo4j"
    error = raised(ClientError, lambda: driver.execute_query("RETURN 1", database_="nowhere"))
    assert error.code == "Neo.ClientError.Database.DatabaseNotFound", error.code
    with driver.session(database="system") as session:
        assert any(record["name"] == "neo4j" for record in session.run("SHOW DATABASES"))


@check
def many_threads_share_a_driver(driver: Driver, _: str) -> None:
    name = label()
    with ThreadPoolExecutor(32) as pool:
        done = pool.map(
            lambda i: driver.execute_query(f"CREATE (n:{name} {{i: $i}}) RETURN n.i AS i", i=i),
            range(200),
        )
        assert sorted(result.records[0]["i"] for result in done) == list(range(200))
    assert driver.execute_query(f"MATCH (n:{name}) RETURN count(n) AS n").records[0]["n"] == 200


@check
def the_asynchronous_driver(_: Driver, address: str) -> None:
    async def work() -> list[int]:
        async with neo4j.AsyncGraphDatabase.driver(f"neo4j://{address}") as driver:
            results = await asyncio.gather(
                *(driver.execute_query("RETURN $i AS i", i=i) for i in range(20))
            )
            async with driver.session() as session:
                streamed = await session.run("UNWIND range(1, 3) AS i RETURN i")
                values = [record["i"] async for record in streamed]
            assert values == [1, 2, 3]
            return [result.records[0]["i"] for result in results]

    assert asyncio.run(work()) == list(range(20))


# -------------------------------------------------------------------------------------------- transactions


@check
def managed_transactions(driver: Driver, _: str) -> None:
    name = label()

    def create(transaction: neo4j.ManagedTransaction, count: int) -> int:
        for number in range(count):
            transaction.run(f"CREATE (:{name} {{i: $i}})", i=number)
        return count

    def total(transaction: neo4j.ManagedTransaction) -> int:
        return int(
            transaction.run(f"MATCH (n:{name}) RETURN sum(n.i) AS s").single(strict=True)["s"]
        )

    with driver.session() as session:
        assert session.execute_write(create, 5) == 5
        assert session.execute_read(total) == 10


@check
def an_exception_in_the_function_undoes_its_work(driver: Driver, _: str) -> None:
    name = label()

    def fail(transaction: neo4j.ManagedTransaction) -> None:
        transaction.run(f"CREATE (:{name})").consume()
        raise ZeroDivisionError

    with driver.session() as session:
        raised(ZeroDivisionError, lambda: session.execute_write(fail))
        assert session.run(f"MATCH (n:{name}) RETURN count(n) AS n").single(strict=True)["n"] == 0


@check
def a_transient_failure_is_retried_with_the_whole_function(driver: Driver, _: str) -> None:
    attempts = []

    def work(transaction: neo4j.ManagedTransaction) -> int:
        attempts.append(1)
        transaction.run("RETURN 1").consume()
        if len(attempts) == 1:
            raise TransientError("planted")
        return len(attempts)

    with driver.session() as session:
        assert session.execute_write(work) == 2


@check
def execute_query_with_all_its_options(driver: Driver, _: str) -> None:
    name = label()
    written = driver.execute_query(
        f"UNWIND $rows AS row CREATE (n:{name}) SET n = row", {"rows": [{"i": 1}, {"i": 2}]}
    )
    assert written.summary.counters.nodes_created == 2
    read = driver.execute_query(
        f"MATCH (n:{name}) RETURN n.i AS i ORDER BY i", routing_=RoutingControl.READ
    )
    assert (read.keys, [record["i"] for record in read.records]) == (["i"], [1, 2])
    value = driver.execute_query(
        f"MATCH (n:{name}) RETURN max(n.i) AS m",
        result_transformer_=lambda r: r.single(strict=True)["m"],
    )
    assert value == 2


@check
def explicit_transactions(driver: Driver, _: str) -> None:
    name = label()
    with driver.session() as session:
        with session.begin_transaction() as transaction:
            transaction.run(f"CREATE (:{name} {{i: 1}})")
            transaction.commit()
        with session.begin_transaction() as transaction:
            transaction.run(f"CREATE (:{name} {{i: 2}})")
            transaction.rollback()
        with session.begin_transaction() as transaction:
            transaction.run(f"CREATE (:{name} {{i: 3}})")  # leaving in order commits
        with session.begin_transaction() as transaction:
            transaction.run(f"CREATE (:{name} {{i: 4}})")
            raised(CypherSyntaxError, lambda: transaction.run("NONSENSE").consume())
            raised(TransactionError, lambda: transaction.run("RETURN 1"))  # it has ended
            transaction.close()

        def leave_by_an_error() -> None:
            with session.begin_transaction() as transaction:
                transaction.run(f"CREATE (:{name} {{i: 5}})").consume()
                raise ZeroDivisionError

        raised(ZeroDivisionError, leave_by_an_error)
        found = session.run(f"MATCH (n:{name}) RETURN collect(n.i) AS i").single(strict=True)["i"]
    assert sorted(found) == [1, 3], found


@check
def two_open_results_in_one_transaction(driver: Driver, _: str) -> None:
    with driver.session(fetch_size=7) as session, session.begin_transaction() as transaction:
        first = transaction.run("UNWIND range(1, 100) AS i RETURN i")
        second = transaction.run("UNWIND range(101, 200) AS i RETURN i")
        pairs = [(a["i"], b["i"]) for a, b in zip(first, second, strict=True)]
    assert pairs == [(i, i + 100) for i in range(1, 101)]


@check
def a_transaction_sees_its_own_writes_and_others_do_not(driver: Driver, _: str) -> None:
    name = label()
    with (
        driver.session() as session,
        driver.session() as other,
        session.begin_transaction() as transaction,
    ):
        transaction.run(f"CREATE (:{name})")
        assert (
            transaction.run(f"MATCH (n:{name}) RETURN count(n) AS n").single(strict=True)["n"] == 1
        )
        assert other.run(f"MATCH (n:{name}) RETURN count(n) AS n").single(strict=True)["n"] == 0


@check
def metadata_of_a_transaction(driver: Driver, _: str) -> None:
    mark = uuid.uuid4().hex

    @unit_of_work(metadata={"application": mark})
    def work(transaction: neo4j.ManagedTransaction) -> list[Any]:
        rows = transaction.run("SHOW TRANSACTIONS YIELD metaData RETURN metaData")
        return [row["metaData"] for row in rows]

    with driver.session(default_access_mode=READ_ACCESS) as session:
        assert {"application": mark} in session.execute_read(work)


@check
def a_write_in_read_mode_is_refused(driver: Driver, _: str) -> None:
    with driver.session(default_access_mode=READ_ACCESS) as session:
        error = raised(ClientError, lambda: session.run("CREATE (:Never)").consume())
    assert error.code == "Neo.ClientError.Statement.AccessMode", error.code


# ----------------------------------------------------------------------------------------------- bookmarks


@check
def bookmarks_carry_writes_to_other_sessions(driver: Driver, _: str) -> None:
    name = label()
    bookmarks = None
    for number in range(10):
        with driver.session(bookmarks=bookmarks, default_access_mode=WRITE_ACCESS) as session:
            session.run(f"CREATE (:{name})").consume()
            bookmarks = session.last_bookmarks()
        assert bookmarks.raw_values, "a write returns a bookmark"
        with driver.session(bookmarks=bookmarks, default_access_mode=READ_ACCESS) as session:
            seen = session.run(f"MATCH (n:{name}) RETURN count(n) AS n").single(strict=True)["n"]
            assert seen == number + 1, f"{seen} of {number + 1} writes were seen"
            assert session.last_bookmarks().raw_values, "a read returns a bookmark"


@check
def a_bookmark_manager_chains_queries(driver: Driver, _: str) -> None:
    name = label()
    for number in range(10):
        driver.execute_query(f"CREATE (:{name})")
        seen = driver.execute_query(
            f"MATCH (n:{name}) RETURN count(n) AS n", routing_=RoutingControl.READ
        )
        assert seen.records[0]["n"] == number + 1


@check
def a_foreign_bookmark_is_refused(driver: Driver, _: str) -> None:
    foreign = neo4j.Bookmarks.from_raw_values(["FB:kcwQmGq"])
    with driver.session(bookmarks=foreign) as session:
        error = raised(ClientError, lambda: session.run("RETURN 1").consume())
    assert error.code == "Neo.ClientError.Transaction.InvalidBookmark", error.code


# ------------------------------------------------------------------------------------------------- results


@check
def many_rows_in_small_helpings(driver: Driver, _: str) -> None:
    for size, rows in ((1, 500), (10, 10_000), (1000, 30_000), (-1, 30_000)):
        with driver.session(fetch_size=size) as session:
            values = [r["i"] for r in session.run("UNWIND range(1, $n) AS i RETURN i", n=rows)]
        assert values == list(range(1, rows + 1)), f"fetch size {size}"


@check
def a_large_value(driver: Driver, _: str) -> None:
    for size in (65_534, 65_535, 65_536, 3_000_000):
        text = "ä" + "x" * size
        assert driver.execute_query("RETURN $t AS t", t=text).records[0]["t"] == text


@check
def results_that_are_not_read_to_the_end(driver: Driver, _: str) -> None:
    with driver.session(fetch_size=5) as session:
        result = session.run("UNWIND range(1, 1000000) AS i RETURN i")
        assert next(iter(result))["i"] == 1
        result.consume()
        assert session.run("RETURN 'next' AS x").single(strict=True)["x"] == "next"
        session.run(
            "UNWIND range(1, 2000) AS i RETURN i"
        )  # never looked at: the driver fetches it all
        assert session.run("RETURN 'after' AS x").single(strict=True)["x"] == "after"
    with driver.session(fetch_size=5) as session:
        session.run("UNWIND range(1, 1000000) AS i RETURN i").peek()
    assert driver.execute_query("RETURN 1 AS one").records[0]["one"] == 1


@check
def ways_to_look_at_a_result(driver: Driver, _: str) -> None:
    with driver.session() as session:

        def run() -> neo4j.Result:
            return session.run("UNWIND range(1, 3) AS i RETURN i, i * i AS square")

        assert list(run().keys()) == ["i", "square"]
        assert run().values() == [[1, 1], [2, 4], [3, 9]]
        assert run().value("square") == [1, 4, 9]
        assert run().data() == [{"i": 1, "square": 1}, {"i": 2, "square": 4}, {"i": 3, "square": 9}]
        result = run()
        assert result.peek()["i"] == 1  # type: ignore[index]
        assert [record["i"] for record in result.fetch(2)] == [1, 2]
        assert result.single(strict=True)["i"] == 3
        raised(neo4j.exceptions.ResultNotSingleError, lambda: run().single(strict=True))
        assert len(run().to_eager_result().records) == 3


@check
def a_result_as_a_graph(driver: Driver, _: str) -> None:
    name = label()
    with driver.session() as session:
        session.run(
            f"CREATE (a:{name} {{i: 1}})-[:R {{w: 2}}]->(b:{name} {{i: 2}})-[:R]->(a)"
        ).consume()
        graph = session.run(f"MATCH (a:{name})-[r]->(b) RETURN a, r, b").graph()
    assert (len(graph.nodes), len(graph.relationships)) == (2, 2)


# ----------------------------------------------------------------------------------------------- summaries


@check
def counters_tell_what_changed(driver: Driver, _: str) -> None:
    name = label()
    counters = driver.execute_query(
        f"CREATE (a:{name}:Extra {{x: 1, y: 2}})-[:R {{z: 3}}]->(b:{name})"
    ).summary.counters
    assert counters.contains_updates
    assert (counters.nodes_created, counters.relationships_created) == (2, 1)
    assert (counters.properties_set, counters.labels_added) == (3, 3)
    counters = driver.execute_query(f"MATCH (n:{name}) REMOVE n:Extra SET n.x = 5").summary.counters
    assert counters.labels_removed == 1
    counters = driver.execute_query(f"MATCH (n:{name}) DETACH DELETE n").summary.counters
    assert (counters.nodes_deleted, counters.relationships_deleted) == (2, 1)
    assert not driver.execute_query("RETURN 1").summary.counters.contains_updates
    counters = driver.execute_query(
        f"CREATE CONSTRAINT FOR (n:{name}) REQUIRE n.x IS UNIQUE"
    ).summary.counters
    assert counters.constraints_added == 1


@check
def summaries_name_type_server_database_and_times(driver: Driver, _: str) -> None:
    name = label()
    kinds = {
        "RETURN 1 AS x": "r",
        f"CREATE (:{name})": "w",
        f"CREATE (n:{name}) RETURN n": "rw",
        f"CREATE INDEX FOR (n:{name}) ON (n.x)": "s",
    }
    for query, kind in kinds.items():
        summary = driver.execute_query(query).summary
        assert summary.query_type == kind, f"{query}: {summary.query_type}"
        assert summary.query == query
        assert summary.database == "neo4j"
        assert summary.result_available_after is not None
        assert summary.result_available_after >= 0
        assert summary.result_consumed_after is not None
        assert summary.server.agent.startswith("Neo4j/5.")


@check
def statuses_tell_success_no_data_and_no_result(driver: Driver, _: str) -> None:
    expected = {
        "RETURN 1 AS x": "00000",
        "UNWIND [] AS x RETURN x": "02000",
        f"CREATE (:{label()})": "00001",
    }
    for query, status in expected.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a preview feature of 5.28
            objects = driver.execute_query(query).summary.gql_status_objects
            statuses = [each.gql_status for each in objects]
        assert status in statuses, f"{query}: {statuses}"


@check
def plans_and_profiles(driver: Driver, _: str) -> None:
    plan = driver.execute_query("EXPLAIN MATCH (n) RETURN n").summary.plan
    assert plan is not None
    assert plan["operatorType"].startswith("ProduceResults")
    assert plan["children"]
    profile = driver.execute_query("PROFILE UNWIND [1, 2] AS x RETURN x").summary.profile
    assert profile is not None
    assert profile["rows"] == 2


# -------------------------------------------------------------------------------------------------- errors


@check
def errors_have_class_code_status_and_place(driver: Driver, _: str) -> None:
    error = raised(CypherSyntaxError, lambda: driver.execute_query("RETRUN 1"))
    assert error.code == "Neo.ClientError.Statement.SyntaxError"
    assert error.message.startswith("Invalid input")
    if neo4j.__version__ >= "5.26":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a preview feature of 5.28
            assert error.gql_status.startswith("42"), error.gql_status
            assert error.gql_status_description
            assert error.diagnostic_record["_position"] == {"offset": 0, "line": 1, "column": 1}
            assert error.gql_classification.value == "CLIENT_ERROR"
    for query, code in {
        "RETURN 1 / 0": "Neo.ClientError.Statement.ArithmeticError",
        "RETURN $missing": "Neo.ClientError.Statement.ParameterMissing",
        "RETURN 1 + true": "Neo.ClientError.Statement.",
        "RETURN undefined": "Neo.ClientError.Statement.SyntaxError",
        "CALL no.such.procedure()": "Neo.ClientError.Procedure.ProcedureNotFound",
    }.items():
        error = raised(Neo4jError, lambda: driver.execute_query(query))  # noqa: B023
        assert error.code.startswith(code), f"{query}: {error.code}"
        assert not error.is_retryable(), f"{query} would be tried again for nothing"


@check
def a_broken_constraint(driver: Driver, _: str) -> None:
    name = label()
    driver.execute_query(f"CREATE CONSTRAINT FOR (n:{name}) REQUIRE n.k IS UNIQUE")
    driver.execute_query(f"CREATE (:{name} {{k: 1}})")
    error = raised(ConstraintError, lambda: driver.execute_query(f"CREATE (:{name} {{k: 1}})"))
    assert error.code == "Neo.ClientError.Schema.ConstraintValidationFailed", error.code
    assert driver.execute_query(f"MATCH (n:{name}) RETURN count(n) AS n").records[0]["n"] == 1


@check
def a_session_works_on_after_an_error(driver: Driver, _: str) -> None:
    with driver.session() as session:
        for _attempt in range(3):
            raised(ClientError, lambda: session.run("RETURN 1 / 0").consume())
            assert session.run("RETURN 1 AS one").single(strict=True)["one"] == 1


@check
def timeouts_stop_a_query(driver: Driver, _: str) -> None:
    codes = {
        "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
        "Neo.ClientError.Transaction.TransactionTimedOut",
    }
    began = time.monotonic()
    with driver.session() as session:
        error = raised(ClientError, lambda: session.run(Query(SLOW, timeout=0.3)).consume())
        assert error.code in codes, error.code

        @unit_of_work(timeout=0.3)
        def work(transaction: neo4j.ManagedTransaction) -> None:
            transaction.run(SLOW).consume()

        error = raised(ClientError, lambda: session.execute_read(work))
        assert error.code in codes, error.code
        assert session.run("RETURN 1 AS one").single(strict=True)["one"] == 1
    assert time.monotonic() - began < 20, "both were to be stopped soon"


@check
def impersonation_is_refused_by_name(driver: Driver, _: str) -> None:
    error = raised(
        Neo4jError, lambda: driver.execute_query("RETURN 1", impersonated_user_="somebody")
    )
    assert error.code == "Neo.ClientError.Security.Forbidden", error.code


# --------------------------------------------------------------------------------------------------- types


def round_trip(driver: Driver, value: Any) -> Any:
    """Sent as a parameter, returned; and, if a property can hold it, stored and read back."""
    return driver.execute_query("RETURN $value AS value", value=value).records[0]["value"]


def stored(driver: Driver, value: Any) -> Any:
    name = label()
    driver.execute_query(f"CREATE (:{name} {{v: $value}})", value=value)
    return driver.execute_query(f"MATCH (n:{name}) RETURN n.v AS value").records[0]["value"]


# Zones of pytz only: with those of zoneinfo the driver hands CPython's C code an object that it does not check.
ZONED = pytz.timezone("Europe/Stockholm").localize(datetime(2024, 7, 1, 12, 30, 15, 123456))
OFFSET = datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=pytz.FixedOffset(-330))
SCALARS: list[Any] = [
    True, False, 0, -1, -16, -17, 127, 128, -128, -129, 2**15, -(2**15) - 1, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63),
    0.0, -0.0, 1.5, -1e300, 5e-324, math.inf, -math.inf, "", "a", "x" * 15, "y" * 16, "z" * 300, "naïve \0 \u2028 𝒳🜚",
    b"", b"\x00\xff", bytes(70_000), date(1, 1, 1), date(9999, 12, 31), Date(1970, 1, 1),
    DateTime(2024, 2, 29, 23, 59, 59, 999_999_999), DateTime(1900, 1, 1, 0, 0, 0, 1),
    Time(23, 59, 59, 999_999_999), Time(12, 0, 0, 1, tzinfo=pytz.FixedOffset(120)), OFFSET, ZONED,
    Duration(months=14, days=-3, seconds=70, nanoseconds=5), Duration(seconds=-1, nanoseconds=-5),
    CartesianPoint((1.0, -2.5)), CartesianPoint((1.0, 2.0, 3.0)), WGS84Point((12.5, 55.7)), WGS84Point((12.5, 55.7,
    9.0)),
]  # fmt: skip


def same(sent: Any, came: Any) -> bool:
    if isinstance(sent, float):
        return (
            isinstance(came, float)
            and math.copysign(1, sent) == math.copysign(1, came)
            and sent == came
        )
    if isinstance(sent, datetime):
        came = came.to_native()
        return bool(sent == came and sent.utcoffset() == came.utcoffset())
    if isinstance(sent, date) and not isinstance(came, date):
        return bool(sent == came.to_native())
    if isinstance(sent, Point):
        return type(sent) is type(came) and sent.srid == came.srid and tuple(sent) == tuple(came)
    if isinstance(sent, list | tuple):
        return len(sent) == len(came) and all(same(a, b) for a, b in zip(sent, came, strict=True))
    return type(sent) is type(came) and bool(sent == came)


@check
def every_scalar_comes_back_as_it_was(driver: Driver, _: str) -> None:
    for value in SCALARS:
        came = round_trip(driver, value)
        assert same(value, came), f"sent {value!r}, came {came!r}"
        kept = stored(driver, value)
        assert same(value, kept), f"stored {value!r}, came {kept!r}"
    assert math.isnan(round_trip(driver, math.nan))
    assert round_trip(driver, None) is None


@check
def lists_and_maps_come_back_as_they_were(driver: Driver, _: str) -> None:
    for value in (
        [],
        list(range(300)),
        [1, None, "x", [2.5, [True]]],
        {},
        {"a": {"b": [1, {"c": None}]}},
    ):
        assert round_trip(driver, value) == value
    for values in ([1, 2, 3], ["a", "b"], [1.5, 2.5], [True, False], [SCALARS[30], SCALARS[31]]):
        assert stored(driver, values) == values
    many = {f"key{i}": i for i in range(300)}
    assert round_trip(driver, many) == many


@check
def zones_keep_their_names(driver: Driver, _: str) -> None:
    came = round_trip(driver, ZONED)
    assert str(came.tzinfo) == "Europe/Stockholm"
    record = driver.execute_query(
        "RETURN datetime('2024-07-01T12:00[America/New_York]') AS d"
    ).records[0]
    assert record["d"].iso_format().startswith("2024-07-01T12:00:00")
    assert record["d"].utcoffset() == timedelta(hours=-4)


@check
def nodes_relationships_and_paths(driver: Driver, _: str) -> None:
    name = label()
    record = driver.execute_query(
        f"CREATE p = (a:{name}:Second {{i: 1}})-[r:KNOWS {{since: 2020}}]->(b:{name} {{i: 2}})<-[:LIKES]-(c:{name}) "
        "RETURN a, r, b, p"
    ).records[0]
    a, r, b, p = record["a"], record["r"], record["b"], record["p"]
    assert isinstance(a, Node)
    assert (set(a.labels), dict(a)) == ({name, "Second"}, {"i": 1})
    assert isinstance(r, Relationship)
    assert (r.type, dict(r)) == ("KNOWS", {"since": 2020})
    assert r.start_node is not None
    assert r.end_node is not None
    assert (r.start_node.element_id, r.end_node.element_id) == (a.element_id, b.element_id)
    assert isinstance(p, Path)
    assert [node.element_id for node in p.nodes][:2] == [a.element_id, b.element_id]
    assert [rel.type for rel in p.relationships] == ["KNOWS", "LIKES"]
    end = p.relationships[1].end_node
    assert end is not None
    assert end.element_id == b.element_id, "it was walked against its direction"
    again = driver.execute_query(
        "MATCH (n) WHERE elementId(n) = $id RETURN n.i AS i", id=a.element_id
    )
    assert again.records[0]["i"] == 1


@check
def a_path_that_goes_round(driver: Driver, _: str) -> None:
    name = label()
    driver.execute_query(f"CREATE (a:{name} {{i: 0}})-[:R]->(b:{name} {{i: 1}})-[:R]->(a)")
    path = driver.execute_query(f"MATCH p = (a:{name} {{i: 0}})-[:R*2]->(c) RETURN p").records[0][
        "p"
    ]
    assert [node["i"] for node in path.nodes] == [0, 1, 0]


# ---------------------------------------------------------------------------------------------------- main


def main(address: str) -> int:
    failed = 0
    print(json.dumps({"driver": f"neo4j {neo4j.__version__}", "checks": list(CHECKS)}))
    with GraphDatabase.driver(f"neo4j://{address}") as driver:
        for name, function in CHECKS.items():
            began = time.monotonic()
            try:
                function(driver, address)
            except Exception:
                failed += 1
                print(json.dumps({"check": name, "error": traceback.format_exc(limit=-3)}))
            else:
                seconds = round(time.monotonic() - began, 2)
                print(json.dumps({"check": name, "error": None, "seconds": seconds}))
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
