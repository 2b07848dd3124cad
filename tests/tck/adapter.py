"""What a scenario runs on: an adapter opens graphs, a graph answers queries and tells its state."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.tck.steps import Procedure
from tests.tck.suite import Scenario

__all__ = ["Adapter", "Fault", "Graph", "State", "Table"]


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A query that failed; the words come from the error object, the message is for people."""

    type: str
    phase: str
    detail: str
    message: str


@dataclass(frozen=True, slots=True)
class State:
    """What can be observed of a graph. Properties are (entity, key, value)."""

    nodes: frozenset[Hashable] = frozenset()
    relationships: frozenset[Hashable] = frozenset()
    labels: frozenset[str] = frozenset()
    properties: frozenset[Hashable] = field(default_factory=frozenset)

    def effects_until(self, after: State) -> dict[str, int]:
        """``+nodes`` and its kin, without zeros."""
        counts: dict[str, int] = {}
        for kind in ("nodes", "relationships", "labels", "properties"):
            old, new = getattr(self, kind), getattr(after, kind)
            counts[f"+{kind}"] = len(new - old)
            counts[f"-{kind}"] = len(old - new)
        return {name: count for name, count in counts.items() if count}


class Graph(Protocol):
    """One graph, empty at first."""

    def execute(self, query: str, parameters: dict[str, Any]) -> Table | Fault: ...

    def state(self) -> State: ...


class Adapter(Protocol):
    name: str

    def open(
        self, scenario: Scenario, procedures: Sequence[Procedure]
    ) -> AbstractContextManager[Graph]: ...

    def close(self) -> None: ...
