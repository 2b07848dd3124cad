"""Everything that Samyama raises, in one tree.

Every failure of the engine is a :class:`SamyamaError` with Neo4j's ``code``, the GQL status, and for errors of a query
the openCypher TCK's words (``error_type``, ``phase``, ``detail``) and the position in the text::

    SamyamaError
    ├── ClientError          the request is wrong: sending it again gives the same
    │   ├── QueryError       a query does not compile, or fails while it runs
    │   └── ConstraintError  a constraint would be violated
    ├── TransientError       nothing was done: run it again (retryable)
    └── DatabaseError        the engine is at fault
        └── OutcomeUnknown   the commit may have happened: look before you repeat it
    ResultError              (a ValueError) a result is not what was asked of it, or has been read already
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = [
    "ClientError",
    "ConstraintError",
    "DatabaseError",
    "OutcomeUnknown",
    "Position",
    "QueryError",
    "ResultError",
    "SamyamaError",
    "TransientError",
    "from_failure",
]


#: The one code of a commit whose outcome nobody could find out in time.
OUTCOME_UNKNOWN_CODE = "Neo.DatabaseError.Transaction.TransactionCommitFailed"


class Position(NamedTuple):
    """A place in a query: offset in characters from 0, line and column from 1."""

    offset: int
    line: int
    column: int


class SamyamaError(Exception):
    """Base of all.

    Attributes:
        message: What happened, where, and the way out.
        code: Neo4j's code, ``Neo.ClientError.Statement.SyntaxError``.
        gql_status: The GQL status, ``42001``.
        diagnostics: The diagnostic record.

    Example:
        >>> import samyama
        >>> with samyama.open() as db:
        ...     try:
        ...         db.execute("RETURN 1 +")
        ...     except samyama.SamyamaError as error:
        ...         print(error.code, error.position.column, error.retryable)
        Neo.ClientError.Statement.SyntaxError 11 False
    """

    def __init__(
        self, message: str, code: str, gql_status: str, diagnostics: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.gql_status = gql_status
        self.diagnostics: dict[str, Any] = dict(diagnostics or {})

    def __reduce__(self) -> tuple[Any, ...]:
        # Made with more than its message, which is all that pickle would give back.
        return type(self), (self.message, self.code, self.gql_status, self.diagnostics)

    @property
    def retryable(self) -> bool:
        """Nothing was done, and the same transaction may succeed when it is run again."""
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
        """In the TCK's words, ``UndefinedVariable``; empty if there is none."""
        return str(self.diagnostics.get("_detail", ""))

    @property
    def position(self) -> Position | None:
        """Where in the query; None if it is about no place in it."""
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
    """The engine is at fault."""


class OutcomeUnknown(DatabaseError):
    """The commit may have happened or not. Never repeated by itself: look first."""


class ResultError(ValueError):
    """A result does not hold the one row that was asked for, or it has been consumed or ended already."""


def from_failure(
    code: str, gql_status: str, message: str, diagnostics: Mapping[str, Any]
) -> SamyamaError:
    """The exception for a failure of the engine."""
    kind: type[SamyamaError] = DatabaseError
    if code == OUTCOME_UNKNOWN_CODE:
        kind = OutcomeUnknown
    elif code.startswith("Neo.TransientError."):
        kind = TransientError
    elif code.startswith("Neo.ClientError.Schema.Constraint"):
        kind = ConstraintError
    elif code.startswith(("Neo.ClientError.Statement.", "Neo.ClientError.Procedure.")):
        kind = QueryError
    elif code.startswith("Neo.ClientError."):
        kind = ClientError
    return kind(message, code, gql_status, diagnostics)
