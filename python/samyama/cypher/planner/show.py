"""SHOW and TERMINATE: a table of rows, then what YIELD, WHERE and RETURN make of it."""

from __future__ import annotations

from typing import Any

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.errors import did_you_mean
from samyama.cypher.planner.expressions import Lowering
from samyama.cypher.planner.patterns import Patterns
from samyama.cypher.planner.procedures import expand_body
from samyama.cypher.planner.projection import Column
from samyama.cypher.planner.query import Part
from samyama.cypher.planner.scope import Binding, Context, Scope
from samyama.cypher.procedures import SHOWN, Shown
from samyama.cypher.procedures.tables import rows

__all__ = ["plan_show"]

#: Words before INDEX or CONSTRAINT, to what must stand in the type.
KINDS = {
    "RANGE": ["RANGE"],
    "TEXT": ["TEXT"],
    "POINT": ["POINT"],
    "LOOKUP": ["LOOKUP"],
    "FULLTEXT": ["FULLTEXT"],
    "VECTOR": ["VECTOR"],
    "UNIQUE": ["UNIQUE"],
    "UNIQUENESS": ["UNIQUE"],
    "KEY": ["KEY"],
    "NODE": ["NODE"],
    "RELATIONSHIP": ["RELATIONSHIP"],
    "REL": ["RELATIONSHIP"],
    "EXISTENCE": ["EXISTENCE"],
    "EXIST": ["EXISTENCE"],
    "TYPE": ["PROPERTY_TYPE"],
    "PROPERTY": [],
    "ALL": [],
    "BUILT": [],
    "IN": [],
    "USER": [],
    "DEFINED": [],
    "CURRENT": [],
    "DEFAULT": [],
    "HOME": [],
    "BTREE": ["RANGE"],
}


def plan_show(context: Context, command: ast.Show) -> tuple[p.Operator, list[Column]]:
    shown, kinds = _what(context, command)
    if shown.static is not None:
        source, found = _table(context, rows(shown.static, context.registry), shown, command)
    else:
        given: dict[str, p.Expression] = {
            "names": _names(context, command),
            "kinds": p.ListLiteral([p.Literal(kind) for kind in kinds]),
        }
        source, columns = expand_body(context, p.Argument(), given, shown.body)
        found = {name: binding for name, binding, _ in columns}
    part = Part(context, source, Scope(), top=True)
    bound = _yielded(context, command, shown, found)
    part.scope.names = {name: binding for name, binding, _ in bound}
    if command.where is not None:
        # Without YIELD a WHERE sees the columns that are shown.
        predicate = Lowering(context, part.scope, Patterns).lower(command.where)
        part.source = p.Filter(input=part.source, predicate=predicate)
    for clause in command.tail:
        part._clause(clause, is_last=False, is_first=False)
    if part.returned:
        return part.source, part.columns
    return part.source, [
        (name, part.scope.names.get(name, binding), item) for name, binding, item in bound
    ]


def _what(context: Context, command: ast.Show) -> tuple[Shown, list[str]]:
    """The thing shown is the last word that names one, before EXECUTABLE BY and the like."""
    words = command.what.split()
    for at in range(len(words) - 1, -1, -1):
        singular = {"INDEXES": "INDEX", "PRIVILEGES": "PRIVILEGE"}.get(
            words[at], words[at].removesuffix("S")
        )
        if singular in SHOWN:
            break
    else:
        things = ", ".join(
            f"{name}S" if name != "INDEX" else "INDEXES" for name in SHOWN if name != "TERMINATED"
        )
        context.fail(
            command,
            f"SHOW {command.what} is not supported; what can be shown: {things}",
            "NotSupported",
        )
    kinds: list[str] = []
    for word in words[:at]:
        if word not in KINDS:
            message = f"Invalid input '{word}' in SHOW {command.what}.{did_you_mean(word, KINDS)}"
            context.fail(command, message, "UnexpectedSyntax")
        kinds += KINDS[word]
    return SHOWN[singular], kinds


def _names(context: Context, command: ast.Show) -> p.Expression:
    lowering = Lowering(context, Scope(), Patterns)
    if len(command.names) == 1 and not isinstance(command.names[0], ast.Literal):
        # An expression: a text or a list of texts.
        one = lowering.lower(command.names[0])
        return p.Binary("add", p.ListLiteral([]), one)
    return p.ListLiteral(lowering.all(command.names))


def _table(
    context: Context, table: list[dict[str, Any]], shown: Shown, command: ast.Show
) -> tuple[p.Operator, dict[str, Binding]]:
    found = {column: Binding(context.new_slot()) for column in shown.columns}
    asked = {name for name, _ in command.yields} if command.yields else set(shown.columns)
    wanted = [column for column in shown.columns if column in asked]
    row = context.new_slot()
    items = [p.MapLiteral(wanted, [_constant(one[column]) for column in wanted]) for one in table]
    source: p.Operator = p.Unwind(input=p.Argument(), slot=row, list=p.ListLiteral(list(items)))
    return p.Projection(
        input=source,
        slots=[found[column].slot for column in wanted],
        expressions=[p.Property(p.Slot(row), column) for column in wanted],
    ), found


def _constant(value: Any) -> p.Expression:
    if isinstance(value, dict):
        return p.MapLiteral(list(value), [_constant(item) for item in value.values()])
    if isinstance(value, list):
        return p.ListLiteral([_constant(item) for item in value])
    return p.Literal(value)


def _yielded(
    context: Context, command: ast.Show, shown: Shown, found: dict[str, Binding]
) -> list[Column]:
    if command.yields:
        pairs = command.yields
    else:
        columns = shown.columns if command.star else shown.columns[: shown.default]
        pairs = [(column, column) for column in columns]
    for column, _ in pairs:
        if column not in found:
            hint = did_you_mean(column, found)
            message = f"SHOW {command.what} has no column `{column}`; it has {', '.join(shown.columns)}.{hint}"
            context.fail(command, message, "UndefinedVariable")
    return [(variable, found[column], None) for column, variable in pairs]
