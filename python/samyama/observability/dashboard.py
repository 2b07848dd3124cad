"""A dashboard for Grafana, as the JSON that it imports. A Prometheus job is a cluster."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

__all__ = ["PANELS", "Panel", "render_dashboard"]

COLUMNS = 24
WIDTH, HEIGHT = 8, 8


class Query(NamedTuple):
    """One curve or one for each set of labels."""

    expression: str
    legend: str


class Panel(NamedTuple):
    """A picture. ``unit``: Grafana's name of it."""

    row: str
    title: str
    unit: str
    queries: tuple[Query, ...]


_OF = '{job="$job"}'
_NODE = "{{instance}}"


def _quantiles(metric: str) -> tuple[Query, ...]:
    return tuple(
        Query(
            f"histogram_quantile({quantile}, sum by (instance, le) (rate({metric}_bucket{_OF}[$__rate_interval])))",
            f"{_NODE} p{round(quantile * 100)}",
        )
        for quantile in (0.5, 0.99)
    )


def _rate(metric: str, legend: str = _NODE, by: str = "instance") -> Query:
    return Query(f"sum by ({by}) (rate({metric}{_OF}[$__rate_interval]))", legend)


def _now(metric: str, legend: str = _NODE) -> Query:
    return Query(f"{metric}{_OF}", legend)


PANELS = (
    Panel("Consensus", "Leader", "none", (_now("samyama_raft_is_leader"),)),
    Panel("Consensus", "Term", "none", (_now("samyama_raft_term"),)),
    Panel(
        "Consensus",
        "Elections and heartbeat timeouts",
        "none",
        (
            Query(
                f"increase(samyama_raft_elections_started_total{_OF}[$__rate_interval])",
                f"{_NODE} started",
            ),
            Query(
                f"increase(samyama_raft_elections_won_total{_OF}[$__rate_interval])", f"{_NODE} won"
            ),
            Query(
                f"increase(samyama_raft_heartbeat_timeouts_total{_OF}[$__rate_interval])",
                f"{_NODE} gave up on its leader",
            ),
        ),
    ),
    Panel(
        "Consensus",
        "Lag of followers, entries",
        "none",
        (_now("samyama_raft_replication_lag_entries", "node {{follower}}"),),
    ),
    Panel(
        "Consensus",
        "Lag of followers, time",
        "ms",
        (_now("samyama_raft_replication_lag_ms", "node {{follower}}"),),
    ),
    Panel(
        "Consensus",
        "Indexes",
        "none",
        (
            _now("samyama_raft_committed_index", f"{_NODE} committed"),
            _now("samyama_raft_applied_index", f"{_NODE} applied"),
            _now("samyama_raft_snapshot_index", f"{_NODE} snapshot"),
        ),
    ),
    Panel(
        "Consensus",
        "Since a quorum acknowledged the leader",
        "ms",
        (_now("samyama_raft_quorum_acked_ms"),),
    ),
    Panel("Writes", "Transactions committed", "ops", (_rate("samyama_graph_transactions_total"),)),
    Panel("Writes", "Commit latency", "s", _quantiles("samyama_commit_seconds")),
    Panel("Writes", "fdatasync latency", "s", _quantiles("samyama_log_fsync_seconds")),
    Panel("Writes", "fdatasync calls", "ops", (_rate("samyama_log_fsyncs_total"),)),
    Panel(
        "Writes",
        "On the way to the log",
        "none",
        (_now("samyama_lane_entries_in_flight", f"{_NODE} entries"),),
    ),
    Panel(
        "Writes", "Bytes on the way to the log", "bytes", (_now("samyama_lane_bytes_in_flight"),)
    ),
    Panel(
        "Writes",
        "Transactions in one entry",
        "none",
        (
            Query(
                f"sum by (instance) (rate(samyama_lane_transactions_total{_OF}[$__rate_interval]))"
                f" / sum by (instance) (rate(samyama_lane_entries_total{_OF}[$__rate_interval]))",
                _NODE,
            ),
        ),
    ),
    Panel(
        "Writes",
        "Refused entries, unknown outcomes",
        "none",
        (
            Query(
                f"increase(samyama_lane_refused_entries_total{_OF}[$__rate_interval])",
                f"{_NODE} refused",
            ),
            Query(
                f"increase(samyama_lane_unknown_outcomes_total{_OF}[$__rate_interval])",
                f"{_NODE} unknown",
            ),
        ),
    ),
    Panel("Writes", "Length of the log", "bytes", (_now("samyama_log_bytes"),)),
    Panel(
        "Queries",
        "Statements",
        "ops",
        (_rate("samyama_statements_total", "{{instance}} {{kind}}", "instance, kind"),),
    ),
    Panel("Queries", "Time of statements", "s", _quantiles("samyama_statement_seconds")),
    Panel(
        "Queries",
        "Failures",
        "ops",
        (_rate("samyama_statement_failures_total", "{{instance}} {{class}}", "instance, class"),),
    ),
    Panel("Queries", "Statements that run", "none", (_now("samyama_statements_running"),)),
    Panel("Queries", "Slow statements", "ops", (_rate("samyama_slow_statements_total"),)),
    Panel(
        "Queries",
        "Plan cache",
        "ops",
        (
            _rate(
                "samyama_plan_cache_lookups_total", "{{instance}} {{outcome}}", "instance, outcome"
            ),
        ),
    ),
    Panel("Queries", "Size of the plan cache", "bytes", (_now("samyama_plan_cache_bytes"),)),
    Panel(
        "Queries",
        "Queues",
        "none",
        (
            _now("samyama_planner_queue_length", f"{_NODE} waiting for the planner"),
            _now("samyama_pool_threads_busy", f"{_NODE} long statements"),
        ),
    ),
    Panel("Clients", "Connections", "none", (_now("samyama_bolt_connections_open"),)),
    Panel("Clients", "Open transactions", "none", (_now("samyama_transactions_open"),)),
    Panel(
        "Clients",
        "Transactions ended",
        "ops",
        (_rate("samyama_transactions_total", "{{instance}} {{outcome}}", "instance, outcome"),),
    ),
    Panel("Node", "Memory", "bytes", (_now("samyama_process_resident_memory_bytes"),)),
    Panel("Node", "CPU", "none", (_rate("samyama_process_cpu_seconds_total"),)),
    Panel(
        "Node",
        "Nodes and relationships",
        "none",
        (
            _now("samyama_graph_nodes", f"{_NODE} nodes"),
            _now("samyama_graph_relationships", f"{_NODE} relationships"),
        ),
    ),
)


def render_dashboard() -> str:
    """The JSON of the dashboard."""
    source = {"type": "prometheus", "uid": "${datasource}"}
    document: dict[str, Any] = {
        "title": "Samyama",
        "uid": "samyama",
        "tags": ["samyama"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus"},
                {
                    "name": "job",
                    "label": "cluster",
                    "type": "query",
                    "datasource": source,
                    "query": "label_values(samyama_build_info, job)",
                    "refresh": 2,
                },
            ]
        },
        "panels": _panels(source),
    }
    return json.dumps(document, indent=2) + "\n"


def _panels(source: dict[str, str]) -> list[dict[str, Any]]:
    """Rows one below the other, panels from left to right within each."""
    made: list[dict[str, Any]] = []
    row, x, y = "", 0, 0
    for panel in PANELS:
        if panel.row != row:
            y += HEIGHT if x else 0
            row, x = panel.row, 0
            grid = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
            made.append({"id": len(made) + 1, "type": "row", "title": row, "gridPos": grid})
            y += 1
        elif x + WIDTH > COLUMNS:
            x, y = 0, y + HEIGHT
        grid = {"h": HEIGHT, "w": WIDTH, "x": x, "y": y}
        made.append(_panel(len(made) + 1, panel, grid, source))
        x += WIDTH
    return made


def _panel(
    number: int, panel: Panel, grid: dict[str, int], source: dict[str, str]
) -> dict[str, Any]:
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "datasource": source,
        "gridPos": grid,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [
            {
                "refId": chr(ord("A") + i),
                "datasource": source,
                "expr": query.expression,
                "legendFormat": query.legend,
            }
            for i, query in enumerate(panel.queries)
        ],
    }
