"""Names: what a clause sees, and one name in the whole statement for every variable.

A variable keeps its name as long as no other variable of the statement had it before; from the second on, a number
stands behind it that no query can write. So whoever reads the tree behind this pass needs no rules of visibility: equal
names are the same variable, and :func:`shown` gives back what was written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from samyama.cypher.errors import Problem
from samyama.cypher.semantic.types import Type

__all__ = ["INSIDE", "Scope", "Symbol", "inside", "shown"]

_MARK = "\0"
#: Behind the name of a variable of a quantified pattern, for its single value inside of the pattern.
INSIDE = _MARK + "inside"


def numbered(name: str, number: int) -> str:
    return f"{name}{_MARK}{number}"


def shown(name: str) -> str:
    """The name as it was written."""
    return name.split(_MARK, 1)[0]


def inside(name: str) -> str:
    return name + INSIDE


class Symbol(NamedTuple):
    """A variable: its name in the statement, and what it can hold."""

    name: str
    type: Type


@dataclass(slots=True)
class Scope:
    """What is visible here, by the name as written.

    ``fixed``: variables from outside of a subquery, which stay visible through every WITH in it and cannot be shadowed.
    ``hidden``: names that are there and not visible, and what is to be said of each: a problem, and the rest of a
    sentence that begins with the name.
    """

    names: dict[str, Symbol] = field(default_factory=dict)
    fixed: dict[str, Symbol] = field(default_factory=dict)
    hidden: dict[str, tuple[Problem, str]] = field(default_factory=dict)

    def find(self, name: str) -> Symbol | None:
        return self.names.get(name) or self.fixed.get(name)

    def visible(self) -> dict[str, Symbol]:
        return self.fixed | self.names

    def copy(self) -> Scope:
        return Scope(dict(self.names), self.fixed, self.hidden)

    def behind(self, names: dict[str, Symbol], problem: Problem, why: str) -> Scope:
        """The scope behind a clause that lets only ``names`` through."""
        gone = {name: (problem, why) for name in self.names if name not in names}
        hidden = {n: c for n, c in self.hidden.items() if n not in names}
        return Scope(names, self.fixed, hidden | gone)

    def without(self, names: Iterable[str | None], problem: Problem, why: str) -> Scope:
        """The same, except that of these names, which are not visible, more can be said."""
        hidden = {name: (problem, why) for name in names if name is not None}
        return Scope(self.names, self.fixed, self.hidden | hidden)

    def enclosing(self) -> Scope:
        """The scope at the beginning of a subquery that sees everything from here."""
        return Scope({}, self.visible(), self.hidden)
