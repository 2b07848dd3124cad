"""Variables in scope and what they hold, for a generator that writes only what makes sense.

A kind is one word: ``node``, ``relationship``, ``path``, ``integer``, ``list of string``, ... Two are special. ``any``:
the value may be of any type. ``bag of X``: a list whose order the language leaves open, as collect() makes it; a bag
may be measured and searched, but not compared, sorted, or taken apart by place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["COMPARABLE", "Names", "Scope", "element_kind"]

#: Kinds by which rows can be sorted, such that rows that are equal in all of them are equal.
COMPARABLE = ("integer", "string", "boolean", "date", "localdatetime")


def element_kind(kind: str) -> str:
    return kind.partition(" of ")[2] or "any"


@dataclass
class Names:
    """Fresh names."""

    used: dict[str, int] = field(default_factory=dict)

    def fresh(self, prefix: str) -> str:
        number = self.used.get(prefix, 0)
        self.used[prefix] = number + 1
        return f"{prefix}{number}"


@dataclass
class Scope:
    """Variable to kind. ``nullable``: it may be null where its kind says node or relationship."""

    kinds: dict[str, str] = field(default_factory=dict)

    def of(self, *kinds: str) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind in kinds]

    def lists(self) -> list[str]:
        return [n for n, kind in self.kinds.items() if kind.startswith(("list of", "bag of"))]

    def copy(self) -> Scope:
        return Scope(dict(self.kinds))

    def with_(self, **kinds: str) -> Scope:
        return Scope({**self.kinds, **kinds})
