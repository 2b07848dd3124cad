"""Grouping and aggregation (openCypher 9, section 3.3.2; TCK clauses/return Return6, clauses/with With6).

The items without an aggregate are the keys. Rows with equivalent keys are a group; without keys all rows are one group,
also if there are none. Aggregates pass over null, ``count(*)`` counts rows, DISTINCT goes by equivalence.
"""

from __future__ import annotations

from typing import Any

from tests.reference.context import Context, Env
from tests.reference.equivalence import equivalence_key
from tests.reference.expressions import evaluate
from tests.reference.functions.aggregates import AGGREGATES
from tests.reference.tree import aggregates_in, replace

from samyama.cypher import ast

__all__ = ["group"]


def group(context: Context, items: list[ast.Item], rows: list[Env], outer: Env) -> list[Env]:
    """One row a group. ``outer``: what is known even where there are no rows."""
    keys = [item for item in items if not aggregates_in(item.expression)]
    groups: dict[Any, list[Env]] = {}
    for row in rows:
        key = tuple(equivalence_key(evaluate(context, item.expression, row)) for item in keys)
        groups.setdefault(key, []).append(row)
    if not keys and not groups:
        groups[()] = []
    return [_aggregate(context, items, members, outer) for members in groups.values()]


def _aggregate(context: Context, items: list[ast.Item], rows: list[Env], outer: Env) -> Env:
    """One row of a group. Outside its aggregates an item is the same for every row of the group: take the first."""
    first = rows[0] if rows else outer
    result: Env = {}
    for item in items:
        calls = aggregates_in(item.expression)
        values = {
            f"\0aggregate{number}": _value(context, call, rows) for number, call in enumerate(calls)
        }
        numbers = {id(call): number for number, call in enumerate(calls)}

        def stand_in(node: ast.Node, numbers: dict[int, int] = numbers) -> ast.Node | None:
            number = numbers.get(id(node))
            return None if number is None else ast.Variable(0, 0, f"\0aggregate{number}")

        expression = replace(item.expression, stand_in)
        result[item.name] = evaluate(context, expression, {**first, **values})
    return result


def _value(context: Context, call: ast.Call, rows: list[Env]) -> Any:
    name = call.name.lower()
    if call.star:
        return len(rows)
    values = [evaluate(context, call.arguments[0], row) for row in rows]
    values = [value for value in values if value is not None]
    if call.distinct:
        kept: dict[Any, Any] = {}
        for value in values:
            kept.setdefault(equivalence_key(value), value)
        values = list(kept.values())
    if len(call.arguments) == 2:
        # The percentile is the same for all rows; without rows there is nothing to ask.
        return (
            AGGREGATES[name](values, evaluate(context, call.arguments[1], rows[0]))
            if rows
            else None
        )
    return AGGREGATES[name](values)
