"""The reference interpreter as a third way to run the openCypher TCK, beside the embedded engine and Bolt.

Where the two disagree the reference is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.reference.context import Procedure
from tests.reference.errors import CypherFailure
from tests.reference.graph import Graph, Node, Path, Relationship
from tests.reference.interpreter import run
from tests.reference.temporal.format import format_temporal
from tests.tck import steps
from tests.tck import values as suite_values
from tests.tck.adapter import Fault, State, Table
from tests.tck.suite import Scenario

__all__ = ["Reference"]

_SIGNATURE = re.compile(r"(?P<name>[\w.]+)\((?P<inputs>.*?)\)\s*::\s*\((?P<outputs>.*?)\)")


class Reference:
    name = "reference"

    @contextmanager
    def open(
        self,
        scenario: Scenario,  # noqa: ARG002 - all scenarios alike
        procedures: Sequence[steps.Procedure],
    ) -> Iterator[ReferenceGraph]:
        yield ReferenceGraph([_procedure(procedure) for procedure in procedures])

    def close(self) -> None:
        pass


class ReferenceGraph:
    def __init__(self, procedures: list[Procedure]) -> None:
        self.graph = Graph()
        self.procedures = {procedure.name: procedure for procedure in procedures}

    def execute(self, query: str, parameters: dict[str, Any]) -> Table | Fault:
        try:
            outcome = run(self.graph, query, parameters, self.procedures)
        except CypherFailure as failure:
            return Fault(failure.error_type, failure.phase, failure.detail, str(failure))
        rows = tuple(tuple(_value(row[name]) for name in outcome.names) for row in outcome.rows)
        self.graph = outcome.graph
        return Table(tuple(outcome.names), rows)

    def state(self) -> State:
        nodes, relationships = self.graph.nodes, self.graph.relationships
        entities = [*nodes.items(), *relationships.items()]
        return State(
            nodes=frozenset(nodes),
            relationships=frozenset(relationships),
            labels=frozenset(label for node in nodes.values() for label in node.labels),
            properties=frozenset(
                (id, name, suite_values.key(_value(value)))
                for id, entity in entities
                for name, value in entity.properties.items()
            ),
        )


def _fields(text: str) -> list[tuple[str, str]]:
    pairs = [field.split("::") for field in text.split(",") if field.strip()]
    return [(name.strip(), kind.strip()) for name, kind in pairs]


def _procedure(given: steps.Procedure) -> Procedure:
    found = _SIGNATURE.match(given.signature)
    assert found is not None, f"not a signature: {given.signature}"
    rows = [list(row) for row in given.rows]
    return Procedure(found["name"], _fields(found["inputs"]), _fields(found["outputs"]), rows)


def _value(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [_value(item) for item in value]
        case dict():
            return {name: _value(item) for name, item in value.items()}
        case Node():
            return suite_values.Node(frozenset(value.labels), _value(value.properties))
        case Relationship():
            return suite_values.Relationship(value.type, _value(value.properties))
        case Path():
            return _path(value)
    return format_temporal(value)


def _path(path: Path) -> suite_values.Path:
    walk = zip(path.nodes, path.relationships, path.nodes[1:], strict=False)
    taken = tuple((_value(r), r.start is before, _value(after)) for before, r, after in walk)
    return suite_values.Path(_value(path.nodes[0]), taken)
