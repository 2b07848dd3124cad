"""No query harms the node: each ends by a limit, by its time, or when it is told to, and the node answers."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import neo4j
import pytest
from tests.hostile.queries import (
    GRAPH,
    HOSTILE,
    QUERY_MEMORY_BYTES,
    QUERY_TIMEOUT_MS,
    Hostile,
    ended_as,
)

import samyama
from samyama.errors import SamyamaError
from samyama.testing import Cluster

#: The process may hold so much at its worst: the limit of one query several times over, and what it is itself.
RESIDENT_MIB_MAX = 1_024
DEADLINE_S = 30.0
#: Of those that only time can end, some to be cancelled.
CANCELLED = [query for query in HOSTILE if query.ends == "time"][::4]


def test_embedded_every_one_ends_and_the_process_lives() -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.hostile.victim"], capture_output=True, text=True, check=False
    )
    told = [json.loads(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, f"died of {told[-1] if told else '?'}: {child.stderr[-2000:]}"
    found = [line for line in told if "name" in line]
    assert [line["name"] for line in found] == [query.name for query in HOSTILE]
    assert [line["wrong"] for line in found if line["wrong"]] == []
    assert [line["name"] for line in found if not line["unchanged"]] == []
    greedy = [line for line in found if line["resident_mib"] > RESIDENT_MIB_MAX]
    assert greedy == []


def _cancel(execute: Callable[[str], object], shown: Callable[[], list[str]], text: str) -> str:
    """Run a query on a thread, end it from here, and say how it ended."""
    codes: list[str] = []

    def run() -> None:
        try:
            execute(text)
            codes.append("answered")
        except (SamyamaError, neo4j.exceptions.Neo4jError) as error:
            codes.append(str(error.code))

    thread = threading.Thread(target=run)
    thread.start()
    until = time.monotonic() + DEADLINE_S
    while thread.is_alive() and time.monotonic() < until:
        for number in shown():
            execute(f"TERMINATE TRANSACTION '{number}'")
        thread.join(0.05)
    assert codes, "it went on although it was ended"
    return codes[0]


_SHOWN = "SHOW TRANSACTIONS YIELD transactionId AS id, currentQuery AS text WHERE text STARTS WITH $start RETURN id"


@pytest.mark.parametrize("query", CANCELLED, ids=lambda query: query.name)
def test_embedded_one_that_has_time_is_ended_from_another_session(query: Hostile) -> None:
    text = query.text
    with samyama.open() as database:
        for statement in GRAPH:
            database.execute(statement).consume()

        def shown() -> list[str]:
            return [str(record[0]) for record in database.execute(_SHOWN, start=text[:40])]

        code = _cancel(lambda t: database.execute(t, query.parameters).fetch_all(), shown, text)
        assert code == "Neo.ClientError.Transaction.Terminated"
        assert database.execute("RETURN 1").value() == [1]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    limits = {
        "query_memory_bytes_max": QUERY_MEMORY_BYTES,
        "query_timeout_ms": QUERY_TIMEOUT_MS,
    }
    with Cluster(1, settings={"limits": limits}) as cluster:
        yield cluster


@pytest.mark.cluster
def test_over_bolt_every_one_ends_and_the_node_answers(cluster: Cluster) -> None:
    counts = "MATCH (n) RETURN count(n) AS n, count(n.i) AS i, count(n.never) AS never"
    wrong: list[str] = []
    with cluster.driver() as driver, driver.session() as session:
        for statement in GRAPH:
            session.run(statement).consume()
        before = session.run(counts).data()
        for query in HOSTILE:
            try:
                session.run(query.text, query.parameters).consume()
                code = None
            except neo4j.exceptions.Neo4jError as error:
                code = error.code
            found = ended_as(query, code)
            if found is not None:
                wrong.append(found)
            assert session.run(counts).data() == before, query.name
    assert wrong == []
    assert cluster.panics() == []


@pytest.mark.cluster
@pytest.mark.parametrize("query", CANCELLED, ids=lambda query: query.name)
def test_over_bolt_one_that_has_time_is_ended_from_another_connection(
    cluster: Cluster, query: Hostile
) -> None:
    """It brings a time of its own, so that only TERMINATE can end it."""
    with cluster.driver() as driver:

        def execute(text: str) -> None:
            with driver.session() as session:
                asked = neo4j.Query(text, timeout=60.0)  # type: ignore[arg-type]
                session.run(asked, query.parameters).consume()

        def shown() -> list[str]:
            with driver.session() as session:
                return [str(record[0]) for record in session.run(_SHOWN, start=query.text[:40])]

        with driver.session() as session:
            if session.run("MATCH (n:K) RETURN count(n)").single(strict=True)[0] == 0:
                for statement in GRAPH:
                    session.run(statement).consume()
        assert _cancel(execute, shown, query.text).endswith("Terminated")
        execute("RETURN 1")
