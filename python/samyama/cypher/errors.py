"""Errors of compilation, in Neo4j's layout: message, position, the line, a caret."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["CypherError", "did_you_mean"]


class CypherError(Exception):
    """A query that does not compile.

    ``error_type``, ``phase`` and ``detail`` are the openCypher TCK's words; ``code`` is Neo4j's. ``offset`` counts
    characters from 0, ``line`` and ``column`` from 1.
    """

    def __init__(
        self,
        text: str,
        offset: int,
        message: str,
        *,
        detail: str,
        error_type: str = "SyntaxError",
        code: str = "Neo.ClientError.Statement.SyntaxError",
        gql_status: str = "42001",
        phase: str = "compile time",
    ) -> None:
        offset = min(offset, len(text))
        self.offset = offset
        self.line = text.count("\n", 0, offset) + 1
        start = text.rfind("\n", 0, offset) + 1
        end = text.find("\n", offset)
        self.column = offset - start + 1
        source = text[start : end if end >= 0 else len(text)]
        place = f"(line {self.line}, column {self.column} (offset: {offset}))"
        self.message = f'{message} {place}\n"{source}"\n{" " * self.column}^'
        self.summary = message
        self.detail, self.error_type, self.phase = detail, error_type, phase
        self.code, self.gql_status = code, gql_status
        super().__init__(self.message)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` Did you mean `x`?`` or nothing."""
    near = difflib.get_close_matches(name, list(known), 1, 0.7)
    return f" Did you mean `{near[0]}`?" if near and near[0] != name else ""
