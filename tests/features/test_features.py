"""Runs the feature scripts, and keeps the table in docs/cypher/features.md equal to what they say."""

from __future__ import annotations

import pytest
from tests.features.scripts import ROOT, Script, load_all, table_of_features

SCRIPTS = load_all()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.path.stem)
def test_script(script: Script, update: bool) -> None:
    found = script.run()
    if update:
        script.path.write_text(found, "utf-8")
        return
    assert found.splitlines() == script.text.splitlines(), (
        f"{script.path.name}: answers have changed; if they are right now, run `make fix` and read the difference"
    )


def test_the_table_of_features_is_current(update: bool) -> None:
    page = ROOT / "docs/cypher/features.md"
    wanted = table_of_features()
    if update:
        page.write_text(wanted, "utf-8")
    assert page.read_text("utf-8") == wanted, (
        "docs/cypher/features.md is generated from tests/features: run `make fix`"
    )


def test_every_script_shows_something() -> None:
    empty = [script.path.name for script in SCRIPTS if script.text.count("```cypher") == 0]
    assert not empty, f"scripts without a query: {empty}"
