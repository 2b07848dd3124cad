"""The wide part of Cypher through the driver, on three nodes: asked of a follower, the same as of the leader."""

from __future__ import annotations

from collections.abc import Iterator

import neo4j
import pytest

from samyama.testing import Cluster

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(3) as cluster:
        yield cluster


def _rows(
    cluster: Cluster, query: str, *, on_leader: bool = False, **parameters: object
) -> list[dict[str, object]]:
    node = cluster.leader() if on_leader else cluster.followers()[0]
    with cluster.driver(node) as driver, driver.session() as session:
        return [record.data() for record in session.run(query, parameters)]  # type: ignore[arg-type]


def test_batches_are_relayed_to_the_leader(cluster: Cluster) -> None:
    query = "UNWIND range(1, 7) AS i CALL (i) { CREATE (n:Batch {i: i}) RETURN n.i * 2 AS y } IN TRANSACTIONS OF 3 ROWS"
    assert _rows(cluster, query + " RETURN sum(y) AS sum") == [{"sum": 56}]
    assert _rows(cluster, "MATCH (n:Batch) RETURN count(*) AS c") == [{"c": 7}], (
        "a follower reads what was acknowledged"
    )


def test_batches_are_refused_inside_a_transaction(cluster: Cluster) -> None:
    with cluster.driver() as driver, driver.session() as session:
        transaction = session.begin_transaction()
        with pytest.raises(neo4j.exceptions.Neo4jError, match="implicit transaction"):
            transaction.run("CALL () { CREATE (:Never) } IN TRANSACTIONS").consume()
        transaction.close()
    assert _rows(cluster, "MATCH (n:Never) RETURN count(*) AS c") == [{"c": 0}]


def test_indexes_constraints_and_searches_reach_every_node(cluster: Cluster) -> None:
    for statement in (
        "CREATE CONSTRAINT doc_key FOR (d:Doc) REQUIRE d.id IS NODE KEY",
        "CREATE FULLTEXT INDEX doc_text FOR (d:Doc) ON EACH [d.text]",
        "CREATE VECTOR INDEX doc_vector FOR (d:Doc) ON d.v OPTIONS {indexConfig: {`vector.dimensions`: 2}}",
        "CREATE (:Doc {id: 1, text: 'quick fox', v: [1.0, 0.0]}), (:Doc {id: 2, text: 'lazy dog', v: [0.0, 1.0]})",
    ):
        _rows(cluster, statement)
    with pytest.raises(neo4j.exceptions.ConstraintError, match="must have the property `id`"):
        _rows(cluster, "CREATE (:Doc {text: 'no key'})")
    cluster.wait_equal()
    for on_leader in (True, False):
        found = _rows(
            cluster,
            "CALL db.index.fulltext.queryNodes('doc_text', 'fox') YIELD node AS a "
            "CALL db.index.vector.queryNodes('doc_vector', 1, [0.1, 0.9]) YIELD node AS b RETURN a.id AS a, b.id AS b",
            on_leader=on_leader,
        )
        assert found == [{"a": 1, "b": 2}], "the same on the leader and on a follower"
        names = _rows(
            cluster, "SHOW INDEXES YIELD name WHERE name STARTS WITH 'doc'", on_leader=on_leader
        )
        assert [row["name"] for row in names] == ["doc_key", "doc_text", "doc_vector"]


def test_the_cluster_is_shown(cluster: Cluster) -> None:
    rows = _rows(
        cluster, "SHOW DATABASES YIELD name, role, writer, currentStatus WHERE name = 'neo4j'"
    )
    assert [row["currentStatus"] for row in rows] == ["online"] * 3
    assert sorted(row["writer"] for row in rows) == [False, False, True], "one node leads"  # type: ignore[type-var]
    schema = _rows(cluster, "CALL db.schema.visualization()")
    assert schema[0]["nodes"], "nodes of the schema travel over Bolt"
