"""What one compilation shares: text, catalogue, procedures, slots, parameters, warnings."""

from __future__ import annotations

from collections.abc import Set
from typing import Literal as Lit
from typing import NoReturn

from samyama.cypher import ast
from samyama.cypher import errors as e
from samyama.cypher import plan as p
from samyama.cypher.catalog import Catalog
from samyama.cypher.errors import CypherError
from samyama.cypher.procedures import Registry
from samyama.cypher.semantic import Analysis

__all__ = ["Context", "Names"]

#: The slots of variables. A name means one variable in the whole statement: the static pass has seen to that.
Names = dict[str, int]


class Context:
    def __init__(
        self,
        text: str,
        catalog: Catalog,
        spans: list[tuple[int, int]],
        registry: Registry,
        analysis: Analysis,
        without: Set[str] = frozenset(),
    ) -> None:
        self.text, self.catalog, self.spans, self.registry = text, catalog, spans, registry
        self.analysis = analysis
        #: Rules that are left out: for their scripts, and for comparing answers with and without them.
        self.without = without
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
        *,
        severity: Lit["WARNING", "INFORMATION"] = "WARNING",
        unknown: tuple[str, str] | None = None,
    ) -> None:
        """A warning that goes with every result of this plan; ``unknown``: as long as the graph lacks this name."""
        line = self.text.count("\n", 0, node.start) + 1
        column = node.start - self.text.rfind("\n", 0, node.start)
        notification = p.Notification(
            code=code,
            title=title,
            description=description,
            severity=severity,
            category=category,
            gql_status=gql_status,
            offset=node.start,
            line=line,
            column=column,
            unknown=None if unknown is None else p.UnknownName(*unknown),  # type: ignore[arg-type]
        )
        if notification not in self.notifications:
            self.notifications.append(notification)

    def use_parameter(self, name: str) -> None:
        if name not in self.parameters:
            self.parameters.append(name)

    def not_supported(self, node: ast.Node, message: str) -> NoReturn:
        """The only error that planning has: what is wrong, the static pass has said."""
        raise CypherError(self.text, node.start, message, e.NOT_SUPPORTED)

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
