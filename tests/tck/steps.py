"""The sentences of the suite, read into what they ask for. A sentence that is not known is an error of the runner."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.tck import literals
from tests.tck.suite import Step

__all__ = [
    "Action",
    "DefineProcedure",
    "Execute",
    "ExpectEffects",
    "ExpectError",
    "ExpectTable",
    "Given",
    "Parameters",
    "Procedure",
    "SetUp",
    "read",
]

EFFECTS = ("nodes", "relationships", "labels", "properties")
PHASES = ("compile time", "runtime", "any time")


@dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure that is a table; each row holds the arguments and then the columns."""

    signature: str
    rows: tuple[tuple[Any, ...], ...]

    @property
    def identity(self) -> str:
        return repr((self.signature, self.rows))


@dataclass(frozen=True, slots=True)
class Given:
    """``graph``: the name of a named graph; None: start with nothing."""

    graph: str | None


@dataclass(frozen=True, slots=True)
class SetUp:
    query: str


@dataclass(frozen=True, slots=True)
class Parameters:
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DefineProcedure:
    procedure: Procedure


@dataclass(frozen=True, slots=True)
class Execute:
    """The query, or (``control``) one that looks at what the query did."""

    query: str
    control: bool


@dataclass(frozen=True, slots=True)
class ExpectTable:
    """``columns`` and ``rows``; ``in_order``: of rows; ``list_order`` False: lists may have any order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    in_order: bool
    list_order: bool


@dataclass(frozen=True, slots=True)
class ExpectEffects:
    """``+nodes`` to how many; what is not named is 0."""

    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class ExpectError:
    type: str
    phase: str
    detail: str


Action = (
    Given
    | SetUp
    | Parameters
    | DefineProcedure
    | Execute
    | ExpectTable
    | ExpectEffects
    | ExpectError
)

_ERROR = re.compile(r"an? (\w+) should be raised at (compile time|runtime|any time): (\S+)")
_RESULT = re.compile(
    r"the result should be(?P<how>, in any order|, in order|)(?P<lists> \(ignoring element order for lists\))?:"
)


def read(step: Step) -> Action:
    """Raises: ValueError: no such sentence, or its table is malformed."""
    sentence = step.sentence
    if sentence in ("any graph", "an empty graph"):
        return Given(None)
    if found := re.fullmatch(r"the ([\w-]+) graph", sentence):
        return Given(found[1])
    if sentence == "having executed:":
        return SetUp(_text(step))
    if sentence == "parameters are:":
        return Parameters({name: literals.parse(value) for name, value in step.rows})
    if found := re.fullmatch(r"there exists a procedure (.+?)\s*:", sentence):
        return DefineProcedure(_procedure(found[1], step))
    if sentence in ("executing query:", "executing control query:"):
        return Execute(_text(step), "control" in sentence)
    if sentence == "the result should be empty":
        return ExpectTable((), (), in_order=True, list_order=True)
    if found := _RESULT.fullmatch(sentence):
        return _table(step, found["how"] == ", in order", found["lists"] is None)
    if sentence == "no side effects":
        return ExpectEffects({})
    if sentence == "the side effects should be:":
        counts = {name: int(count) for name, count in step.rows}
        wrong = set(counts) - {f"{sign}{kind}" for sign in "+-" for kind in EFFECTS}
        if wrong:
            raise ValueError(f"there is no side effect {', '.join(sorted(wrong))}")
        return ExpectEffects(counts)
    if found := _ERROR.fullmatch(sentence):
        return ExpectError(found[1], found[2], found[3])
    raise ValueError(f"no step reads `{sentence}`")


def _text(step: Step) -> str:
    if step.text is None:
        raise ValueError(f"`{step.sentence}` has no text below it")
    return step.text


def _table(step: Step, in_order: bool, list_order: bool) -> ExpectTable:
    header, *rows = step.rows
    values = tuple(tuple(literals.parse(cell) for cell in row) for row in rows)
    return ExpectTable(header, values, in_order, list_order)


def _procedure(signature: str, step: Step) -> Procedure:
    # A procedure without arguments and columns has one row with no cell.
    rows = [row for row in step.rows[1:] if row] if step.rows else []
    return Procedure(signature, tuple(tuple(literals.parse(cell) for cell in row) for row in rows))
