"""What may stand where the cursor is: commands, keywords, labels, types, keys, procedures, functions, variables.

The names come from the database, asked when they are first needed and again after something was written. Which kind of
name is meant is told by what stands before the word; when that is not clear, all that could be meant are offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from samyama.cypher.parser.cursor import KEYWORDS
from samyama.export.literals import quote_name

__all__ = ["Names", "complete"]

#: Those that the parser guesses at, and those that only follow others.
_KEYWORDS = sorted(
    {
        *KEYWORDS,
        *("AS", "ASC", "ASCENDING", "CONSTRAINT", "CONSTRAINTS", "CSV", "DATABASES", "DESC"),
        *("DESCENDING", "EACH", "EXPLAIN", "FALSE", "FOR", "FROM", "FULLTEXT", "FUNCTIONS"),
        *("HEADERS", "IF", "INDEX", "INDEXES", "KEY", "NODE", "ON", "OPTIONS", "POINT"),
        *("PROCEDURES", "PROFILE", "RANGE", "REQUIRE", "ROWS", "SETTINGS", "SHORTEST"),
        *("TERMINATE", "TEXT", "TRANSACTIONS", "TRUE", "UNIQUE", "USING", "VECTOR"),
    }
)
_INSIDE_RELATIONSHIP = re.compile(r"\[[^\]]*$")
_WORD = re.compile(r"[\w.]*$")
_VARIABLE = re.compile(r"\b[a-z_]\w*\b")


@dataclass
class Names:
    """The names in a database, by kind."""

    labels: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    procedures: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)

    @classmethod
    def fetch(cls, ask: Callable[[str], list[str]]) -> Names:
        """``ask`` runs a statement and gives its first column."""
        return cls(
            labels=ask("CALL db.labels() YIELD label RETURN label"),
            types=ask("CALL db.relationshipTypes() YIELD relationshipType AS t RETURN t"),
            keys=ask("CALL db.propertyKeys() YIELD propertyKey AS k RETURN k"),
            procedures=ask("SHOW PROCEDURES YIELD name RETURN name"),
            functions=ask("SHOW FUNCTIONS YIELD name RETURN DISTINCT name"),
        )


def complete(before: str, names: Names, commands: Iterable[str] = ()) -> list[str]:
    """Whole words that go on what stands at the end of ``before``, the text up to the cursor.

    >>> complete("MATCH (p:Per", Names(labels=["Person", "Permit", "City"]))
    ['Permit', 'Person']
    >>> complete("match (p) retu", Names())
    ['return ']
    """
    if re.fullmatch(r"\s*:\w*", before):
        word = before.strip()
        return sorted(command for command in commands if command.startswith(word))
    word = _word(before)
    head = before[: len(before) - len(word)]
    return sorted(set(_matching(head, word, names)))


def _word(before: str) -> str:
    found = _WORD.search(before)
    return found[0] if found else ""


def _matching(head: str, word: str, names: Names) -> Iterable[str]:
    if re.search(r":\s*$|[|&!]\s*$", head) and ":" in head:
        known = names.types if _INSIDE_RELATIONSHIP.search(head) else names.labels
        return [quote_name(name) for name in known if name.startswith(word)]
    if re.search(r"\bCALL\s+$", head, re.IGNORECASE):
        return [name for name in names.procedures if name.lower().startswith(word.lower())]
    variable, dot, key = word.rpartition(".")
    properties = [f"{variable}.{quote_name(name)}" for name in names.keys if name.startswith(key)]
    functions = [f"{name}(" for name in names.functions if name.lower().startswith(word.lower())]
    if dot:
        return [*properties, *functions] if variable else properties
    if not word:
        return []
    return [*_keywords(word), *functions, *_variables(head, word)]


def _keywords(word: str) -> list[str]:
    """In the case in which the word was begun; something always follows one."""
    found = [f"{keyword} " for keyword in _KEYWORDS if keyword.startswith(word.upper())]
    return [keyword.lower() for keyword in found] if word.islower() else found


def _variables(head: str, word: str) -> list[str]:
    keywords = {keyword.lower() for keyword in _KEYWORDS}
    return [
        name for name in _VARIABLE.findall(head) if name.startswith(word) and name not in keywords
    ]
