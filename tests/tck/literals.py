"""The literals of the suite's tables: ``(:A {k: 'v'})``, ``[:T]``, ``<(n)-[:T]->(m)>``, lists, maps, scalars."""

from __future__ import annotations

import re
from typing import Any

from tests.tck.values import Node, Path, Relationship

__all__ = ["LiteralError", "parse"]

_NUMBER = re.compile(
    r"[+-]?(?:\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+)"
)
_WORD = re.compile(r"`(?:[^`]|``)+`|\w+")
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_CONSTANTS = {
    "null": None,
    "true": True,
    "false": False,
    "NaN": float("nan"),
    "Inf": float("inf"),
    "-Inf": float("-inf"),
}


class LiteralError(ValueError):
    """A cell holds no literal of the suite."""


def parse(text: str) -> Any:
    """Raises: LiteralError: the text is not one literal."""
    reader = _Reader(text)
    value = reader.value()
    reader.blanks()
    if reader.at < len(text):
        raise reader.error("the end")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def error(self, wanted: str) -> LiteralError:
        return LiteralError(f"`{self.text}`: expected {wanted} at character {self.at}")

    def blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def accept(self, piece: str) -> bool:
        self.blanks()
        if self.text.startswith(piece, self.at):
            self.at += len(piece)
            return True
        return False

    def expect(self, piece: str) -> None:
        if not self.accept(piece):
            raise self.error(f"`{piece}`")

    def take(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        self.blanks()
        found = pattern.match(self.text, self.at)
        if found is None:
            raise self.error(what)
        self.at = found.end()
        return found

    def value(self) -> Any:
        self.blanks()
        rest = self.text[self.at :]
        if rest.startswith("("):
            return self.node()
        if rest.startswith("<"):
            return self.path()
        if re.match(r"\[\s*:", rest):
            return self.relationship()
        if rest.startswith("["):
            return self.list()
        if rest.startswith("{"):
            return self.map()
        if rest.startswith("'"):
            return self.string()
        for word, constant in _CONSTANTS.items():
            if re.match(rf"{re.escape(word)}(?!\w)", rest):
                self.at += len(word)
                return constant
        number = self.take(_NUMBER, "a literal")[0]
        return int(number) if re.fullmatch(r"[+-]?\d+", number) else float(number)

    def string(self) -> str:
        inside = self.take(_STRING, "a string")[1]
        return re.sub(
            r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), inside, flags=re.DOTALL
        )

    def name(self) -> str:
        word = self.take(_WORD, "a name")[0]
        return word[1:-1].replace("``", "`") if word.startswith("`") else word

    def list(self) -> list[Any]:
        self.expect("[")
        items: list[Any] = []
        if self.accept("]"):
            return items
        while True:
            items.append(self.value())
            if not self.accept(","):
                self.expect("]")
                return items

    def map(self) -> dict[str, Any]:
        self.expect("{")
        pairs: dict[str, Any] = {}
        if self.accept("}"):
            return pairs
        while True:
            name = self.name()
            self.expect(":")
            pairs[name] = self.value()
            if not self.accept(","):
                self.expect("}")
                return pairs

    def properties(self) -> dict[str, Any]:
        self.blanks()
        return self.map() if self.text.startswith("{", self.at) else {}

    def node(self) -> Node:
        self.expect("(")
        labels = set()
        while self.accept(":"):
            labels.add(self.name())
        properties = self.properties()
        self.expect(")")
        return Node(frozenset(labels), properties)

    def relationship(self) -> Relationship:
        self.expect("[")
        self.expect(":")
        found = Relationship(self.name(), self.properties())
        self.expect("]")
        return found

    def path(self) -> Path:
        self.expect("<")
        start = self.node()
        steps = []
        while not self.accept(">"):
            along = not self.accept("<-")
            if along:
                self.expect("-")
            relationship = self.relationship()
            self.expect("->" if along else "-")
            steps.append((relationship, along, self.node()))
        return Path(start, tuple(steps))
