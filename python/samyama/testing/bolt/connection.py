"""One Bolt connection, bare: nothing is pooled, routed, retried or hidden. What tests measure with.

A driver decides much for its user: where to go, what to try again, how long to wait. To judge a server one needs a
client that decides nothing. This one blocks, one request after another, and tells apart what a judge must tell apart:
the server said no (:class:`BoltFailure`), or the connection went and nobody knows (:class:`ConnectionLost`).
"""

from __future__ import annotations

import array
import fcntl
import socket
import struct
import termios
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from samyama.testing.bolt.packstream import Structure, pack, unpack

__all__ = ["BoltConnection", "BoltFailure", "ConnectionLost", "Reply"]

MAGIC = b"\x60\x60\xb0\x17"
HELLO, LOGON, GOODBYE, RESET = 0x01, 0x6A, 0x02, 0x0F
RUN, PULL, DISCARD = 0x10, 0x3F, 0x2F
BEGIN, COMMIT, ROLLBACK, ROUTE = 0x11, 0x12, 0x13, 0x66
SUCCESS, RECORD, IGNORED, FAILURE = 0x70, 0x71, 0x7E, 0x7F
CHUNK_BYTES_MAX = 0xFFFF


class BoltFailure(Exception):
    """The server answered FAILURE."""

    def __init__(self, metadata: dict[str, Any]) -> None:
        #: As sent: ``neo4j_code``, ``gql_status``, ``message``, ``description``, ``diagnostic_record`` from Bolt 5.7
        #: on.
        self.metadata = metadata
        self.code = str(metadata.get("neo4j_code") or metadata.get("code") or "")
        self.message = str(metadata.get("message", ""))
        super().__init__(f"{self.code}: {self.message}")


class ConnectionLost(Exception):
    """Refused, reset, closed or silent for too long. ``asked``: a request had been sent and not been answered."""

    def __init__(self, why: str, *, asked: bool) -> None:
        super().__init__(why)
        self.asked = asked


@dataclass(slots=True)
class Reply:
    """A whole result."""

    fields: list[str]
    rows: list[list[Any]]
    summary: dict[str, Any]

    @property
    def value(self) -> Any:
        """The first value of the only row."""
        assert len(self.rows) == 1, f"one row was due, there are {len(self.rows)}"
        return self.rows[0][0]

    @property
    def bookmark(self) -> str | None:
        return self.summary.get("bookmark")

    @property
    def record(self) -> dict[str, Any]:
        """What Samyama says about the answer itself: ``_samyama_index``, ``_samyama_term``, and so on."""
        for status in self.summary.get("statuses", []):
            if status["gql_status"][:2] in ("00", "02"):
                return dict(status.get("diagnostic_record", {}))
        return {}


class BoltConnection:
    """Connect, shake hands, log on.

    Args:
        address: host:port.
        timeout_s: Longest silence while an answer is due; then the connection counts as lost.
        version: The one version that is offered.

    Raises: ConnectionLost: nobody there, or no common version.

    Example:
        with BoltConnection(cluster.leader().bolt) as connection:
            assert connection.run("RETURN 1 + 1 AS two").value == 2
    """

    def __init__(
        self,
        address: str,
        *,
        timeout_s: float = 10.0,
        version: tuple[int, int] = (5, 8),
        log_on: bool = True,
    ) -> None:
        host, _, port = address.rpartition(":")
        self.address = address
        #: Requests without an answer so far. While there is one, nobody knows what a lost connection did.
        self._unanswered = 0
        try:
            self._socket = socket.create_connection((host, int(port)), timeout_s)
        except OSError as error:
            raise ConnectionLost(f"{address}: {error}", asked=False) from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = bytearray()
        try:
            if log_on:
                self._shake_hands(version)
                self._introduce()
        except ConnectionLost as error:
            self._socket.close()
            raise ConnectionLost(str(error), asked=False) from None
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> BoltConnection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Without GOODBYE: the server sees the connection go."""
        self._socket.close()

    def abort(self) -> None:
        """Break the connection under whoever waits for an answer in another thread: that one gets ConnectionLost."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def finish_sending(self) -> None:
        """Close this side's direction only: the server sees the end of what was sent and can still answer."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def waiting_bytes(self) -> int:
        """What has arrived and was not read."""
        waiting = array.array("i", [0])
        fcntl.ioctl(self._socket.fileno(), termios.FIONREAD, waiting)
        return waiting[0] + len(self._incoming)

    # --------------------------------------------------------------------------------------------- requests

    def run(self, query: str, parameters: dict[str, Any] | None = None, **extra: Any) -> Reply:
        """RUN and PULL of everything, in one flush. In a transaction, ``extra`` is empty.

        Args:
            extra: As in the protocol: ``mode="r"``, ``tx_timeout=500``, ``bookmarks=[...]``, ``tx_metadata={...}``.

        Raises: BoltFailure: the server refused; the connection was reset and can be used again. ConnectionLost.
        """
        self.send((RUN, query, parameters or {}, extra), (PULL, {"n": -1}))
        fields = list(self.summary()["fields"])
        rows: list[list[Any]] = []
        summary = self.summary(rows)
        return Reply(fields, rows, summary)

    def begin(self, **extra: Any) -> None:
        """BEGIN. Raises: BoltFailure, ConnectionLost."""
        self.send((BEGIN, extra))
        self.summary()

    def commit(self) -> str | None:
        """COMMIT. Returns: the bookmark. Raises: BoltFailure, ConnectionLost: see :func:`samyama.testing.told_by`."""
        self.send((COMMIT,))
        return self.summary().get("bookmark")

    def rollback(self) -> None:
        """ROLLBACK. Raises: BoltFailure, ConnectionLost."""
        self.send((ROLLBACK,))
        self.summary()

    def reset(self) -> None:
        """RESET: whatever was under way is given up. Raises: ConnectionLost."""
        self.send((RESET,))
        self._expect_reset()

    # ---------------------------------------------------------------------------------------------- messages

    def send(self, *messages: tuple[Any, ...]) -> None:
        """Messages as (tag, fields...), in one flush."""
        self._unanswered += len(messages)
        self.send_raw(
            b"".join(chunked(pack(Structure(tag, list(fields)))) for tag, *fields in messages)
        )

    def send_raw(self, data: bytes) -> None:
        """Any bytes. Raises: ConnectionLost."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise self._lost(str(error)) from None

    def summary(self, rows: list[list[Any]] | None = None) -> dict[str, Any]:
        """The next SUCCESS; records before it go to ``rows``.

        Raises: BoltFailure: it was a FAILURE; what was pipelined behind it has been read and the connection reset.
        """
        while True:
            message = self.receive()
            if message.tag == RECORD:
                assert rows is not None, "a record where none was asked for"
                rows.append(message.fields[0])
            elif message.tag == SUCCESS:
                self._unanswered -= 1
                return dict(message.fields[0])
            else:
                metadata = dict(message.fields[0]) if message.fields else {"message": "ignored"}
                self.reset()
                raise BoltFailure(metadata)

    def _expect_reset(self) -> None:
        """Read up to the answer of RESET: the last SUCCESS behind any number of IGNORED and FAILURE."""
        while (message := self.receive()).tag != SUCCESS:
            assert message.tag in (IGNORED, FAILURE, RECORD), f"{message} in answer to RESET"
        self._unanswered = 0

    def receive(self) -> Structure:
        """The next message, NOOPs left out. Raises: ConnectionLost."""
        body = bytearray()
        while True:
            size = struct.unpack(">H", self.receive_raw(2))[0]
            if size:
                body += self.receive_raw(size)
            elif body:
                message = unpack(body)
                assert isinstance(message, Structure), f"{message!r} is no message"
                return message

    def receive_raw(self, size: int) -> bytes:
        """Exactly so many bytes. Raises: ConnectionLost."""
        try:
            while len(self._incoming) < size:
                piece = self._socket.recv(65536)
                if not piece:
                    raise self._lost("closed by the server")
                self._incoming += piece
        except OSError as error:
            raise self._lost(str(error)) from None
        data = bytes(self._incoming[:size])
        del self._incoming[:size]
        return data

    def _lost(self, why: str) -> ConnectionLost:
        return ConnectionLost(f"{self.address}: {why}", asked=self._unanswered > 0)

    # --------------------------------------------------------------------------------------------- beginning

    def _shake_hands(self, version: tuple[int, int]) -> None:
        major, minor = version
        self.send_raw(MAGIC + bytes((0, 0, minor, major)) + bytes(12))
        answer = self.receive_raw(4)
        if answer != bytes((0, 0, minor, major)):
            raise ConnectionLost(
                f"{self.address}: does not speak Bolt {major}.{minor}", asked=False
            )

    def _introduce(self) -> None:
        agent = {"product": "samyama-testing", "platform": "", "language": "Python"}
        self.send((HELLO, {"user_agent": "samyama-testing/1", "bolt_agent": agent}))
        self.summary()
        self.send((LOGON, {"scheme": "none"}))
        self.summary()


def chunked(message: bytes) -> bytes:
    """A message in Bolt's chunks, with its end."""
    out = bytearray()
    for start in range(0, len(message), CHUNK_BYTES_MAX):
        piece = message[start : start + CHUNK_BYTES_MAX]
        out += struct.pack(">H", len(piece)) + piece
    return bytes(out + b"\0\0")
