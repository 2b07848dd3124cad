"""Clients on registers and counters, and a record of all they asked and saw. A worker's process.

*Registers*: many nodes ``(:K {id, v})``; each value written is unique. Only a few are in use at a time, and after
some hundred operations others take their place: the judge's search is short then. *Counters*: nodes ``(:C {id, n})``
that are raised by one.

Clients are bare Bolt connections, most of them tied to one node (so that followers relay and read), some going
wherever an answer is to be had; and some threads with the official driver. A client does one thing after another.
What it asks is drawn from a seed; when is up to the machine.
"""

from __future__ import annotations

import itertools
import logging
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import msgspec

from samyama.testing import serve, told_by
from samyama.testing.bolt import BoltConnection, BoltFailure, ConnectionLost, Reply

__all__ = ["SETUP", "Record", "RegisterSpecification", "setup_parameters"]

#: Nodes are made before anybody asks: the work itself then never creates.
SETUP = (
    "CREATE CONSTRAINT k_id IF NOT EXISTS FOR (k:K) REQUIRE k.id IS UNIQUE",
    "CREATE CONSTRAINT c_id IF NOT EXISTS FOR (c:C) REQUIRE c.id IS UNIQUE",
    "UNWIND range($key_from, $key_to) AS id CREATE (:K {id: id, v: 0})",
    "UNWIND range($counter_from, $counter_to) AS id CREATE (:C {id: id, n: 0})",
)
READ = "MATCH (k:K {id: $k}) RETURN k.v"
WRITE = "MATCH (k:K {id: $k}) SET k.v = $v RETURN k.v"
CAS = "MATCH (k:K {id: $k}) WHERE k.v = $old SET k.v = $v RETURN count(k)"
ADD = "MATCH (c:C {id: $c}) SET c.n = c.n + 1 RETURN c.n"
SEE = "MATCH (c:C {id: $c}) RETURN c.n"

KEYS_AT_ONCE = 8
OPERATIONS_PER_KEY = 100
ANSWER_TIMEOUT_S = 10.0
#: On the server; a partition must not stop a client for longer.
TX_TIMEOUT_MS = 1_000


class RegisterSpecification(msgspec.Struct, frozen=True):
    """Who asks whom about which nodes of the graph."""

    seed: int
    #: By node id, host:port of Bolt.
    addresses: dict[str, str]
    key_from: int
    key_to: int
    counters: list[int]
    #: Clients tied to each node, clients tied to none, threads with the driver.
    tied: int = 2
    roaming: int = 2
    driving: int = 2


def setup_parameters(number: int, keys: int = 800, counters: int = 2) -> dict[str, int]:
    """Ids for history ``number`` of a cluster: no two share any."""
    return {
        "key_from": number * keys,
        "key_to": (number + 1) * keys - 1,
        "counter_from": number * counters,
        "counter_to": (number + 1) * counters - 1,
    }


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One operation. ``kind``: read, write, cas, add; see (linearizable read of a counter), stale, bookmark.

    ``value`` as in :class:`samyama.testing.checkers.Operation`; of a *bookmark* read (at least, seen).
    """

    kind: str
    key: int
    value: Any
    client: str
    #: The node that was asked; 0 if the driver chose.
    node: int
    #: Counts the connections of a client: a new one may be to a node that has been started again.
    connection: int
    called_ns: int
    answered_ns: int
    told: str
    code: str


class _Client(threading.Thread, ABC):
    """Chooses what to ask; how it is asked is up to the subclass."""

    CHOICES: tuple[str, ...] = (
        "read", "write", "cas", "add", "see", "stale", "bookmark", "transaction",
    )  # fmt: skip
    WEIGHTS: tuple[int, ...] = (30, 34, 8, 6, 4, 8, 6, 4)

    def __init__(self, work: Registers, name: str) -> None:
        super().__init__(daemon=True, name=name)
        self.work = work
        self.random = random.Random(f"{work.specification.seed}/{name}")
        self.records: list[Record] = []
        self.node, self.connection_number = 0, 0
        self._last_seen: dict[int, Any] = {}

    def run(self) -> None:
        while not self.work.stopping.is_set() and not self.work.exhausted():
            if self.connect():
                self.turn(self.random.choices(self.CHOICES, self.WEIGHTS)[0])

    def connect(self) -> bool:
        """False: not now."""
        return True

    def turn(self, kind: str) -> None:
        if kind in ("read", "write", "cas", "transaction"):
            self._on_register(kind, self.work.next_key(self.random))
        else:
            self._on_counter(kind, self.random.choice(self.work.specification.counters))

    def _on_register(self, kind: str, key: int) -> None:
        if kind == "read":
            self.do("read", key, lambda: self.ask(READ, {"k": key}, read=True), lambda v: v, None)
            return
        new = self.work.next_value()
        if kind == "cas" and key in self._last_seen:
            old = self._last_seen[key]
            parameters = {"k": key, "old": old, "v": new}
            self.do(
                "cas", key,
                lambda: self.ask(CAS, parameters), lambda n: (old, new, n == 1), (old, new, None),
            )  # fmt: skip
        else:
            ask = self.ask_in_transaction if kind == "transaction" else self.ask
            self.do("write", key, lambda: ask(WRITE, {"k": key, "v": new}), lambda v: v, new)

    def _on_counter(self, kind: str, key: int) -> None:
        parameters = {"c": key}
        if kind == "add":
            self.do("add", key, lambda: self.ask(ADD, parameters), lambda n: (1, n), (1, None))
        elif kind == "bookmark":
            held = self.work.bookmarks.get(key)
            if held is not None:
                at_least, bookmark = held
                extra = {"bookmarks": [bookmark], "tx_metadata": {"samyama.read": "bookmark"}}
                ask = lambda: self.ask(SEE, parameters, read=True, **extra)  # noqa: E731
                self.do("bookmark", key, ask, lambda n: (at_least, n), None)
        else:
            extra = {"tx_metadata": {"samyama.read": "stale"}} if kind == "stale" else {}
            self.do(
                kind, key, lambda: self.ask(SEE, parameters, read=True, **extra), lambda n: n, None
            )

    def do(
        self,
        kind: str,
        key: int,
        ask: Callable[[], tuple[Any, str | None]],
        seen: Callable[[Any], Any],
        unseen: Any,
    ) -> None:
        """Ask and record. ``seen`` makes the value of the answer, ``unseen`` is it when there is none."""
        called_ns = time.monotonic_ns()
        code, lost = "", False
        try:
            answer, bookmark = ask()
            value, told = seen(answer), "acknowledged"
        except Exception as error:
            told, code = told_by(error)
            value, bookmark, lost = unseen, None, isinstance(error, ConnectionLost)
        answered_ns = time.monotonic_ns()
        self.records.append(
            Record(
                kind, key, value, self.name, self.node, self.connection_number,
                called_ns, answered_ns, told, code,
            )
        )  # fmt: skip
        if kind in ("read", "write") and told == "acknowledged":
            self._last_seen[key] = value
        if kind == "add" and told == "acknowledged" and bookmark is not None:
            self.work.bookmarks[key] = (value[1], bookmark)
        if lost:
            self.disconnect()

    @abstractmethod
    def ask(
        self, query: str, parameters: dict[str, Any], *, read: bool = False, **extra: Any
    ) -> tuple[Any, str | None]:
        """The only value of the answer, and the bookmark."""

    def ask_in_transaction(self, query: str, parameters: dict[str, Any]) -> tuple[Any, str | None]:
        return self.ask(query, parameters)

    def disconnect(self) -> None:
        """The connection is lost."""


class _Bare(_Client):
    """``tied`` to one node, or going from node to node."""

    def __init__(self, work: Registers, name: str, tied: int | None) -> None:
        super().__init__(work, name)
        self._tied = tied
        self._connection: BoltConnection | None = None

    def connect(self) -> bool:
        if self._connection is not None:
            if self._tied is None and self.random.random() < 0.02:
                self.disconnect()  # elsewhere, without a reason
            else:
                return True
        addresses = self.work.specification.addresses
        self.node = self._tied or self.random.choice([int(id) for id in addresses])
        try:
            self._connection = BoltConnection(addresses[str(self.node)], timeout_s=ANSWER_TIMEOUT_S)
        except ConnectionLost:
            self.work.stopping.wait(0.01)  # the node is down: no storm
            return False
        self.connection_number += 1
        return True

    def disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(
        self, query: str, parameters: dict[str, Any], *, read: bool = False, **extra: Any
    ) -> tuple[Any, str | None]:
        assert self._connection is not None, "connected before asking"
        mode = {"mode": "r"} if read else {}
        reply = self._connection.run(query, parameters, tx_timeout=TX_TIMEOUT_MS, **mode, **extra)
        return reply.value, reply.bookmark

    def ask_in_transaction(self, query: str, parameters: dict[str, Any]) -> tuple[Any, str | None]:
        """BEGIN, RUN, COMMIT, each waiting for its answer. What fails before COMMIT is undone, whatever it was."""
        connection = self._connection
        assert connection is not None, "connected before asking"
        try:
            connection.begin(tx_timeout=TX_TIMEOUT_MS)
            reply: Reply = connection.run(query, parameters)
        except ConnectionLost as error:
            raise ConnectionLost(str(error), asked=False) from None
        except BoltFailure as error:
            raise BoltFailure({"code": f"Neo.ClientError.Before.Commit ({error.code})"}) from None
        return reply.value, connection.commit()


class _Driving(_Client):
    """The official driver, with its retries. It sends bookmarks of its own, and no level weaker than the default."""

    CHOICES = ("read", "write", "cas", "add", "see")
    WEIGHTS = (40, 40, 8, 6, 6)

    def __init__(self, work: Registers, name: str) -> None:
        super().__init__(work, name)
        self._driver = work.driver()

    def ask(
        self, query: str, parameters: dict[str, Any], *, read: bool = False, **_: Any
    ) -> tuple[Any, str | None]:
        result = self._driver.execute_query(query, parameters, routing_="r" if read else "w")
        return result.records[0].value(), None


class Registers:
    """The work of this module."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.specification = msgspec.convert(document, RegisterSpecification)
        self.stopping = threading.Event()
        self.bookmarks: dict[int, tuple[int, str]] = {}
        self._values = itertools.count(1)
        self._key_operations = itertools.count()
        self._operations = 0
        self._driver: Any = None
        spec = self.specification
        self.clients: list[_Client] = [
            _Bare(self, f"tied-{id}-{n}", int(id))
            for id in spec.addresses
            for n in range(spec.tied)
        ]
        self.clients += [_Bare(self, f"roaming-{n}", None) for n in range(spec.roaming)]
        self.clients += [_Driving(self, f"driving-{n}") for n in range(spec.driving)]

    def driver(self) -> Any:
        """One for all: a driver is a pool."""
        if self._driver is None:
            import neo4j

            logging.getLogger("neo4j").setLevel(logging.CRITICAL)
            known: list[Any] = [
                address.rsplit(":", 1) for address in self.specification.addresses.values()
            ]
            addresses: list[Any] = [(host, int(port)) for host, port in known]
            self._driver = neo4j.GraphDatabase.driver(
                f"neo4j://{':'.join(known[0])}",
                resolver=lambda _: addresses,
                max_transaction_retry_time=3.0,
                connection_timeout=2.0,
                connection_acquisition_timeout=3.0,
            )
        return self._driver

    def next_value(self) -> int:
        """Unique, and never the initial 0."""
        return next(self._values)

    def next_key(self, random: random.Random) -> int:
        """One of a few; others when these have been used enough."""
        self._operations = next(self._key_operations)
        first = KEYS_AT_ONCE * (self._operations // (KEYS_AT_ONCE * OPERATIONS_PER_KEY))
        return self.specification.key_from + first + random.randrange(KEYS_AT_ONCE)

    def exhausted(self) -> bool:
        """No register is left that was not used enough."""
        keys = self.specification.key_to - self.specification.key_from + 1
        return self._operations >= (keys - KEYS_AT_ONCE) * OPERATIONS_PER_KEY

    def start(self) -> None:
        for client in self.clients:
            client.start()

    def progress(self) -> dict[str, Any]:
        return {"answered": sum(len(client.records) for client in self.clients)}

    def stop(self) -> Any:
        self.stopping.set()
        for client in self.clients:
            client.join()
        if self._driver is not None:
            self._driver.close()
        return [record for client in self.clients for record in client.records]


if __name__ == "__main__":
    serve(Registers)
