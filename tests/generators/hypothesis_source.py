"""Hypothesis as the source of a generator's decisions: it explores, remembers what failed, and makes it simpler."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["Drawn"]


class Drawn:
    """Each decision is drawn from Hypothesis, which tends to the simplest, 0."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def below(self, bound: int) -> int:
        return self._data.draw(st.integers(0, bound - 1))
