"""The table of metrics is what a node exposes: names, types, help, labels, and that the numbers are true."""

from __future__ import annotations

import re
from collections import defaultdict

import neo4j
import pytest

from samyama.cluster.client import fetch_text
from samyama.observability import METRICS
from samyama.testing import Cluster, wait_until

pytestmark = pytest.mark.cluster


def families(text: str) -> dict[str, tuple[str, str, set[str]]]:
    """Name to type, help and names of labels."""
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE))
    kinds = dict(re.findall(r"^# TYPE (\S+) (.*)$", text, re.MULTILINE))
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for name, inside in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.MULTILINE):
        family = name if name in kinds else re.sub(r"_(bucket|sum|count)$", "", name)
        assert family in kinds, f"{name} belongs to nothing"
        labels[family] |= set(re.findall(r'(\w+)="', inside or "")) - {"le"}
    return {name: (kinds[name], helps[name], labels[name]) for name in kinds}


def test_the_table_and_a_live_node_agree() -> None:
    with Cluster(3) as cluster:
        _, of_leader = fetch_text(cluster.leader().http, "/metrics")
        _, of_follower = fetch_text(cluster.followers()[0].http, "/metrics")
    exposed, elsewhere = families(of_leader), families(of_follower)
    table = {
        f"samyama_{metric.name}": (metric.kind, metric.help, {name for name, _ in metric.labels})
        for metric in METRICS
    }
    assert exposed == table
    assert set(elsewhere) == set(table)
    for metric in METRICS:
        if metric.kind == "counter" and not metric.labels:
            assert re.search(rf"^samyama_{metric.name} ", of_follower, re.MULTILINE), (
                f"{metric.name} has to be there from the start"
            )


def test_what_happens_is_counted() -> None:
    with Cluster(1, settings={"log": {"slow_query_ms": 50}}) as cluster, cluster.driver() as driver:
        node = cluster.nodes[0]
        before = node.metrics()
        driver.execute_query("UNWIND range(1, 10) AS i CREATE (:N {i: i})")
        with driver.session() as session:
            session.run("MATCH (n:N) RETURN n").consume()
            session.run("MATCH (n:N) RETURN n.i AS i").values()
            with pytest.raises(neo4j.exceptions.ClientError):
                session.run("RETURN nothing").consume()
            transaction = session.begin_transaction()
            transaction.run("CREATE (:N)").consume()
            transaction.rollback()
        long = "UNWIND range(1, 3000) AS a UNWIND range(1, 3000) AS b WITH a WHERE a < 0 RETURN count(a) AS c"
        driver.execute_query(long, routing_="r")

        def grown(name: str) -> float:
            return node.metrics()[name] - before[name]

        assert grown('samyama_statements_total{kind="write"}') >= 2
        assert grown('samyama_statements_total{kind="read"}') == 3
        assert grown('samyama_statement_failures_total{class="client"}') == 1
        assert grown("samyama_statement_rows_total") == 10 + 10 + 1
        assert grown('samyama_transactions_total{outcome="rolled_back"}') == 1
        assert grown('samyama_transactions_total{outcome="committed"}') == 2
        assert grown("samyama_commit_seconds_count") >= 1
        assert grown("samyama_log_fsync_seconds_count") >= 1
        assert grown("samyama_slow_statements_total") == 1
        now = node.metrics()
        assert now["samyama_statements_running"] == 0
        assert now["samyama_lane_entries_in_flight"] == now["samyama_lane_bytes_in_flight"] == 0
        assert now["samyama_process_resident_memory_bytes"] > 10_000_000
        buckets = [v for k, v in now.items() if k.startswith("samyama_statement_seconds_bucket")]
        assert buckets == sorted(buckets), "buckets are cumulative"
        assert buckets[-1] == now["samyama_statement_seconds_count"]
        log = wait_until("the line", lambda: "slow query" in node.log_text() and node.log_text())
        line = next(line for line in log.splitlines() if "slow query" in line)
        assert "UNWIND range(1, 3000)" in line
        assert 'plan="compiled"' in line
        assert "rows=1" in line


def test_values_of_parameters_are_written_only_when_asked_for() -> None:
    query = "UNWIND range(1, 3000) AS a UNWIND range(1, 2000) AS b WITH a WHERE a < 0 RETURN count(a), $secret"
    for asked in (False, True):
        settings = {"log": {"slow_query_ms": 1, "slow_query_parameters": asked, "format": "json"}}
        with Cluster(1, settings=settings) as cluster, cluster.driver() as driver:
            node = cluster.nodes[0]
            driver.execute_query(query, secret="hunter2")
            wait_until("the line", lambda node=node: "slow query" in node.log_text())
            assert ("hunter2" in node.log_text()) == asked
