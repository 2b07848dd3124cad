"""Clients that work on nodes of their own, in transactions of several statements: whatever others delete, create or
change elsewhere, none is ever refused, for a refusal costs the driver's user a second."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import neo4j
import pytest
from tests.transactions.driver_load import RetryCount

from samyama.testing import Cluster

pytestmark = pytest.mark.cluster

CLIENTS = 8
CALLS = 40


def rewire(transaction: neo4j.ManagedTransaction, key: int, call: int) -> None:
    """Another neighbour for the old one, which goes; and a value that an index holds."""
    old = transaction.run(
        "MATCH (c:C {key: $key})-[:R]->(d) RETURN d.call AS call", key=key
    ).single(strict=True)
    assert old["call"] == call - 1, "somebody else was here"
    transaction.run(
        "MATCH (c:C {key: $key})-[r:R]->(d) SET c.call = $call DELETE r, d"
        " CREATE (c)-[:R]->(:D {call: $call, key: $key})",
        key=key,
        call=call,
    ).consume()
    transaction.run("MERGE (:E {key: $key, call: $call})", key=key, call=call).consume()


@pytest.mark.parametrize("nodes", [1, 3])
def test_who_meets_nobody_is_never_refused(nodes: int) -> None:
    with Cluster(nodes) as cluster, cluster.driver() as driver, RetryCount() as retries:
        for text in (
            "CREATE CONSTRAINT FOR (c:C) REQUIRE c.key IS UNIQUE",
            "CREATE INDEX FOR (c:C) ON (c.call)",
            "CREATE INDEX FOR (e:E) ON (e.key, e.call)",
        ):
            driver.execute_query(text)
        driver.execute_query(
            "UNWIND range(1, $clients) AS key CREATE (:C {key: key, call: 0})-[:R]->(:D {call: 0})",
            clients=CLIENTS,
        )

        def client(key: int) -> None:
            node = cluster.nodes[key % nodes]
            with cluster.driver(node) as own, own.session() as session:
                for call in range(1, CALLS + 1):
                    session.execute_write(rewire, key, call)

        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(client, range(1, CLIENTS + 1)))
        assert retries.count == 0, retries.reasons
        (record,) = driver.execute_query(
            "MATCH (c:C)-[:R]->(d:D) RETURN count(*) AS pairs, sum(c.call) AS calls, sum(d.call) AS same"
        ).records
        assert tuple(record) == (CLIENTS, CLIENTS * CALLS, CLIENTS * CALLS)
        (record,) = driver.execute_query("MATCH (e:E) RETURN count(*) AS n").records
        assert record["n"] == CLIENTS * CALLS
        cluster.wait_equal()
