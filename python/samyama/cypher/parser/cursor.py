"""Where the parser stands, what it accepts, and how it complains."""

from __future__ import annotations

from typing import NoReturn

from samyama.cypher import errors as e
from samyama.cypher.errors import CypherError, Problem, did_you_mean
from samyama.cypher.lexer import EOF, NAME, QUOTED, Tokens

__all__ = ["DEPTH_MAX", "Cursor"]

DEPTH_MAX = 120
KEYWORDS = [
    "MATCH",
    "OPTIONAL",
    "RETURN",
    "WITH",
    "UNWIND",
    "CREATE",
    "MERGE",
    "SET",
    "REMOVE",
    "DELETE",
    "DETACH",
    "CALL",
    "YIELD",
    "WHERE",
    "ORDER",
    "BY",
    "SKIP",
    "LIMIT",
    "UNION",
    "ALL",
    "FOREACH",
    "LOAD",
    "DISTINCT",
    "AND",
    "OR",
    "XOR",
    "NOT",
    "IN",
    "STARTS",
    "ENDS",
    "CONTAINS",
    "IS",
    "NULL",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "EXISTS",
    "SHOW",
    "DROP",
]


class Cursor:
    """The base of the parser's parts."""

    def __init__(self, tokens: Tokens, literals: dict[int, int]) -> None:
        self.tokens = tokens
        self.text = tokens.text
        self.kinds, self.values, self.uppers = tokens.kinds, tokens.values, tokens.uppers
        self.starts, self.ends = tokens.starts, tokens.ends
        self.literals = literals  # start of a stripped literal -> its number
        self.at = 0
        self.depth = 0
        #: Places of `|` that end the WHERE of a comprehension, and of those that have joined labels or types.
        self.ending_bars: set[int] = set()
        self.joining_bars: list[int] = []

    # ------------------------------------------------------------------------------------------------- looking

    def start(self) -> int:
        return self.starts[self.at]

    def end(self) -> int:
        """Where the last token that was taken ends."""
        return self.ends[self.at - 1] if self.at else 0

    def is_word(self, word: str, ahead: int = 0) -> bool:
        """``word`` in upper case; at most ``AHEAD_MAX`` tokens ahead. Only a name can be equal to a word."""
        return self.uppers[self.at + ahead] == word

    def is_words(self, *words: str) -> bool:
        return self.uppers[self.at : self.at + len(words)] == list(words)

    def is_op(self, operator: str, ahead: int = 0) -> bool:
        """At most ``AHEAD_MAX`` tokens ahead. Only an operator can be equal to one."""
        return self.uppers[self.at + ahead] == operator

    def is_joining_bar(self) -> bool:
        """A `|` between labels or types, as far as is known yet."""
        return self.is_op("|") and self.at not in self.ending_bars

    # -------------------------------------------------------------------------------------------------- taking

    def accept_word(self, word: str) -> bool:
        if self.uppers[self.at] == word:
            self.at += 1
            return True
        return False

    def accept_words(self, *words: str) -> bool:
        """All of them, or none."""
        if self.is_words(*words):
            self.at += len(words)
            return True
        return False

    def accept_op(self, operator: str) -> bool:
        if self.uppers[self.at] == operator:
            self.at += 1
            return True
        return False

    def expect_word(self, *words: str) -> None:
        for word in words:
            if not self.accept_word(word):
                self.fail_expected(word)

    def expect_op(self, operator: str) -> None:
        if not self.accept_op(operator):
            self.fail_expected(f"'{operator}'")

    def expect_name(self, what: str = "a name") -> str:
        kind = self.kinds[self.at]
        if kind != NAME and kind != QUOTED:
            self.fail_expected(what)
        self.at += 1
        return str(self.values[self.at - 1])

    def is_name(self, ahead: int = 0) -> bool:
        return self.kinds[self.at + ahead] in (NAME, QUOTED)

    # --------------------------------------------------------------------------------------------- complaining

    def fail_expected(self, what: str, problem: Problem = e.UNEXPECTED_SYNTAX) -> NoReturn:
        kind = self.kinds[self.at]
        found = (
            "end of input" if kind == EOF else f"'{self.text[self.start() : self.ends[self.at]]}'"
        )
        hint = did_you_mean(self.uppers[self.at], KEYWORDS) if kind == NAME else ""
        self.fail(f"Invalid input {found}: expected {what}{hint}", problem)

    def fail(
        self, message: str, problem: Problem = e.UNEXPECTED_SYNTAX, at: int | None = None
    ) -> NoReturn:
        raise CypherError(self.text, self.start() if at is None else at, message, problem)

    def enter(self) -> None:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            self.fail(
                f"The query nests more than {DEPTH_MAX} levels deep; split it into several clauses",
                e.NESTED_TOO_DEEP,
            )

    def leave(self) -> None:
        self.depth -= 1
