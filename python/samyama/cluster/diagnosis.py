"""What is wrong with a cluster, in words, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

import msgspec

from samyama.cluster.client import Follower, NodeStatus
from samyama.cluster.survey import Survey

__all__ = ["Finding", "diagnose"]

#: A follower further behind than this is worth a word.
LAG_ENTRIES_MAX = 1_000
LAG_MS_MAX = 5_000
QUORUM_SILENCE_MS_MAX = 1_000


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """``critical``: nothing is written, or data differ. ``warning``: it works and survives less. ``note``: not yet."""

    severity: Literal["critical", "warning", "note"]
    text: str
    advice: str


def diagnose(survey: Survey) -> list[Finding]:
    """Everything that is not as it should be, the worst first. Empty: the cluster is well."""
    if len({status.cluster_id for status in survey.statuses}) > 1:
        return [_several_clusters(survey)]
    found = [
        *_silence(survey),
        *_leadership(survey),
        *_failures(survey),
        *_standings(survey),
        *_lags(survey),
        *_graphs(survey),
        *_versions(survey),
    ]
    order = ("critical", "warning", "note")
    return sorted(found, key=lambda finding: order.index(finding.severity))


def _several_clusters(survey: Survey) -> Finding:
    by_cluster: dict[str, list[str]] = {}
    for answer in survey.answers:
        if answer.status is not None:
            by_cluster.setdefault(answer.status.cluster_id, []).append(answer.http)
    groups = "; ".join(", ".join(addresses) for addresses in by_cluster.values())
    return Finding(
        severity="critical",
        text=f"these are nodes of {len(by_cluster)} clusters: {groups}",
        advice="ask about one cluster at a time; a node that belongs to another has the wrong data directory",
    )


def _voters(survey: Survey) -> list[Follower]:
    newest = survey.newest
    return [member for member in newest.members if member.voter] if newest is not None else []


def _silence(survey: Survey) -> Iterator[Finding]:
    voters = _voters(survey)
    answering = {status.id for status in survey.statuses}
    silent = [voter for voter in voters if voter.id not in answering]
    for voter in voters:
        if not voter.http:
            yield Finding(
                severity="note",
                text=f"node {voter.id} does not say where its HTTP is, so it cannot be asked",
                advice="set advertise.http (or listen.http) in its configuration",
            )
    silent = [voter for voter in silent if voter.http]
    if not silent:
        return
    names = " and ".join(f"{voter.id} ({voter.http})" for voter in silent)
    left, needed = len(voters) - len(silent), len(voters) // 2 + 1
    nodes = "node" if len(silent) == 1 else "nodes"
    if left < needed:
        yield Finding(
            severity="critical",
            text=f"{nodes} {names} do not answer: {left} of {len(voters)} are left, and a write needs {needed}",
            advice=f"start them again with their own data directories; {needed - left} more make a majority",
        )
        return
    verb = "does" if len(silent) == 1 else "do"
    more = left - needed
    yield Finding(
        severity="warning",
        text=f"{nodes} {names} {verb} not answer: {left} of {len(voters)} serve, "
        + (
            f"and survive {more} more failure{'s' * (more != 1)}"
            if more
            else "and survive no failure more"
        ),
        advice="start it again with its own data directory (never with an empty one under its old id): it catches up"
        if len(silent) == 1
        else "start them again with their own data directories: they catch up",
    )


def _leadership(survey: Survey) -> Iterator[Finding]:
    leader = survey.leader
    voters = _voters(survey)
    if leader is None:
        answering = [status for status in survey.statuses if status.id in {v.id for v in voters}]
        if len(answering) * 2 > len(voters):
            yield Finding(
                severity="critical",
                text="nobody leads although a majority answers: nothing is written",
                advice="an election is over within a second; if this stays, the nodes do not reach each other's peer"
                " ports (listen.peer), or their disks or CPUs are too slow",
            )
        return
    for status in survey.statuses:
        if status.role == "leader" and status.id != leader.id:
            yield Finding(
                severity="warning",
                text=f"node {status.id} still believes that it leads, in term {status.term}; node {leader.id} does, in"
                f" term {leader.term}",
                advice=f"node {status.id} is cut off from the others and acknowledges nothing: check its peer network",
            )
        elif status.id != leader.id and status.leader != leader.id and status.fatal is None:
            sees = "knows no leader" if status.leader is None else f"follows node {status.leader}"
            yield Finding(
                severity="warning",
                text=f"node {status.id} {sees}; node {leader.id} leads",
                advice=f"check the network between the peer ports of {status.id} and {leader.id}",
            )
    silence_ms = leader.quorum_acked_ms_ago
    if len(voters) > 1 and silence_ms is not None and silence_ms > QUORUM_SILENCE_MS_MAX:
        yield Finding(
            severity="critical",
            text=f"no majority has acknowledged leader {leader.id} for {silence_ms} ms: nothing is written",
            advice="the leader is in a minority: bring nodes back, or mend the network between the peer ports",
        )


def _failures(survey: Survey) -> Iterator[Finding]:
    for status in survey.statuses:
        if status.fatal is not None:
            yield Finding(
                severity="critical" if len(survey.statuses) == 1 else "warning",
                text=f"node {status.id} has failed: {status.fatal}",
                advice="it must be started again; its log says what to mend first (space on the disk, the disk itself)",
            )
            continue
        if status.shortage is not None:
            leads = status.role == "leader"
            yield Finding(
                severity="critical" if leads else "warning",
                text=f"node {status.id}"
                + (", which leads, takes no writes: " if leads else " has no room: ")
                + status.shortage,
                advice="free space on its disk or enlarge the volume; it goes on by itself",
            )
        if status.draining:
            yield Finding(
                severity="note",
                text=f"node {status.id} is stopping",
                advice="it hands leadership over and ends by itself",
            )


def _standings(survey: Survey) -> Iterator[Finding]:
    for status in survey.statuses:
        if status.standing == "waiting":
            yield Finding(
                severity="note",
                text=f"node {status.id} waits to be added to the cluster",
                advice=f"samyama cluster add {status.http} or samyama cluster replace OLD {status.http}",
            )
        elif status.standing == "removed":
            yield Finding(
                severity="note",
                text=f"node {status.id} was removed from the cluster and serves nobody",
                advice="stop it; its id is not used again",
            )
    leader = survey.leader
    learners = [m for m in leader.members if not m.voter] if leader is not None else []
    for learner in learners:
        yield Finding(
            severity="note",
            text=f"node {learner.id} is a learner: it gets everything and does not vote",
            advice=f"samyama cluster add {learner.http} goes on with it; samyama cluster remove {learner.id} takes it"
            " out",
        )


def _lags(survey: Survey) -> Iterator[Finding]:
    leader = survey.leader
    if leader is None:
        return
    answering = {status.id for status in survey.statuses}
    for member in leader.members:
        entries, ms = member.lag_entries or 0, member.lag_ms or 0
        if member.id not in answering or (entries <= LAG_ENTRIES_MAX and ms <= LAG_MS_MAX):
            continue
        yield Finding(
            severity="warning",
            text=f"node {member.id} is {entries} entries and {ms / 1000:.1f} s behind",
            advice="if the number shrinks it catches up; if not, its disk, its CPU or its network is too slow",
        )


def _graphs(survey: Survey) -> Iterator[Finding]:
    at: dict[int, set[str]] = {}
    for status in survey.statuses:
        if status.fingerprint:
            at.setdefault(status.applied_index, set()).add(status.fingerprint)
    for index, fingerprints in at.items():
        if len(fingerprints) > 1:
            different = ", ".join(
                str(status.id) for status in survey.statuses if status.applied_index == index
            )
            yield Finding(
                severity="critical",
                text=f"nodes {different} have different graphs at log index {index}",
                advice="this must not happen: keep their data directories, and report it;"
                " `samyama cluster verify` tells which differ",
            )


def _versions(survey: Survey) -> Iterator[Finding]:
    versions = Counter(status.version for status in survey.statuses if status.version)
    if len(versions) > 1:
        yield Finding(
            severity="note",
            text="the nodes run different versions: "
            + ", ".join(f"{version} on {count}" for version, count in sorted(versions.items())),
            advice="finish the upgrade",
        )


def is_well(findings: list[Finding]) -> bool:
    """Whether nothing needs anybody's attention now."""
    return all(finding.severity == "note" for finding in findings)


def summary_of(status: NodeStatus) -> str:
    """The graph in one line."""
    nodes = f"{status.nodes:,} node{'s' * (status.nodes != 1)}"
    relationships = f"{status.relationships:,} relationship{'s' * (status.relationships != 1)}"
    return f"{nodes}, {relationships} at log index {status.applied_index:,}"
