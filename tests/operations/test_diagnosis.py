"""What is said of clusters in every state that operators meet."""

from __future__ import annotations

from typing import Any

import pytest

from samyama.cluster.client import Fingerprints, Follower, NodeStatus
from samyama.cluster.diagnosis import diagnose, is_well
from samyama.cluster.survey import NodeAnswer, Survey
from samyama.cluster.verification import Verdict, compare


def member(id: int, **other: Any) -> Follower:
    return Follower(id=id, http=f"h{id}:7474", **other)


def node(id: int, of: int = 3, **other: Any) -> NodeStatus:
    given: dict[str, Any] = {
        "role": "leader" if id == 1 else "follower",
        "term": 4,
        "leader": 1,
        "last_log_index": 10,
        "committed_index": 10,
        "applied_index": 10,
        "fingerprint": "f",
        "version": "1",
        "cluster_id": "c",
        "members": [member(i) for i in range(1, of + 1)],
        **other,
    }
    return NodeStatus(id=id, **given)


def survey(*statuses: NodeStatus, silent: tuple[int, ...] = ()) -> Survey:
    answers = [NodeAnswer(http=f"h{s.id}:7474", id=s.id, status=s) for s in statuses]
    answers += [NodeAnswer(http=f"h{i}:7474", id=i, status=None, error="refused") for i in silent]
    return Survey(answers=answers)


def said(one: Survey) -> list[str]:
    return [f"{finding.severity}: {finding.text}" for finding in diagnose(one)]


def test_nothing_is_said_of_a_cluster_that_is_well() -> None:
    assert diagnose(survey(node(1), node(2), node(3))) == []
    assert diagnose(survey(node(1, of=1))) == []


def test_a_full_disk_is_said() -> None:
    why = "data/log/: no room for the log"
    assert said(survey(node(1, shortage=why), node(2), node(3))) == [
        f"critical: node 1, which leads, takes no writes: {why}"
    ]
    assert said(survey(node(1), node(2, shortage=why), node(3))) == [
        f"warning: node 2 has no room: {why}"
    ]


def test_silence_is_weighed_against_the_majority() -> None:
    assert said(survey(node(1), node(2), silent=(3,))) == [
        "warning: node 3 (h3:7474) does not answer: 2 of 3 serve, and survive no failure more"
    ]
    assert said(survey(*(node(i, of=5) for i in (1, 2, 3, 4)), silent=(5,))) == [
        "warning: node 5 (h5:7474) does not answer: 4 of 5 serve, and survive 1 more failure"
    ]
    gone = survey(node(3, role="follower", leader=None), silent=(1, 2))
    assert said(gone) == [
        "critical: nodes 1 (h1:7474) and 2 (h2:7474) do not answer: 1 of 3 are left, and a write needs 2"
    ]
    assert "1 more make a majority" in diagnose(gone)[0].advice


def test_a_majority_without_a_leader_is_an_election_or_trouble() -> None:
    found = survey(*(node(i, role="candidate", leader=None) for i in (1, 2, 3)))
    assert said(found) == ["critical: nobody leads although a majority answers: nothing is written"]


def test_one_that_believes_it_leads_and_one_that_follows_another() -> None:
    old = node(2, role="leader", term=3, leader=2)
    assert said(survey(node(1), old, node(3))) == [
        "warning: node 2 still believes that it leads, in term 3; node 1 does, in term 4"
    ]
    assert said(survey(node(1), node(2), node(3, leader=2))) == [
        "warning: node 3 follows node 2; node 1 leads"
    ]
    assert said(survey(node(1), node(2), node(3, leader=None))) == [
        "warning: node 3 knows no leader; node 1 leads"
    ]


def test_a_leader_without_acknowledgements_is_in_a_minority() -> None:
    found = survey(node(1, quorum_acked_ms_ago=3000), node(2), node(3))
    assert said(found) == [
        "critical: no majority has acknowledged leader 1 for 3000 ms: nothing is written"
    ]
    assert diagnose(survey(node(1, of=1, quorum_acked_ms_ago=9000))) == [], "alone it asks nobody"


def test_lag_is_told_in_entries_and_time_unless_the_node_is_silent() -> None:
    lagging = [member(1), member(2, lag_entries=5000, lag_ms=7000), member(3, lag_entries=9)]
    leader = node(1, members=lagging)
    assert said(survey(leader, node(2), node(3))) == [
        "warning: node 2 is 5000 entries and 7.0 s behind"
    ]
    assert len(said(survey(leader, node(3), silent=(2,)))) == 1, "its silence says it all"


def test_failed_and_stopping_nodes() -> None:
    failed = node(3, fatal="the log's disk is full")
    assert said(survey(node(1), node(2), failed)) == [
        "warning: node 3 has failed: the log's disk is full"
    ]
    stopping = survey(node(1), node(2), node(3, draining=True))
    assert said(stopping) == ["note: node 3 is stopping"]
    assert is_well(diagnose(stopping))


def test_different_graphs_at_one_index_come_first() -> None:
    found = survey(
        node(1), node(2, fingerprint="g"), node(3, applied_index=9, fingerprint="h", version="2")
    )
    assert said(found) == [
        "critical: nodes 1, 2 have different graphs at log index 10",
        "note: the nodes run different versions: 1 on 2, 2 on 1",
    ]
    assert not is_well(diagnose(found))


def test_nodes_of_two_clusters_are_not_judged_together() -> None:
    assert said(survey(node(1), node(2, cluster_id="other"))) == [
        "critical: these are nodes of 2 clusters: h1:7474; h2:7474"
    ]


def test_a_member_without_an_http_address_cannot_be_asked() -> None:
    members = [member(1), member(2), Follower(id=3)]
    found = survey(node(1, members=members), node(2, members=members))
    assert said(found) == ["note: node 3 does not say where its HTTP is, so it cannot be asked"]


def remembered(id: int, **entries: str) -> Fingerprints:
    return Fingerprints(id=id, entries=[(int(i[1:]), f) for i, f in entries.items()])


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([remembered(1, i1="a", i2="b"), remembered(2, i2="b", i3="c")], (2, {1: "b", 2: "b"})),
        ([remembered(1, i1="a"), remembered(2, i3="c")], None),
        ([remembered(1), remembered(2, i3="c")], None),
        (
            [remembered(1, i5="x"), remembered(2, i5="y"), remembered(3, i5="x")],
            (5, {1: "x", 2: "y", 3: "x"}),
        ),
        ([], None),
    ],
)
def test_graphs_are_compared_at_the_newest_entry_that_all_remember(
    nodes: list[Fingerprints], expected: object
) -> None:
    assert compare(nodes) == expected


def test_equal_means_all_were_compared() -> None:
    same = {1: "x", 2: "x"}
    assert Verdict(index=5, fingerprints=same, silent={}).equal
    assert not Verdict(index=5, fingerprints=same, silent={"h3": "refused"}).equal
    assert not Verdict(index=5, fingerprints={1: "x", 2: "y"}, silent={}).equal
    assert not Verdict(index=None, fingerprints={}, silent={}).equal
