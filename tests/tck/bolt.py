"""The adapter that speaks Bolt: Neo4j's driver, three real processes, a graph that is emptied for every scenario.

Each scenario asks another node, so followers relay writes and answer reads, and the state is read from the next node
after the bookmark. Procedures are configured where nodes start: scenarios with other procedures have another cluster.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

import neo4j
from neo4j import graph, time
from neo4j.exceptions import Neo4jError
from tests.tck import temporal
from tests.tck.adapter import Fault, State, Table
from tests.tck.steps import Procedure
from tests.tck.suite import Scenario
from tests.tck.values import Node, Path, Relationship, key

from samyama.cypher.procedures import defined
from samyama.testing import Cluster

__all__ = ["Bolt", "parts_of"]

EVERYTHING = "MATCH (n) RETURN n AS it UNION ALL MATCH ()-[r]->() RETURN r AS it"
#: Neo4j's Python driver cuts UTC offsets to whole minutes, so the results of these are asked for as text.
OFFSETS_WITH_SECONDS = {
    "expressions/temporal/Temporal1#205",
    "expressions/temporal/Temporal1#206",
    "expressions/temporal/Temporal1#207",
    "expressions/temporal/Temporal2#46",
}
_EPOCH_DAY = 719_163
_SECOND_NS = 1_000_000_000


class Bolt:
    name = "bolt"

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._drivers: list[neo4j.Driver] = []
        self._defined = ""
        self._turn = 0

    @contextmanager
    def open(self, scenario: Scenario, procedures: Sequence[Procedure]) -> Iterator[BoltGraph]:
        document = _document(procedures)
        if self._cluster is None or document != self._defined:
            self.close()
            self._start(document)
        self._turn += 1
        asked, watching = (self._drivers[(self._turn + i) % len(self._drivers)] for i in range(2))
        bookmarks = neo4j.GraphDatabase.bookmark_manager()
        with (
            asked.session(bookmark_manager=bookmarks) as session,
            watching.session(bookmark_manager=bookmarks) as watcher,
        ):
            session.run("MATCH (n) DETACH DELETE n").consume()
            yield BoltGraph(session, watcher, as_text=scenario.id in OFFSETS_WITH_SECONDS)

    def _start(self, document: str) -> None:
        directory = FilePath(tempfile.mkdtemp(prefix="samyama-tck-"))
        file = directory / "procedures.toml"
        file.write_text(document, "utf-8")
        self._defined = document
        self._cluster = Cluster(3, settings={"procedures": {"file": str(file)}})
        self._cluster.start()
        self._drivers = [
            self._cluster.driver(node, notifications_min_severity="OFF") for node in self._cluster
        ]

    def close(self) -> None:
        for driver in self._drivers:
            driver.close()
        if self._cluster is not None:
            self._cluster.close()
        self._cluster, self._drivers = None, []


def _document(procedures: Sequence[Procedure]) -> str:
    lines: list[str] = []
    for procedure in procedures:
        definition = defined.table(procedure.signature, procedure.rows)
        lines += [
            "[[procedure]]",
            f"signature = {_toml(definition.signature)}",
            f"body = {_toml(definition.body)}",
        ]
    return "\n".join(lines) + "\n"


def _toml(text: str) -> str:
    assert "'''" not in text, "the suite's procedures have no such text"
    return f"'''{text}'''"


class BoltGraph:
    def __init__(self, session: neo4j.Session, watcher: neo4j.Session, *, as_text: bool) -> None:
        self._session, self._watcher, self._as_text = session, watcher, as_text

    def execute(self, query: str, parameters: dict[str, Any]) -> Table | Fault:
        if self._as_text:
            query = re.sub(r"RETURN (.+?)( AS \w+)?$", r"RETURN toString(\1)\2", query)
        try:
            result = self._session.run(query, parameters)  # type: ignore[arg-type]
            columns = tuple(result.keys())
            rows = tuple(tuple(map(_value, record.values())) for record in result)
            result.consume()
            return Table(columns, rows)
        except Neo4jError as error:
            record = error.diagnostic_record
            words = (str(record.get(name, "")) for name in ("_error_type", "_phase", "_detail"))
            return Fault(*words, message=error.message or "")

    def state(self) -> State:
        entities = [record[0] for record in self._watcher.run(EVERYTHING)]
        nodes = [entity for entity in entities if isinstance(entity, graph.Node)]
        return State(
            nodes=frozenset(node.element_id for node in nodes),
            relationships=frozenset(
                entity.element_id for entity in entities if isinstance(entity, graph.Relationship)
            ),
            labels=frozenset(label for node in nodes for label in node.labels),
            properties=frozenset(
                (entity.element_id, name, key(_value(value)))
                for entity in entities
                for name, value in entity.items()
            ),
        )


def _value(value: Any) -> Any:
    """A value of the driver as the suite's."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [_value(item) for item in value]
        case dict():
            return {name: _value(item) for name, item in value.items()}
        case graph.Node():
            return Node(frozenset(value.labels), _value(dict(value.items())))
        case graph.Relationship():
            return Relationship(value.type, _value(dict(value.items())))
        case graph.Path():
            return _path(value)
        case _:
            return temporal.text(*parts_of(value))


def _path(path: graph.Path) -> Path:
    steps = []
    for before, relationship, after in zip(
        path.nodes, path.relationships, path.nodes[1:], strict=False
    ):
        along = relationship.start_node == before
        steps.append((_value(relationship), along, _value(after)))
    return Path(_value(path.start_node), tuple(steps))


def parts_of(value: Any) -> tuple[str, tuple[Any, ...]]:
    """A temporal value of the driver as :func:`temporal.text` takes them."""
    match value:
        case time.Duration():
            return "duration", (value.months, value.days, value.seconds, value.nanoseconds)
        case time.DateTime():
            seconds = _days(value.date()) * 86_400 + _nanoseconds(value.time()) // _SECOND_NS
            if value.tzinfo is None:
                return "local_datetime", (seconds, value.nanosecond)
            offset = _offset(value)
            # The driver gives an offset of zero the zone object of UTC.
            zone = getattr(value.tzinfo, "zone", None)
            zone = None if zone == "UTC" else zone
            return "datetime", (seconds - offset, value.nanosecond, offset, zone)
        case time.Date():
            return "date", (_days(value),)
        case time.Time():
            if value.tzinfo is None:
                return "local_time", (_nanoseconds(value),)
            return "time", (_nanoseconds(value), _offset(value))
        case _:
            raise TypeError(f"the suite has no value of the type {type(value).__name__}: {value!r}")


def _days(date: time.Date) -> int:
    return int(date.to_ordinal()) - _EPOCH_DAY


def _nanoseconds(clock: time.Time) -> int:
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * _SECOND_NS + clock.nanosecond


def _offset(value: Any) -> int:
    offset = value.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
