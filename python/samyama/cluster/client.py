"""The HTTP side of a node as a client sees it: ``/status`` as a typed value, any other page as text.

Uses ``http.client`` of the standard library: a few GETs on a trusted network need no more.
"""

from __future__ import annotations

import http.client

import msgspec

__all__ = ["Follower", "NodeStatus", "NodeUnreachable", "fetch_status", "fetch_text"]


class NodeUnreachable(Exception):
    """No answer from that address: not running, cut off, or another program's port."""


class Follower(msgspec.Struct, frozen=True, kw_only=True):
    """A member as the answering node sees it; lags are known on the leader only."""

    id: int
    bolt: str = ""
    peer: str = ""
    http: str = ""
    voter: bool = True
    matched: int | None = None
    lag_entries: int | None = None
    lag_ms: int | None = None


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/status`` says. Indexes are log indexes: ``applied <= committed <= last_log``."""

    id: int
    cluster_id: str = ""
    role: str
    term: int
    leader: int | None
    last_log_index: int
    committed_index: int
    applied_index: int
    snapshot_index: int = 0
    transaction_number: int = 0
    nodes: int = 0
    relationships: int = 0
    fingerprint: str = ""
    members: list[Follower] = []
    version: str = ""


def fetch_text(address: str, path: str, timeout_s: float = 2.0) -> tuple[int, str]:
    """GET ``http://address/path``.

    Returns: status code and body.
    Raises: NodeUnreachable: refused, timed out, or not HTTP.
    """
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout_s)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise NodeUnreachable(f"{address}: {error or type(error).__name__}") from None
    finally:
        connection.close()


def fetch_status(address: str, timeout_s: float = 2.0) -> NodeStatus:
    """The node's own account of itself.

    Raises: NodeUnreachable: no answer, or an answer that is not a Samyama node's.
    """
    code, body = fetch_text(address, "/status", timeout_s)
    try:
        return msgspec.json.decode(body, type=NodeStatus)
    except msgspec.DecodeError as error:
        raise NodeUnreachable(
            f"{address}: answered {code} with something that is no status: {error}"
        ) from None
