"""A web server on loopback for LOAD CSV: good answers, bad ones, slow ones, and what it was asked."""

from __future__ import annotations

import contextlib
import gzip
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["PEOPLE", "Web", "web"]

PEOPLE = b"id,name\n1,Ada\n2,Bob\n"


class Web:
    """``paths``: what was asked for, in order."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.scheme = scheme
        self.port = server.server_address[1]
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        #: Set by the test: /slow waits for it half way.
        self.go_on = threading.Event()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    web: Web

    def do_GET(self) -> None:
        self.web.paths.append(self.path)
        self.web.headers.append({name.lower(): value for name, value in self.headers.items()})
        path = self.path.partition("?")[0]
        if path.endswith("people.csv"):
            self._answer(PEOPLE)
        elif path == "/data/chunked.csv":
            self._chunked(b"%d\n" % number for number in range(50_000))
        elif path == "/data/endless.csv":
            with contextlib.suppress(OSError):
                self._chunked(b"x" * 1_000 + b"\n" for _ in range(10_000_000))
        elif path == "/data/large.csv":
            self.send_response(200)
            self.send_header("content-length", str(1 << 40))
            self.end_headers()
            self.close_connection = True
        elif path == "/data/cut.csv":
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b"1\n2\n")
            self.close_connection = True
        elif path == "/data/slow.csv":
            self._chunked(self._slow())
        elif path == "/data/packed.csv":
            self._answer(gzip.compress(PEOPLE), **{"content-encoding": "gzip"})
        elif path == "/data/moved":
            self._redirect("people.csv")
        elif path == "/data/out":
            self._redirect("/secret/people.csv")
        elif path == "/data/elsewhere":
            self._redirect(self.web.url("/data/people.csv", host="localhost"))
        elif path == "/data/round":
            self._redirect("/data/round")
        else:
            self.send_error(404)

    def _slow(self) -> Iterator[bytes]:
        yield b"1\n2\n"
        self.web.go_on.wait(60)
        yield b"3\n"

    def _answer(self, body: bytes, **headers: str) -> None:
        self.send_response(200)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _chunked(self, pieces: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(OSError):
            for piece in pieces:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

    def _redirect(self, location: str) -> None:
        self.send_response(302)
        self.send_header("location", location)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: the greeting may take its time, or never come."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        # A client that does not trust us goes.
        with (
            contextlib.suppress(OSError),
            self.tls.wrap_socket(request, server_side=True) as secured,
        ):
            super().finish_request(secured, client_address)


@contextlib.contextmanager
def web(tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    """``tls``: with its certificate; otherwise plain http."""
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    server.tls = tls
    handler.web = Web(server, "https" if tls else "http")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield handler.web
    finally:
        handler.web.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
