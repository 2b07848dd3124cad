"""Searches of the executor against the plain enumeration of all trails, on random graphs with loops and parallels."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

import samyama

NODES, RELATIONSHIPS, LENGTH = 6, 9, 4
ARROWS = {"->": ("-", "->"), "<-": ("<-", "-"), "--": ("-", "-")}


@pytest.fixture(scope="module", params=range(12))
def graph(request: pytest.FixtureRequest) -> Iterator[samyama.Database]:
    draw = random.Random(request.param)
    with samyama.open() as db:
        db.execute("UNWIND range(1, $n) AS i CREATE (:N {i: i})", n=NODES).consume()
        # Few nodes get most of the relationships, so that loops, parallels and cycles abound.
        pairs = [
            [draw.randint(1, NODES), draw.randint(1, draw.randint(1, NODES)), draw.choice((1, 2))]
            for _ in range(RELATIONSHIPS)
        ]
        db.execute(
            "UNWIND $pairs AS p MATCH (a:N {i: p[0]}), (b:N {i: p[1]}) CREATE (a)-[:T {w: p[2]}]->(b)",
            pairs=pairs,
        ).consume()
        yield db


def rows(db: samyama.Database, query: str) -> list[tuple[object, ...]]:
    return [tuple(record) for record in db.execute(query)]


@pytest.mark.parametrize("arrow", ARROWS)
@pytest.mark.parametrize("hop", ["", " {w: 1}"])
@pytest.mark.parametrize("low", [0, 1])
@pytest.mark.parametrize("high", [1, 2, 3, LENGTH])
def test_what_is_reached_is_what_trails_lead_to(
    graph: samyama.Database, arrow: str, hop: str, low: int, high: int
) -> None:
    before, after = ARROWS[arrow]
    pattern = f"(a:N){before}[r:T*{low}..{high}{hop}]{after}(b)"
    trails = rows(graph, f"MATCH {pattern} RETURN a.i, b.i, size(r)")
    reached = rows(graph, f"MATCH {pattern} RETURN DISTINCT a.i, b.i")
    assert sorted(reached) == sorted({(a, b) for a, b, _ in trails})
    into = rows(
        graph,
        f"MATCH (a:N), (b:N) WHERE EXISTS {{ MATCH {pattern.replace(':N', '')} }} RETURN a.i, b.i",
    )
    assert sorted(into) == sorted(reached)


@pytest.mark.parametrize("arrow", ARROWS)
@pytest.mark.parametrize("hop", ["", " {w: 1}"])
def test_shortest_paths_are_the_shortest_of_all_trails(
    graph: samyama.Database, arrow: str, hop: str
) -> None:
    before, after = ARROWS[arrow]
    pattern = f"(a){before}[r:T*..{LENGTH}{hop}]{after}(b)"
    ends = "MATCH (a:N), (b:N) WHERE a.i <> b.i"
    trails = rows(graph, f"{ends} MATCH {pattern} RETURN a.i, b.i, [x IN r | id(x)]")
    best: dict[tuple[object, object], int] = {}
    for a, b, trail in trails:
        assert isinstance(trail, list)
        best[a, b] = min(best.get((a, b), LENGTH), len(trail))
    shortest = sorted(row for row in trails if len(row[2]) == best[row[0], row[1]])  # type: ignore[arg-type]
    answer = "RETURN a.i, b.i, [x IN relationships(p) | id(x)]"
    every = rows(graph, f"{ends} MATCH p = allShortestPaths({pattern}) {answer}")
    assert sorted(every) == shortest
    one = rows(graph, f"{ends} MATCH p = shortestPath({pattern}) {answer}")
    assert sorted(row[:2] for row in one) == sorted(best)
    assert all(row in shortest for row in one)


@pytest.mark.parametrize("arrow", ARROWS)
def test_the_shortest_way_round_leads_back(graph: samyama.Database, arrow: str) -> None:
    before, after = ARROWS[arrow]
    trails = rows(graph, f"MATCH (a:N){before}[r:T*1..{LENGTH}]{after}(a) RETURN a.i, size(r)")
    best: dict[object, object] = {}
    for a, size in sorted(trails, key=lambda row: row[1], reverse=True):  # type: ignore[arg-type, return-value]
        best[a] = size
    found = rows(
        graph,
        f"MATCH p = ANY SHORTEST (a:N){before}[:T*1..{LENGTH}]{after}(a) RETURN a.i, length(p)",
    )
    assert sorted(found) == sorted(best.items())  # type: ignore[type-var]
