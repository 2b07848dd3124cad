"""What flows between clauses: names in scope, and rows of values (openCypher 9, section 2.2, "driving table")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.reference.context import Env
from tests.reference.equivalence import equivalence_key

__all__ = ["Table", "distinct"]


@dataclass
class Table:
    """``outer``: variables of the row around a subquery, which no WITH inside can drop."""

    names: list[str]
    rows: list[Env]
    outer: Env = field(default_factory=dict)

    def extended(self, names: list[str], rows: list[Env]) -> Table:
        """With more names, and other rows."""
        new = [name for name in names if name not in self.names]
        return Table([*self.names, *new], rows, self.outer)

    def flat_map(self, names: list[str], grow: Callable[[Env], list[Env]]) -> Table:
        """Each row replaced by the rows that it grows into."""
        return self.extended(names, [after for row in self.rows for after in grow(row)])


def row_key(names: list[str], row: Env) -> tuple[Any, ...]:
    return tuple(equivalence_key(row[name]) for name in names)


def distinct(names: list[str], rows: list[Env]) -> list[Env]:
    """The first of each class of equivalent rows."""
    kept: dict[Any, Env] = {}
    for row in rows:
        kept.setdefault(row_key(names, row), row)
    return list(kept.values())
