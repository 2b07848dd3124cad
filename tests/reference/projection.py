"""WITH and RETURN (openCypher 9, sections 4.3-4.4; TCK clauses/return*, clauses/with*).

In this order: project (and group), DISTINCT, ORDER BY, SKIP, LIMIT, WHERE. ORDER BY and WHERE see the new names and,
if rows were neither grouped nor made distinct, the old ones too, which the new ones hide. An expression there
that was projected stands for what was projected.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.reference.context import Context, Env
from tests.reference.errors import fail
from tests.reference.expressions import evaluate, holds
from tests.reference.grouping import group
from tests.reference.kinds import is_integer
from tests.reference.order import compare
from tests.reference.table import Table, distinct
from tests.reference.tree import aggregates_in, replace, shape

from samyama.cypher import ast

__all__ = ["expand_star", "is_grouping", "project", "stand_in_for"]


@dataclass
class Projected:
    """A new row, and what else ORDER BY and WHERE may see."""

    row: Env
    seen: Env


def expand_star(clause: ast.Projection, names: list[str]) -> list[ast.Item]:
    """The items; ``*`` stands for all names in alphabetical order."""
    stars = []
    if clause.star:
        for name in sorted(name for name in names if not name.startswith("\0")):
            stars.append(ast.Item(0, 0, ast.Variable(0, 0, name), name, True))
    return [*stars, *clause.items]


def is_grouping(items: list[ast.Item]) -> bool:
    return any(aggregates_in(item.expression) for item in items)


def project(context: Context, clause: ast.Projection, table: Table) -> Table:
    items = expand_star(clause, table.names)
    names = list(dict.fromkeys(item.name for item in items))
    grouped = is_grouping(items)
    if grouped:
        found = [Projected(row, row) for row in group(context, items, table.rows, table.outer)]
    else:
        found = [Projected(new, {**row, **new}) for row, new in _plain(context, items, table.rows)]
    if clause.distinct:
        found = [Projected(row, row) for row in distinct(names, [one.row for one in found])]
    for one in found:
        one.seen = {**table.outer, **one.seen}
    found = _ordered(context, clause, items, found)
    found = _window(context, clause, found)
    where = None if clause.where is None else replace(clause.where, stand_in_for(items))
    kept = [one.row for one in found if holds(context, where, one.seen)]
    return Table(names, [{**table.outer, **row} for row in kept], table.outer)


def _plain(context: Context, items: list[ast.Item], rows: list[Env]) -> list[tuple[Env, Env]]:
    return [
        (row, {item.name: evaluate(context, item.expression, row) for item in items})
        for row in rows
    ]


def stand_in_for(items: list[ast.Item]) -> Callable[[ast.Node], ast.Node | None]:
    """Replaces an expression that was projected by the name under which it was."""
    projected = {shape(item.expression): item.name for item in items}

    def stand_in(node: ast.Node) -> ast.Node | None:
        name = projected.get(shape(node)) if isinstance(node, ast.Expr) else None
        return None if name is None else ast.Variable(0, 0, name)

    return stand_in


def _ordered(
    context: Context, clause: ast.Projection, items: list[ast.Item], found: list[Projected]
) -> list[Projected]:
    stand_in = stand_in_for(items)
    # The least important key first: sorting is stable.
    for item in reversed(clause.order):
        expression = replace(item.expression, stand_in)
        keys = [evaluate(context, expression, one.seen) for one in found]
        order = _sorted_places(keys, descending=item.descending)
        found = [found[place] for place in order]
    return found


def _sorted_places(keys: list[Any], *, descending: bool) -> list[int]:
    sign = -1 if descending else 1
    by = functools.cmp_to_key(lambda a, b: sign * compare(keys[a], keys[b]))
    return sorted(range(len(keys)), key=by)


def _window(context: Context, clause: ast.Projection, found: list[Projected]) -> list[Projected]:
    skip, limit = _count(context, clause.skip), _count(context, clause.limit)
    found = found[skip or 0 :]
    return found if limit is None else found[:limit]


def _count(context: Context, node: ast.Expr | None) -> int | None:
    if node is None:
        return None
    value = evaluate(context, node, {})
    if not is_integer(value):
        fail("SyntaxError", "InvalidArgumentType", f"SKIP or LIMIT {value!r}")
    if value < 0:
        fail("SyntaxError", "NegativeIntegerArgument", f"SKIP or LIMIT {value}")
    return int(value)
