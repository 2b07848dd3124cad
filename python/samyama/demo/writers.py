"""Clients that write without pause and remember exactly what was acknowledged, and when."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import neo4j

__all__ = ["Writers"]


class Writers:
    """``count`` threads, each with one write under way through a routed driver that retries by itself.

    Each write creates one node, under an idempotency key. A connection that breaks during a commit leaves its outcome
    unknown, which the driver says with ``IncompleteCommit`` and does not retry. Under the same key the write can be
    sent again without looking first: if it was committed, it gets its first answer and changes nothing.
    """

    def __init__(self, driver: neo4j.Driver, count: int = 4) -> None:
        self._driver = driver
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._acknowledged: dict[str, float] = {}
        self._name = secrets.token_hex(8)
        self._stopped_at = float("inf")
        self._threads = [
            threading.Thread(target=self._write, args=(number,), daemon=True)
            for number in range(count)
        ]
        self.failed: list[str] = []
        self.unknown = 0

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End after the write that is under way."""
        self._stopping.set()
        self._stopped_at = time.monotonic()
        for thread in self._threads:
            thread.join()

    def _write(self, writer: int) -> None:
        from neo4j import Query
        from neo4j.exceptions import IncompleteCommit

        number = 1
        while not self._stopping.is_set():
            id = f"{writer}-{number}"
            key = {"samyama.idempotency_key": f"{self._name}/{id}"}
            try:
                self._driver.execute_query(Query("CREATE (:Tick {id: $id})", metadata=key), id=id)
            except IncompleteCommit:
                with self._lock:
                    self.unknown += 1
                continue
            except Exception as error:
                with self._lock:
                    self.failed.append(f"{type(error).__name__}: {error}")
                return
            with self._lock:
                self._acknowledged[id] = time.monotonic()
            number += 1

    @property
    def acknowledged(self) -> dict[str, float]:
        """Id of each acknowledged write, with the moment (``time.monotonic``)."""
        with self._lock:
            return dict(self._acknowledged)

    def wait_for(self, more: int, timeout_s: float = 30.0) -> None:
        """Until ``more`` further writes are acknowledged.

        Raises: TimeoutError: not in time.
        """
        deadline = time.monotonic() + timeout_s
        goal = len(self.acknowledged) + more
        while len(self.acknowledged) < goal:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {more} writes were acknowledged within {timeout_s:g} s")
            time.sleep(0.005)

    def gap_ms(self, around: float) -> float:
        """The longest time without an acknowledgement that began in the second after ``around``, or held it.

        What comes after :meth:`stop` does not count: then those are missing that would have gone on.
        """
        moments = sorted(at for at in self.acknowledged.values() if at <= self._stopped_at)
        gaps = [
            later - earlier
            for earlier, later in itertools.pairwise(moments)
            if earlier <= around + 1.0 and later >= around
        ]
        return 1000 * max(gaps, default=0.0)
