"""Quantified patterns and shortest paths against every trail of small random graphs, found by brute force."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

import samyama

Trail = tuple[int, int, int]  # start, end, length


def _trails(nodes: int, edges: list[tuple[int, int]], directed: bool) -> list[Trail]:
    steps: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, (start, end) in enumerate(edges):
        steps[start].append((number, end))
        if not directed and start != end:
            steps[end].append((number, start))
    found: list[Trail] = []
    for start in range(nodes):
        stack: list[tuple[int, tuple[int, ...]]] = [(start, ())]
        while stack:
            node, walked = stack.pop()
            if walked:
                found.append((start, node, len(walked)))
            stack += [
                (end, (*walked, number)) for number, end in steps[node] if number not in walked
            ]
    return found


def _shortest(trails: list[Trail], lengths: int) -> list[Trail]:
    by_ends: dict[tuple[int, int], set[int]] = defaultdict(set)
    for start, end, length in trails:
        by_ends[start, end].add(length)
    return [t for t in trails if t[2] in sorted(by_ends[t[0], t[1]])[:lengths]]


@pytest.mark.parametrize("seed", range(12))
def test_paths_are_those_of_brute_force(seed: int) -> None:
    draw = random.Random(seed)
    nodes = draw.randint(2, 6)
    edges = [(draw.randrange(nodes), draw.randrange(nodes)) for _ in range(draw.randint(1, 9))]
    with samyama.open() as db:
        db.execute("UNWIND range(0, $n - 1) AS i CREATE (:V {i: i})", n=nodes).consume()
        create = "UNWIND $e AS e MATCH (a:V {i: e[0]}), (b:V {i: e[1]}) CREATE (a)-[:R]->(b)"
        db.execute(create, e=[list(edge) for edge in edges]).consume()
        for arrow in ("->", "-"):
            trails = _trails(nodes, edges, arrow == "->")
            asked = {
                f"p = SHORTEST 1 (a:V)-[:R]{arrow}+(b:V)": sorted(set(_shortest(trails, 1))),
                f"p = ALL SHORTEST (a:V)-[:R]{arrow}+(b:V)": sorted(_shortest(trails, 1)),
                f"p = SHORTEST 2 GROUPS (a:V)-[:R]{arrow}+(b:V)": sorted(_shortest(trails, 2)),
                f"p = (a:V) ((x)-[:R]{arrow}(y)){{1,3}} (b:V)": sorted(
                    t for t in trails if t[2] <= 3
                ),
                f"p = (a:V)-[:R]{arrow}{{2,4}}(b:V)": sorted(t for t in trails if 2 <= t[2] <= 4),
            }
            for pattern, wanted in asked.items():
                found = db.execute(f"MATCH {pattern} RETURN a.i, b.i, length(p)")
                assert sorted(tuple(row) for row in found) == wanted, f"{pattern} on {edges}"
