"""Cutting text into statements, and completing words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samyama.shell.completion import Names, complete
from samyama.shell.statements import Splitter


def split(*pieces: str) -> list[tuple[str, int]]:
    splitter = Splitter()
    found = [s for piece in pieces for s in splitter.feed(piece)]
    if (last := splitter.finish()) is not None:
        found.append(last)
    return [(s.text, s.line) for s in found]


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("RETURN 1; RETURN 2;", [("RETURN 1", 1), ("RETURN 2", 1)]),
        ("RETURN ';' AS x; RETURN 2", [("RETURN ';' AS x", 1), ("RETURN 2", 1)]),
        ('RETURN "a\\";b";\nRETURN `x;y`;', [('RETURN "a\\";b"', 1), ("RETURN `x;y`", 2)]),
        ("// a;b\nRETURN 1; /* ; */ ;;\n", [("// a;b\nRETURN 1", 1)]),
        ("RETURN 1 // no;\n + 1;", [("RETURN 1 // no;\n + 1", 1)]),
        (":begin\nRETURN 1;\n:commit", [(":begin", 1), ("RETURN 1", 2), (":commit", 3)]),
        ("MATCH (n\n:Label) RETURN n;", [("MATCH (n\n:Label) RETURN n", 1)]),
        ("\n\n  RETURN 1;", [("RETURN 1", 3)]),
        ("// nothing", []),
        (":param x => 1;\n", [(":param x => 1", 1)]),
    ],
)
def test_statements_end_where_they_end(text: str, statements: list[tuple[str, int]]) -> None:
    assert split(text + "\n") == statements


@given(st.text("ab;'\"`\\/*\n ", max_size=40), st.integers(0, 40))
def test_it_does_not_matter_how_the_text_arrives(text: str, cut: int) -> None:
    text += "\n"
    assert split(text) == split(text[:cut], text[cut:])


NAMES = Names(
    labels=["Person", "Has Space"],
    types=["KNOWS", "KEEPS"],
    keys=["name", "born"],
    procedures=["db.labels", "db.ping"],
    functions=["toLower", "toUpper", "point.distance"],
)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("MATCH (p:P", ["Person"]),
        ("MATCH (p:", ["Person", "`Has Space`"]),
        ("MATCH ()-[:K", ["KEEPS", "KNOWS"]),
        ("MATCH ()-[r:KEEPS|KN", ["KNOWS"]),
        ("MATCH (p)-[:K]->(:Per", ["Person"]),
        ("CALL db.l", ["db.labels"]),
        ("MATCH (p) RETURN p.n", ["p.name"]),
        ("RETURN toL", ["toLower("]),
        ("RETURN point.d", ["point.distance("]),
        ("MATCH (person) RETURN per", ["person"]),
        ("mat", ["match "]),
        ("OPT", ["OPTIONAL ", "OPTIONS "]),
        (":co", [":commit"]),
    ],
)
def test_words_are_completed_by_their_place(before: str, words: list[str]) -> None:
    assert complete(before, NAMES, [":commit", ":begin"]) == words
