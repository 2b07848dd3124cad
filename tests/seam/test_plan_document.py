"""The plan document as both languages see it.

``crates/exec/tests/fixtures/every_kind.plan.hex`` is what msgspec writes for a plan with everything in it; the test
``crates/exec/tests/plan_document.rs`` reads the same file. ``python tests/seam/test_plan_document.py`` writes it anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import every_kind

from samyama.cypher import plan as p

FIXTURE = Path(__file__).parents[2] / "crates/exec/tests/fixtures/every_kind.plan.hex"


def test_the_sample_holds_every_kind_there_is() -> None:
    """A kind added to the module must be added to the sample, or Rust would never be asked about it."""
    found = every_kind.kinds(msgspec.msgpack.decode(p.encode(every_kind.plan())), set())
    abstract = {"Node_", "Operator_", "LabelExpression"}
    assert found == every_kind.tags() - abstract


def test_the_committed_bytes_are_what_msgspec_writes() -> None:
    """The Rust side is tested on these bytes, so they must be today's."""
    assert bytes.fromhex(FIXTURE.read_text()) == p.encode(every_kind.plan()), (
        "rewrite it: python " + __file__
    )


def test_the_bytes_read_back() -> None:
    """Encode and decode are inverse (compared as bytes: the sample holds NaN)."""
    data = p.encode(every_kind.plan())
    assert p.encode(p.decode(data)) == data


def test_an_unknown_field_is_named() -> None:
    """Python refuses it as Rust does."""
    document = msgspec.msgpack.decode(p.encode(every_kind.plan()))
    document["root"]["surprise"] = 1
    with pytest.raises(msgspec.ValidationError, match="surprise"):
        p.decode(msgspec.msgpack.encode(document))


if __name__ == "__main__":
    text = p.encode(every_kind.plan()).hex()
    FIXTURE.write_text("\n".join(text[i : i + 110] for i in range(0, len(text), 110)) + "\n")
