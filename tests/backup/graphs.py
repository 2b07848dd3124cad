"""A graph with a bit of everything, and what of a graph must not change when it is copied."""

from __future__ import annotations

import json
from typing import Any

import samyama
from samyama.backup.values import encode

__all__ = ["fill", "picture"]


def fill(db: Any) -> None:
    """Every type of property, labels and types with odd names, loops, twins, indexes and constraints."""
    for statement in (
        "CREATE CONSTRAINT person_id FOR (p:Person) REQUIRE p.id IS UNIQUE",
        "CREATE CONSTRAINT key FOR (p:City) REQUIRE (p.name, p.land) IS NODE KEY",
        "CREATE INDEX ages FOR (p:Person) ON (p.age)",
        "CREATE FULLTEXT INDEX words FOR (p:Person|City) ON EACH [p.text]",
        "CREATE TEXT INDEX since FOR ()-[r:KNOWS]-() ON (r.how)",
        "UNWIND range(1, 50) AS i CREATE (:Person {id: i, age: i % 7, text: 'number ' + i})",
        "CREATE (:City {name: 'Malmö', land: 'Sweden'})",
        """CREATE (:`Odd ``label`:B {
            i: -9223372036854775807, f: 1.0, s: "it's \\"odd\\" \\\\ \\u2028", b: true, l: [1, 2], fl: [1.5],
            e: [], sl: ['a'], d: date('2026-01-02'), t: time('01:02:03.000000004+02:00'),
            lt: localtime('01:02'), dt: datetime('2026-07-01T12:00[Europe/Stockholm]'),
            ldt: localdatetime('-12345-01-01T00:00'), u: duration('P1M2DT3.5S'), p: point({x: 1, y: 2}),
            g: point({latitude: 1, longitude: 2, height: 3}), dl: [date('2026-01-02')]})""",
        "CREATE ({only: 'properties'}), ()",
        """MATCH (a:Person), (b:Person) WHERE a.id + 1 = b.id
           CREATE (a)-[:KNOWS {how: 'well', since: date('2020-01-01')}]->(b)""",
        "MATCH (a:Person {id: 1}) CREATE (a)-[:`odd type` {x: 0.1}]->(a)",
        "MATCH (a:Person {id: 1}), (b:Person {id: 2}) CREATE (a)-[:KNOWS]->(b), (a)-[:KNOWS]->(b)",
    ):
        db.execute(statement).consume()


def picture(db: Any) -> dict[str, Any]:
    """The graph without its ids: equal pictures, equal graphs, for graphs whose nodes differ in what they hold."""

    def key(labels: list[str], properties: dict[str, Any]) -> str:
        plain = {name: encode(value) for name, value in properties.items()}
        return json.dumps([sorted(labels), plain], sort_keys=True)

    nodes = [
        key(labels, p) for labels, p in db.execute("MATCH (n) RETURN labels(n), properties(n)")
    ]
    relationships = [
        (key(sl, sp), type, key([], p), key(el, ep))
        for sl, sp, type, p, el, ep in db.execute(
            "MATCH (s)-[r]->(e) RETURN labels(s), properties(s), type(r), properties(r), labels(e), properties(e)"
        )
    ]
    rules = [
        *db.execute("SHOW CONSTRAINTS YIELD createStatement RETURN createStatement").value(),
        *db.execute(
            "SHOW INDEXES YIELD createStatement, type, owningConstraint"
            " WHERE type <> 'LOOKUP' AND owningConstraint IS NULL RETURN createStatement"
        ).value(),
    ]
    return {"nodes": sorted(nodes), "relationships": sorted(relationships), "rules": sorted(rules)}


def picture_of(path: Any) -> dict[str, Any]:
    with samyama.open(path) as db:
        return picture(db)
