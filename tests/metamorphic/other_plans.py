"""Other plans for the same query: rules left out, and a catalogue whose counts are lies.

What a rule does, and what the planner believes of the graph, may change how an answer is found, never the answer. While
``other_plans`` is in force, whatever is compiled in this process is compiled so.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

import samyama.cypher.compile  # noqa: F401 - the module; the package has a function of its name
from samyama.cypher.catalog import Catalog
from samyama.cypher.plan import Plan

__all__ = ["other_plans", "with_lies"]

_COMPILE = sys.modules["samyama.cypher.compile"]
#: By how much a count is wrong.
_FACTORS = (0, 1, 40, 1_000, 100_000)


def with_lies(catalog: Catalog, seed: int) -> Catalog:
    """The same names and indexes with other counts; each count lies for itself."""
    draw = random.Random(seed)

    def lie(count: int) -> int:
        return (count + 1) * draw.choice(_FACTORS)

    return msgspec.structs.replace(
        catalog,
        nodes=lie(catalog.nodes),
        relationships=lie(catalog.relationships),
        labels={name: lie(count) for name, count in catalog.labels.items()},
        types={name: lie(count) for name, count in catalog.types.items()},
        patterns={
            label: {name: (lie(out), lie(into)) for name, (out, into) in by_type.items()}
            for label, by_type in catalog.patterns.items()
        },
        indexes=[
            msgspec.structs.replace(index, entries=lie(index.entries), distinct=lie(index.distinct))
            for index in catalog.indexes
        ],
    )


@contextmanager
def other_plans(without: frozenset[str], seed: int) -> Iterator[None]:
    real = _COMPILE.compile_plan

    def compile_plan(
        text: str, literals: Sequence[Any], catalog: Catalog, *others: Any, **named: Any
    ) -> Plan:
        lying = with_lies(catalog, seed)
        plan: Plan = real(text, literals, lying, *others, **named, without=without)
        return plan

    _COMPILE.compile_plan = compile_plan  # type: ignore[attr-defined]
    try:
        yield
    finally:
        _COMPILE.compile_plan = real  # type: ignore[attr-defined]
