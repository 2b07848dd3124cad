"""Everything that Samyama raises, in one tree.

Every failure of the engine is a :class:`SamyamaError` with Neo4j's ``code``, the GQL status, and for errors of a query
the openCypher TCK's words (``error_type``, ``phase``, ``detail``) and the position in the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = [
    "ClientError",
    "ConstraintError",
    "DatabaseError",
    "Position",
    "QueryError",
    "SamyamaError",
    "TransientError",
    "from_failure",
]


class Position(NamedTuple):
    """A place in a query: characters from 0, lines and columns from 1."""

    offset: int
    line: int
    column: int


class SamyamaError(Exception):
    """Base of all. ``retryable``: nothing was done, and the same call may succeed later."""

    def __init__(
        self, message: str, code: str, gql_status: str, diagnostics: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.gql_status = gql_status
        self.diagnostics: dict[str, Any] = dict(diagnostics or {})

    @property
    def retryable(self) -> bool:
        return isinstance(self, TransientError)

    @property
    def error_type(self) -> str:
        """In the TCK's words: ``SyntaxError``, ``TypeError``, ...; empty if it is not an error of a query."""
        return str(self.diagnostics.get("_error_type", ""))

    @property
    def phase(self) -> str:
        """``compile time``, ``runtime``, or empty."""
        return str(self.diagnostics.get("_phase", ""))

    @property
    def detail(self) -> str:
        return str(self.diagnostics.get("_detail", ""))

    @property
    def position(self) -> Position | None:
        found = self.diagnostics.get("_position")
        return (
            Position(found["offset"], found["line"], found["column"])
            if isinstance(found, dict)
            else None
        )


class ClientError(SamyamaError):
    """The request is wrong: sending it again gives the same."""


class QueryError(ClientError):
    """A query does not compile or fails while it runs."""


class ConstraintError(ClientError):
    """A constraint would be violated."""


class TransientError(SamyamaError):
    """Nothing was done; the same transaction may succeed when run again."""


class DatabaseError(SamyamaError):
    """The engine failed, or the outcome of a commit is not known."""


def from_failure(
    code: str, gql_status: str, message: str, diagnostics: Mapping[str, Any]
) -> SamyamaError:
    """The exception for a failure of the engine."""
    kind: type[SamyamaError] = DatabaseError
    if code.startswith("Neo.TransientError."):
        kind = TransientError
    elif code.startswith("Neo.ClientError.Schema.Constraint"):
        kind = ConstraintError
    elif code.startswith(("Neo.ClientError.Statement.", "Neo.ClientError.Procedure.")):
        kind = QueryError
    elif code.startswith("Neo.ClientError."):
        kind = ClientError
    return kind(message, code, gql_status, diagnostics)
