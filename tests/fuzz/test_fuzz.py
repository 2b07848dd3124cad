"""A slice of what ``make fuzz`` does, and the places where parsers break, one by one."""

from __future__ import annotations

import pytest
from tests.fuzz.properties import Broken, check_text
from tests.fuzz.texts import corpus, mutated, text_of
from tests.generators.choices import Choices, Seeded

from samyama.cypher.compile import compile as compile_text
from samyama.cypher.errors import CypherError
from samyama.cypher.parser.cursor import DEPTH_MAX

TEXTS = 500


def test_a_slice_of_texts_breaks_nothing() -> None:
    counts = {True: 0, False: 0}
    for number in range(TEXTS):
        counts[check_text(text_of(Choices(Seeded(number))))] += 1
    assert counts[True] > TEXTS / 10, "some of it is Cypher"
    assert counts[False] > TEXTS / 10, "and some of it is not"


def test_what_there_is_to_begin_with_is_parsed_and_comes_back() -> None:
    parsed = sum(check_text(text) for text in corpus()[::12])
    assert parsed > 50


#: Each was found by ``make fuzz``.
FOUND = [
    "DETACH DELETE[[a IN EXISTS{MATCH()MATCH()RETURN a ORDER BY a SKIP 1 LIMIT a}WHERE a:a|(a)]^a]RETURN a ORDER BY a",
    "RETURN [a IN [1] WHERE (a:X|a) | a]",
]


@pytest.mark.parametrize("text", FOUND)
def test_what_was_found_stays_mended(text: str) -> None:
    assert check_text(text), "it is Cypher"


def test_mutations_change_texts() -> None:
    changed = [mutated(Choices(Seeded(number))) not in corpus() for number in range(50)]
    assert sum(changed) > 40


@pytest.mark.parametrize(
    ("literal", "is_right"),
    [
        ("9223372036854775807", True),
        ("-9223372036854775808", True),
        ("9223372036854775808", False),
        ("-9223372036854775809", False),
        ("0x7FFFFFFFFFFFFFFF", True),
        ("-0x8000000000000000", True),
        ("0x8000000000000000", False),
        ("- 9223372036854775808", True),
        ("--9223372036854775808", True),
        ("1" + "0" * 5_000, False),
        ("1e308", True),
        ("1e309", False),
    ],
)
def test_numbers_at_the_edge(literal: str, is_right: bool) -> None:
    text = f"RETURN {literal} AS x"
    check_text(text)
    if is_right:
        compile_text(text)
        return
    with pytest.raises(CypherError) as caught:
        compile_text(text)
    assert caught.value.detail in (
        "IntegerOverflow",
        "FloatingPointOverflow",
        "InvalidNumberLiteral",
    )


@pytest.mark.parametrize(
    ("opening", "closing", "core"),
    [
        ("(", ")", "1"),
        ("[", "]", "1"),
        ("{a: ", "}", "1"),
        ("coalesce(", ")", "1"),
        ("NOT ", "", "true"),
        ("- ", "", "1"),
        ("CASE WHEN true THEN ", " END", "1"),
        ("EXISTS { RETURN ", " AS x }", "1"),
    ],
)
def test_nesting_has_a_limit_with_a_name(opening: str, closing: str, core: str) -> None:
    def text(depth: int) -> str:
        return f"RETURN {opening * depth}{core}{closing * depth} AS x"

    compile_text(text(20))
    for depth in (DEPTH_MAX + 5, 2_000, 30_000):
        with pytest.raises(CypherError) as caught:
            compile_text(text(depth))
        assert caught.value.detail == "NestingTooDeep"
        check_text(text(depth))


def test_what_breaks_is_told() -> None:
    """The properties can fail: an error outside its text, and an exception of another kind."""

    class Wrong(Exception):
        pass

    from tests.fuzz import properties

    error = CypherError.__new__(CypherError)
    error.offset, error.line, error.column = 7, 1, 8
    with pytest.raises(Broken, match="stands at 7"):
        properties._check_error("abc", error)

    def fails(_: str) -> None:
        raise Wrong("planted")

    with pytest.raises(Broken, match="Wrong: planted"):
        properties._guarded("abc", fails, "parse")
