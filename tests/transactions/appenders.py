"""Explicit transactions that read lists and append to them, several keys at a time. A worker's process.

Two shapes of a list. *Property*: ``(:L {id, v: [..]})``, an append is one SET. *Chain*: ``(:L {id, n})`` with
relationships ``(l)-[:E {i}]->(:V {v})``, so that adjacency and properties are judged as one. Keys that were appended
to often enough are left for others: what was read stays short.

What fails before COMMIT was sent is *aborted*, whatever the error, and some transactions roll back without a reason.
What fails at COMMIT is aborted or *unknown*, as the error says.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from typing import Any, Literal

import msgspec

from samyama.testing import serve, told_by
from samyama.testing.bolt import BoltConnection, BoltFailure, ConnectionLost

__all__ = ["FINAL_READ", "SETUP", "AppenderSpecification", "Appended"]

SETUP = (
    "CREATE CONSTRAINT l_id IF NOT EXISTS FOR (l:L) REQUIRE l.id IS UNIQUE",
    "UNWIND range($first, $last) AS id CREATE (:L {id: id, v: [], n: 0})",
)
READ = {
    "property": "MATCH (l:L {id: $k}) RETURN l.v",
    "chain": (
        "MATCH (l:L {id: $k}) OPTIONAL MATCH (l)-[e:E]->(v:V) WITH e.i AS i, v.v AS v ORDER BY i RETURN collect(v)"
    ),
}
APPEND = {
    "property": "MATCH (l:L {id: $k}) SET l.v = l.v + $v",
    "chain": "MATCH (l:L {id: $k}) SET l.n = l.n + 1 CREATE (l)-[:E {i: l.n}]->(:V {v: $v})",
}
FINAL_READ = {
    "property": "MATCH (l:L) WHERE $first <= l.id <= $last RETURN l.id, l.v",
    "chain": (
        "MATCH (l:L) WHERE $first <= l.id <= $last OPTIONAL MATCH (l)-[e:E]->(v:V) "
        "WITH l.id AS id, e.i AS i, v.v AS v ORDER BY i RETURN id, collect(v)"
    ),
}

KEYS_AT_ONCE = 5
APPENDS_PER_KEY = 40
OPERATIONS_MAX = 4
TX_TIMEOUT_MS = 3_000
ANSWER_TIMEOUT_S = 10.0


Outcome = Literal["committed", "aborted", "unknown"]


class AppenderSpecification(msgspec.Struct, frozen=True):
    """Who asks whom about which lists, by node id: host:port of Bolt."""

    shape: str
    seed: int
    addresses: dict[str, str]
    first: int
    last: int
    tied: int = 3


class Appended(msgspec.Struct, frozen=True, array_like=True):
    """One transaction, as :class:`samyama.testing.checkers.Transaction` with its number left out."""

    operations: list[tuple[str, int, Any]]
    began_ns: int
    ended_ns: int
    outcome: Outcome
    code: str


class _Client(threading.Thread):
    def __init__(self, work: Appenders, name: str, address: str) -> None:
        super().__init__(daemon=True, name=name)
        self.work, self.address = work, address
        self.random = random.Random(f"{work.specification.seed}/{name}")
        self.done: list[Appended] = []
        self._connection: BoltConnection | None = None

    def run(self) -> None:
        while not self.work.stopping.is_set() and not self.work.exhausted():
            if self._connection is None:
                try:
                    self._connection = BoltConnection(self.address, timeout_s=ANSWER_TIMEOUT_S)
                except ConnectionLost:
                    self.work.stopping.wait(0.01)
                    continue
            self._transaction(self._connection)

    def _transaction(self, connection: BoltConnection) -> None:
        """Draw what to do, do it, note what was seen."""
        wanted = [
            (self.random.choice(("append", "read")), self.work.key(self.random))
            for _ in range(self.random.randint(1, OPERATIONS_MAX))
        ]
        gives_up = self.random.random() < 0.05
        reads_only = all(kind == "read" for kind, _ in wanted)
        done: list[tuple[str, int, Any]] = []
        began_ns = time.monotonic_ns()
        outcome: Outcome = "aborted"
        code = ""
        try:
            connection.begin(tx_timeout=TX_TIMEOUT_MS, **({"mode": "r"} if reads_only else {}))
            for kind, key in wanted:
                done.append(self._operation(connection, kind, key))
            if gives_up:
                connection.rollback()
            else:
                outcome, code = self._commit(connection)
        except BoltFailure as error:
            code = error.code
        except ConnectionLost:
            code = "ConnectionLost"
            self._drop()
        self.done.append(Appended(done, began_ns, time.monotonic_ns(), outcome, code))
        self.work.used(done)

    def _operation(self, connection: BoltConnection, kind: str, key: int) -> tuple[str, int, Any]:
        shape = self.work.specification.shape
        if kind == "read":
            return "read", key, connection.run(READ[shape], {"k": key}).value
        value = self.work.next_value()
        connection.run(APPEND[shape], {"k": key, "v": value})
        return "append", key, value

    def _commit(self, connection: BoltConnection) -> tuple[Outcome, str]:
        try:
            connection.commit()
        except (BoltFailure, ConnectionLost) as error:
            told, code = told_by(error)
            if isinstance(error, ConnectionLost):
                self._drop()
            return ("aborted" if told == "refused" else "unknown"), code
        return "committed", ""

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Appenders:
    """The work of this module."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.specification = spec = msgspec.convert(document, AppenderSpecification)
        self.stopping = threading.Event()
        self._values = itertools.count(1)
        self._appends = 0
        self.clients = [
            _Client(self, f"{id}-{number}", address)
            for id, address in spec.addresses.items()
            for number in range(spec.tied)
        ]

    def next_value(self) -> int:
        return next(self._values)

    def key(self, random: random.Random) -> int:
        first = KEYS_AT_ONCE * (self._appends // (KEYS_AT_ONCE * APPENDS_PER_KEY))
        return self.specification.first + first + random.randrange(KEYS_AT_ONCE)

    def used(self, done: list[tuple[str, int, Any]]) -> None:
        self._appends += sum(1 for kind, _, _ in done if kind == "append")

    def exhausted(self) -> bool:
        keys = self.specification.last - self.specification.first + 1
        return self._appends >= (keys - KEYS_AT_ONCE) * APPENDS_PER_KEY

    def start(self) -> None:
        for client in self.clients:
            client.start()

    def progress(self) -> dict[str, Any]:
        done = [each for client in self.clients for each in list(client.done)]
        return {
            "answered": len(done),
            "committed": sum(1 for each in done if each.outcome == "committed"),
        }

    def stop(self) -> Any:
        self.stopping.set()
        for client in self.clients:
            client.join()
        return [each for client in self.clients for each in client.done]


if __name__ == "__main__":
    serve(Appenders)
