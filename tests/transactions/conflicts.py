"""What an open transaction has read against what others write meanwhile: every pair of a list of each.

A transaction reads; another statement writes and is committed; the transaction reads the same again. It must be given
the answer it was given before, or be refused: serializable means that what it has seen still holds when it commits. A
refusal costs a driver's user a second, so one without need is to be seen as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import samyama
from samyama.errors import SamyamaError

__all__ = ["READS", "WRITES", "outcomes", "table"]

SETUP = (
    "CREATE INDEX FOR (n:A) ON (n.k)",
    "CREATE INDEX FOR (n:A) ON (n.a, n.b)",
    "CREATE INDEX FOR ()-[r:R]-() ON (r.w)",
    "CREATE INDEX FOR ()-[r:R]-() ON (r.u, r.v)",
    "CREATE FULLTEXT INDEX words FOR (n:A) ON EACH [n.t]",
    """
    CREATE (n1:A {id: 1, k: 1, a: 1, b: 2, t: 'red fox'}), (n2:A {id: 2, k: 2, a: 1, b: 3, t: 'blue'}),
      (n3:A:B {id: 3, k: 3, a: 2, b: 3}), (n4:A {id: 4, k: 4, t: 'red'}),
      (n5:B {id: 5, k: 1, a: 1, b: 9}), (:B {id: 6}),
      (n1)-[:R {id: 1, w: 1, u: 1, v: 2}]->(n2), (n2)-[:R {id: 2, w: 2, u: 1, v: 3}]->(n3),
      (n3)-[:S {id: 3, w: 1}]->(n1), (n4)-[:R {id: 4, w: 3}]->(n3), (n5)-[:S {id: 5}]->(n5)
    """,
)

#: What is read, with the plan that the words tell of.
READS = {
    "all nodes": "MATCH (n) RETURN count(n)",
    "label": "MATCH (n:B) RETURN n.id ORDER BY n.id",
    "label, counted": "MATCH (n:A) RETURN count(n)",
    "label, filtered": "MATCH (n:B) WHERE n.k = 1 RETURN n.id",
    "index, equal": "MATCH (n:A {k: 1}) USING INDEX n:A(k) RETURN n.id",
    "index, nothing": "MATCH (n:A {k: 9}) USING INDEX n:A(k) RETURN n.id",
    "index, counted": "MATCH (n:A {k: 2}) USING INDEX n:A(k) RETURN count(*)",
    "index, list": "MATCH (n:A) USING INDEX n:A(k) WHERE n.k IN [1, 9] RETURN n.id ORDER BY n.id",
    "index, range": "MATCH (n:A) USING INDEX n:A(k) WHERE n.k > 3 RETURN n.id ORDER BY n.id",
    "two keys": "MATCH (n:A {a: 1, b: 3}) USING INDEX n:A(a, b) RETURN n.id",
    "two keys, nothing": "MATCH (n:A {a: 2, b: 9}) USING INDEX n:A(a, b) RETURN count(*)",
    "two keys, range": "MATCH (n:A) USING INDEX n:A(a, b) WHERE n.a = 1 AND n.b > 2 RETURN n.id",
    "two keys, merged": "CALL apoc.merge.node(['A'], {a: 1, b: 3}) YIELD node RETURN node.id ORDER BY node.id",
    "one node": "MATCH (n:A {k: 2}) RETURN properties(n), labels(n)",
    "out": "MATCH (:A {k: 1})-[:R]->(m) RETURN m.id",
    "out, any type": "MATCH (:A {k: 1})-[r]->(m) RETURN r.id, m.id ORDER BY r.id",
    "in": "MATCH (:A {k: 3})<-[r:R]-() RETURN r.id ORDER BY r.id",
    "both": "MATCH (:A {k: 1})-[r]-() RETURN r.id ORDER BY r.id",
    "degree": "MATCH (n:A {k: 3}) RETURN COUNT { (n)<-[:R]-() }",
    "exists": "MATCH (n:A {k: 4}) RETURN EXISTS { (n)-[:S]->() }",
    "between two": "MATCH (x:A {k: 1}), (y:A {k: 2}) RETURN COUNT { (x)-[:R]->(y) }",
    "trails": "MATCH (:A {k: 1})-[rs:R*1..3]->(m) RETURN m.id, size(rs) ORDER BY size(rs)",
    "trail, its nodes": "MATCH p = (:A {k: 1})-[:R*2]->() RETURN [n IN nodes(p) | n.p]",
    "trail, end of a part": "MATCH (:A {k: 1})-[rs:R*2]->() RETURN endNode(rs[0]).p",
    "trail, filtered": "MATCH p = (:A {k: 1})-[:R*2]->() "
    "WHERE all(r IN relationships(p) WHERE endNode(r).p IS NULL) RETURN length(p)",
    "shortest": "MATCH p = shortestPath((:A {k: 1})-[:R*..5]->(:A {k: 3})) RETURN length(p)",
    "shortest, its nodes": "MATCH p = shortestPath((:A {k: 1})-[:R*..5]->(:A {k: 3})) "
    "RETURN [n IN nodes(p) | n.p]",
    "shortest, its relationships": "MATCH p = shortestPath((:A {k: 1})-[:R*..5]->(:A {k: 3})) "
    "RETURN [r IN relationships(p) | r.w]",
    "relationships": "MATCH ()-[r:S]->() RETURN r.id ORDER BY r.id",
    "relationships, counted": "MATCH ()-[r:R]->() RETURN count(r)",
    "relationship index": "MATCH ()-[r:R {w: 2}]->() USING INDEX r:R(w) RETURN r.id",
    "relationship index, nothing": "MATCH ()-[r:R {w: 9}]->() USING INDEX r:R(w) RETURN count(r)",
    "relationship, two keys": "MATCH ()-[r:R {u: 1, v: 9}]->() USING INDEX r:R(u, v) RETURN count(r)",
    "words": "CALL db.index.fulltext.queryNodes('words', 'red') YIELD node RETURN node.id ORDER BY node.id",
    "words, another property": "CALL db.index.fulltext.queryNodes('words', 'red') YIELD node "
    "RETURN node.id, node.p ORDER BY node.id",
    "relationships of a label, counted": "MATCH (:A)-[r:S]->() RETURN count(r)",
    "labels in use": "CALL db.labels() YIELD label RETURN label ORDER BY label",
    "property keys": "CALL db.propertyKeys() YIELD propertyKey RETURN propertyKey ORDER BY propertyKey",
    "schema": "SHOW INDEXES YIELD name RETURN count(name)",
    "optional": "MATCH (n:A {k: 2}) OPTIONAL MATCH (n)-[r:S]->() RETURN count(r)",
}

WRITES = {
    "create :A k 9": "CREATE (:A {id: 7, k: 9})",
    "create :A k 8": "CREATE (:A {id: 7, k: 8})",
    "create :B": "CREATE (:B {id: 7, k: 1})",
    "create a 1 b 3": "CREATE (:A {id: 7, a: 1, b: 3})",
    "create, then label": "CREATE (n {id: 7, k: 9, a: 2, b: 9}) SET n:A",
    "create and delete": "CREATE (n:A {id: 7, k: 1}) DELETE n",
    "delete alone": "MATCH (n {id: 6}) DELETE n",
    "delete n1": "MATCH (n {id: 1}) DETACH DELETE n",
    "delete n4": "MATCH (n {id: 4}) DETACH DELETE n",
    "n4.k = 9": "MATCH (n {id: 4}) SET n.k = 9",
    "n1.k = 7": "MATCH (n {id: 1}) SET n.k = 7",
    "n2.k = null": "MATCH (n {id: 2}) REMOVE n.k",
    "n1.b = 3": "MATCH (n {id: 1}) SET n.b = 3",
    "n3.b = 9": "MATCH (n {id: 3}) SET n.b = 9",
    "n4.p = 1": "MATCH (n {id: 4}) SET n.p = 1",
    "n2.p = 1": "MATCH (n {id: 2}) SET n.p = 1",
    "n1.t = red": "MATCH (n {id: 2}) SET n.t = 'red'",
    "+label n5:A": "MATCH (n {id: 5}) SET n:A",
    "+label n6:New": "MATCH (n {id: 6}) SET n:New",
    "-label n2:A": "MATCH (n {id: 2}) REMOVE n:A",
    "-label n3:B": "MATCH (n {id: 3}) REMOVE n:B",
    "away and back": "MATCH (n {id: 4}) REMOVE n:A SET n.k = 9 SET n:A",
    "1-R->4": "MATCH (x {id: 1}), (y {id: 4}) CREATE (x)-[:R {id: 7}]->(y)",
    "2-R->2": "MATCH (x {id: 2}) CREATE (x)-[:R {id: 7, w: 9, u: 1, v: 9}]->(x)",
    "4-S->3": "MATCH (x {id: 4}), (y {id: 3}) CREATE (x)-[:S {id: 7}]->(y)",
    "1-S->2": "MATCH (x {id: 1}), (y {id: 2}) CREATE (x)-[:S {id: 7}]->(y)",
    "delete r1": "MATCH ()-[r {id: 1}]->() DELETE r",
    "delete r2": "MATCH ()-[r {id: 2}]->() DELETE r",
    "delete r4": "MATCH ()-[r {id: 4}]->() DELETE r",
    "delete r5": "MATCH ()-[r {id: 5}]->() DELETE r",
    "r1.w = 9": "MATCH ()-[r {id: 1}]->() SET r.w = 9",
    "r2.w = 4": "MATCH ()-[r {id: 2}]->() SET r.w = 4",
    "create index": "CREATE INDEX late FOR (n:B) ON (n.k)",
    "r2.v = 9": "MATCH ()-[r {id: 2}]->() SET r.v = 9",
    "n5.new = 1": "MATCH (n {id: 5}) SET n.new = 1",
}


def _rows(result: samyama.Result) -> list[tuple[Any, ...]]:
    return [tuple(record) for record in result.fetch_all()]


def outcomes(write: str, reads: Sequence[str]) -> list[str]:
    """One of each read: ``x``: the answer is another one now, and the transaction was refused. ``.``: neither. ``~``:
    refused for nothing.

    Raises: AssertionError: it saw two answers, or goes on although what it saw no longer holds.
    """
    with samyama.open() as database:
        for statement in SETUP:
            database.execute(statement).consume()
        transactions = [database.begin() for _ in reads]
        before = [_rows(one.run(read)) for one, read in zip(transactions, reads, strict=True)]
        database.execute(write).consume()
        after = [_rows(database.execute(read)) for read in reads]
        found = []
        for transaction, read, was, now in zip(transactions, reads, before, after, strict=True):
            try:
                again = _rows(transaction.run(read))
                transaction.rollback()
            except SamyamaError as error:
                if error.code != "Neo.TransientError.Transaction.Outdated":
                    raise
                found.append("x" if was != now else "~")
                continue
            assert again == was, f"{read!r} saw {was}, then {again} behind {write!r}"
            assert now == was, f"{read!r} saw {was}, which {write!r} made {now}, and it goes on"
            found.append(".")
        return found


def table() -> str:
    """Lines of reads, columns of writes."""
    width = max(map(len, READS))
    lines = [
        f"{place:3}  {name:20}  {text}" for place, (name, text) in enumerate(WRITES.items(), 1)
    ]
    heads = [
        " " * width
        + "  "
        + "".join(f"{place // 10 or ' '}" for place in range(1, len(WRITES) + 1)),
        " " * width + "  " + "".join(f"{place % 10}" for place in range(1, len(WRITES) + 1)),
    ]
    cells = dict.fromkeys(READS, "")
    for write in WRITES.values():
        # One that may create what it does not find is no read of others' graphs.
        together = [name for name, read in READS.items() if "merge" not in read]
        for names in (together, *([name] for name in READS if name not in together)):
            for name, cell in zip(names, outcomes(write, [READS[n] for n in names]), strict=True):
                cells[name] += cell
    rows = [f"{name:{width}}  {row}" for name, row in cells.items()]
    return "\n".join([*lines, "", *heads, *rows]) + "\n"
