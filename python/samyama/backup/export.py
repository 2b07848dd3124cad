"""Everything in a database as records, through one read transaction: one view, however long it takes.

Records: ``{"constraint": TEXT}`` and ``{"index": TEXT}`` (statements that make them), then ``{"n": ID, "l": LABELS,
"p": PROPERTIES}`` for each node, then ``{"r": ID, "t": TYPE, "s": START, "e": END, "p": PROPERTIES}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from samyama._database import Session, Transaction
from samyama.backup.file import Contents, Head, new_head
from samyama.backup.values import encode

__all__ = ["Export", "export_graph"]


class Export:
    """What is being exported: its head, how much it is, and the records, once."""

    def __init__(self, transaction: Transaction, program: str) -> None:
        self._transaction = transaction
        count = transaction.run("MATCH (n) RETURN count(n) AS nodes")
        nodes = count.single(strict=True)["nodes"]
        summary = count.consume()
        relationships = transaction.run("MATCH ()-[r]->() RETURN count(r) AS n")
        self.head: Head = new_head(program, summary.index, summary.term)
        self._schema = [*self._constraints(), *self._indexes()]
        self.contents = Contents(
            schema=len(self._schema),
            nodes=nodes,
            relationships=relationships.single(strict=True)["n"],
        )

    def _constraints(self) -> Iterator[dict[str, Any]]:
        query = "SHOW CONSTRAINTS YIELD name, createStatement RETURN createStatement ORDER BY name"
        for record in self._transaction.run(query):
            yield {"constraint": record[0]}

    def _indexes(self) -> Iterator[dict[str, Any]]:
        """Without those that are part of the store, and those that a constraint brings along."""
        query = (
            "SHOW INDEXES YIELD name, type, owningConstraint, createStatement"
            " WHERE type <> 'LOOKUP' AND owningConstraint IS NULL RETURN createStatement ORDER BY name"
        )
        for record in self._transaction.run(query):
            yield {"index": record[0]}

    def records(self) -> Iterator[dict[str, Any]]:
        """In an order in which they can be loaded."""
        yield from self._schema
        nodes = self._transaction.run(
            "MATCH (n) RETURN id(n) AS id, labels(n) AS labels, properties(n) AS properties"
        )
        for id, labels, properties in nodes:
            yield {"n": id, "l": labels, "p": _properties(properties)}
        relationships = self._transaction.run(
            "MATCH (s)-[r]->(e) RETURN id(r) AS id, type(r) AS type, id(s) AS s, id(e) AS e,"
            " properties(r) AS properties"
        )
        for id, type, start, end, properties in relationships:
            yield {"r": id, "t": type, "s": start, "e": end, "p": _properties(properties)}


def _properties(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: encode(value) for key, value in properties.items()}


@contextmanager
def export_graph(session: Session, program: str) -> Iterator[Export]:
    """An export of what ``session`` sees now. The session must be of access mode READ.

    The transaction has no time limit: a view costs memory only as the graph changes meanwhile.
    """
    with session.begin_transaction(timeout=0) as transaction:
        yield Export(transaction, program)
