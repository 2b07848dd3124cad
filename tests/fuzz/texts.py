"""Texts to throw at the parser: mutated texts of the openCypher TCK, texts made by a loose grammar, and hard ones.

What the grammar makes is mostly not Cypher, but near it. The hard ones are what parsers break on: numbers around 2^63,
deep nesting, long tokens, odd Unicode, openings without ends.
"""

from __future__ import annotations

import functools
from pathlib import Path

from tests.generators.choices import Choices
from tests.generators.queries import generate_query
from tests.generators.writes import generate_write

__all__ = ["mutated", "text_of"]

_NUMBERS = (
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "9223372036854775809",
    "18446744073709551616",
    "0x7FFFFFFFFFFFFFFF",
    "0x8000000000000000",
    "-0x8000000000000000",
    "0xFFFFFFFFFFFFFFFFF",
    "0o777777777777777777777",
    "0o1777777777777777777777",
    "1e308",
    "1e309",
    "1e-400",
    ".5",
    "5.",
    "1.2.3",
    "0x",
    "0o9",
    "1_000",
    "00012",
    "1e",
    "9" * 400,
    "0." + "0" * 400 + "1",
    "1" * 5_000,
    "1e99999999999999999999",
)
_UNICODE = (
    "\ufeff",
    "\u200b",
    "\u2028",
    "\u00a0",
    "\u3000",
    "é",
    "ß",
    "İ",
    "ﬁ",
    "Ω",
    "日本",
    "𝒳",
    "😀",
    "\U0010ffff",
    "\u0000",
    "\u0301",
    "–",
    "—",
    "“",
    "’",
    "\u202e",
)
_WORDS = """
    MATCH OPTIONAL RETURN WITH WHERE UNWIND CREATE MERGE SET REMOVE DELETE DETACH CALL YIELD UNION ALL ORDER
    BY SKIP LIMIT DISTINCT AS AND OR XOR NOT IN STARTS ENDS CONTAINS IS NULL CASE WHEN THEN ELSE END EXISTS
    COUNT COLLECT FOREACH ON CREATE INDEX FOR CONSTRAINT REQUIRE UNIQUE SHOW DROP IF LOAD CSV FROM HEADERS
    FINISH LET FILTER INSERT SHORTEST ANY GROUPS PATHS TYPED LIST INTEGER STRING FLOAT ANY NODE reduce all
    any none single shortestPath allShortestPaths trim BOTH LEADING TRAILING TRANSACTIONS ROWS CONCURRENT
    REPORT STATUS ERROR CONTINUE BREAK FAIL USE CYPHER EXPLAIN PROFILE USING SCAN JOIN SEEK NORMALIZED true
    false null x n r p a b $p $0 `q` A B R
""".split()
_SIGNS = (
    "( ) [ ] { } , . .. : :: ; | || & ! % + - * / ^ = <> < > <= >= =~ += -> <- -- <-- --> -[ ]-> <-[ ]- ' \" "
    "` $ // /* */ \\ ? @ # ~ \n \t"
).split(" ")
_STRINGS = (
    "'a'",
    '"b"',
    "'\\u0041'",
    "'\\U0001F600'",
    "'\\u00'",
    "'\\uH'",
    "'\\x'",
    "'it''s'",
    "'\\'",
    "'",
    '"',
    "`",
    "``",
    "`a``b`",
    "'" + "x" * 10_000 + "'",
    "'\\U00110000'",
    "'\\uD800'",
    "'\\uDE00\\uD83D'",
    "'\\uD83D\\uDE00'",
)


@functools.cache
def corpus() -> tuple[str, ...]:
    """Texts that mean something: of the suite if it is there, of the scripts of features, of the generators."""
    from tests.generators.choices import Seeded

    texts = [generate_query(Choices(Seeded(seed))).text for seed in range(300)]
    texts += [generate_write(Choices(Seeded(seed))).text for seed in range(200)]
    here = Path(__file__).parents[1]
    for page in (here / "features").glob("*.md"):
        pieces = page.read_text("utf-8").split("```cypher\n")[1:]
        texts += [piece.partition("```")[0].strip() for piece in pieces]
    texts += _suite()
    return tuple(dict.fromkeys(texts))


def _suite() -> list[str]:
    from tests.tck.steps import Execute, SetUp, read
    from tests.tck.suite import SuiteMissing, find_suite

    try:
        suite = find_suite()
    except SuiteMissing:
        return []
    actions = (read(step) for scenario in suite.scenarios() for step in scenario.steps)
    return [action.query for action in actions if isinstance(action, Execute | SetUp)]


def text_of(choices: Choices) -> str:
    form = choices.weighted((55, mutated), (30, grammar), (14, nested), (1, long))
    return form(choices)


# ---------------------------------------------------------------------------------------------------- mutations


def _token(choices: Choices) -> str:
    pool = choices.weighted(
        (40, _WORDS), (35, _SIGNS), (10, _NUMBERS), (8, _STRINGS), (7, _UNICODE)
    )
    return choices.one(pool)


def mutated(choices: Choices) -> str:
    """A text with pieces taken out, doubled, swapped, replaced, or from another text."""
    text = choices.one(corpus())
    for _ in range(choices.between(1, 4)):
        at = choices.below(len(text) + 1)
        end = min(len(text), at + choices.between(0, 12))
        form = choices.below(7)
        if form == 0:
            text = text[:at] + text[end:]
        elif form == 1:
            text = text[:at] + _token(choices) + text[at:]
        elif form == 2:
            text = text[:at] + " " + _token(choices) + " " + text[end:]
        elif form == 3:
            text = text[:end] + text[at:]
        elif form == 4:
            other = choices.one(corpus())
            cut = choices.below(len(other) + 1)
            text = text[:at] + other[cut : cut + 40] + text[at:]
        elif form == 5:
            text = (
                text[:at]
                + (chr(choices.below(0x250)) if choices.chance(70) else _token(choices))
                + text[end:]
            )
        else:
            text = text[:at]
    return text


# ------------------------------------------------------------------------------------------------------ grammar

_RULES: dict[str, tuple[str, ...]] = {
    "query": (
        "{clause} {clause} {return}",
        "{clause} {return}",
        "{return}",
        "{query} UNION {query}",
    ),
    "clause": (
        "MATCH {path} {where}",
        "OPTIONAL MATCH {path}, {path} {where}",
        "WITH {expr} AS {name} {where}",
        "UNWIND {expr} AS {name}",
        "CREATE {path}",
        "MERGE {path} ON CREATE SET {name}.{name} = {expr}",
        "SET {name}.{name} = {expr}, {name}:{name}",
        "REMOVE {name}.{name}",
        "DETACH DELETE {expr}",
        "FOREACH ({name} IN {expr} | {clause})",
        "CALL {{ {query} }}",
        "CALL ({name}) {{ {query} }} IN TRANSACTIONS OF {expr} ROWS",
        "CALL {name}.{name}({expr}) YIELD {name} AS {name}",
        "LOAD CSV WITH HEADERS FROM {expr} AS {name}",
    ),
    "return": (
        "RETURN {expr} AS {name} ORDER BY {expr} SKIP {expr} LIMIT {expr}",
        "RETURN DISTINCT {expr}",
        "RETURN *",
    ),
    "where": ("", "WHERE {expr}", "WHERE {path}"),
    "path": (
        "({name})",
        "({name}:{labels} {map})-[{name}:{labels}*1..2 {map}]->({name})",
        "{name} = shortestPath(({name})-[*]-({name}))",
        "(({name})-[{name}]->({name}) WHERE {expr}){{1,2}}",
        "ANY SHORTEST ({name})-->+({name})",
        "({name} WHERE {expr})<--({name})--{path}",
    ),
    "labels": ("{name}", "{labels}&{labels}", "!{labels}", "({labels}|{labels})", "%"),
    "map": ("", "{{{name}: {expr}, {name}: {expr}}}", "$p"),
    "expr": (
        "{name}",
        "{atom}",
        "{expr} + {expr}",
        "NOT {expr}",
        "{expr} AND {expr}",
        "{expr} IN {expr}",
        "{expr} IS NOT NULL",
        "{expr} < {expr} <= {expr}",
        "-{expr} ^ {expr}",
        "{expr}.{name}",
        "{expr}[{expr}..{expr}]",
        "[{expr}, {expr}]",
        "[{name} IN {expr} WHERE {expr} | {expr}]",
        "[{path} WHERE {expr} | {expr}]",
        "{map}",
        "{name}({expr}, {expr})",
        "CASE {expr} WHEN {expr} THEN {expr} ELSE {expr} END",
        "EXISTS {{ {query} }}",
        "COUNT {{ {path} {where} }}",
        "all({name} IN {expr} WHERE {expr})",
        "reduce({name} = {expr}, {name} IN {expr} | {expr})",
        "{name} {{.*, .{name}, {name}: {expr}}}",
        "{expr} IS :: LIST<INTEGER | STRING NOT NULL>",
        "{name}:{labels}",
        "({expr})",
    ),
    "name": (
        "a",
        "b",
        "n",
        "r",
        "p",
        "count",
        "exists",
        "match",
        "`a b`",
        "case",
        "where",
        "type",
        "null",
    ),
    "atom": ("1", "-1", "1.5", "'a'", "true", "null", "$p", "0x1F", "[]", "{{}}"),
}


def grammar(choices: Choices) -> str:
    """By rules, deeper ones becoming rarer."""
    import re

    def expand(symbol: str, depth: int) -> str:
        options = _RULES[symbol]
        if depth <= 0:
            options = options[:1] if symbol != "expr" else options[:2]
        chosen = choices.one(options)
        pieces = re.split(r"(\{\{|\}\}|\{[a-z]+\})", chosen)
        text = ""
        for piece in pieces:
            if piece in ("{{", "}}"):
                text += piece[0]
            elif piece.startswith("{"):
                inner = piece[1:-1]
                text += expand(inner, depth - 1) if depth > -6 else "a"
            else:
                text += piece
        return text

    return expand("query", choices.between(2, 6))


# --------------------------------------------------------------------------------------------------- hard texts

_OPENINGS = (
    ("(", ")", "1"),
    ("[", "]", "1"),
    ("{a: ", "}", "1"),
    ("-", "", "1"),
    ("NOT ", "", "true"),
    ("[x IN ", "]", "[1]"),
    ("CASE WHEN true THEN ", " END", "1"),
    ("coalesce(", ")", "1"),
    ("EXISTS { RETURN ", " }", "1"),
    ("COUNT { MATCH (n) WHERE ", " }", "true"),
    ("[(a)-->(b) WHERE ", " | 1]", "true"),
    ("reduce(a = ", ", x IN [1] | a)", "1"),
    ("all(x IN ", " WHERE true)", "[true]"),
    ("a {.x, b: ", "}", "1"),
    ("1 + (", ")", "1"),
    ("x.", "", "y"),
    ("[1][", "]", "0"),
    ("(n:", ")", "A"),
)
_AROUND = (
    "RETURN {}",
    "MATCH (n) WHERE {} RETURN n",
    "WITH {} AS x RETURN x",
    "UNWIND {} AS x RETURN x",
    "{}",
)
_STATEMENTS = (
    ("CALL { ", " }", "RETURN 1 AS x"),
    ("FOREACH (x IN [1] | ", ")", "CREATE (n)"),
    ("MATCH (n:", ")", "A"),
    ("MATCH (n:(", ")) RETURN n", "A"),
    ("MATCH (n:!", ") RETURN n", "A"),
    ("MATCH ((", ")) RETURN 1", ""),
    ("RETURN 1 UNION ", "", "RETURN 1"),
    ("EXPLAIN ", "", "RETURN 1"),
    ("RETURN 1 IS :: LIST<", ">", "INTEGER"),
)


def nested(choices: Choices) -> str:
    """Something within itself, closed or not, as deep as a parser would rather not go."""
    depth = choices.one((3, 30, 119, 121, 130, 400, 3_000))
    if choices.chance(30):
        opening, closing, core = choices.one(_STATEMENTS)
        return opening * depth + core + closing * (depth - choices.below(2))
    opening, closing, core = choices.one(_OPENINGS)
    inner = opening * depth + core + closing * (depth - choices.below(2))
    return choices.one(_AROUND).replace("{}", inner)


def long(choices: Choices) -> str:
    """Something many times in a row."""
    count = choices.one((10, 1_000, 20_000))
    piece = choices.one(
        (
            "1 + ",
            "true AND ",
            "x, ",
            "MATCH (n) ",
            "(a)-->",
            "WITH 1 AS x ",
            "'a' + ",
            ":A",
            "n.x = 1 OR ",
            "/* c */ ",
            " ",
            "1 < ",
            "a.",
            "[1]",
            "|A",
            "x IS NULL ",
        )
    )
    return (
        choices.one(("RETURN ", "MATCH (n", "", "RETURN x"))
        + piece * count
        + choices.one(("1", ")", ""))
    )
