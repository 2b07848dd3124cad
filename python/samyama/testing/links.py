"""Peer links with faults: one TCP proxy per ordered pair of nodes, in one background thread.

A *wire* (i, j) is all bytes that travel from node i to node j, whoever opened the connection. A proxy stands for each
pair and direction of dialling; node i dials the proxy of (i, j) instead of j's address, and the proxy pumps the two
directions through wires (i, j) and (j, i). So a fault can hit one direction only.

Faults: *cut* (silence: bytes wait, new connections hang, nothing is closed; on healing what waited is delivered, as
TCP would), *delay* (each chunk later by a fixed time plus jitter, order kept), *drop* (each chunk with this
probability is lost, which on TCP means that the connection breaks), *reset* (all connections of the pair are closed
now). Every fault is counted where it bites (:class:`WireCounts`): a run in which nothing met the fault proves
nothing. Not done: bandwidth limits, reordering (TCP has none to show).
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["Links", "WireCounts"]

T = TypeVar("T")
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class WireCounts:
    """What a wire has carried, and how often a fault met something."""

    bytes_carried: int
    #: Pieces of data, and connection attempts, that had to wait because the wire was cut.
    held: int
    #: Pieces that came later than they could have.
    delayed: int
    #: Pieces that were lost, each with its connection.
    dropped: int
    #: Connections that were closed by :meth:`Links.reset`.
    reset: int


class _Wire:
    """The bytes from one node to another. Touched in the loop's thread only."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.delay_s = 0.0
        self.jitter_s = 0.0
        self.drop_probability = 0.0
        self.bytes_carried = self.held = self.delayed = self.dropped = self.reset = 0

    async def pass_through(self) -> None:
        """Wait while the wire is cut."""
        if not self.open.is_set():
            self.held += 1
            await self.open.wait()

    def counts(self) -> WireCounts:
        return WireCounts(self.bytes_carried, self.held, self.delayed, self.dropped, self.reset)


class _Proxy:
    """Accepts what node ``source`` dials and carries it to ``target``."""

    def __init__(self, links: Links, source: int, target: int, address: tuple[str, int]) -> None:
        self.links, self.source, self.target, self.address = links, source, target, address
        self.server: asyncio.Server | None = None
        self.tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio runs every connection in a task"
        self.tasks.add(task)
        try:
            await self._carry(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = (
            self.links.wires[self.source, self.target],
            self.links.wires[self.target, self.source],
        )
        await there.pass_through()  # a connection attempt over a cut wire hangs, as a lost SYN does
        await back.pass_through()
        far_reader, far_writer = await asyncio.open_connection(*self.address)
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, there)),
            asyncio.create_task(self._pump(far_reader, writer, back)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            far_writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: _Wire
    ) -> None:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue(1024)
        sender = asyncio.create_task(self._deliver(queue, writer, wire))
        try:
            while data := await reader.read(CHUNK_BYTES):
                if wire.drop_probability and self.links.random.random() < wire.drop_probability:
                    wire.dropped += 1
                    return
                due = loop.time() + wire.delay_s + wire.jitter_s * self.links.random.random()
                await queue.put((due, data))
            await queue.put(None)
            await sender
        finally:
            sender.cancel()

    async def _deliver(
        self,
        queue: asyncio.Queue[tuple[float, bytes] | None],
        writer: asyncio.StreamWriter,
        wire: _Wire,
    ) -> None:
        loop = asyncio.get_running_loop()
        while (item := await queue.get()) is not None:
            due, data = item
            if (wait_s := due - loop.time()) > 0:
                wire.delayed += 1
                await asyncio.sleep(wait_s)
            await wire.pass_through()
            writer.write(data)
            wire.bytes_carried += len(data)
            await writer.drain()

    def break_all(self) -> None:
        self.links.wires[self.source, self.target].reset += len(self.tasks)
        for task in list(self.tasks):
            task.cancel()


class Links:
    """All links of one cluster. Methods may be called from any thread; each has taken effect when it returns."""

    def __init__(self, addresses: dict[int, str], seed: int = 0) -> None:
        """``addresses``: the peer address of each node, host:port, by node id."""
        self.random = random.Random(seed)
        self.wires: dict[tuple[int, int], _Wire] = {}
        self._proxies: dict[tuple[int, int], _Proxy] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="samyama-links", daemon=True
        )
        self._thread.start()
        self._run(self._start(addresses))

    async def _start(self, addresses: dict[int, str]) -> None:
        for source in addresses:
            for target, address in addresses.items():
                if source != target:
                    host, _, port = address.rpartition(":")
                    self.wires[source, target] = _Wire()
                    self._proxies[source, target] = _Proxy(self, source, target, (host, int(port)))
        for proxy in self._proxies.values():
            await proxy.start()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def dial_addresses(self, source: int) -> dict[int, str]:
        """What node ``source`` must dial to reach each other node."""
        return {t: f"127.0.0.1:{p.port}" for (s, t), p in self._proxies.items() if s == source}

    def cut(self, source: int, target: int) -> None:
        """Silence from ``source`` to ``target`` (this direction only)."""
        self._run(self._set_open(source, target, False))

    def heal(self, source: int, target: int) -> None:
        """Undo the cut of one wire."""
        self._run(self._set_open(source, target, True))

    async def _set_open(self, source: int, target: int, is_open: bool) -> None:
        event = self.wires[source, target].open
        (event.set if is_open else event.clear)()

    def delay(self, source: int, target: int, delay_ms: float, jitter_ms: float = 0.0) -> None:
        """Everything on one wire arrives so much later, and up to ``jitter_ms`` more, at random; order is kept."""

        async def work() -> None:
            wire = self.wires[source, target]
            wire.delay_s, wire.jitter_s = delay_ms / 1000, jitter_ms / 1000

        self._run(work())

    def drop(self, source: int, target: int, probability: float) -> None:
        """Each chunk is lost with this probability, which breaks the connection that carried it."""

        async def work() -> None:
            self.wires[source, target].drop_probability = probability

        self._run(work())

    def reset(self, one: int, other: int) -> None:
        """Close every connection between the two, both ways of dialling."""

        async def work() -> None:
            self._proxies[one, other].break_all()
            self._proxies[other, one].break_all()

        self._run(work())

    def heal_all(self) -> None:
        """Undo every fault."""

        async def work() -> None:
            for wire in self.wires.values():
                wire.delay_s = wire.jitter_s = wire.drop_probability = 0.0
                wire.open.set()

        self._run(work())

    def counts(self) -> dict[tuple[int, int], WireCounts]:
        """By wire, since the beginning: a test can prove that its fault happened."""

        async def work() -> dict[tuple[int, int], WireCounts]:
            return {pair: wire.counts() for pair, wire in self.wires.items()}

        return self._run(work())

    def close(self) -> None:
        """End all proxies."""

        async def work() -> None:
            tasks: list[asyncio.Task[None]] = []
            for proxy in self._proxies.values():
                if proxy.server is not None:
                    proxy.server.close()
                tasks += proxy.tasks
                proxy.break_all()
            await asyncio.gather(*tasks, return_exceptions=True)

        if self._thread.is_alive():
            self._run(work())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
            self._loop.close()
