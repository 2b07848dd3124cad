"""What a statement is evaluated in: the graph, parameters, the clock, procedures."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.reference.graph import Graph

__all__ = ["Context", "Counters", "Procedure", "TooSlow"]

#: Variable to value.
Env = dict[str, Any]


#: Enumeration grows fast: after so many steps the reference gives up.
STEPS_MAX = 2_000_000


class TooSlow(Exception):
    """The reference will not find the answer in reasonable time. That is no error of the query."""


@dataclass
class Counters:
    """What a statement did, counted as Neo4j's summary does: assignments, labels on nodes, entities."""

    nodes_created: int = 0
    nodes_deleted: int = 0
    relationships_created: int = 0
    relationships_deleted: int = 0
    properties_set: int = 0
    labels_added: int = 0
    labels_removed: int = 0

    def by_name(self) -> dict[str, int]:
        """Those that are not zero, named as in Bolt."""
        named = {name.replace("_", "-"): count for name, count in vars(self).items()}
        return {name: count for name, count in named.items() if count}


@dataclass
class Procedure:
    """``inputs`` and ``outputs``: (name, type). ``rows``: of inputs, then outputs."""

    name: str
    inputs: list[tuple[str, str]]
    outputs: list[tuple[str, str]]
    rows: list[list[Any]]


@dataclass
class Context:
    graph: Graph
    text: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    procedures: Mapping[str, Procedure] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)
    random: random.Random = field(default_factory=random.Random)
    #: Nanoseconds since 1970, drawn once for the statement.
    now_ns: int = field(default_factory=time.time_ns)
    steps_left: int = STEPS_MAX
    #: Runs a query of a subquery for one row; the interpreter puts it in.
    run_query: Callable[..., Any] = field(default=lambda *_: None)

    def step(self) -> None:
        self.steps_left -= 1
        if self.steps_left < 0:
            raise TooSlow
