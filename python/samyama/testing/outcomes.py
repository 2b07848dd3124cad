"""What a client knows about a write after an error: it certainly was not done, or nobody can tell.

The difference carries everything: drivers run a transaction again after some errors, and a judge of histories
believes them. The rule is Bolt's: ``TransientError`` and ``ClientError`` mean that nothing was committed. Any other
failure of a commit, and a connection that went while an answer was due, leave it open.
"""

from __future__ import annotations

from typing import Literal

from samyama.testing.bolt import BoltFailure, ConnectionLost

__all__ = ["COMMIT_FAILED", "Told", "told_by"]

Told = Literal["acknowledged", "refused", "unknown"]

#: The server's own "I do not know": no driver retries it.
COMMIT_FAILED = "Neo.DatabaseError.Transaction.TransactionCommitFailed"
CERTAIN = ("Neo.TransientError.", "Neo.ClientError.")


def told_by(error: Exception) -> tuple[Told, str]:
    """What an error says about the write that it answers, and its code or name.

    Understands the errors of :mod:`samyama.testing.bolt` and of the neo4j driver. Anything else is a bug in a test
    and raised.
    """
    if isinstance(error, ConnectionLost):
        return ("unknown" if error.asked else "refused"), "ConnectionLost"
    code = error.code if isinstance(error, BoltFailure) else _code_of_driver(error)
    return ("refused" if code.startswith(CERTAIN) else "unknown"), code


def _code_of_driver(error: Exception) -> str:
    from neo4j.exceptions import DriverError, Neo4jError

    if isinstance(error, Neo4jError):
        return error.code or type(error).__name__
    if isinstance(error, DriverError):
        # Some of them come before anything was sent. Not to know is always true.
        return type(error).__name__
    raise error
