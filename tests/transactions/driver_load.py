"""Many threads that call ``execute_query`` of the official driver on the same few nodes. A worker's process.

The driver is left alone: what it retries is counted from what it logs.
"""

from __future__ import annotations

import logging
import random
import threading
from typing import Any

import msgspec

from samyama.testing import serve, told_by

__all__ = ["Call", "DriverLoad", "Outcome", "RetryCount"]

QUERIES = {
    "increment": "MATCH (c:Counter) SET c.n = c.n + 1 RETURN c.n AS value",
    "merge": "MERGE (m:M {key: $key}) ON CREATE SET m.by = $by RETURN m.by AS value",
}


class DriverLoad(msgspec.Struct, frozen=True):
    """``clients`` threads, each with ``calls`` calls of one kind; half of them routed, half tied to a node each."""

    kind: str
    addresses: list[str]
    clients: int = 64
    calls: int = 30
    keys: int = 100
    seed: int = 0


class Call(msgspec.Struct, frozen=True, array_like=True):
    """One call: what it was about, what it returned, whether it created a node, and what its client was told."""

    client: int
    key: int
    value: Any
    created: int
    told: str
    code: str


class Outcome(msgspec.Struct, frozen=True):
    calls: list[Call]
    retries: int
    #: Transaction functions that were run by the server, over all calls: calls + retries, counted another way.
    failures: dict[str, int]


class RetryCount(logging.Handler):
    """Counts the retries of managed transactions, which the driver announces in its log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0
        self.reasons: dict[str, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if "will be retried" in record.msg:
            self.count += 1
            assert isinstance(record.args, tuple), "the driver formats a delay and a reason"
            reason = str(record.args[1])[:80]
            self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def __enter__(self) -> RetryCount:
        self.logger = logging.getLogger("neo4j")
        self.logger.addHandler(self)
        self._propagated, self.logger.propagate = self.logger.propagate, False
        return self

    def __exit__(self, *_: object) -> None:
        self.logger.removeHandler(self)
        self.logger.propagate = self._propagated


class _Load:
    def __init__(self, document: dict[str, Any]) -> None:
        import neo4j

        self.load = msgspec.convert(document, DriverLoad)
        pairs: list[Any] = [address.rsplit(":", 1) for address in self.load.addresses]
        known: list[Any] = [(host, int(port)) for host, port in pairs]
        first = self.load.addresses[0]
        self.drivers = [
            neo4j.GraphDatabase.driver(f"neo4j://{first}", resolver=lambda _: known),
            *(neo4j.GraphDatabase.driver(f"bolt://{address}") for address in self.load.addresses),
        ]
        self.retries = RetryCount()
        self.calls: list[Call] = []
        self.threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True)
            for number in range(self.load.clients)
        ]

    def _run(self, number: int) -> None:
        chance = random.Random(f"{self.load.seed}/{number}")
        tied = self.drivers[1 + number // 2 % (len(self.drivers) - 1)]
        driver = self.drivers[0] if number % 2 else tied
        if self.load.kind == "merge":
            keys = list(range(self.load.keys))
            chance.shuffle(keys)
        else:
            keys = [0] * self.load.calls
        for key in keys:
            try:
                result = driver.execute_query(QUERIES[self.load.kind], {"key": key, "by": number})
            except Exception as error:
                self.calls.append(Call(number, key, None, 0, *told_by(error)))
            else:
                value = result.records[0]["value"]
                created = result.summary.counters.nodes_created
                self.calls.append(Call(number, key, value, created, "acknowledged", ""))

    def start(self) -> None:
        self.retries.__enter__()
        for thread in self.threads:
            thread.start()

    def progress(self) -> dict[str, Any]:
        return {"answered": len(self.calls)}

    def stop(self) -> Any:
        """All calls are made first: this load ends by itself."""
        for thread in self.threads:
            thread.join()
        for driver in self.drivers:
            driver.close()
        self.retries.__exit__()
        return Outcome(self.calls, self.retries.count, self.retries.reasons)


if __name__ == "__main__":
    serve(_Load)
