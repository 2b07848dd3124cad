"""The adapter that opens a fresh database in this process for every scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.tck import temporal
from tests.tck.adapter import Fault, State, Table
from tests.tck.steps import Procedure
from tests.tck.suite import Scenario
from tests.tck.values import Node, Path, Relationship, key

import samyama
from samyama import types
from samyama.config.schema import Log, Settings
from samyama.errors import SamyamaError

__all__ = ["Embedded", "fault_of", "state_of", "value_of"]

#: Everything in the graph, in two columns of entities.
EVERYTHING = "MATCH (n) RETURN n AS it UNION ALL MATCH ()-[r]->() RETURN r AS it"


class Embedded:
    name = "embedded"

    @contextmanager
    def open(
        self,
        scenario: Scenario,  # noqa: ARG002 - others treat some scenarios apart
        procedures: Sequence[Procedure],
    ) -> Iterator[EmbeddedGraph]:
        with samyama.open(settings=Settings(log=Log(level="error"))) as database:
            for procedure in procedures:
                database.define_procedure(procedure.signature, rows=procedure.rows)
            yield EmbeddedGraph(database)

    def close(self) -> None:
        pass


class EmbeddedGraph:
    def __init__(self, database: samyama.Database) -> None:
        self._database = database

    def execute(self, query: str, parameters: dict[str, Any]) -> Table | Fault:
        try:
            result = self._database.execute(query, parameters)
            rows = tuple(tuple(map(value_of, record)) for record in result.fetch_all())
            return Table(tuple(result.keys()), rows)
        except SamyamaError as error:
            return fault_of(error)

    def state(self) -> State:
        return state_of([record[0] for record in self._database.execute(EVERYTHING)])


def fault_of(error: SamyamaError) -> Fault:
    return Fault(error.error_type, error.phase, error.detail, error.message)


def state_of(entities: Sequence[types.Node | types.Relationship]) -> State:
    nodes = [entity for entity in entities if isinstance(entity, types.Node)]
    return State(
        nodes=frozenset(node.element_id for node in nodes),
        relationships=frozenset(
            entity.element_id for entity in entities if isinstance(entity, types.Relationship)
        ),
        labels=frozenset(label for node in nodes for label in node.labels),
        properties=frozenset(
            (entity.element_id, name, key(value_of(value)))
            for entity in entities
            for name, value in entity.items()
        ),
    )


def value_of(value: Any) -> Any:
    """A value of the engine as the suite's."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [value_of(item) for item in value]
        case dict():
            return {name: value_of(item) for name, item in value.items()}
        case types.Node():
            return Node(value.labels, value_of(dict(value)))
        case types.Relationship():
            return Relationship(value.type, value_of(dict(value)))
        case types.Path():
            return _path(value)
        case _:
            return temporal.text(*types.to_parts(value))


def _path(path: types.Path) -> Path:
    steps = []
    for before, relationship, after in zip(
        path.nodes, path.relationships, path.nodes[1:], strict=False
    ):
        # The direction of a loop cannot be told: along.
        along = relationship.start_node == before
        steps.append((value_of(relationship), along, value_of(after)))
    return Path(value_of(path.start_node), tuple(steps))
