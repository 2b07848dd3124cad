"""Cuts what is typed into statements: Cypher that ends with ``;``, and commands, lines that begin with ``:``.

A semicolon inside a string, a quoted name or a comment ends nothing. What Cypher means is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Splitter", "Statement"]

#: The beginning of something that may hold a semicolon, or the semicolon that counts.
_OPENING = re.compile(r"['\"`;]|//|/\*")
_CLOSING = {
    "'": re.compile(r"(?:[^'\\]|\\.)*'", re.DOTALL),
    '"': re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL),
    "`": re.compile(r"[^`]*`"),
    "//": re.compile(r"[^\n]*\n"),
    "/*": re.compile(r".*?\*/", re.DOTALL),
}
_NOTHING = re.compile(r"(?:\s|//[^\n]*(?:\n|\Z)|/\*.*?\*/)*\Z", re.DOTALL)


@dataclass(frozen=True)
class Statement:
    """``text`` without its semicolon. ``line`` of its first character in what was fed, from 1."""

    text: str
    line: int
    is_command: bool = False


class Splitter:
    """Takes text piece by piece and gives the statements that are complete.

    >>> splitter = Splitter()
    >>> [s.text for s in splitter.feed("RETURN ';' AS x; RETURN 2")]
    ["RETURN ';' AS x"]
    >>> splitter.pending
    True
    >>> [s.text for s in splitter.feed("; ")]
    ['RETURN 2']
    """

    def __init__(self) -> None:
        self._text = ""
        self._line = 1

    @property
    def pending(self) -> bool:
        """Whether something has begun and is not complete."""
        return _NOTHING.match(self._text) is None

    def feed(self, text: str) -> Iterator[Statement]:
        """Add text; the statements that it completes."""
        self._text += text
        while (found := self._next()) is not None:
            if found.text:
                yield found

    def finish(self) -> Statement | None:
        """The end of the input: what is left is a statement without its semicolon."""
        rest, self._text = self._text, ""
        if _NOTHING.match(rest):
            return None
        text = rest.strip()
        return Statement(text, self._line_of(rest), text.startswith(":"))

    def drop(self) -> None:
        """Forget what has begun."""
        self._text = ""

    def _next(self) -> Statement | None:
        if self._text.lstrip().startswith(":"):
            line, newline, rest = self._text.lstrip().partition("\n")
            if not newline:
                return None
            return self._take(len(self._text) - len(rest), line.strip().rstrip(";").rstrip(), True)
        end = self._end()
        if end is None:
            return None
        text = self._text[: end - 1]
        return self._take(end, "" if _NOTHING.match(text) else text.strip(), False)

    def _take(self, end: int, text: str, is_command: bool) -> Statement:
        line = self._line_of(self._text)
        self._line += self._text.count("\n", 0, end)
        self._text = self._text[end:]
        return Statement(text, line, is_command)

    def _line_of(self, text: str) -> int:
        return self._line + text[: len(text) - len(text.lstrip())].count("\n")

    def _end(self) -> int | None:
        """Behind the semicolon that ends the first statement."""
        at = 0
        while opening := _OPENING.search(self._text, at):
            if opening[0] == ";":
                return opening.end()
            closing = _CLOSING[opening[0]].match(self._text, opening.end())
            if closing is None:
                return None
            at = closing.end()
        return None
