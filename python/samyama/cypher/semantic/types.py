"""What is known of a value before anything runs: a set of alternatives, and what lists hold.

The lattice is small: the types of Cypher and their unions. ``ANY`` is all of them; a type that is not known (of a
parameter, a property, an element of a mixed list) is ANY, and ANY is never refused. Null fits everywhere, so it is no
alternative: the literal ``null`` has the type NULL, which everything takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

__all__ = [
    "ANY",
    "BOOLEAN",
    "FLOAT",
    "INTEGER",
    "LIST",
    "MAP",
    "NODE",
    "NULL",
    "NUMBER",
    "PATH",
    "RELATIONSHIP",
    "STRING",
    "Type",
    "accepting",
    "fits",
    "join",
    "list_of",
    "parse",
]

_PLAIN = [
    "BOOLEAN",
    "INTEGER",
    "FLOAT",
    "STRING",
    "MAP",
    "NODE",
    "RELATIONSHIP",
    "PATH",
    "DATE",
    "LOCAL_TIME",
    "ZONED_TIME",
    "LOCAL_DATETIME",
    "ZONED_DATETIME",
    "DURATION",
    "POINT",
    "BYTES",
]
_ALL = frozenset([*_PLAIN, "LIST"])
#: How people are told of a type.
_SHOWN = {"ZONED_TIME": "Time", "ZONED_DATETIME": "DateTime"}


@dataclass(frozen=True, slots=True)
class Type:
    """``names``: the alternatives. ``element``: what its lists hold; None: anything."""

    names: frozenset[str]
    element: Type | None = None

    def __str__(self) -> str:
        if self.names >= _ALL:
            return "Any"
        if self.names == NUMBER.names:
            return "Number"
        return _sentence([self._shown(name) for name in sorted(self.names)])

    def _shown(self, name: str) -> str:
        if name == "LIST" and self.element is not None and self.element != ANY:
            return f"List<{self.element}>"
        return _SHOWN.get(name, "".join(part.capitalize() for part in name.split("_")))

    @property
    def written(self) -> str:
        """As the engine reads types: ``INTEGER | LOCAL DATETIME | LIST<STRING>``."""

        def one(name: str) -> str:
            if name == "LIST":
                return f"LIST<{'ANY' if self.element is None else self.element.written}>"
            return name.replace("_", " ")

        return "ANY" if self.names >= _ALL else " | ".join(map(one, sorted(self.names)))

    @property
    def item(self) -> Type:
        """What an element of it is, if it is a list."""
        return self.element if self.element is not None and self.names == {"LIST"} else ANY


def _sentence(words: list[str]) -> str:
    return ", ".join(words[:-1]) + (" or " if len(words) > 1 else "") + words[-1]


@lru_cache(maxsize=256)
def of(*names: str) -> Type:
    return Type(frozenset(names))


ANY = Type(_ALL)
NULL = of("NULL")
BOOLEAN = of("BOOLEAN")
INTEGER = of("INTEGER")
FLOAT = of("FLOAT")
NUMBER = of("INTEGER", "FLOAT")
STRING = of("STRING")
MAP = of("MAP")
NODE = of("NODE")
RELATIONSHIP = of("RELATIONSHIP")
PATH = of("PATH")
LIST = of("LIST")


@lru_cache(maxsize=256)
def list_of(element: Type) -> Type:
    return Type(LIST.names, element)


def fits(actual: Type, wanted: Type) -> bool:
    """Can a value of the one type be of the other?"""
    if actual is wanted or actual is NULL:
        return True
    common = actual.names & wanted.names
    if common == LIST.names and actual.element is not None and wanted.element is not None:
        return fits(actual.element, wanted.element)
    return bool(common)


def join(one: Type, other: Type) -> Type:
    """The type of what is one or the other: exact while they agree or are numbers, otherwise unknown."""
    if one is other or other is NULL:
        return one
    if one is NULL:
        return other
    if one.names <= NUMBER.names and other.names <= NUMBER.names:
        return NUMBER
    if one.names == other.names == LIST.names:
        return list_of(join(one.item, other.item))
    return one if one == other else ANY


@lru_cache(maxsize=512)
def accepting(text: str) -> Type:
    """What an argument of this type takes: an integer will do where a float is asked for, in lists too."""
    return _widened(parse(text))


def _widened(wanted: Type) -> Type:
    names = wanted.names | INTEGER.names if "FLOAT" in wanted.names else wanted.names
    return Type(names, None if wanted.element is None else _widened(wanted.element))


@lru_cache(maxsize=512)
def parse(text: str) -> Type:
    """``INTEGER``, ``LIST<STRING> or STRING``, ``NUMBER?``, ``A | B``, ``A, B or C``.

    Raises: ValueError: it names no type.
    """
    text = text.strip()
    alternatives = _alternatives(text)
    if len(alternatives) > 1:
        types = [parse(piece) for piece in alternatives]
        elements = [one.element for one in types if "LIST" in one.names]
        element = elements[0] if len(elements) == 1 else None
        return Type(frozenset().union(*(one.names for one in types)), element)
    text = text.removesuffix("?").removesuffix(" NOT NULL").strip()
    if text.startswith("LIST<") and text.endswith(">"):
        element = parse(text[5:-1])
        return LIST if element == ANY else list_of(element)
    name = text.upper().replace(" ", "_")
    if name in ("ANY", "PROPERTY_VALUE", "ANY_PROPERTY_VALUE"):
        return ANY
    if name == "NUMBER":
        return NUMBER
    if name in _ALL:
        return of(name)
    raise ValueError(f"`{text}` is no type")


def _alternatives(text: str) -> list[str]:
    """At ``|``, ``or`` and commas outside of angle brackets."""
    pieces, depth, start = [], 0, 0
    at = 0
    while at < len(text):
        depth += (text[at] == "<") - (text[at] == ">")
        width = 4 if text.startswith(" or ", at) else 1 if text[at] in "|," else 0
        if width and not depth:
            pieces.append(text[start:at])
            start = at + width
        at += max(width, 1)
    return [*pieces, text[start:]]
