"""USING: hints that can be followed, by the slot they are about; a warning for each that cannot."""

from __future__ import annotations

from collections.abc import Sequence

from samyama.cypher import ast
from samyama.cypher.planner.context import Context, Names
from samyama.cypher.semantic.types import RELATIONSHIP

__all__ = ["usable_hints"]


def usable_hints(context: Context, names: Names, hints: Sequence[ast.Hint]) -> dict[int, ast.Hint]:
    found: dict[int, ast.Hint] = {}
    for hint in hints:
        if hint.kind == "join":
            context.notify(
                hint,
                "Neo.ClientNotification.Statement.JoinHintUnfulfillableWarning",
                "The join hint was not followed.",
                "There is no join on a hinted variable here: the order of the plan is chosen by cost.",
                "HINT",
                "01N30",
            )
            continue
        variable = hint.variables[0]
        is_relationship = context.analysis.types[variable] == RELATIONSHIP
        entity = "relationship" if is_relationship else "node"
        if hint.kind == "index" and not _exists(context, entity, hint):
            context.notify(
                hint,
                "Neo.ClientNotification.Schema.HintedIndexNotFound",
                "The hinted index does not exist.",
                f"There is no index on {hint.name}({', '.join(hint.keys)}): the query runs without it.",
                "HINT",
                "01N31",
            )
            continue
        found[names[variable]] = hint
    return found


def _exists(context: Context, entity: str, hint: ast.Hint) -> bool:
    return any(
        index.entity == entity and index.label == hint.name and index.keys == hint.keys
        for index in context.catalog.indexes
    )
