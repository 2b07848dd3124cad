"""Names and slots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from samyama.cypher import ast
from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog
from samyama.cypher.errors import CypherError, did_you_mean
from samyama.cypher.procedures import Registry

__all__ = ["Binding", "Context", "Scope"]


@dataclass(frozen=True, slots=True)
class Binding:
    """``kind``: node, relationship, relationships (a list of them), path, value (a literal's type) or any."""

    slot: int
    kind: str = "any"


class Scope:
    """The variables that a clause sees. ``hidden``: names that an earlier WITH left behind."""

    def __init__(
        self, names: dict[str, Binding] | None = None, hidden: frozenset[str] = frozenset()
    ) -> None:
        self.names: dict[str, Binding] = dict(names or {})
        self.hidden = hidden

    def copy(self) -> Scope:
        return Scope(self.names, self.hidden)

    def slots(self) -> set[int]:
        return {binding.slot for binding in self.names.values()}


class Context:
    """What one compilation shares: text, catalogue, procedures, slots, parameters seen."""

    def __init__(
        self, text: str, catalog: Catalog, spans: list[tuple[int, int]], registry: Registry
    ) -> None:
        self.text, self.catalog, self.spans, self.registry = text, catalog, spans, registry
        self.slots = 0
        self.parameters: list[str] = []
        self.writes = False
        self.notifications: list[p.Notification] = []

    def new_slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def notify(
        self,
        node: ast.Node,
        code: str,
        title: str,
        description: str,
        category: str,
        gql_status: str,
    ) -> None:
        """A warning that goes with every result of this plan."""
        line = self.text.count("\n", 0, node.start) + 1
        column = node.start - self.text.rfind("\n", 0, node.start)
        notification = p.Notification(
            code, title, description, "WARNING", category, gql_status, node.start, line, column
        )
        if notification not in self.notifications:
            self.notifications.append(notification)

    def use_parameter(self, name: str) -> None:
        if name not in self.parameters:
            self.parameters.append(name)

    def fail(self, node: ast.Node | int, message: str, detail: str, **more: str) -> NoReturn:
        offset = node if isinstance(node, int) else node.start
        raise CypherError(self.text, offset, message, detail=detail, **more)

    def not_yet(self, node: ast.Node, what: str) -> NoReturn:
        self.fail(node, f"{what} is not supported yet", "NotSupported")

    def lookup(self, scope: Scope, name: str, node: ast.Node) -> Binding:
        binding = scope.names.get(name)
        if binding is None:
            hint = did_you_mean(name, scope.names)
            if name in scope.hidden:
                hint = f" `{name}` is not visible after WITH; add it to the WITH."
            self.fail(
                node,
                f"Variable `{name}` not defined.{hint}",
                "UndefinedVariable",
                gql_status="42N62",
            )
        return binding

    def pieces(self, start: int, end: int) -> list[str | int]:
        """Source text as a column name: text, and the numbers of stripped literals."""
        result: list[str | int] = []
        at = start
        for number, (first, last) in enumerate(self.spans):
            if start <= first and last <= end:
                if first > at:
                    result.append(self.text[at:first])
                result.append(number)
                at = last
        if at < end:
            result.append(self.text[at:end])
        return result


def conflicts(kinds: Iterable[str], wanted: str) -> bool:
    """Can a variable of one of these kinds not be what is wanted?"""
    return any(kind not in (wanted, "any") for kind in kinds)
