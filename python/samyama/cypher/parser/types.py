"""Types as queries write them, brought to the one spelling that the engine reads (``ZONED DATETIME``, ``A | B``)."""

from __future__ import annotations

from samyama.cypher.errors import did_you_mean
from samyama.cypher.parser.cursor import Cursor

__all__ = ["Types"]

#: As written to as spelled; longer spellings of the same words come first.
NAMES: dict[str, str] = {
    "TIMESTAMP WITHOUT TIMEZONE": "LOCAL DATETIME",
    "TIMESTAMP WITHOUT TIME ZONE": "LOCAL DATETIME",
    "TIMESTAMP WITH TIMEZONE": "ZONED DATETIME",
    "TIMESTAMP WITH TIME ZONE": "ZONED DATETIME",
    "TIME WITHOUT TIMEZONE": "LOCAL TIME",
    "TIME WITHOUT TIME ZONE": "LOCAL TIME",
    "TIME WITH TIMEZONE": "ZONED TIME",
    "TIME WITH TIME ZONE": "ZONED TIME",
    "LOCAL DATETIME": "LOCAL DATETIME",
    "ZONED DATETIME": "ZONED DATETIME",
    "LOCAL TIME": "LOCAL TIME",
    "ZONED TIME": "ZONED TIME",
    "PROPERTY VALUE": "PROPERTY VALUE",
    "ANY PROPERTY VALUE": "PROPERTY VALUE",
    "ANY NODE": "NODE",
    "ANY VERTEX": "NODE",
    "ANY RELATIONSHIP": "RELATIONSHIP",
    "ANY EDGE": "RELATIONSHIP",
    "ANY MAP": "MAP",
    "ANY VALUE": "ANY",
    "SIGNED INTEGER": "INTEGER",
    "BOOL": "BOOLEAN",
    "BOOLEAN": "BOOLEAN",
    "STRING": "STRING",
    "VARCHAR": "STRING",
    "INT": "INTEGER",
    "INTEGER": "INTEGER",
    "INTEGER64": "INTEGER",
    "INT64": "INTEGER",
    "FLOAT": "FLOAT",
    "FLOAT64": "FLOAT",
    "DATE": "DATE",
    "DURATION": "DURATION",
    "POINT": "POINT",
    "NODE": "NODE",
    "VERTEX": "NODE",
    "RELATIONSHIP": "RELATIONSHIP",
    "EDGE": "RELATIONSHIP",
    "MAP": "MAP",
    "PATH": "PATH",
    "NOTHING": "NOTHING",
    "NULL": "NULL",
    "ANY": "ANY",
}
_LONGEST = max(len(name.split()) for name in NAMES)


class Types(Cursor):
    def type_text(self) -> str:
        """``INTEGER NOT NULL | LIST<STRING>`` and its kin."""
        parts = [self._alternative()]
        while self.is_joining_bar():
            self.joining_bars.append(self.at)
            self.at += 1
            parts.append(self._alternative())
        return " | ".join(parts)

    def _alternative(self) -> str:
        if (self.is_word("LIST") or self.is_word("ARRAY")) and (
            self.is_op("<", 1) or self.is_op("<>", 1)
        ):
            return self._list()
        if self.is_word("ANY") and self.is_op("<", 1):
            self.at += 2
            inner = self.type_text()
            self._close()
            return inner
        for length in range(_LONGEST, 0, -1):
            written = " ".join(self.uppers[self.at : self.at + length])
            if all(self.is_name(ahead) for ahead in range(length)) and written in NAMES:
                self.at += length
                return self._postfix_list(NAMES[written] + self._not_null())
        hint = (
            did_you_mean(self.uppers[self.at], [name for name in NAMES if " " not in name])
            if self.is_name()
            else ""
        )
        self.fail(f"Invalid type: expected a type such as INTEGER, STRING or LIST<FLOAT>{hint}")

    def _list(self) -> str:
        self.at += 2
        inner = self.type_text()
        self._close()
        return self._postfix_list(f"LIST<{inner}>{self._not_null()}")

    def _postfix_list(self, name: str) -> str:
        """``INTEGER LIST`` and ``INTEGER ARRAY``."""
        while self.is_word("LIST") or self.is_word("ARRAY"):
            self.at += 1
            name = f"LIST<{name}>{self._not_null()}"
        return name

    def _not_null(self) -> str:
        return " NOT NULL" if self.accept_words("NOT", "NULL") or self.accept_op("!") else ""

    def _close(self) -> None:
        # `>>` and `>=` do not lex as one: each `>` closes one list.
        self.expect_op(">")
