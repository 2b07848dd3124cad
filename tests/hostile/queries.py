"""Queries that would eat a node: each must end by a limit, by its time or by being cancelled, and the node must go on.

``ends``: what ends it. ``memory``: the limit of one query. ``time``: the time of a transaction. ``either``.
``answers``: it only looks hostile, and is answered. ``refused``: it is an error of its own. ``any``: one of these.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["GRAPH", "HOSTILE", "QUERY_MEMORY_BYTES", "QUERY_TIMEOUT_MS", "Hostile", "ended_as"]

#: The limits under which they run here.
QUERY_MEMORY_BYTES, QUERY_TIMEOUT_MS = 64 * 1024 * 1024, 200
_CODES = {
    "memory": ("Neo.ClientError.General.TransactionOutOfMemoryError",),
    "time": ("Neo.ClientError.Transaction.TransactionTimedOut",),
}
_CODES["either"] = (*_CODES["memory"], *_CODES["time"])

#: A complete graph of 14 nodes (trails without end), and 300 nodes for products.
GRAPH = (
    "UNWIND range(1, 14) AS i CREATE (:K {i: i})",
    "MATCH (a:K), (b:K) WHERE a.i < b.i CREATE (a)-[:R {w: a.i}]->(b)",
    "UNWIND range(1, 300) AS i CREATE (:N {i: i})",
)


@dataclass(frozen=True)
class Hostile:
    name: str
    text: str
    ends: str
    parameters: dict[str, Any] = field(default_factory=dict)


HOSTILE = (
    Hostile("a list of ten thousand million", "RETURN size(range(1, 10000000000)) AS s", "memory"),
    Hostile("a list without bounds", f"RETURN range({-(2**63)}, {2**63 - 1}) AS l", "memory"),
    Hostile(
        "rows without end", "UNWIND range(1, 1000000000000) AS x RETURN count(x) AS c", "either"
    ),
    Hostile(
        "a product of four lists",
        "UNWIND range(1, 9999) AS a UNWIND range(1, 9999) AS b UNWIND range(1, 9999) AS c "
        "UNWIND range(1, 9999) AS d RETURN count(*) AS c",
        "time",
    ),
    Hostile("a product of nodes", "MATCH (a:N), (b:N), (c:N), (d:N) RETURN count(*) AS c", "time"),
    Hostile(
        "a sorted product",
        "MATCH (a:N), (b:N), (c:N) RETURN a.i * b.i + c.i AS x ORDER BY x",
        "either",
    ),
    Hostile(
        "distinct values without end",
        "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN DISTINCT a * 100000 + b AS x",
        "either",
    ),
    Hostile(
        "groups without end",
        "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN a * 100000 + b AS x, count(*) AS c",
        "either",
    ),
    Hostile(
        "collecting without end",
        "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN size(collect([a, b])) AS s",
        "either",
    ),
    Hostile(
        "a list that doubles",
        "RETURN size(reduce(l = [1], i IN range(1, 60) | l + l)) AS s",
        "either",
    ),
    Hostile(
        "a text that doubles",
        "RETURN size(reduce(s = 'ab', i IN range(1, 60) | s + s)) AS s",
        "either",
    ),
    Hostile(
        "a list of long lists",
        "RETURN size([x IN range(1, 100000) | range(1, 100000)]) AS s",
        "either",
    ),
    Hostile(
        "a text replaced by long texts",
        "WITH reduce(s = 'a', i IN range(1, 17) | s + s) AS s RETURN size(replace(s, 'a', s)) AS n",
        "memory",
    ),
    Hostile(
        "a text split to pieces, again and again",
        "WITH reduce(s = 'a,', i IN range(1, 20) | s + s) AS s "
        "RETURN size([x IN range(1, 1000) | split(s, ',')]) AS n",
        "either",
    ),
    Hostile(
        "a list in a list in a list",
        "RETURN size(reduce(l = [], i IN range(1, 2000000) | [l])) AS s",
        "either",
    ),
    Hostile(
        "deep lists compared",
        "WITH reduce(l = [], i IN range(1, 100000) | [l]) AS a, reduce(l = [], i IN range(1, 100000) | [l]) AS b "
        "RETURN a = b AS e, a < b AS l",
        "either",
    ),
    Hostile(
        "deep lists as a result",
        "RETURN reduce(l = [], i IN range(1, 100000) | [l]) AS l",
        "either",
    ),
    Hostile(
        "deep maps as a group",
        "UNWIND [1, 2] AS x WITH reduce(m = {a: 1}, i IN range(1, 100000) | {a: m}) AS m, x "
        "RETURN DISTINCT m, count(*) AS c ORDER BY m",
        "either",
    ),
    Hostile("trails without end", "MATCH p = (:K)-[*]-(:K) RETURN count(p) AS c", "time"),
    Hostile("trails in a list", "MATCH p = (:K)-[*]-(:K) RETURN collect(p) AS c", "either"),
    Hostile("quantified trails", "MATCH ((a:K)-[r]-(b)){1,} RETURN count(*) AS c", "time"),
    Hostile(
        "a shortest path that no path satisfies",
        "MATCH p = shortestPath((a:K {i: 1})-[*]-(b:K {i: 14})) WHERE none(n IN nodes(p) WHERE true) RETURN p",
        "time",
    ),
    Hostile(
        "many shortest paths of all",
        "MATCH p = SHORTEST 1000000 (a:K {i: 1})-[:R]-+(b:K {i: 14}) RETURN count(p) AS c",
        "either",
    ),
    Hostile(
        "a subquery for every row of a subquery",
        "MATCH (a:N) RETURN sum(COUNT { MATCH (b:N) "
        "WHERE COUNT { MATCH (c:N), (d:N) WHERE c.i + d.i = b.i } > a.i }) AS s",
        "time",
    ),
    Hostile(
        "a predicate that never ends",
        "MATCH (n:N) WHERE EXISTS { UNWIND range(1, 1000000) AS x UNWIND range(1, 1000000) AS y "
        "WITH x WHERE x < 0 RETURN x } RETURN n",
        "time",
    ),
    Hostile(
        "a quantifier over a product",
        "WITH range(1, 100000) AS l RETURN all(x IN l WHERE all(y IN l WHERE x + y > 0)) AS a",
        "time",
    ),
    Hostile(
        "a fold over a product",
        "WITH range(1, 100000) AS l RETURN reduce(s = 0, x IN l | s + reduce(t = 0, y IN l | t + 1)) AS s",
        "time",
    ),
    Hostile(
        "a pattern that backtracks, in other engines",
        "RETURN 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' =~ '(a+)+' AS m",
        "answers",
    ),
    Hostile(
        "a pattern that is a big machine",
        "RETURN 'a' =~ '((((a{1,100}){1,100}){1,100}){1,100}){1,100}' AS m",
        "refused",
    ),
    Hostile(
        "patterns one after the other",
        "UNWIND range(1, 10000000) AS x WITH 'a{' + (x % 900) + '}b*c?' AS p WHERE 'x' =~ p RETURN count(*) AS c",
        "either",
    ),
    Hostile(
        "nodes without end",
        "UNWIND range(1, 100000000) AS x CREATE (:Never {x: x, t: 'some text that is not so short'})",
        "either",
    ),
    Hostile(
        "a property without end",
        "MATCH (n:N {i: 1}) SET n.never = reduce(s = 'ab', i IN range(1, 40) | s + s)",
        "either",
    ),
    Hostile(
        "relationships between all",
        "MATCH (a:N), (b:N), (c:N) CREATE (a)-[:NEVER {x: c.i}]->(b)",
        "either",
    ),
    Hostile(
        "writes in loops in loops",
        "FOREACH (a IN range(1, 100000) | FOREACH (b IN range(1, 100000) | MERGE (:Never {x: a * b})))",
        "either",
    ),
    Hostile(
        "a product that is deleted",
        "MATCH (a:N), (b:N), (c:N) SET a.never = b.i + c.i",
        "either",
    ),
    Hostile("an age of durations", "RETURN duration({years: 9223372036854775807}) AS d", "refused"),
    Hostile(
        "beyond the last day",
        "RETURN date('2020-01-01') + duration({years: 2000000000}) AS d",
        "refused",
    ),
    Hostile(
        "a long list as parameter, times itself",
        "UNWIND $l AS x UNWIND $l AS y UNWIND $l AS z RETURN count(x + y + z) AS c",
        "time",
        {"l": list(range(3_000))},
    ),
    Hostile("ten thousand unions", " UNION ALL ".join(["RETURN 1 AS x"] * 10_000), "any"),
    Hostile("a text of a megabyte", "RETURN " + " + ".join(["1"] * 250_000) + " AS x", "refused"),
    Hostile(
        "cases in cases",
        "RETURN " + "CASE 1 WHEN " * 40 + "1" + ", 2 THEN 3 END" * 40 + " AS x",
        "any",
    ),
    Hostile("brackets without end", "RETURN " + "[" * 100_000, "refused"),
)


def ended_as(query: Hostile, code: str | None) -> str | None:
    """What is wrong with how it ended (``code``: of the error, None: it was answered); None: nothing."""
    if query.ends == "any":
        return (
            None if code is None or code.startswith("Neo.ClientError.") else f"{query.name}: {code}"
        )
    if query.ends == "answers":
        return None if code is None else f"{query.name}: {code}, it should be answered"
    if code is None:
        return f"{query.name}: was answered"
    if query.ends == "refused":
        # What takes very long to compile may be ended before it is found to be wrong.
        is_own = code.startswith("Neo.ClientError.Statement.") or code in _CODES["time"]
        return None if is_own else f"{query.name}: {code} is no error of the statement"
    return None if code in _CODES[query.ends] else f"{query.name}: {code}"
