"""What all expressions share: a kind is wanted, a production is chosen, and at depth 0 a leaf is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tests.generators.choices import Choices
from tests.generators.schema import KEY_KINDS, KEYS, VALUES
from tests.generators.scope import Names, Scope, element_kind

if TYPE_CHECKING:
    from tests.generators.queries import Queries

__all__ = ["Production", "Writer"]

_KEYS_OF = {kind: [key for key in KEYS if KEY_KINDS[key] == kind] for kind in KEY_KINDS.values()}
#: Writes an expression for a scope and a depth, or None if the scope has not what it needs.
Production = Callable[[Any, Scope, int], str | None]


class Writer:
    def __init__(self, choices: Choices, names: Names, *, risky: bool = False) -> None:
        self.choices, self.names, self.risky = choices, names, risky
        #: Writes subqueries and patterns; the query generator puts itself in.
        self.queries: Queries | None = None

    def of(self, kind: str, scope: Scope, depth: int = 2) -> str:
        """An expression of the kind."""
        if kind.startswith("bag of "):
            return self.bag(element_kind(kind), scope, depth)
        if depth > 0:
            for _ in range(3):
                production = self.choices.one(self.productions(kind))
                text = production(self, scope, depth - 1)
                if text is not None:
                    return text
        return self.leaf(kind, scope)

    def productions(self, kind: str) -> Sequence[Production]:
        """How an expression of the kind may be written; a table that is filled where all ways are known."""
        raise AssertionError(f"no productions are known here, not of {kind} either")

    def bag(self, kind: str, scope: Scope, depth: int) -> str:
        raise AssertionError(f"what makes bags brings this, for {kind} in {scope} at {depth}")

    def leaf(self, kind: str, scope: Scope) -> str:
        """A variable, a property or a literal."""
        options: list[str] = []
        variables = scope.of(kind)
        if variables:
            options.append(self.choices.one(variables))
        entities = scope.of("node", "relationship")
        keys = _KEYS_OF.get(kind)
        if keys and entities:
            options.append(f"{self.choices.one(entities)}.{self.choices.one(keys)}")
            options.append(options[-1])
        if kind in ("node", "relationship", "path"):
            return options[0] if options else "null"
        literals = VALUES.get(kind) or self._list_literals(kind)
        options.append(self.choices.one(literals))
        if self.choices.chance(3):
            return "null"
        return self.choices.one(options)

    def _list_literals(self, kind: str) -> tuple[str, ...]:
        inner = VALUES.get(element_kind(kind), ("1",))
        return ("[]", f"[{inner[0]}]", f"[{inner[-1]}, {inner[0]}]", f"[{inner[0]}, null]")

    def case(self, kind: str, scope: Scope, depth: int) -> str:
        when = self.of("boolean", scope, depth)
        then, other = self.of(kind, scope, depth), self.of(kind, scope, depth)
        if self.choices.chance(30):
            subject, value = self.of("integer", scope, 0), self.of("integer", scope, 0)
            return f"CASE {subject} WHEN {value} THEN {then} ELSE {other} END"
        return f"CASE WHEN {when} THEN {then} ELSE {other} END"

    def coalesce(self, kind: str, scope: Scope, depth: int) -> str:
        return f"coalesce({self.of(kind, scope, depth)}, {self.of(kind, scope, depth)})"

    def element(self, kind: str, scope: Scope, depth: int) -> str:
        items = self.of(f"list of {kind}", scope, depth)
        place = self.choices.one(("0", "1", "-1", "9"))
        return self.choices.one((f"head({items})", f"last({items})", f"({items})[{place}]"))

    def parenthesised(self, kind: str, scope: Scope, depth: int) -> str:
        return f"({self.of(kind, scope, depth)})"
