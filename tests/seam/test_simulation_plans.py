"""The statements of simulated clients, as the simulator embeds them.

``crates/sim/plans/NAME.cypher`` is the text, ``NAME.plan`` beside it what the front end makes of it;
``--update`` writes the plans anew. Simulated clusters run them, so a plan that is not today's would test a
program that nobody ships.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from samyama.cypher import plan
from samyama.cypher.catalog import Catalog, IndexInfo
from samyama.cypher.compile import compile_plan

PLANS = Path(__file__).parents[2] / "crates/sim/plans"

#: What the simulated graphs have: the index behind the constraint that every run begins with.
CATALOG = Catalog(
    epoch=1,
    labels={"Register": 8},
    keys=["key", "value"],
    indexes=[
        IndexInfo("register_key", "node", "Register", ["key"], unique=True, entries=8, distinct=8)
    ],
)


def texts() -> list[Path]:
    return sorted(PLANS.glob("*.cypher"))


@pytest.mark.parametrize("path", texts(), ids=lambda path: path.stem)
def test_a_plan_is_what_the_front_end_makes_of_its_text(path: Path, update: bool) -> None:
    made = plan.encode(compile_plan(path.read_text("utf-8").strip(), catalog=CATALOG))
    kept = path.with_suffix(".plan")
    if update:
        kept.write_bytes(made)
    assert kept.exists(), f"{kept.name} is missing: run this test with --update"
    assert kept.read_bytes() == made, f"{kept.name} is out of date: run this test with --update"


def test_every_plan_has_its_text_and_every_register_statement_uses_the_index() -> None:
    names = {path.stem for path in texts()}
    assert {path.stem for path in PLANS.glob("*.plan")} == names
    for name in ("get", "compare_and_set"):
        made = compile_plan((PLANS / f"{name}.cypher").read_text("utf-8").strip(), catalog=CATALOG)
        assert "IndexSeek" in repr(made), f"{name} scans where the simulation means it to seek"
