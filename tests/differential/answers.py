"""What a query gave, in one form for the engine and the reference: columns, rows or an error, the graph, counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.differential.canonical import Canonical, from_engine, from_reference
from tests.generators.graphs import GraphSpec
from tests.reference import graph as reference_graph
from tests.reference.context import TooSlow
from tests.reference.errors import CypherFailure
from tests.reference.interpreter import run

import samyama
from samyama.config.schema import Limits, Log, Settings
from samyama.errors import SamyamaError

__all__ = ["ENDED", "Answer", "Engine", "GraphForm", "Oracle", "TooSlow"]

#: A graph up to the ids of what a query made: a multiset of what each entity looks like from where it stands.
GraphForm = Counter[Hashable]

#: A check is worth so many steps of the reference.
CHECK_STEPS_MAX = 60_000
#: And so many rows and so long of the engine: past it there is no verdict.
ROWS_MAX, TIMEOUT_MS = 3_000, 2_000
#: Codes of a limit that was reached: no verdict.
ENDED = (
    "Neo.ClientError.Transaction.TransactionTimedOut",
    "Neo.ClientError.General.TransactionOutOfMemoryError",
)

_ALL_NODES = "MATCH (n) RETURN n"
_ALL_RELATIONSHIPS = "MATCH ()-[r]->() RETURN r, id(startNode(r)) AS s, id(endNode(r)) AS e"


@dataclass
class Answer:
    """``error``: type, phase, detail; None if there was none."""

    columns: list[str] = field(default_factory=list)
    rows: list[tuple[Canonical, ...]] = field(default_factory=list)
    error: tuple[str, str, str] | None = None
    message: str = ""
    counters: dict[str, int] = field(default_factory=dict)
    graph: GraphForm | None = None


def graph_form(
    nodes: Mapping[int, Hashable], relationships: list[tuple[int, int, Hashable]]
) -> GraphForm:
    """Colours by rounds: an entity looks as its own form and what stands around it, three steps far."""
    colours = {id: hash(form) for id, form in nodes.items()}
    for _ in range(3):
        around: dict[int, list[Hashable]] = {id: [] for id in nodes}
        for start, end, form in relationships:
            around[start].append(("out", form, colours[end]))
            around[end].append(("in", form, colours[start]))
        colours = {id: hash((colours[id], tuple(sorted(map(hash, around[id]))))) for id in nodes}
    seen: GraphForm = Counter((form, colours[id]) for id, form in nodes.items())
    seen.update((form, colours[s], colours[e]) for s, e, form in relationships)
    return seen


class Oracle:
    """The reference interpreter on one graph."""

    def __init__(self, spec: GraphSpec) -> None:
        empty = reference_graph.Graph()
        outcome = run(empty, spec.create(ids=True))
        self.graph = outcome.graph
        self.numbers = _numbers(outcome.rows[0])

    def number_by_id(self) -> None:
        """Entities are known by their place in the order in which they were made."""
        self.numbers = {
            "node": {id: at for at, id in enumerate(sorted(self.graph.nodes))},
            "relationship": {id: at for at, id in enumerate(sorted(self.graph.relationships))},
        }

    def ask(
        self, text: str, parameters: Mapping[str, Any] | None = None, *, writes: bool = False
    ) -> Answer:
        """Raises: TooSlow: enumerating would take too long; there is no verdict."""
        try:
            outcome = run(self.graph, text, parameters, steps_max=CHECK_STEPS_MAX)
        except CypherFailure as failure:
            error = (failure.error_type, failure.phase, failure.detail)
            return Answer(error=error, message=str(failure))
        rows = [
            tuple(from_reference(row[name], self.numbers) for name in outcome.names)
            for row in outcome.rows
        ]
        answer = Answer(outcome.names, rows, counters=outcome.counters.by_name())
        if writes:
            answer.graph = self._form(outcome.graph)
        return answer

    def _form(self, graph: reference_graph.Graph) -> GraphForm:
        nodes = {id: from_reference(node, self.numbers) for id, node in graph.nodes.items()}
        relationships = [
            (r.start.id, r.end.id, from_reference(r, self.numbers))
            for r in graph.relationships.values()
        ]
        return graph_form(nodes, relationships)


def _numbers(row: Mapping[str, Any]) -> dict[str, dict[int, int]]:
    return {
        "node": {id: at for at, id in enumerate(row["nodes"])},
        "relationship": {id: at for at, id in enumerate(row["relationships"])},
    }


class Engine:
    """The engine in this process, one graph at a time."""

    def __init__(self) -> None:
        limits = Limits(query_timeout_ms=TIMEOUT_MS)
        self.database = samyama.open(settings=Settings(limits=limits, log=Log(level="error")))
        self.numbers: dict[str, dict[int, int]] = {"node": {}, "relationship": {}}
        #: Answers given, and those of them that had rows.
        self.answered = self.with_rows = 0

    def close(self) -> None:
        self.database.close()

    def load(self, spec: GraphSpec) -> None:
        self.database.execute("MATCH (n) DETACH DELETE n").consume()
        record = self.database.execute(spec.create(ids=True)).single()
        self.numbers = _numbers(record.data())

    def number_by_id(self) -> None:
        """Entities are known by their place in the order in which they were made."""
        nodes = [record[0].id for record in self.database.execute(_ALL_NODES)]
        relationships = [record[0].id for record in self.database.execute(_ALL_RELATIONSHIPS)]
        self.numbers = {
            "node": {id: at for at, id in enumerate(sorted(nodes))},
            "relationship": {id: at for at, id in enumerate(sorted(relationships))},
        }

    def ask(self, text: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """A query that only reads."""
        try:
            return self._answer(self.database.execute(text, parameters))
        except SamyamaError as error:
            return _failed(error)

    def try_write(self, text: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """A query in a transaction that is rolled back once the graph was looked at."""
        with self.database.begin() as transaction:
            try:
                answer = self._answer(transaction.run(text, parameters))
                answer.graph = self._form(transaction)
            except SamyamaError as error:
                return _failed(error)
            finally:
                transaction.rollback()
        return answer

    def write(self, text: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """A query that commits. The graph has to be loaded again behind it."""
        try:
            answer = self._answer(self.database.execute(text, parameters))
        except SamyamaError as error:
            answer = _failed(error)
        answer.graph = self._form(self.database)
        return answer

    def _answer(self, result: Any) -> Answer:
        columns = result.keys()
        rows = []
        for record in result:
            rows.append(tuple(from_engine(value, self.numbers) for value in record))
            if len(rows) > ROWS_MAX:
                raise TooSlow
        self.answered += 1
        self.with_rows += bool(rows)
        return Answer(columns, rows, counters=dict(result.consume().counters))

    def _form(self, source: Any) -> GraphForm:
        ask = source.run if hasattr(source, "run") else source.execute
        found = [record[0] for record in ask(_ALL_NODES).fetch_all()]
        nodes = {node.id: from_engine(node, self.numbers) for node in found}
        relationships = [
            (record["s"], record["e"], from_engine(record["r"], self.numbers))
            for record in ask(_ALL_RELATIONSHIPS).fetch_all()
        ]
        return graph_form(nodes, relationships)


def _failed(error: SamyamaError) -> Answer:
    """Raises: TooSlow: it was ended by a limit."""
    if error.code in ENDED:
        raise TooSlow from None
    told = (error.error_type, error.phase, error.detail)
    return Answer(error=told if any(told) else (error.code, "", ""), message=error.message)
