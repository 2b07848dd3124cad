"""What the plan cache strips must be what the parser reads as literals: else one text is given the plan of another."""

from __future__ import annotations

import pytest

from samyama.cypher.compile import compile_plan


def test_a_span_that_is_no_token_is_noticed() -> None:
    text = "RETURN 1_0.25"
    compile_plan(text, [(7, 13)])
    for span in [(7, 8), (10, 13), (0, 13)]:
        with pytest.raises(AssertionError, match="what is stripped is a token"):
            compile_plan(text, [span])
