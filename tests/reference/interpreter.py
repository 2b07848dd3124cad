"""The reference interpreter of Cypher: slow, plain, written from the language's definition.

It takes the syntax tree of ``samyama.cypher.parser`` and nothing else of the product: no planner, no plan, no engine. A
clause is a function from a table to a table, run for all rows before the next clause begins, so each clause sees
all that the clauses before it did and nothing later (CIP2015-10-27). A statement that fails changes nothing.

>>> from tests.reference.graph import Graph
>>> run(Graph(), "UNWIND [1, 2, 3] AS x RETURN sum(x) AS total").rows
[{'total': 6}]

Where to look: ``static/`` what is wrong before anything runs; ``matching`` patterns; ``projection`` and ``grouping``
WITH and RETURN; ``writes`` and ``merging``; ``expressions`` and ``functions/``; ``equality``, ``comparability``,
``equivalence``, ``order``: the four ways in which values are alike; ``temporal/``.

Not here: LOAD CSV, CALL { } IN TRANSACTIONS, schema and administration commands, procedures other than test tables.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.reference.context import STEPS_MAX, Context, Counters, Env, Procedure
from tests.reference.errors import CypherFailure, fail
from tests.reference.expressions import evaluate
from tests.reference.graph import Graph
from tests.reference.kinds import kind
from tests.reference.matching import match_paths, new_names
from tests.reference.merging import merge
from tests.reference.procedures import call_procedure
from tests.reference.projection import project
from tests.reference.static.check import check_statement
from tests.reference.table import Table, distinct
from tests.reference.writes import check_no_dangling, create, delete, set_items

from samyama.cypher import ast
from samyama.cypher.errors import CypherError
from samyama.cypher.parser import parse

__all__ = ["Outcome", "run"]


@dataclass
class Outcome:
    """What a statement gave. ``graph``: as it is afterwards; the one that was passed in is not touched."""

    names: list[str]
    rows: list[Env]
    graph: Graph
    counters: Counters


def run(
    graph: Graph,
    text: str,
    parameters: Mapping[str, Any] | None = None,
    procedures: Mapping[str, Procedure] | None = None,
    *,
    now_ns: int | None = None,
    steps_max: int = STEPS_MAX,
) -> Outcome:
    """Run one statement.

    Raises:
        CypherFailure: it is wrong, or goes wrong.
        TooSlow: it takes more steps than it may.
    """
    try:
        statement = _parsed(text)
    except CypherError as error:
        raise CypherFailure(error.error_type, error.phase, error.detail, error.summary) from None
    if not isinstance(statement.body, ast.Query):
        raise CypherFailure("SyntaxError", "compile time", "NotSupported", "a command")
    context = Context(graph.copy(), text, parameters or {}, procedures or {})
    context.now_ns = time.time_ns() if now_ns is None else now_ns
    context.run_query = _run_subquery
    context.steps_left = steps_max
    check_statement(context, statement.body)
    table = _run_query(context, statement.body, Table([], [{}]), top=True)
    check_no_dangling(context)
    rows = table.rows if table.names else []
    return Outcome(table.names, rows, context.graph, context.counters)


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> ast.Statement:
    """Trees are only read here, and the same text comes for several graphs in turn."""
    return parse(text)


def _run_query(context: Context, query: ast.Query, table: Table, *, top: bool) -> Table:
    """The parts of a UNION one after the other."""
    results = []
    for part in query.parts:
        start = Table(list(table.names), [dict(row) for row in table.rows], table.outer)
        results.append(_run_part(context, part, start, top=top))
    if len(results) == 1:
        return results[0]
    names = results[0].names
    rows = [row for result in results for row in result.rows]
    return Table(names, rows if query.all[0] else distinct(names, rows))


def _run_part(context: Context, part: ast.SingleQuery, table: Table, *, top: bool) -> Table:
    """All clauses; a part that does not end with RETURN has no columns."""
    returned = False
    for clause in part.clauses:
        alone = top and len(part.clauses) == 1
        table = _run_clause(context, clause, table, alone=alone)
        returned = isinstance(clause, ast.Projection) and clause.is_return
        returned = returned or (alone and isinstance(clause, ast.ProcedureCall))
    return table if returned else Table([], table.rows)


def _run_subquery(context: Context, query: ast.Query, env: Env) -> Table:
    """EXISTS, COUNT, COLLECT: all variables of the row are in scope throughout (Neo4j Cypher manual, "Subqueries").

    Without RETURN its rows are what was matched.
    """
    return _run_query(context, query, Table([], [dict(env)], dict(env)), top=False)


def _run_clause(context: Context, clause: ast.Clause, table: Table, *, alone: bool) -> Table:
    match clause:
        case ast.Match():
            return _match(context, clause, table)
        case ast.Unwind():
            return _unwind(context, clause, table)
        case ast.Projection():
            return project(context, clause, table)
        case ast.Create():
            names = new_names(clause.paths, {})
            return table.flat_map(names, lambda row: [create(context, clause.paths, row)])
        case ast.Merge():
            names = new_names([clause.path], {})
            return table.flat_map(names, lambda row: merge(context, clause, row))
        case ast.Set() | ast.Delete() | ast.Foreach():
            for row in table.rows:
                _update(context, clause, row)
            return table
        case ast.ProcedureCall() if not clause.optional:
            return call_procedure(context, clause, table, alone=alone)
        case ast.CallSubquery():
            return _call(context, clause, table)
        case ast.Finish():
            return Table([], [])
    raise CypherFailure("SyntaxError", "compile time", "NotSupported", type(clause).__name__)


def _update(context: Context, clause: ast.Clause, row: Env) -> None:
    """A clause that writes, for one row, where nothing needs the rows behind it."""
    match clause:
        case ast.Set():
            set_items(context, clause.items, row)
        case ast.Delete():
            delete(context, clause, row)
        case ast.Foreach():
            _foreach(context, clause, row)
        case _:
            raise AssertionError(f"FOREACH holds only clauses that write: {clause}")


def _match(context: Context, clause: ast.Match, table: Table) -> Table:
    names = new_names(clause.paths, {})

    def grow(row: Env) -> list[Env]:
        found = match_paths(context, clause.paths, clause.where, row)
        if not found and clause.optional:
            return [{**dict.fromkeys(names), **row}]
        return found

    return table.flat_map(names, grow)


def _unwind(context: Context, clause: ast.Unwind, table: Table) -> Table:
    """Null gives no row; what is no list gives itself (Neo4j Cypher manual, "UNWIND")."""

    def grow(row: Env) -> list[Env]:
        value = evaluate(context, clause.list, row)
        if value is None:
            return []
        items = value if isinstance(value, list) else [value]
        return [{**row, clause.variable: item} for item in items]

    return table.flat_map([clause.variable], grow)


def _foreach(context: Context, clause: ast.Foreach, row: Env) -> None:
    """For each element the clauses in order; what they bind is forgotten behind it."""
    items = evaluate(context, clause.list, row)
    if items is None:
        return
    if not isinstance(items, list):
        fail("TypeError", "InvalidArgumentType", f"FOREACH over a {kind(items)}")
    for item in items:
        inner = Table([*row, clause.variable], [{**row, clause.variable: item}])
        for update in clause.body:
            inner = _run_clause(context, update, inner, alone=False)


def _call(context: Context, clause: ast.CallSubquery, table: Table) -> Table:
    """Row by row, in order, each seeing what the rows before it wrote. A unit subquery keeps the row."""
    columns = returned_names(clause.query)
    rows: list[Env] = []
    for row in table.rows:
        inner = _run_inside(context, clause, row)
        if not columns:
            rows.append(row)
            continue
        rows += [{**row, **{name: new[name] for name in columns}} for new in inner.rows]
        if clause.optional and not inner.rows:
            rows.append({**row, **dict.fromkeys(columns)})
    return table.extended(columns, rows)


def _run_inside(context: Context, clause: ast.CallSubquery, row: Env) -> Table:
    """``CALL (a, b) { }`` sees what it names, throughout. The older form sees what its parts import by a first WITH."""
    if clause.imports is not None:
        names = list(row) if clause.import_all else clause.imports
        outer = {name: row[name] for name in names}
        return _run_query(context, clause.query, Table([], [dict(outer)], outer), top=False)
    results = []
    for part in clause.query.parts:
        first = part.clauses[0]
        imports = isinstance(first, ast.Projection) and not first.is_return
        start = Table(list(row), [dict(row)]) if imports else Table([], [{}])
        results.append(_run_part(context, part, start, top=False))
    names = results[0].names
    rows = [new for result in results for new in result.rows]
    is_all = len(results) == 1 or clause.query.all[0]
    return Table(names, rows if is_all else distinct(names, rows))


def returned_names(query: ast.Query) -> list[str]:
    """Columns of a subquery; none if it does not return."""
    last = query.parts[0].clauses[-1]
    if not isinstance(last, ast.Projection) or not last.is_return:
        return []
    if last.star:
        raise CypherFailure("SyntaxError", "compile time", "NotSupported", "RETURN * of CALL { }")
    return [item.name for item in last.items]
