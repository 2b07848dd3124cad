"""Records into an empty database, in transactions of many.

Constraints come first, so that what violates one is refused; other indexes last, because filling them once is quicker.
Nodes get new ids; the old ones are remembered until the relationships are in. It is not atomic: when it is broken off,
the database holds a part, and has to be emptied before it is tried again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from samyama._database import Session, Transaction
from samyama.backup.file import Contents
from samyama.backup.values import decode
from samyama.export.literals import quote_name

__all__ = ["NotEmpty", "load_graph"]

#: Of one transaction: large enough that the cost of a commit vanishes, small enough for one entry of the log.
ROWS_MAX = 2_000
CHARACTERS_MAX = 4_000_000


class NotEmpty(Exception):
    """The target holds something: a backup is loaded into an empty database only."""


def load_graph(
    session: Session,
    records: Iterable[dict[str, Any]],
    progress: Callable[[Contents], None] = lambda _: None,
) -> Contents:
    """Load everything; what was loaded.

    Raises:
        NotEmpty: there are nodes, indexes or constraints already.
        ValueError: a record cannot be loaded: damage that a checksum does not see.
        SamyamaError: the database refuses, a constraint that is violated for example.
    """
    _require_empty(session)
    loader = _Loader(session, progress)
    for record in records:
        loader.take(record)
    loader.finish()
    return loader.loaded


def _require_empty(session: Session) -> None:
    nodes = session.run("MATCH (n) RETURN count(n) AS n").single(strict=True)[0]
    if nodes:
        raise NotEmpty(f"there are {nodes} nodes in it")
    rules = [
        *session.run("SHOW CONSTRAINTS YIELD name RETURN name").value(),
        *session.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name").value(),
    ]
    if rules:
        raise NotEmpty(f"it has indexes or constraints: {', '.join(map(str, rules))}")


class _Loader:
    def __init__(self, session: Session, progress: Callable[[Contents], None]) -> None:
        self._session = session
        self._progress = progress
        self.loaded = Contents()
        self._indexes: list[str] = []
        #: Id in the backup to id in the database.
        self._ids: dict[int, int] = {}
        self._batch: list[dict[str, Any]] = []
        self._characters = 0

    def take(self, record: dict[str, Any]) -> None:
        if "constraint" in record:
            self._session.run(str(record["constraint"])).consume()
            self.loaded.schema += 1
        elif "index" in record:
            self._indexes.append(str(record["index"]))
        elif "n" in record or "r" in record:
            if self._batch and ("n" in record) != ("n" in self._batch[0]):
                self._flush()
            self._batch.append(record)
            self._characters += len(str(record["p"]))
            if len(self._batch) >= ROWS_MAX or self._characters >= CHARACTERS_MAX:
                self._flush()
        else:
            raise ValueError(f"{record} is no record of a backup")

    def finish(self) -> None:
        self._flush()
        for statement in self._indexes:
            self._session.run(statement).consume()
            self.loaded.schema += 1
        self._progress(self.loaded)

    def _flush(self) -> None:
        batch, self._batch, self._characters = self._batch, [], 0
        if not batch:
            return
        if "n" in batch[0]:
            ids = self._session.execute_write(_create_nodes, batch)
            self._ids.update(zip((record["n"] for record in batch), ids, strict=True))
            self.loaded.nodes += len(batch)
        else:
            self._session.execute_write(_create_relationships, batch, self._ids)
            self.loaded.relationships += len(batch)
        self._progress(self.loaded)


def _create_nodes(transaction: Transaction, batch: list[dict[str, Any]]) -> list[int]:
    """Their new ids, in order. A statement for each set of labels: labels cannot be parameters."""
    ids: list[int] = [0] * len(batch)
    for labels, places in _grouped(tuple(record["l"]) for record in batch):
        pattern = "".join(f":{quote_name(label)}" for label in labels)
        query = f"UNWIND $rows AS row CREATE (n{pattern}) SET n = row RETURN id(n) AS id"
        rows = [_properties(batch[place]) for place in places]
        for place, id in zip(places, transaction.run(query, rows=rows).value(), strict=True):
            ids[place] = id
    return ids


def _create_relationships(
    transaction: Transaction, batch: list[dict[str, Any]], ids: dict[int, int]
) -> None:
    for type, places in _grouped(record["t"] for record in batch):
        query = (
            "UNWIND $rows AS row MATCH (s) WHERE id(s) = row[0] MATCH (e) WHERE id(e) = row[1]"
            f" CREATE (s)-[r:{quote_name(type)}]->(e) SET r = row[2] RETURN count(r) AS created"
        )
        rows = [
            [
                _known(ids, batch[place], "s"),
                _known(ids, batch[place], "e"),
                _properties(batch[place]),
            ]
            for place in places
        ]
        created = transaction.run(query, rows=rows).single(strict=True)["created"]
        if created != len(rows):
            raise ValueError(f"{created} of {len(rows)} relationships of type {type} were created")


def _known(ids: dict[int, int], record: dict[str, Any], end: str) -> int:
    try:
        return ids[record[end]]
    except KeyError:
        raise ValueError(
            f"relationship {record['r']} has an end, {record[end]}, that is no node of the backup"
        ) from None


def _grouped(keys: Iterable[Any]) -> Iterator[tuple[Any, list[int]]]:
    """Places by key, keys in the order in which they came."""
    groups: defaultdict[Any, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        groups[key].append(place)
    yield from groups.items()


def _properties(record: dict[str, Any]) -> dict[str, Any]:
    return {key: decode(value) for key, value in record["p"].items()}
