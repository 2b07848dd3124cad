"""Which paths of all that match: shortestPath(), allShortestPaths(), ANY, ALL SHORTEST, SHORTEST k [GROUPS]
(Neo4j Cypher manual, "Shortest paths"; GQL's path search prefixes).

Paths are told apart by their two ends; within such a part the shortest are taken. Predicates of shortestPath()'s clause
come before the choice. For the selectors, what stands inside the pattern does, and the clause's WHERE comes after it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.reference.context import Context, Env
from tests.reference.equivalence import equivalence_key
from tests.reference.errors import fail
from tests.reference.expressions import evaluate
from tests.reference.kinds import is_integer

from samyama.cypher import ast

__all__ = ["chooses_before_where", "select_paths"]


def chooses_before_where(paths: list[ast.PathPattern]) -> bool:
    return any(path.selector is not None for path in paths)


def select_paths(context: Context, paths: list[ast.PathPattern], rows: list[Env]) -> list[Env]:
    for number, path in enumerate(paths):
        if path.shortest or path.selector:
            rows = _select(context, path, number, rows)
    return rows


def _own_names(path: ast.PathPattern) -> set[str]:
    """Variables that the choice decides: of the path, and of what lies between its ends."""
    names = {path.variable}
    for step in path.relationships:
        names.add(step.variable)
        if isinstance(step, ast.Quantified):
            for inner in (*step.path.nodes, *step.path.relationships):
                names.add(inner.variable)
    names |= {node.variable for node in path.nodes[1:-1]}
    return {name for name in names if name is not None}


def _select(context: Context, path: ast.PathPattern, number: int, rows: list[Env]) -> list[Env]:
    own, ends = _own_names(path), f"\0end{number}"
    parts: dict[Any, list[Env]] = defaultdict(list)
    for row in rows:
        rest = {k: equivalence_key(v) for k, v in row.items() if k not in own and k[0] != "\0"}
        first, last, _ = row[ends]
        parts[first, last, frozenset(rest.items())].append(row)
    chosen: list[Env] = []
    for part in parts.values():
        part.sort(key=lambda row: row[ends][2])
        chosen += _choose(context, path, part, [row[ends][2] for row in part])
    return chosen


def _choose(
    context: Context, path: ast.PathPattern, part: list[Env], lengths: list[int]
) -> list[Env]:
    if path.selector is None:
        if path.shortest == "one":
            return part[:1]
        return part[: lengths.count(lengths[0])]
    count = evaluate(context, path.selector.count, {})
    if not is_integer(count) or count < 1:
        fail("ArgumentError", "InvalidArgumentValue", f"{count} paths")
    if not path.selector.groups:
        return part[:count]
    wanted = set(sorted(set(lengths))[:count])
    return [row for row, length in zip(part, lengths, strict=True) if length in wanted]
