"""Static types and scopes (openCypher 9, chapter 2; TCK, errors at compile time).

The types are few, because only what is certain may be refused: ``any`` (parameters, properties, entries of maps, mixed
lists) never is.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.reference.errors import fail_static

__all__ = ["ANY", "Scope", "Type", "element_of", "is_a", "list_of"]


@dataclass(frozen=True)
class Type:
    name: str
    inner: Type | None = None


ANY = Type("any")
Scope = dict[str, Type]


def list_of(inner: Type) -> Type:
    return Type("list", inner)


def element_of(kind: Type) -> Type:
    return (kind.inner or ANY) if kind.name == "list" else ANY


def is_a(kind: Type, *names: str) -> bool:
    """May a value of the type be of one of these? Null may be anything."""
    if kind.name in ("any", "null"):
        return True
    if kind.name == "number":
        return bool({"number", "integer", "float"} & set(names))
    return kind.name in names or (kind.name in ("integer", "float") and "number" in names)


def look_up(scope: Scope, name: str) -> Type:
    if name not in scope:
        fail_static("UndefinedVariable", name)
    return scope[name]


def declare(scope: Scope, name: str, kind: Type) -> None:
    """A variable that must be new."""
    if name in scope:
        fail_static("VariableAlreadyBound", name)
    scope[name] = kind
