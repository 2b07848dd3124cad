"""Every alert fires on what it is about, and not on what looks like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.observability.promql import Series, evaluate, metric_names

from samyama.observability import ALERTS, METRICS, Alert
from samyama.observability.dashboard import PANELS

ROOT = Path(__file__).resolve().parents[2]
STEP_S = 5.0
#: Long enough for every window and every `for`.
SPAN_S = 4_000.0

Value = Callable[[float], float]


def always(value: float) -> Value:
    return lambda _: value


def from_moment(moment: float, value: float, before: float = 0.0) -> Value:
    return lambda at: value if at >= moment else before


def growing(per_second: float, since: float = 0.0) -> Value:
    return lambda at: per_second * max(0.0, at - since)


def series(name: str, *values: Value, job: str = "samyama", **labels: str) -> list[Series]:
    """One for each node."""
    moments = [i * STEP_S for i in range(int(SPAN_S / STEP_S) + 1)]
    return [
        Series(
            name,
            {"job": job, "instance": f"n{i}", **labels},
            [(moment, value(moment)) for moment in moments],
        )
        for i, value in enumerate(values, 1)
    ]


def histogram(name: str, bounds: dict[str, float]) -> list[Series]:
    """Of one node: so many a second up to each bound."""
    return [
        one
        for bound, per_second in bounds.items()
        for one in series(f"samyama_{name}_bucket", growing(per_second), le=bound)
    ]


class Case(NamedTuple):
    alert: str
    fires: bool
    given: Sequence[Series]


FAST = {"0.001": 90.0, "0.25": 100.0, "+Inf": 100.0}
LATE = SPAN_S - 20
CASES = [
    Case("SamyamaNodeDown", True, series("up", always(1), from_moment(3000, 0, 1), always(1))),
    Case("SamyamaNodeDown", False, series("up", always(1), from_moment(LATE, 0, 1), always(1))),
    Case("SamyamaNodeDown", False, series("up", always(0), job="other")),
    Case("SamyamaQuorumLost", True, series("up", always(1), always(0), always(0))),
    Case("SamyamaQuorumLost", True, series("up", always(1), always(0))),
    Case("SamyamaQuorumLost", False, series("up", always(1), always(1), always(0))),
    Case("SamyamaNoLeader", True, series("samyama_raft_is_leader", *[always(0)] * 3)),
    Case("SamyamaNoLeader", False, series("samyama_raft_is_leader", always(0), always(1))),
    Case(
        "SamyamaNoLeader",
        False,
        series("samyama_raft_is_leader", from_moment(SPAN_S - 5, 0, 1), always(0)),
    ),
    Case("SamyamaLeaderUnknown", True, series("samyama_raft_leader_known", always(1), always(0))),
    Case("SamyamaLeaderUnknown", False, series("samyama_raft_leader_known", always(1), always(1))),
    Case("SamyamaTwoLeaders", True, series("samyama_raft_is_leader", always(1), always(1))),
    Case(
        "SamyamaTwoLeaders",
        False,
        series("samyama_raft_is_leader", from_moment(SPAN_S - 10, 0, 1), from_moment(LATE, 1)),
    ),
    Case(
        "SamyamaElectionsUnstable",
        True,
        series("samyama_raft_elections_started_total", from_moment(3600, 3), from_moment(3700, 2)),
    ),
    Case(
        "SamyamaElectionsUnstable",
        False,
        series("samyama_raft_elections_started_total", from_moment(100, 30), always(2)),
    ),
    Case(
        "SamyamaHeartbeatTimeouts",
        True,
        series("samyama_raft_heartbeat_timeouts_total", growing(0.01)),
    ),
    Case(
        "SamyamaHeartbeatTimeouts",
        False,
        series("samyama_raft_heartbeat_timeouts_total", *[from_moment(3600, 3)] * 2),
    ),
    Case(
        "SamyamaFollowerLagging",
        True,
        series("samyama_raft_replication_lag_ms", from_moment(3900, 6000), follower="2"),
    ),
    Case(
        "SamyamaFollowerLagging",
        False,
        series("samyama_raft_replication_lag_ms", from_moment(LATE, 6000, 10), follower="2"),
    ),
    Case("SamyamaLeaderIsolated", True, series("samyama_raft_quorum_acked_ms", always(2000))),
    Case("SamyamaLeaderIsolated", False, series("samyama_raft_quorum_acked_ms", always(60))),
    Case(
        "SamyamaSlowDisk",
        True,
        histogram("log_fsync_seconds", {"0.001": 90.0, "0.25": 100.0, "+Inf": 100.0}),
    ),
    Case(
        "SamyamaSlowDisk",
        False,
        histogram("log_fsync_seconds", {"0.001": 99.5, "0.25": 100.0, "+Inf": 100.0}),
    ),
    Case("SamyamaSlowDisk", False, histogram("log_fsync_seconds", {"0.001": 0.0, "+Inf": 0.0})),
    Case(
        "SamyamaSlowCommits",
        True,
        histogram("commit_seconds", {"0.5": 90.0, "1": 100.0, "+Inf": 100.0}),
    ),
    Case("SamyamaSlowCommits", False, histogram("commit_seconds", FAST)),
    Case(
        "SamyamaUnknownOutcomes",
        True,
        series("samyama_lane_unknown_outcomes_total", from_moment(3900, 1)),
    ),
    Case("SamyamaUnknownOutcomes", False, series("samyama_lane_unknown_outcomes_total", always(7))),
    Case(
        "SamyamaDatabaseErrors",
        True,
        series("samyama_statement_failures_total", from_moment(3900, 1), **{"class": "database"}),
    ),
    Case(
        "SamyamaDatabaseErrors",
        False,
        series("samyama_statement_failures_total", growing(5), **{"class": "client"}),
    ),
    Case(
        "SamyamaTransientErrors",
        True,
        series("samyama_statement_failures_total", growing(1), **{"class": "transient"})
        + series("samyama_statements_total", growing(10), kind="write"),
    ),
    Case(
        "SamyamaTransientErrors",
        False,
        series("samyama_statement_failures_total", growing(1), **{"class": "transient"})
        + series("samyama_statements_total", growing(100), kind="write"),
    ),
    Case(
        "SamyamaTransientErrors",
        False,
        series("samyama_statement_failures_total", always(0), **{"class": "transient"})
        + series("samyama_statements_total", always(0), kind="write"),
    ),
    Case(
        "SamyamaConnectionsRefused",
        True,
        series("samyama_bolt_connections_refused_total", from_moment(3900, 1)),
    ),
    Case(
        "SamyamaConnectionsRefused",
        False,
        series("samyama_bolt_connections_refused_total", from_moment(100, 9)),
    ),
    Case("SamyamaPlannerBusy", True, series("samyama_planner_queue_length", always(50))),
    Case(
        "SamyamaPlannerBusy",
        False,
        series("samyama_planner_queue_length", from_moment(SPAN_S - 30, 50)),
    ),
    Case(
        "SamyamaPlanCacheMisses",
        True,
        series("samyama_plan_cache_lookups_total", growing(20), outcome="miss"),
    ),
    Case(
        "SamyamaPlanCacheMisses",
        False,
        series("samyama_plan_cache_lookups_total", growing(20), outcome="hit_raw"),
    ),
    Case(
        "SamyamaLogGrows",
        True,
        [
            *series("samyama_log_bytes", always(2e9)),
            *series("samyama_raft_snapshot_bytes", always(1e8)),
        ],
    ),
    Case(
        "SamyamaLogGrows",
        False,
        [
            *series("samyama_log_bytes", always(2e9)),
            *series("samyama_raft_snapshot_bytes", always(8e9)),
        ],
    ),
    Case("SamyamaLogFull", True, series("samyama_log_has_room", always(0))),
    Case("SamyamaLogFull", False, series("samyama_log_has_room", always(1))),
    Case("SamyamaSlowStatements", True, series("samyama_slow_statements_total", growing(0.1))),
    Case("SamyamaSlowStatements", False, series("samyama_slow_statements_total", growing(0.01))),
    Case(
        "SamyamaRestartLoop",
        True,
        series("samyama_process_start_time_seconds", lambda at: at // 200 * 200),
    ),
    Case(
        "SamyamaRestartLoop",
        False,
        series("samyama_process_start_time_seconds", from_moment(3900, 3900)),
    ),
    Case(
        "SamyamaVersionsDiffer",
        True,
        series("samyama_build_info", always(1), version="1")
        + series("samyama_build_info", always(1), version="2"),
    ),
    Case(
        "SamyamaVersionsDiffer", False, series("samyama_build_info", *[always(1)] * 3, version="1")
    ),
]


def is_firing(alert: Alert, given: Sequence[Series]) -> bool:
    """For every set of labels apart: whether it has held for as long as asked, up to the last moment."""
    moments = [SPAN_S - i * STEP_S for i in range(int(alert.for_s / STEP_S) + 1)]
    holding: set[object] | None = None
    for moment in moments:
        found = evaluate(alert.expression, given, moment)
        assert isinstance(found, dict), f"{alert.name} gives a number, not a vector"
        holding = set(found) if holding is None else holding & set(found)
    return bool(holding)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}-{case.fires}")
def test_the_alert_fires_when_it_should(case: Case) -> None:
    alert = next(alert for alert in ALERTS if alert.name == case.alert)
    assert is_firing(alert, case.given) == case.fires


def test_every_alert_is_shown_firing_and_quiet() -> None:
    shown = {(case.alert, case.fires) for case in CASES}
    assert shown == {(alert.name, fires) for alert in ALERTS for fires in (True, False)}


def exposed() -> set[str]:
    """Every name of a sample; ``up`` is Prometheus' own."""
    names = {"up"}
    for metric in METRICS:
        full = f"samyama_{metric.name}"
        parts = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
        names |= {full + part for part in parts}
    return names


def test_expressions_ask_for_metrics_that_exist() -> None:
    asked = {name for alert in ALERTS for name in metric_names(alert.expression)}
    asked |= {
        name
        for panel in PANELS
        for query in panel.queries
        for name in metric_names(query.expression.replace("$job", "samyama"))
    }
    assert asked <= exposed(), asked - exposed()


def test_the_dashboard_shows_what_operators_ask_first() -> None:
    shown = {
        name
        for panel in PANELS
        for query in panel.queries
        for name in metric_names(query.expression)
    }
    assert {
        "samyama_raft_elections_started_total",
        "samyama_raft_heartbeat_timeouts_total",
        "samyama_raft_replication_lag_entries",
        "samyama_raft_replication_lag_ms",
        "samyama_raft_committed_index",
        "samyama_commit_seconds_bucket",
        "samyama_log_fsync_seconds_bucket",
        "samyama_plan_cache_lookups_total",
        "samyama_bolt_connections_open",
        "samyama_transactions_open",
        "samyama_process_resident_memory_bytes",
        "samyama_planner_queue_length",
    } <= shown


def test_panels_do_not_overlap() -> None:
    import json

    from samyama.observability.dashboard import COLUMNS, render_dashboard

    cells: dict[tuple[int, int], str] = {}
    document = json.loads(render_dashboard())
    for panel in document["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= COLUMNS
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                assert (x, y) not in cells, (panel["title"], cells[x, y])
                cells[x, y] = panel["title"]
    rows = [panel for panel in document["panels"] if panel["type"] == "row"]
    assert [a["gridPos"]["y"] < b["gridPos"]["y"] for a, b in pairwise(rows)] == [True] * (
        len(rows) - 1
    )
    assert len({panel["id"] for panel in document["panels"]}) == len(document["panels"])


def test_links_of_the_alerts_lead_to_their_pages() -> None:
    for alert in ALERTS:
        page = ROOT / "docs/operations/alerts" / alert.page
        assert page.exists(), page
        assert alert.expression in page.read_text("utf-8")
