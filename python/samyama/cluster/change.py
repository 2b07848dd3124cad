"""Changes who belongs to a running cluster: adds, removes and replaces members, one safe step after the other.

A new node runs already and waits (``samyama server --join``). It becomes a learner, catches up by snapshot and log,
and votes only then. Every step goes to whoever leads at that moment and can be asked for again, so a leader that
changes, an answer that is lost and a program that is broken off in the middle cost time and nothing else: the same
command again goes on where the last one ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from samyama.cluster.client import (
    Follower,
    NodeStatus,
    NodeUnreachable,
    NotNow,
    Refused,
    fetch_status,
    take_step,
)
from samyama.cluster.survey import take_survey

__all__ = ["ChangeFailed", "Members", "Progress", "add_member", "remove_member", "replace_member"]

_PAUSE_S = 0.1
#: A learner with fewer entries to go is as good as caught up; the leader has the last word.
_NEARLY = 1_000


class ChangeFailed(Exception):
    """Not done, or not to its end, within the time; the text says how far it came and what to do."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a node that is added has come. ``snapshot_bytes``: arrived and all, while it is sent one."""

    id: int
    applied: int | None
    last: int
    snapshot_bytes: tuple[int, int] | None


Tell = Callable[[Progress], None]
T = TypeVar("T")


class Members:
    """The members of one cluster, as whoever leads sees them.

    Args:
        addresses: HTTP addresses; one member is enough.
        timeout_s: For each step, and for as long as a node that catches up makes no progress.
    """

    def __init__(self, addresses: Sequence[str], timeout_s: float = 60.0) -> None:
        self._addresses = list(addresses)
        self.timeout_s = timeout_s

    def leader(self) -> tuple[str, NodeStatus]:
        """Where the leader answers, and its status.

        Raises: NodeUnreachable: nobody answers. NotNow: nobody leads.
        """
        survey = take_survey(self._addresses)
        if not survey.statuses:
            raise NodeUnreachable("; ".join(str(answer.error) for answer in survey.answers))
        known = [answer.http for answer in survey.answers if answer.status is not None]
        self._addresses += [address for address in known if address not in self._addresses]
        leader, http = survey.leader, survey.leader_http
        if leader is None or http is None:
            raise NotNow("nobody leads now: a majority of the voters has to answer")
        return http, leader

    def step(self, name: str, body: dict[str, object]) -> None:
        """Have the leader take a step; ask again while it may still succeed.

        Raises: Refused: it will not be taken. ChangeFailed: not in time.
        """

        def take() -> None:
            http, _ = self.leader()
            take_step(http, name, body)

        self._insist(
            take,
            lambda error: (
                f"not done within {self.timeout_s:g} s: {error}. Ask again with the same command"
            ),
        )

    def find(self, id: int) -> Follower | None:
        """The member of that id, as the leader has it. Raises: ChangeFailed: nobody says in time."""
        _, status = self._insist(self.leader, str)
        return next((member for member in status.members if member.id == id), None)

    def _insist(self, work: Callable[[], T], say: Callable[[Exception], str]) -> T:
        """Do it, again and again while it may still succeed; ``say``: what was the matter in the end."""
        deadline = time.monotonic() + self.timeout_s
        while True:
            try:
                return work()
            except (NotNow, NodeUnreachable) as error:
                if time.monotonic() > deadline:
                    raise ChangeFailed(say(error)) from None
                time.sleep(_PAUSE_S)


def add_member(members: Members, new: str, tell: Tell, instead_of: int | None = None) -> NodeStatus:
    """Make the node that waits at HTTP address ``new`` a voter, in the place of ``instead_of`` if that is given.

    Returns: what the new node says of itself.
    Raises:
        NodeUnreachable: it does not answer.
        Refused: it is no node that can be added, or the cluster does not take it.
        ChangeFailed: it does not catch up, or no majority answers.
    """
    node = fetch_status(new)
    _, leader = members.leader()
    _check_new(node, leader, new)
    ids = [member.id for member in leader.members]
    # If the new one is in and the old one out, an earlier command has come to its end.
    if instead_of is not None and instead_of not in ids and node.id not in ids:
        raise Refused(f"there is no node {instead_of}; members are {', '.join(map(str, ids))}")
    if not any(member.id == node.id and member.voter for member in leader.members):
        body = {"id": node.id, "peer": node.peer, "bolt": node.bolt, "http": node.http}
        members.step("add", body)
        _wait_until_caught_up(members, node.id, tell)
    members.step("promote", {"id": node.id, "instead_of": instead_of})
    return node


def replace_member(members: Members, old: int, new: str, tell: Tell) -> NodeStatus:
    """The node that waits at ``new`` takes the place of member ``old``, in one step once it has caught up."""
    return add_member(members, new, tell, instead_of=old)


def remove_member(members: Members, id: int) -> None:
    """Take a member out. One that leads hands over first.

    Raises: Refused: there is none, or what is left would be no majority. ChangeFailed: not in time.
    """
    was_there = members.find(id) is not None
    try:
        members.step("remove", {"id": id})
    except Refused:
        # Else the answer to an earlier request was lost, and it was done.
        if not was_there or members.find(id) is not None:
            raise


def _check_new(node: NodeStatus, leader: NodeStatus, address: str) -> None:
    way_out = (
        "start it with an empty directory and"
        f" `samyama server --id {leader.next_id} --join {leader.http or 'HOST:PORT'}`"
    )
    if node.cluster_id != leader.cluster_id:
        raise Refused(
            f"node {node.id} at {address} belongs to cluster {node.cluster_id}, and this is {leader.cluster_id}:"
            f" {way_out}"
        )
    if node.standing == "removed":
        raise Refused(
            f"node {node.id} was removed from this cluster, and ids are used once: {way_out}"
        )
    if any(member.id == node.id and member.voter for member in leader.members):
        if node.standing == "member":
            return
        raise Refused(
            f"there is a member {node.id} already, and the node at {address} is another one: start it with an empty"
            f" directory and an id of {leader.next_id} or higher"
        )


def _wait_until_caught_up(members: Members, id: int, tell: Tell) -> None:
    best: tuple[int, int] = (-1, -1)
    stands_since = time.monotonic()
    while True:
        try:
            _, status = members.leader()
        except (NotNow, NodeUnreachable):
            status = None
        member = next((m for m in status.members if m.id == id), None) if status else None
        if status is not None and member is None:
            raise ChangeFailed(f"node {id} is no member any more: it was removed meanwhile")
        if status is not None and member is not None:
            sent = member.snapshot_bytes
            tell(
                Progress(
                    id=id, applied=member.matched, last=status.last_log_index, snapshot_bytes=sent
                )
            )
            if member.matched and status.last_log_index - member.matched <= _NEARLY:
                return
            now = (member.matched or 0, sent[0] if sent else -1)
            if now > best:
                best, stands_since = now, time.monotonic()
        if time.monotonic() - stands_since > members.timeout_s:
            raise ChangeFailed(
                f"node {id} is a learner and has not come further for {members.timeout_s:g} s: see its log, and whether"
                " all members reach its peer port; then ask again, or `samyama cluster remove` it"
            )
        time.sleep(_PAUSE_S)
