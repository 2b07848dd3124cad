"""Commands: SHOW and its YIELD, WHERE and RETURN; what schema commands take by value."""

from __future__ import annotations

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher.errors import did_you_mean
from samyama.cypher.procedures.shown import KINDS, SHOWN, Shown, split_words
from samyama.cypher.semantic.queries import Queries
from samyama.cypher.semantic.scope import Scope
from samyama.cypher.semantic.types import ANY

__all__ = ["analyse_command"]


def analyse_command(queries: Queries, command: ast.Command) -> None:
    if isinstance(command, ast.Show):
        _show(queries, command)
        return
    for name in ("options", "name_from"):
        value = getattr(command, name, None)
        if value is not None:
            queries.expressions.value(value, Scope())


def _show(queries: Queries, command: ast.Show) -> None:
    shown = _find(queries, command)
    scope = Scope()
    pairs = _yields(queries, command, shown)
    for _, variable in pairs:
        queries.analyser.declare(scope, variable, ANY, command)
    command.yields = [(column, scope.names[variable].name) for column, variable in pairs]
    command.star = False
    for name in command.names:
        queries.expressions.value(name, Scope())
    if command.where is not None:
        with queries.analyser.aggregates("in WHERE"):
            queries.expressions.predicate(command.where, scope)
    ended = False
    for clause in command.tail:
        if ended:
            message = "Nothing can stand behind RETURN"
            queries.analyser.fail(clause, e.BEHIND_RETURN, message)
        scope, _ = queries.clause(clause, scope)
        ended = isinstance(clause, ast.Projection) and clause.is_return


def _find(queries: Queries, command: ast.Show) -> Shown:
    words, thing = split_words(command.what)
    if thing is None:
        things = ", ".join(
            f"{name}S" if name != "INDEX" else "INDEXES" for name in SHOWN if name != "TERMINATED"
        )
        message = f"SHOW {command.what} is not supported; what can be shown: {things}"
        queries.analyser.fail(command, e.NOT_SUPPORTED, message)
    for word in words:
        if word not in KINDS:
            message = f"Invalid input '{word}' in SHOW {command.what}{did_you_mean(word, KINDS)}"
            queries.analyser.fail(command, e.UNEXPECTED_SYNTAX, message)
    return SHOWN[thing]


def _yields(queries: Queries, command: ast.Show, shown: Shown) -> list[tuple[str, str]]:
    """Columns and the variables they become; unasked, the first few."""
    if command.yields:
        pairs = command.yields
    else:
        columns = shown.columns if command.star else shown.columns[: shown.default]
        pairs = [(column, column) for column in columns]
    for column, _ in pairs:
        if column not in shown.columns:
            hint = did_you_mean(column, shown.columns)
            message = f"SHOW {command.what} has no column `{column}`; it has {', '.join(shown.columns)}{hint}"
            queries.analyser.fail(command, e.UNKNOWN_COLUMN, message)
    return pairs
