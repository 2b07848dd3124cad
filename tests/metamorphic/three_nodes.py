"""A cluster of three processes with the generated graph, asked over Bolt through the official driver."""

from __future__ import annotations

import contextlib
from typing import Any

import neo4j
from neo4j import graph, spatial
from neo4j.exceptions import Neo4jError
from tests.differential.answers import Answer
from tests.differential.canonical import Canonical, from_engine
from tests.generators.graphs import GraphSpec
from tests.reference.temporal.values import SECOND_NS
from tests.tck.bolt import parts_of

from samyama.testing import Cluster

__all__ = ["ThreeNodes"]


class ThreeNodes:
    """``load`` waits for nothing: every question carries the bookmark of the graph it is about."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        cluster = self._stack.enter_context(Cluster(3))
        self._cluster = cluster
        self._drivers = {
            # Warnings are not asked for: queries by the thousand would fill a log with them.
            node.id: self._stack.enter_context(
                cluster.driver(node, notifications_min_severity="OFF")
            )
            for node in cluster
        }
        self._bookmarks: Any = None
        self._numbers: dict[str, int] = {}

    def close(self) -> None:
        self._stack.close()

    def load(self, spec: GraphSpec) -> None:
        driver = self._drivers[self._cluster.leader().id]
        with driver.session(bookmarks=self._bookmarks) as session:
            session.run("MATCH (n) DETACH DELETE n").consume()
            made = session.run(spec.create(ids=True)).single(strict=True)
            places = {}
            for kind, ids in zip(("n", "r"), made.values(), strict=True):
                pattern = "(n)" if kind == "n" else "()-[r]->()"
                query = f"MATCH {pattern} RETURN id({kind}) AS i, elementId({kind}) AS e"
                known = {record["i"]: record["e"] for record in session.run(query)}
                places |= {known[id]: at for at, id in enumerate(ids)}
            self._numbers = places
            self._bookmarks = session.last_bookmarks()

    def ask_leader(self, text: str) -> Answer:
        return self._ask(self._cluster.leader().id, text)

    def ask_follower(self, text: str) -> Answer:
        return self._ask(self._cluster.followers()[0].id, text)

    def _ask(self, id: int, text: str) -> Answer:
        mode = neo4j.READ_ACCESS
        with self._drivers[id].session(
            bookmarks=self._bookmarks, default_access_mode=mode
        ) as session:
            try:
                result = session.run(text)
                columns = list(result.keys())
                rows = [tuple(self._canonical(value) for value in record) for record in result]
            except Neo4jError as error:
                told = error.diagnostic_record or {}
                words = tuple(
                    str(told.get(key, "")) for key in ("_error_type", "_phase", "_detail")
                )
                return Answer(error=words, message=error.message or "")  # type: ignore[arg-type]
        return Answer(columns, rows)

    def _canonical(self, value: Any) -> Canonical:
        of = self._canonical
        match value:
            case list():
                return ("list", *map(of, value))
            case graph.Node():
                number, labels = self._numbers.get(value.element_id), tuple(sorted(value.labels))
                return "node", number, labels, self._map(value)
            case graph.Relationship():
                number = self._numbers.get(value.element_id)
                return "relationship", number, value.type, self._map(value)
            case graph.Path():
                turns = [of(value.nodes[0])]
                for relationship, node in zip(value.relationships, value.nodes[1:], strict=True):
                    turns += [of(relationship), of(node)]
                return ("path", *turns)
            case dict():
                return "map", self._map(value)
            case spatial.Point():
                x, y, *z = value
                return "point", value.srid, x, y, z[0] if z else None
            case None | bool() | int() | float() | str():
                return from_engine(value, {})
        kind, parts = parts_of(value)
        if kind == "duration":
            # The driver gives seconds and nanoseconds one sign.
            months, days, seconds, nanoseconds = parts
            return kind, months, days, *divmod(seconds * SECOND_NS + nanoseconds, SECOND_NS)
        return kind, *parts

    def _map(self, value: Any) -> Canonical:
        return tuple(sorted((key, self._canonical(item)) for key, item in value.items()))
