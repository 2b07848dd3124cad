"""The HTTP side of a node as a client sees it: ``/status`` as a typed value, any other page as text.

Uses ``http.client`` of the standard library: a few requests on a trusted network need no more.
"""

from __future__ import annotations

import http.client

import msgspec

__all__ = [
    "Fingerprints",
    "Follower",
    "NodeStatus",
    "NodeUnreachable",
    "NotNow",
    "Refused",
    "fetch_fingerprints",
    "fetch_status",
    "fetch_text",
    "take_step",
    "transfer_leadership",
]


class NodeUnreachable(Exception):
    """No answer from that address: not running, cut off, or another program's port."""


class Refused(Exception):
    """The node does not do it; ``leader_http`` is who would, if that is why and it is known."""

    def __init__(self, why: str, leader_http: str | None = None) -> None:
        super().__init__(why)
        self.leader_http = leader_http


class NotNow(Exception):
    """Not done, or not known to be; the same request may succeed in a moment, and can be made again."""


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
    answered_ms_ago: int | None = None
    #: While it is sent a snapshot: bytes that have arrived, and all.
    snapshot_bytes: tuple[int, int] | None = None


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/status`` says. Indexes are log indexes: ``applied <= committed <= last_log``.

    ``standing``: ``member``; ``waiting`` to be added; ``removed``. ``bolt``, ``peer`` and ``http``: where it is reached
    as a member. ``next_id``: the lowest id for a new node. ``change``: what goes on among the members.
    ``fingerprint``, ``nodes`` and ``relationships`` are those of the graph at ``applied_index``. ``fatal``: why the
    node has failed and must be stopped.
    """

    id: int
    cluster_id: str = ""
    role: str
    term: int
    leader: int | None
    last_log_index: int
    committed_index: int
    applied_index: int
    snapshot_index: int = 0
    purged_index: int = 0
    transaction_number: int = 0
    nodes: int = 0
    relationships: int = 0
    fingerprint: str = ""
    quorum_acked_ms_ago: int | None = None
    #: Why the node takes no writes at present (its disk is full); it serves reads all the same.
    shortage: str | None = None
    #: Why the node must be stopped.
    fatal: str | None = None
    draining: bool = False
    members: list[Follower] = []
    standing: str = "member"
    bolt: str = ""
    peer: str = ""
    http: str = ""
    next_id: int = 1
    change: str | None = None
    version: str = ""

    @property
    def own_member(self) -> Follower | None:
        """This node among the members; None: it has been removed."""
        return next((member for member in self.members if member.id == self.id), None)


class Fingerprints(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/fingerprints`` says: log index and the graph's fingerprint after it, of the newest entries."""

    id: int
    entries: list[tuple[int, str]]


class _Answer(msgspec.Struct, kw_only=True):
    leader: int | None = None
    error: str = ""
    http: str | None = None


def _request(
    method: str, address: str, path: str, timeout_s: float, body: bytes | None = None
) -> tuple[int, str]:
    host, _, port = address.removeprefix("http://").rstrip("/").rpartition(":")
    if not host or not port.isdigit() or "/" in host:
        raise NodeUnreachable(f"{address}: an address is HOST:PORT")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=timeout_s)
    # The header says that it is not a page in a browser that asks.
    headers = {"X-Samyama-Request": "1"} if method == "POST" else {}
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise NodeUnreachable(f"{address}: {text}") from None
    finally:
        connection.close()


def fetch_text(address: str, path: str, timeout_s: float = 2.0) -> tuple[int, str]:
    """GET ``http://address/path``.

    Returns: status code and body.
    Raises: NodeUnreachable: refused, timed out, or not HTTP.
    """
    return _request("GET", address, path, timeout_s)


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


def fetch_fingerprints(address: str, timeout_s: float = 2.0) -> Fingerprints:
    """Fingerprints of the newest entries.

    Raises: NodeUnreachable: no answer, or an answer that is not a Samyama node's.
    """
    code, body = fetch_text(address, "/fingerprints", timeout_s)
    try:
        return msgspec.json.decode(body, type=Fingerprints)
    except msgspec.DecodeError as error:
        raise NodeUnreachable(f"{address}: answered {code} without fingerprints: {error}") from None


def transfer_leadership(address: str, to: int | None, timeout_s: float = 10.0) -> int:
    """Have the leader at ``address`` hand over to member ``to``, or to whoever is most advanced; who leads now.

    Raises:
        Refused: it does not lead, there is no such member, or nobody took over in time.
        NodeUnreachable: no answer.
    """
    path = "/leadership/transfer" if to is None else f"/leadership/transfer/{to}"
    code, body = _request("POST", address, path, timeout_s)
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except msgspec.DecodeError:
        raise Refused(f"{address}: {code} {body.strip()}") from None
    if code != 200 or answer.leader is None:
        raise Refused(answer.error or f"{address}: {code}", answer.http)
    return answer.leader


def take_step(address: str, step: str, body: dict[str, object], timeout_s: float = 30.0) -> None:
    """Have the leader at ``address`` take a step of a change of members: ``add``, ``promote`` or ``remove``.

    Raises:
        Refused: it will not be taken, and nothing was changed.
        NotNow: another node leads, no majority answers, or the outcome is not known: ask again.
        NodeUnreachable: no answer; the step may have been taken. Ask again.
    """
    path = f"/members/{step}"
    code, text = _request("POST", address, path, timeout_s, msgspec.json.encode(body))
    if code == 200:
        return
    try:
        why = msgspec.json.decode(text, type=_Answer).error
    except msgspec.DecodeError:
        raise Refused(f"{address}: {code} {text.strip()}") from None
    if code in (409, 503, 504):
        raise NotNow(why)
    raise Refused(why)
