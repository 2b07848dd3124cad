"""Writers of serial numbers: every write creates a node with a number that no other write has. A worker's process.

Two kinds. *Light* clients speak Bolt themselves, hold one connection each, try the next node when it breaks, and are
there to measure: they add a few hundredths of a millisecond. *Drivers* are the official one, routed (``neo4j://``) or
tied to one node (``bolt://``), with all its retries and pauses, as an application has them.

A write whose outcome is not known is not repeated: its number may be there once or never, and the judge knows.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from abc import abstractmethod
from typing import Any

import msgspec

from samyama.testing import serve, told_by
from samyama.testing.bolt import BoltConnection, BoltFailure, ConnectionLost

__all__ = ["DriverClients", "LightClients", "Write", "WriterSpecification"]

QUERY = "CREATE (:W {serial: $serial})"


class LightClients(msgspec.Struct, frozen=True, tag="light"):
    """``count`` of them, spread over the addresses. ``pause_ms``: from an answer to the next request.

    Who gets no answer for ``patience_ms`` gives up on the connection and asks another node.
    """

    addresses: list[str]
    count: int = 6
    pause_ms: float = 1.0
    patience_ms: int = 15_000


class DriverClients(msgspec.Struct, frozen=True, tag="driver"):
    """``count`` threads with one driver. ``known``: addresses that a routed driver may ask."""

    uri: str
    known: list[str]
    count: int = 2


class WriterSpecification(msgspec.Struct, frozen=True):
    """Groups of clients by name. No other writer of the same cluster may use serials from ``first_serial`` on."""

    groups: dict[str, LightClients | DriverClients]
    first_serial: int = 1


class Write(msgspec.Struct, frozen=True, array_like=True):
    """One write, by whom, when (``CLOCK_MONOTONIC`` nanoseconds), and what the client was told."""

    serial: int
    group: str
    called_ns: int
    answered_ns: int
    told: str
    code: str


class _Client(threading.Thread):
    def __init__(self, work: Writers, group: str) -> None:
        super().__init__(daemon=True)
        self.work, self.group = work, group
        self.writes: list[Write] = []
        self.acknowledged = 0

    def run(self) -> None:
        while not self.work.stopping.is_set():
            self.turn()

    @abstractmethod
    def turn(self) -> None: ...

    def record(self, serial: int, called_ns: int, told: str, code: str) -> None:
        answered_ns = time.monotonic_ns()
        self.writes.append(Write(serial, self.group, called_ns, answered_ns, told, code))
        self.acknowledged += told == "acknowledged"


class _Light(_Client):
    def __init__(self, work: Writers, group: str, setting: LightClients, number: int) -> None:
        super().__init__(work, group)
        self.pause_s, self.patience_s = setting.pause_ms / 1000, setting.patience_ms / 1000
        turned = number % len(setting.addresses)
        self.addresses = itertools.cycle(setting.addresses[turned:] + setting.addresses[:turned])
        self.connection: BoltConnection | None = None

    def turn(self) -> None:
        if self.connection is None:
            try:
                self.connection = BoltConnection(next(self.addresses), timeout_s=self.patience_s)
            except ConnectionLost:
                time.sleep(0.001)  # not a storm of connection attempts while a node is down
                return
        serial, called_ns = self.work.next_serial(), time.monotonic_ns()
        try:
            self.connection.run(QUERY, {"serial": serial})
        except BoltFailure as error:
            self.record(serial, called_ns, *told_by(error))
        except ConnectionLost as error:
            self.record(serial, called_ns, *told_by(error))
            self.connection.close()
            self.connection = None
        else:
            self.record(serial, called_ns, "acknowledged", "")
            time.sleep(self.pause_s)


class _Driver(_Client):
    def __init__(self, work: Writers, group: str, driver: Any) -> None:
        super().__init__(work, group)
        self.driver = driver

    def turn(self) -> None:
        serial, called_ns = self.work.next_serial(), time.monotonic_ns()
        try:
            self.driver.execute_query(QUERY, serial=serial)
        except Exception as error:
            self.record(serial, called_ns, *told_by(error))
        else:
            self.record(serial, called_ns, "acknowledged", "")


class Writers:
    """The work of this module."""

    def __init__(self, document: dict[str, Any]) -> None:
        specification = msgspec.convert(document, WriterSpecification)
        self.stopping = threading.Event()
        self._serials = itertools.count(specification.first_serial)
        self._retries = _Retries()
        self.drivers: list[Any] = []
        self.clients: list[_Client] = []
        for group, setting in specification.groups.items():
            if isinstance(setting, LightClients):
                self.clients += [_Light(self, group, setting, n) for n in range(setting.count)]
            else:
                driver = self._connect(setting)
                self.clients += [_Driver(self, group, driver) for _ in range(setting.count)]

    def _connect(self, setting: DriverClients) -> Any:
        import neo4j

        def resolve(_: object) -> list[tuple[str, int]]:
            pairs = (address.rsplit(":", 1) for address in setting.known)
            return [(host, int(port)) for host, port in pairs]

        logging.getLogger("neo4j").addHandler(self._retries)
        logging.getLogger("neo4j").propagate = False
        options: dict[str, Any] = {"resolver": resolve} if setting.uri.startswith("neo4j") else {}
        driver = neo4j.GraphDatabase.driver(setting.uri, **options)
        self.drivers.append(driver)
        return driver

    def next_serial(self) -> int:
        return next(self._serials)

    def start(self) -> None:
        for client in self.clients:
            client.start()

    def progress(self) -> dict[str, Any]:
        return {
            "answered": sum(len(client.writes) for client in self.clients),
            "acknowledged": sum(client.acknowledged for client in self.clients),
        }

    def stop(self) -> Any:
        self.stopping.set()
        for client in self.clients:
            client.join()
        for driver in self.drivers:
            driver.close()
        writes = [write for client in self.clients for write in client.writes]
        return {"writes": writes, "retries": self._retries.count}


class _Retries(logging.Handler):
    """Counts what the driver retries: it says so in its log, and is not disturbed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        if "will be retried" in record.msg:
            self.count += 1


if __name__ == "__main__":
    serve(Writers)
