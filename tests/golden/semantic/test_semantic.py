"""Golden scripts of the static pass: queries, and what is said of them before anything runs.

A script is a page of Markdown with pairs of fenced blocks: `cypher` (one query) and either `error` (the words of the
TCK, the GQL status, the message) or `variables` (the query is right: what each variable can hold). `--update` writes
the second block of each pair anew; whoever does so reads the difference.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from samyama.cypher.errors import CypherError
from samyama.cypher.parser import parse
from samyama.cypher.procedures import Registry
from samyama.cypher.semantic import analyse

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("*.md"))
_PAIR = re.compile(
    r"^```cypher\n(?P<query>.*?)^```$(?:\n```(?:error|variables)\n.*?^```$)?",
    re.MULTILINE | re.DOTALL,
)


def answer(query: str) -> str:
    try:
        statement = parse(query)
        types = analyse(query, statement, Registry(), {}).types
    except CypherError as error:
        words = f"{error.error_type} at {error.phase}: {error.detail} ({error.gql_status})"
        return f"```error\n{words}\n{error.message}\n```"
    lines = [f"{name.replace(chr(0), '#')} :: {kind}" for name, kind in types.items()]
    return "```variables\n" + "\n".join(lines) + "\n```"


def run(text: str) -> str:
    """The script with every answer as it is now."""
    return _PAIR.sub(
        lambda pair: f"```cypher\n{pair['query']}```\n{answer(pair['query'].rstrip())}", text
    )


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script(path: Path, update: bool) -> None:
    text = path.read_text("utf-8")
    found = run(text)
    if update:
        path.write_text(found, "utf-8")
    assert found == text or update, f"{path.name}: run `make fix` and read the difference"


def test_there_is_a_gallery() -> None:
    errors = sum(path.read_text("utf-8").count("```error") for path in SCRIPTS)
    assert errors >= 100, "the gallery of wrong queries shrinks"
