"""What must hold of any text at all that is parsed or compiled.

Nothing is raised but CypherError; its position lies within the text and its line and column agree with it; nesting has
a limit with a name; time grows about as the text does; and a text that parses comes back from its tree.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.generators.unparse import unparse
from tests.reference.tree import shape, walk

from samyama.cypher import ast
from samyama.cypher.compile import compile as compile_text
from samyama.cypher.errors import CypherError
from samyama.cypher.parser import parse

__all__ = ["Broken", "check_text"]

#: A text of so many characters may take so long, whatever it is; far above what is measured (20 us a character).
SECONDS_AT_LEAST, SECONDS_PER_CHARACTER = 2.0, 0.001


@dataclass
class Broken(Exception):
    """A property that does not hold."""

    what: str
    text: str

    def __str__(self) -> str:
        shown = self.text if len(self.text) < 2_000 else f"{self.text[:900]} ... {self.text[-900:]}"
        return f"{self.what}\n{shown!r}"


def check_text(text: str) -> bool:
    """Does it parse? Raises: Broken."""
    began = time.process_time()
    tree = _guarded(text, parse, "parse")
    _guarded(text, compile_text, "compile")
    seconds = time.process_time() - began
    if seconds > SECONDS_AT_LEAST + SECONDS_PER_CHARACTER * len(text):
        raise Broken(f"{seconds:.1f} s for {len(text)} characters", text)
    if isinstance(tree, ast.Statement) and isinstance(tree.body, ast.Query):
        try:
            _check_round_trip(text, tree)
        except RecursionError:
            # A sum of thousands is a tree as deep: what writes it again goes down, the parser did not.
            return True
    return tree is not None


def _guarded(text: str, function: Callable[[str], object], name: str) -> object | None:
    """What the function gives; None if it says that the text is wrong."""
    try:
        return function(text)
    except CypherError as error:
        _check_error(text, error)
        return None
    except Exception as error:
        raise Broken(f"{name}: {type(error).__name__}: {error}", text) from error


def _check_error(text: str, error: CypherError) -> None:
    if not 0 <= error.offset <= len(text):
        raise Broken(f"the error stands at {error.offset}, the text has {len(text)}", text)
    before = text[: error.offset]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    if (error.line, error.column) != (line, column):
        raise Broken(f"line {error.line}, column {error.column}; it is {line}, {column}", text)
    if not (error.error_type and error.phase and error.detail and error.summary):
        raise Broken("an error without type, phase, detail or words", text)


def _without_names(tree: ast.Statement) -> object:
    """A column without an alias is named by the text that it was read from."""
    for node in walk(tree):
        if isinstance(node, ast.Item) and not node.aliased:
            node.name = ""
    return shape(tree)


def _check_round_trip(text: str, tree: ast.Statement) -> None:
    again = unparse(tree)
    try:
        twin = parse(again)
    except CypherError as error:
        if error.detail == "NestingTooDeep":
            return  # Parentheses are levels too.
        raise Broken(
            f"what was written again does not parse: {error.summary}: {again}", text
        ) from None
    if _without_names(twin) != _without_names(tree):
        raise Broken(f"written again it is another: {again}", text)
