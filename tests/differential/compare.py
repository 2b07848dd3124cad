"""Do the engine and the reference agree on a query? If not: how they differ, in a word and in full."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.differential.answers import Answer
from tests.differential.canonical import as_bag, rows_differ
from tests.generators.queries import Query

__all__ = ["Difference", "compare"]

#: Where these stand, which of several equivalent values is kept is open: 1 or 1.0.
_KEEPS_ONE = re.compile(
    r"DISTINCT|UNION\b(?! ALL)|\b(?:min|max|count|sum|avg|collect)\(", re.IGNORECASE
)


@dataclass
class Difference:
    what: str
    engine: Answer
    reference: Answer


def compare(query: Query, engine: Answer, reference: Answer) -> Difference | None:
    what = _difference(query, engine, reference)
    return None if what is None else Difference(what, engine, reference)


def _difference(query: Query, engine: Answer, reference: Answer) -> str | None:
    if engine.error is not None or reference.error is not None:
        return _errors(query, engine, reference)
    if engine.columns != reference.columns:
        return "columns"
    bags = [query.columns.get(name, "").startswith("bag of") for name in engine.columns]
    ours, theirs = (
        [
            tuple(as_bag(v) if bag else v for v, bag in zip(row, bags, strict=True))
            for row in answer.rows
        ]
        for answer in (engine, reference)
    )
    mixed = bool(_KEEPS_ONE.search(query.text))
    if rows_differ(ours, theirs, ordered=query.ordered, mixed=mixed):
        is_order = query.ordered and not rows_differ(ours, theirs, ordered=False, mixed=mixed)
        return "order" if is_order else "rows"
    if reference.graph is not None and engine.graph != reference.graph:
        return "graph"
    if reference.graph is not None and engine.counters != reference.counters:
        return "counters"
    return None


def _errors(query: Query, engine: Answer, reference: Answer) -> str | None:
    """A query that cannot fail must not.

    One that can may fail in one and not in the other if it fails while it runs: which rows, and which side of an AND,
    are looked at first is open. So is how early a wrong type is seen.
    """
    found = [error for error in (engine.error, reference.error) if error is not None]
    if query.risky and all(_is_open(error) for error in found):
        return None
    if len(found) == 1:
        return "error"
    if any(error[2] == "DeleteConnectedNode" for error in found):
        # It is found when the statement ends: whether another is met before that may depend on the order of rows.
        return None if all(map(_is_open, found)) else "kind of error"
    return None if found[0][:2] == found[1][:2] else "kind of error"


def _is_open(error: tuple[str, str, str]) -> bool:
    return error[1] == "runtime" or error[2] == "InvalidArgumentType"
