"""Every rule has its script, every script its rule, and the plans are as they were read last."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.planner.scripts import HERE, run, scripts

from samyama.cypher.planner import rules


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_script(path: Path, update: bool) -> None:
    found = run(path)
    if update:
        path.write_text(found, "utf-8")
        return
    assert found.splitlines() == path.read_text("utf-8").splitlines(), (
        f"{path.name}: plans have changed; if they are right now, run `make fix` and read the difference"
    )


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_a_script_shows_where_its_rule_applies_and_where_not(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "```before\n" in text, "the rule is never seen to apply"
    assert "```same\n" in text, "the rule is never seen to hold back"


def test_every_rule_has_a_file_and_a_script() -> None:
    modules = {path.stem for path in Path(rules.__file__).parent.glob("*.py")} - {"__init__"}
    assert modules == set(rules.RULES), "one rule a file, named after it"
    assert {path.stem for path in HERE.glob("*.md")} == set(rules.RULES), "one script a rule"
