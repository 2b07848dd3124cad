"""Failures of a query, in the words of the openCypher TCK (its README, "Error details"): type, phase, detail."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["CypherFailure", "fail", "fail_static"]


class CypherFailure(Exception):
    """A query that is wrong (``compile time``) or goes wrong (``runtime``)."""

    def __init__(self, error_type: str, phase: str, detail: str, message: str = "") -> None:
        super().__init__(f"{error_type} at {phase}: {detail}. {message}".rstrip(" ."))
        self.error_type, self.phase, self.detail, self.message = error_type, phase, detail, message


def fail(error_type: str, detail: str, message: str = "") -> NoReturn:
    """Fail at run time."""
    raise CypherFailure(error_type, "runtime", detail, message)


def fail_static(detail: str, message: str = "", error_type: str = "SyntaxError") -> NoReturn:
    """Fail at compile time."""
    raise CypherFailure(error_type, "compile time", detail, message)
