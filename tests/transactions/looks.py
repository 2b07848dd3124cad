"""Random reads and writes that are aimed at one way of reading each, beside those that ``tests.generators`` makes.

A template is Cypher with slots: ``<L>`` a label, ``<T>`` a type, ``<n>`` the number ``k`` of a node or relationship,
``<i>`` and ``<s>`` values of the keys ``i`` and ``s``, ``<K>`` a key, ``<V>`` a value of the same key. ``Fresh``,
``FRESH`` and ``fresh`` are names that no graph has to begin with.
"""

from __future__ import annotations

import re

from tests.generators.choices import Choices
from tests.generators.graphs import GraphSpec, generate_graph
from tests.generators.queries import Query
from tests.generators.schema import KEY_KINDS, KEYS, LABELS, TYPES, VALUES

__all__ = ["graph", "read", "schema", "schema_change", "write"]

_SCHEMA = (
    "CREATE INDEX FOR (n:A) ON (n.i)",
    "CREATE INDEX FOR (n:A) ON (n.i, n.s)",
    "CREATE INDEX FOR (n:B) ON (n.s, n.i, n.b)",
    "CREATE INDEX FOR (n:B) ON (n.i)",
    "CREATE INDEX FOR (n:C) ON (n.m)",
    "CREATE INDEX FOR (n:A) ON (n.f)",
    "CREATE INDEX FOR (n:A) ON (n.d)",
    "CREATE INDEX FOR (n:B) ON (n.l)",
    "CREATE INDEX FOR ()-[r:R]-() ON (r.i)",
    "CREATE INDEX FOR ()-[r:R]-() ON (r.i, r.s)",
    "CREATE INDEX FOR ()-[r:S]-() ON (r.s)",
    "CREATE TEXT INDEX FOR (n:A) ON (n.s)",
    "CREATE TEXT INDEX FOR ()-[r:T]-() ON (r.s)",
    "CREATE POINT INDEX FOR (n:A) ON (n.m)",
    "CREATE FULLTEXT INDEX words FOR (n:A|B) ON EACH [n.s, n.m]",
    "CREATE FULLTEXT INDEX between FOR ()-[r:R|S]-() ON EACH [r.s]",
    "CREATE VECTOR INDEX near FOR (n:A) ON (n.l) OPTIONS {indexConfig: "
    "{`vector.dimensions`: 2, `vector.similarity_function`: 'euclidean'}}",
    "CREATE CONSTRAINT FOR (n:A) REQUIRE n.k IS UNIQUE",
    "CREATE CONSTRAINT FOR (n:C) REQUIRE (n.k, n.i) IS UNIQUE",
    "CREATE CONSTRAINT FOR (n:B) REQUIRE n.i IS :: INTEGER",
    "CREATE CONSTRAINT FOR ()-[r:T]-() REQUIRE r.k IS UNIQUE",
)

_READS = """
MATCH (n:<L> {i: <i>}) RETURN n
MATCH (n:<L>) WHERE n.i > <i> RETURN n.k, n.s
MATCH (n:<L>) WHERE n.<K> = <V> RETURN n.k
MATCH (n:<L>) WHERE n.<K> >= <V> RETURN count(n)
MATCH (n:<L>) WHERE n.<K> IS NOT NULL RETURN n.k
MATCH (n:A) USING INDEX n:A(i) WHERE n.i IN [<i>, <i>] RETURN n.k
MATCH (n:A) USING INDEX n:A(i, s) WHERE n.i = <i> AND n.s = <s> RETURN n.k
MATCH (n:A) USING INDEX n:A(i, s) WHERE n.i = <i> AND n.s >= <s> RETURN count(n)
MATCH (n:A) USING INDEX n:A(i, s) WHERE n.i = <i> AND n.s STARTS WITH <s> RETURN n.k
MATCH (n:A) USING INDEX n:A(i, s) WHERE n.i > <i> AND n.s IS NOT NULL RETURN n.k
MATCH (n:B) USING INDEX n:B(s, i, b) WHERE n.s = <s> AND n.i = <i> AND n.b = true RETURN n.k
MATCH (n:B) USING INDEX n:B(s, i, b) WHERE n.s = <s> AND n.i >= <i> AND n.b IS NOT NULL RETURN n.k
MATCH (n:<L>) WHERE n.s CONTAINS <s> RETURN n.k
MATCH (n:A) USING TEXT INDEX n:A(s) WHERE n.s ENDS WITH <s> RETURN count(*)
MATCH (n:A) WHERE point.withinBBox(n.m, point({x: 0, y: 0}), point({x: 3, y: 3})) RETURN n.k
MATCH (n:A) WHERE point.distance(n.m, point({x: 1, y: 2})) <= 1 RETURN n.k
MATCH (n:<L> {k: <n>}) RETURN properties(n)
MATCH (n:<L> {k: <n>, i: <i>}) RETURN n.s
MATCH ()-[r:<T> {i: <i>}]->() RETURN r
MATCH (a)-[r:<T> {i: <i>}]-(b) RETURN a.k, b.i
MATCH (a)-[r:R]->(b) USING INDEX r:R(i, s) WHERE r.i = <i> AND r.s = <s> RETURN a.i, labels(b)
MATCH (a)-[r:R]->(b) USING INDEX r:R(i, s) WHERE r.i = <i> AND r.s > <s> RETURN count(r)
MATCH ()-[r:<T>]->() WHERE r.s CONTAINS <s> RETURN r.k
MATCH ()-[r:<T> {k: <n>}]->() RETURN properties(r), properties(startNode(r)), labels(endNode(r))
MATCH p = ({k: <n>})-[:<T>*1..3]->() RETURN p
MATCH p = ({k: <n>})-[:<T>|<T>*2..3]-() RETURN [n IN nodes(p) | n.i]
MATCH p = ({k: <n>})-[*2]->({k: <n>}) RETURN [n IN nodes(p) | labels(n)], [r IN relationships(p) | r.i]
MATCH ({k: <n>})-[rs*2..3]->() RETURN startNode(rs[1]).i, endNode(rs[0]).s, rs[1].i
MATCH p = ({k: <n>})-[*1..3]->() WHERE all(r IN relationships(p) WHERE r.i >= 0) RETURN length(p)
MATCH p = ({k: <n>})-[*1..3]->() WHERE all(r IN relationships(p) WHERE endNode(r).i IS NULL) RETURN length(p)
MATCH p = ({k: <n>})-[*1..3]->() WHERE none(n IN nodes(p) WHERE n:<L>) RETURN length(p)
MATCH (a:<L>)-[*]->(b:<L>) RETURN DISTINCT b.k
MATCH (a {k: <n>}) WHERE EXISTS { (a)-[:<T>*1..4]->(:<L>) } RETURN a.k
MATCH (a {k: <n>})-[:<T>*0..2]-(b) RETURN count(DISTINCT b)
MATCH p = shortestPath((a {k: <n>})-[*..4]->(b {k: <n>})) RETURN p
MATCH p = shortestPath((a {k: <n>})-[:<T>|<T>*..4]-(b {k: <n>})) RETURN [n IN nodes(p) | n.i]
MATCH p = allShortestPaths((a {k: <n>})-[*..4]-(b:<L>)) RETURN length(p), [r IN relationships(p) | r.i]
MATCH p = allShortestPaths((a {k: <n>})-[*..4]->(b:<L>)) WHERE all(r IN relationships(p) WHERE r.i > 0) RETURN p
MATCH p = ANY SHORTEST (a {k: <n>})-[:<T>|<T>]->+(b:<L>) RETURN length(p), [n IN nodes(p) | n.s]
MATCH p = SHORTEST 2 GROUPS (a {k: <n>})-->{1,3}(b:<L>) RETURN p
MATCH (a {k: <n>})((x)-[r:<T>]->(y) WHERE x.i <> y.i){1,3}(b) RETURN b.k, [n IN y | n.s], [q IN r | q.k]
MATCH p = (a {k: <n>})-->{2,3}() RETURN [n IN nodes(p) | n.i]
MATCH (a:<L>)(()-[:<T>]->(:<L>)){0,2}(b) RETURN a.k, b.k
CALL db.index.fulltext.queryNodes('words', 'a') YIELD node, score RETURN node.k, node.i, score
CALL db.index.fulltext.queryNodes('words', 'ab OR b') YIELD node RETURN labels(node), node.f
CALL db.index.fulltext.queryNodes('words', 'a*') YIELD node MATCH (node)-->(m) RETURN m.k
CALL db.index.fulltext.queryRelationships('between', 'a') YIELD relationship AS r RETURN r, endNode(r).i
CALL db.index.vector.queryNodes('near', 2, [1.0, 2.0]) YIELD node, score RETURN node.k, node.i, score
MATCH (n {k: <n>}) RETURN properties(n), labels(n), keys(n)
MATCH (n {k: <n>}) RETURN n.<K>, n:<L>, n[<s>]
MATCH (n {k: <n>}) RETURN COUNT { (n)--() }, COUNT { (n)-[:<T>]->(:<L>) }, EXISTS { (n)<-[:<T>]-() }
MATCH (n {k: <n>}) RETURN COUNT { (n)-->() }, COUNT { (n)<-[:<T>|<T>]-() }
MATCH (n:<L>) WHERE (n)-[:<T>]->() AND NOT (n)<--(:<L>) RETURN n.k
MATCH (n:<L>) RETURN count(n)
MATCH (n) RETURN count(*)
MATCH ()-[r]->() RETURN count(r)
MATCH ()-[r:<T>|<T>]->() RETURN count(r)
MATCH (:<L>)-[r:<T>]->() RETURN count(r)
MATCH (:<L>)<-[r]-() RETURN count(*)
MATCH (:<L>)-[r:<T>]->(:<L>) RETURN count(*)
MATCH (n:!<L>) RETURN n.k
MATCH (n:<L>&!<L>) RETURN n.k
MATCH (n:<L>|<L>) RETURN n.i
MATCH (n:%) RETURN count(n)
MATCH (n:$('<L>')) RETURN n.k
MATCH (a {k: <n>}), (b {k: <n>}) MATCH (a)-[r]->(b) RETURN r
MATCH (a {k: <n>}), (b {k: <n>}) OPTIONAL MATCH (a)-[r:<T>]-(b) RETURN count(r)
MATCH (a)-[r]->(b)-[q]->(a) RETURN count(*)
MATCH (a:<L>)-[r]->(b), (b)-[q]->(c:<L>) RETURN a.k, c.k
MATCH (n) RETURN sum(n.i), count(n.s), min(n.s), max(n.i)
MATCH (n:<L>) RETURN n.i, count(*)
MATCH (n:<L>) RETURN DISTINCT n.s
MATCH (n:<L>) RETURN n.k ORDER BY n.k LIMIT 2
MATCH (n:<L>) WITH max(n.i) AS most MATCH (m {i: most}) RETURN m.k
MATCH (n:<L> {k: <n>}) OPTIONAL MATCH (n)-[:<T>]->(m:<L>) RETURN n.k, m
OPTIONAL MATCH (n:<L> {i: <i>, s: <s>}) RETURN n.k
UNWIND [<i>, <i>] AS v MATCH (n:A {i: v}) RETURN v, n.k
MATCH (a:<L>), (b:<L>) WHERE a.i = b.i RETURN a.k, b.k
MATCH (a:<L>), (b:<L>) WHERE a.s = b.s AND a.i > b.i RETURN count(*)
MATCH (n {k: <n>}) CALL (n) { MATCH (n)-[:<T>]-(m) RETURN count(m) AS c } RETURN c
RETURN COUNT { MATCH (n:<L>) WHERE n.i = <i> } AS c, EXISTS { MATCH (:<L>)-[:<T>]->(:<L>) } AS e
MATCH (n:<L>) RETURN n.k, EXISTS { (n)-->(m) WHERE m.i = n.i }
MATCH (n:<L>) WHERE NOT EXISTS { (n)-[:<T>]->() } RETURN n.k
MATCH (n) WHERE n.fresh = 1 RETURN count(n)
MATCH (n:Fresh) RETURN n.k
MATCH ()-[r:FRESH]->() RETURN count(r)
CALL db.labels() YIELD label RETURN label
CALL db.relationshipTypes() YIELD relationshipType RETURN relationshipType
CALL db.propertyKeys() YIELD propertyKey RETURN propertyKey
SHOW INDEXES YIELD name RETURN count(name)
SHOW CONSTRAINTS YIELD name RETURN count(name)
"""

_WRITES = """
MATCH (n {k: <n>}) SET n.<K> = <V>
MATCH (n {k: <n>}) SET n.i = <i>
MATCH (n {k: <n>}) SET n.s = <s>
MATCH (n {k: <n>}) SET n.i = <i>, n.s = <s>
MATCH (n {k: <n>}) REMOVE n.<K>
MATCH (n {k: <n>}) SET n += {i: <i>, s: null}
MATCH (n {k: <n>}) SET n = {k: <n>, i: <i>, s: <s>}
MATCH (n {k: <n>}) SET n:<L>
MATCH (n {k: <n>}) REMOVE n:<L>
MATCH (n {k: <n>}) REMOVE n:<L> SET n.i = <i> SET n:<L>
MATCH (n {k: <n>}) SET n.k = 90
MATCH (n {k: <n>}) DETACH DELETE n
MATCH (n {k: <n>}) DETACH DELETE n CREATE (:<L> {k: <n>, i: <i>})
MATCH (n:<L> {i: <i>}) DETACH DELETE n
MATCH (n:<L> {i: <i>}) SET n.s = <s>
MATCH (n:<L>) SET n.i = <i>
MATCH (n:<L>) WHERE NOT (n)--() DELETE n
MATCH ({k: <n>})-[r]->() SET r.i = <i>
MATCH ({k: <n>})-[r]-() DELETE r
MATCH ()-[r {k: <n>}]->() SET r.<K> = <V>
MATCH ()-[r {k: <n>}]->() SET r.i = <i>, r.s = <s>
MATCH ()-[r {k: <n>}]->() REMOVE r.<K>
MATCH ()-[r {k: <n>}]->() DELETE r
MATCH (a)-[r {k: <n>}]->(b) DELETE r CREATE (b)-[:<T> {k: <n>, i: <i>}]->(a)
MATCH (a)-[r {k: <n>}]->() MATCH (b {k: <n>}) DELETE r CREATE (a)-[:<T>]->(b)
CREATE (:<L> {i: <i>, s: <s>})
CREATE (:<L>:<L> {i: <i>, k: 91, <K>: <V>})
CREATE (:<L> {<K>: <V>})-[:<T> {i: <i>, s: <s>}]->(:<L>)
CREATE (n:<L> {i: <i>}) DELETE n
CREATE (n) SET n.i = <i>, n.s = <s> SET n:<L>
MATCH (a {k: <n>}), (b {k: <n>}) CREATE (a)-[:<T>]->(b)
MATCH (a {k: <n>}), (b {k: <n>}) CREATE (a)-[:<T> {i: <i>, s: <s>}]->(b)
MATCH (a {k: <n>}), (b {k: <n>}) CREATE (a)-[:<T>]->(:<L>)-[:<T>]->(b)
MATCH (a {k: <n>}) CREATE (a)-[:<T>]->(a)
MATCH (a {k: <n>}), (b {k: <n>}) MERGE (a)-[r:<T>]->(b) ON MATCH SET r.i = <i>
MERGE (n:<L> {i: <i>}) ON CREATE SET n.s = <s> ON MATCH SET n.b = true
MERGE (n:<L> {i: <i>, s: <s>}) ON MATCH SET n:<L>
MATCH (a {k: <n>}), (b {k: <n>}) SET a.i = b.i, b.s = a.s
CALL apoc.merge.node(['<L>'], {i: <i>, s: <s>}, {}, {}) YIELD node SET node.b = true
CALL apoc.merge.node(['<L>', '<L>'], {fresh: 1}, {}, {}) YIELD node SET node.b = true
MATCH (a {k: <n>}), (b {k: <n>}) CALL apoc.merge.relationship(a, '<T>', {i: <i>}, {}, b, {}) YIELD rel SET rel.s = <s>
MATCH (n {k: <n>}) SET n.fresh = 1
MATCH (n {k: <n>}) SET n:Fresh
MATCH (a {k: <n>}), (b {k: <n>}) CREATE (a)-[:FRESH]->(b)
FOREACH (x IN [<i>, <i>] | MERGE (:<L> {i: x}))
"""

_SCHEMA_CHANGES = (
    "CREATE INDEX late FOR (n:B) ON (n.f)",
    "CREATE CONSTRAINT late FOR (n:C) REQUIRE n.k IS UNIQUE",
    "CREATE CONSTRAINT late FOR (n:A) REQUIRE n.i IS :: INTEGER",
    "DROP INDEX words IF EXISTS",
    "DROP INDEX near IF EXISTS",
)

_SLOT = re.compile(r"<(\w)>")
_TEMPLATES = {kind: text.strip().splitlines() for kind, text in (("r", _READS), ("w", _WRITES))}


def _filled(template: str, choices: Choices) -> str:
    key = choices.one(KEYS)

    def slot(found: re.Match[str]) -> str:
        match found[1]:
            case "L":
                return choices.one(LABELS)
            case "T":
                return choices.one(TYPES)
            case "n":
                return str(choices.between(0, 7))
            case "i":
                return choices.one(VALUES["integer"][:4])
            case "s":
                return choices.one(VALUES["string"][:4])
            case "K":
                return key
        return choices.one(VALUES[KEY_KINDS[key]])

    return _SLOT.sub(slot, template)


def read(choices: Choices) -> Query:
    return Query([_filled(choices.one(_TEMPLATES["r"]), choices)])


def write(choices: Choices) -> str:
    """One statement, of several clauses now and then."""
    text = _filled(choices.one(_TEMPLATES["w"]), choices)
    while choices.chance(20):
        text += f" WITH count(*) AS rows {_filled(choices.one(_TEMPLATES['w']), choices)}"
    return text


def schema_change(choices: Choices) -> str:
    return choices.one(_SCHEMA_CHANGES)


def schema(choices: Choices) -> list[str]:
    """Most of the indexes and constraints."""
    return [statement for statement in _SCHEMA if choices.chance(65)]


def graph(choices: Choices) -> GraphSpec:
    """Most nodes and relationships have a number ``k`` of their own."""
    spec = generate_graph(choices)
    for entities in (spec.nodes, spec.relationships):
        for number, entity in enumerate(entities):
            if choices.chance(80):
                entity.properties["k"] = str(number)
    return spec
