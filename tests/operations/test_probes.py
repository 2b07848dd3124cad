"""Probes get through whatever others do to the HTTP port."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from samyama.cluster.client import NodeUnreachable, fetch_text
from samyama.testing import Cluster, wait_until

pytestmark = pytest.mark.cluster


def test_connections_that_say_nothing_more_give_their_places_up() -> None:
    with Cluster(1) as cluster, ExitStack() as idle:
        http = cluster.nodes[0].http
        host, port = http.split(":")
        for sent in (b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n\r\n"):
            for _ in range(30):
                connection = idle.enter_context(socket.create_connection((host, int(port))))
                connection.sendall(sent)

        def is_live() -> bool:
            try:
                return fetch_text(http, "/health/live")[0] == 200
            except NodeUnreachable:
                return False

        wait_until("a probe to get through", is_live, 60.0)
