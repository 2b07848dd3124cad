"""Asks every member of a cluster for its status, beginning with some addresses."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from samyama.cluster.client import NodeStatus, NodeUnreachable, fetch_status

__all__ = ["NodeAnswer", "Survey", "take_survey"]

#: Asked at a time: one that does not answer must not make the others wait.
ASKED_AT_ONCE = 16


class NodeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking one address. ``id`` is known of a silent one if another member named it."""

    http: str
    id: int | None
    status: NodeStatus | None
    error: str | None = None


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster as its members see it, by id; those nobody has named stand last."""

    answers: list[NodeAnswer]

    @property
    def statuses(self) -> list[NodeStatus]:
        """Of those that answered."""
        return [answer.status for answer in self.answers if answer.status is not None]

    @property
    def leader(self) -> NodeStatus | None:
        """The one that leads in the highest term."""
        leading = [status for status in self.statuses if status.role == "leader"]
        return max(leading, key=lambda status: status.term, default=None)

    @property
    def newest(self) -> NodeStatus | None:
        """The best informed: the leader, or else the one with the most of the log."""
        return self.leader or max(
            self.statuses, key=lambda status: (status.term, status.last_log_index), default=None
        )

    @property
    def leader_http(self) -> str | None:
        """Where the leader answers."""
        leader = self.leader
        return next((a.http for a in self.answers if leader and a.status is leader), None)


def take_survey(addresses: Sequence[str], timeout_s: float = 2.0) -> Survey:
    """Ask those addresses, and the members that they name, and so on."""
    answers: dict[str, NodeAnswer] = {}
    known: dict[str, int] = {}
    waiting = list(dict.fromkeys(addresses))
    with ThreadPoolExecutor(ASKED_AT_ONCE) as threads:
        while waiting:
            found = threads.map(lambda address: _ask(address, timeout_s), waiting)
            for answer in found:
                answers[answer.http] = answer
                for member in answer.status.members if answer.status is not None else []:
                    if member.http:
                        known[member.http] = member.id
            waiting = [address for address in known if address not in answers]
    named = [
        msgspec.structs.replace(a, id=known.get(a.http)) if a.status is None else a
        for a in answers.values()
    ]
    return Survey(answers=sorted(_once(named), key=lambda a: (a.id is None, a.id or 0, a.http)))


def _ask(address: str, timeout_s: float) -> NodeAnswer:
    try:
        status = fetch_status(address, timeout_s)
    except NodeUnreachable as error:
        return NodeAnswer(http=address, id=None, status=None, error=str(error))
    return NodeAnswer(http=address, id=status.id, status=status)


def _once(answers: list[NodeAnswer]) -> list[NodeAnswer]:
    """A node that was reached under two names (localhost and its address) is one node."""
    found: dict[tuple[str, int] | str, NodeAnswer] = {}
    for answer in answers:
        status = answer.status
        key = answer.http if status is None else (status.cluster_id, status.id)
        if status is not None and key in found:
            own = status.own_member
            if own is None or own.http != answer.http:
                continue
        found[key] = answer
    return list(found.values())
