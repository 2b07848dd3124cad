"""Sixty-four clients of the official driver on one counter, and on the same hundred keys: nothing lost, nothing
double, and the driver hardly ever has to retry, which would cost its user a second."""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec
import neo4j
import pytest
from tests.transactions.driver_load import DriverLoad, Outcome, RetryCount

from samyama.testing import Cluster, Worker

pytestmark = pytest.mark.cluster


def run(cluster: Cluster, load: DriverLoad) -> Outcome:
    with Worker("tests.transactions.driver_load", msgspec.to_builtins(load)) as worker:
        outcome = msgspec.convert(worker.stop(), Outcome)
    print(
        f"{len(outcome.calls)} calls, {outcome.retries} retried by the driver: {outcome.failures}"
    )
    assert all(call.told == "acknowledged" for call in outcome.calls), Counter(
        call.code for call in outcome.calls
    )
    assert outcome.retries < 0.01 * len(outcome.calls), outcome.failures
    cluster.wait_equal()
    assert not cluster.panics()
    return outcome


@pytest.mark.parametrize("nodes", [1, 3])
def test_sixty_four_clients_increment_one_counter(nodes: int) -> None:
    with Cluster(nodes) as cluster, cluster.driver() as driver:
        driver.execute_query("CREATE (:Counter {n: 0})")
        load = DriverLoad("increment", [node.bolt for node in cluster])
        outcome = run(cluster, load)
        assert len(outcome.calls) == load.clients * load.calls
        # Each saw a number of its own, and the last is how many there were.
        assert sorted(call.value for call in outcome.calls) == list(
            range(1, len(outcome.calls) + 1)
        )
        for client in range(load.clients):
            mine = [call.value for call in outcome.calls if call.client == client]
            assert mine == sorted(mine), f"client {client} went back in time"
        record = driver.execute_query("MATCH (c:Counter) RETURN c.n AS n").records[0]
        assert record["n"] == len(outcome.calls)


@pytest.mark.parametrize(
    ("nodes", "constrained"),
    [pytest.param(1, False, marks=pytest.mark.long), (3, False), (3, True)],
    ids=["1", "3", "3-constrained"],
)
def test_sixty_four_clients_merge_the_same_hundred_keys(nodes: int, constrained: bool) -> None:
    with Cluster(nodes) as cluster, cluster.driver() as driver:
        if constrained:
            driver.execute_query("CREATE CONSTRAINT FOR (m:M) REQUIRE m.key IS UNIQUE")
        load = DriverLoad("merge", [node.bolt for node in cluster])
        outcome = run(cluster, load)
        assert sum(call.created for call in outcome.calls) == load.keys, "a key was created twice"
        seen = defaultdict(set)
        for call in outcome.calls:
            seen[call.key].add(call.value)
        assert all(len(values) == 1 for values in seen.values()), (
            "clients saw different nodes of one key"
        )
        counts = driver.execute_query("MATCH (m:M) RETURN m.key AS key, count(*) AS count").records
        assert {record["key"]: record["count"] for record in counts} == dict.fromkeys(
            range(load.keys), 1
        )


def test_the_count_of_retries_counts() -> None:
    """A transaction function that fails once for a reason that drivers retry is counted once."""
    with (
        Cluster(1) as cluster,
        cluster.driver(initial_retry_delay=0.01) as driver,
        RetryCount() as retries,
    ):
        attempts = []

        def work(transaction: neo4j.ManagedTransaction) -> int:
            attempts.append(1)
            if len(attempts) == 1:
                raise neo4j.exceptions.TransientError("planted")
            return int(transaction.run("RETURN 1 AS one").single(strict=True)["one"])

        with driver.session() as session:
            assert session.execute_write(work) == 1
        assert retries.count == 1
        assert len(attempts) == 2
