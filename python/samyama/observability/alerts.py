"""Alert rules for Prometheus, each with what it means, what to look at and what to do.

A Prometheus job is taken for a cluster: all nodes of one cluster belong to one job, whose name begins with ``samyama``.
The expressions are tested on sample series (``tests/observability``).
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

from samyama.observability.yaml_text import render_yaml

__all__ = ["ALERTS", "Alert", "render_rules"]

Severity = Literal["critical", "warning", "info"]

#: Where the pages of the alerts are, from the root of the documents.
PAGES = "docs/operations/alerts"


class Alert(NamedTuple):
    """``for_s``: so long has the expression to hold. The last four are prose for the page."""

    name: str
    severity: Severity
    for_s: int
    expression: str
    summary: str
    meaning: str
    look: tuple[str, ...]
    do: tuple[str, ...]

    @property
    def page(self) -> str:
        """Its page's file name.

        >>> ALERTS[0].page
        'node_down.md'
        """
        return (
            re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name.removeprefix("Samyama")).lower() + ".md"
        )


_STATUS = "`samyama cluster status NODE:7474` for any node that answers"
_LOG = "The node's log (stderr, or wherever it is kept): the last lines say why."

ALERTS = (
    Alert(
        "SamyamaNodeDown",
        "warning",
        60,
        'up{job=~"samyama.*"} == 0',
        "Node {{ $labels.instance }} does not answer.",
        "Prometheus cannot fetch `/metrics` of this node. The cluster goes on as long as a majority is up, but survives one"
        " failure less.",
        (_STATUS, "Does the process run? Does the machine?", _LOG),
        (
            "Start the process again with its own data directory: it replays its log and catches up.",
            "If its disk is lost, do not start it on an empty directory under its old id: see"
            " [quorum lost](../quorum_lost.md).",
        ),
    ),
    Alert(
        "SamyamaQuorumLost",
        "critical",
        10,
        'sum by (job) (up{job=~"samyama.*"}) <= count by (job) (up{job=~"samyama.*"}) / 2',
        "No majority of the nodes of {{ $labels.job }} answers: no writes.",
        "Half of the nodes or more do not answer. Nothing is acknowledged, linearizable reads fail, stale reads work on the"
        " nodes that are left. Nothing that was acknowledged is lost.",
        (_STATUS, "Is it the nodes, or Prometheus that cannot reach them?"),
        ("Bring nodes back until a majority is up: [quorum lost](../quorum_lost.md).",),
    ),
    Alert(
        "SamyamaNoLeader",
        "critical",
        10,
        "max by (job) (samyama_raft_is_leader) == 0",
        "Nobody leads {{ $labels.job }}: no writes.",
        "The nodes that answer have no leader among them for longer than an election takes.",
        (
            _STATUS,
            "Can the nodes reach each other's peer ports (7688 by default)?",
            "`samyama_raft_elections_started_total`: elections that nobody wins mean lost messages or slow disks.",
        ),
        (
            "Restore the network between the nodes, or bring nodes back until a majority is up.",
            "If elections go on without a winner: a disk that takes longer than the election timeout to flush, or"
            " starved CPUs; see the alerts for those.",
        ),
    ),
    Alert(
        "SamyamaLeaderUnknown",
        "warning",
        10,
        "samyama_raft_leader_known == 0",
        "Node {{ $labels.instance }} knows no leader.",
        "The node is cut off from the leader: it acknowledges no writes and answers no linearizable reads. Its stale reads"
        " work.",
        (_STATUS, "The network between this node and the others, peer port (7688 by default)."),
        ("Restore the network; the node catches up by itself.",),
    ),
    Alert(
        "SamyamaTwoLeaders",
        "warning",
        30,
        "sum by (job) (samyama_raft_is_leader) > 1",
        "{{ $value }} nodes of {{ $labels.job }} believe that they lead.",
        "One of them has the highest term and a majority; the other is cut off from it and has not noticed. It"
        " acknowledges nothing, so nothing is lost and nothing is answered wrongly.",
        (
            "`samyama_raft_term`: the true leader's is the highest.",
            "`samyama_raft_quorum_acked_ms` of the other grows.",
        ),
        ("Restore the network of the one with the lower term.",),
    ),
    Alert(
        "SamyamaElectionsUnstable",
        "warning",
        0,
        "sum by (job) (increase(samyama_raft_elections_started_total[10m])) > 3",
        "{{ $value }} elections in {{ $labels.job }} within ten minutes.",
        "Leadership moves, or somebody keeps trying to get it. Each election costs a few hundred milliseconds of writes.",
        (
            "`samyama_log_fsync_seconds`: a disk that flushes slowly delays heartbeats' answers.",
            "CPU of the machines; other programs on them.",
            "Loss and delay between the nodes.",
        ),
        (
            "Remove the cause: a faster or less shared disk, CPU for the node, a better network.",
            "If the network is slow by nature, raise `raft.election_timeout_ms_min` and `_max` on all nodes.",
        ),
    ),
    Alert(
        "SamyamaHeartbeatTimeouts",
        "warning",
        0,
        "increase(samyama_raft_heartbeat_timeouts_total[10m]) > 3",
        "Node {{ $labels.instance }} gave up on its leader {{ $value }} times within ten minutes.",
        "This node does not hear from the leader in time although there is one: its network, its CPU or its disk, rather"
        " than the leader's if the others are quiet.",
        (
            "The same metric of the other nodes.",
            "CPU and disk of this machine; loss on its network.",
        ),
        ("Remove the cause on this machine. Stopping the node relieves the cluster meanwhile.",),
    ),
    Alert(
        "SamyamaFollowerLagging",
        "warning",
        30,
        "samyama_raft_replication_lag_ms > 5000",
        "Follower {{ $labels.follower }} is {{ $value }} ms behind.",
        "The follower does not keep up, or is down. While it lags, the cluster survives one failure less, and its stale"
        " reads are old.",
        (
            "`samyama_raft_replication_lag_entries`: does it shrink?",
            "Disk and CPU of the follower; the network to it.",
        ),
        ("If it shrinks, wait. If not: the follower's log says what it waits for.",),
    ),
    Alert(
        "SamyamaLeaderIsolated",
        "critical",
        10,
        "samyama_raft_quorum_acked_ms > 1000",
        "No quorum has acknowledged leader {{ $labels.instance }} for {{ $value }} ms.",
        "The leader is in a minority: it acknowledges nothing. If the others have a majority, they have elected another.",
        (_STATUS, "The network between the nodes."),
        ("Restore the network; bring nodes back.",),
    ),
    Alert(
        "SamyamaSlowDisk",
        "warning",
        300,
        "histogram_quantile(0.99, sum by (job, instance, le) (rate(samyama_log_fsync_seconds_bucket[5m]))) > 0.1",
        "fdatasync takes {{ $value }} s on {{ $labels.instance }} (99th percentile).",
        "The disk of the log is slow. On the leader every write waits for it; on a follower writes wait only when it is"
        " needed for the majority. Above the election timeout it costs leadership.",
        (
            "`iostat -x 1` on the machine; other writers on the same disk.",
            "Volume limits of a cloud disk.",
        ),
        ("Give the log a disk of its own, or a faster one.",),
    ),
    Alert(
        "SamyamaSlowCommits",
        "warning",
        300,
        "histogram_quantile(0.99, sum by (job, instance, le) (rate(samyama_commit_seconds_bucket[5m]))) > 0.5",
        "Commits take {{ $value }} s on {{ $labels.instance }} (99th percentile).",
        "From proposal to applied on the leader: its disk, the network, the disks of the fastest majority, applying.",
        (
            "`samyama_log_fsync_seconds` of all nodes; replication lags.",
            "`samyama_lane_bytes_in_flight`: large transactions fill the way.",
            "`/log/INDEX` of the leader shows where the time of one entry went.",
        ),
        ("Remove the slowest station; split very large transactions.",),
    ),
    Alert(
        "SamyamaUnknownOutcomes",
        "warning",
        0,
        "increase(samyama_lane_unknown_outcomes_total[10m]) > 0",
        "The fate of {{ $value }} entries of {{ $labels.instance }} had to be found out.",
        "Leadership was lost while entries were on their way, or no majority confirmed them within"
        " `limits.commit_timeout_ms`. The node looked up what became of them. Where that took too long, clients were told `Neo.DatabaseError.Transaction.TransactionCommitFailed`, which no driver retries.",
        (
            "The alerts for elections: why did leadership move?",
            "Logs of applications for that code.",
        ),
        (
            "Applications that got that code look before they repeat: see [errors](../../reference/errors.md).",
        ),
    ),
    Alert(
        "SamyamaDatabaseErrors",
        "critical",
        0,
        'sum by (job, instance) (increase(samyama_statement_failures_total{class="database"}[10m])) > 0',
        "{{ $value }} statements failed on {{ $labels.instance }} for a reason of the node's.",
        "Neither the request was wrong nor is it worth repeating: an unknown outcome, a failed disk, or a bug.",
        (_LOG, "The code that the client was told, in [errors](../../reference/errors.md)."),
        ("As the page of the code says. A bug is worth a report, with the query and the log.",),
    ),
    Alert(
        "SamyamaTransientErrors",
        "warning",
        300,
        'sum by (job) (rate(samyama_statement_failures_total{class="transient"}[5m]))'
        " > 0.05 * sum by (job) (rate(samyama_statements_total[5m]))",
        "More than 5 % of the statements of {{ $labels.job }} are to be sent again.",
        "Drivers retry these, so users see delay, not errors: conflicts between transactions, leadership that moves, or a"
        " limit that is reached.",
        ("The codes in the applications' logs, in [errors](../../reference/errors.md).",),
        (
            "Conflicts: shorter transactions. Limits: raise them, or send less. Leadership: the alerts for elections.",
        ),
    ),
    Alert(
        "SamyamaConnectionsRefused",
        "warning",
        0,
        "increase(samyama_bolt_connections_refused_total[10m]) > 0",
        "{{ $labels.instance }} refused {{ $value }} connections.",
        "`limits.connections_max` is reached.",
        ("`samyama_bolt_connections_open`; `CALL dbms.listConnections()` says whose they are.",),
        (
            "Close what applications do not use (one driver a process is enough), or raise the limit.",
        ),
    ),
    Alert(
        "SamyamaPlannerBusy",
        "warning",
        60,
        "samyama_planner_queue_length > 10",
        "{{ $value }} compilations wait on {{ $labels.instance }}.",
        "Queries come faster than they are compiled: most likely the text of each is different, so that the plan cache"
        " does not help.",
        (
            'The share of `samyama_plan_cache_lookups_total{outcome="miss"}`.',
            "`CALL dbms.listConnections()`, `SHOW TRANSACTIONS`: which application is it?",
        ),
        ("Pass values as parameters instead of writing them into the text.",),
    ),
    Alert(
        "SamyamaPlanCacheMisses",
        "info",
        600,
        'sum by (job, instance) (rate(samyama_plan_cache_lookups_total{outcome="miss"}[5m])) > 5',
        "{{ $value }} plans a second are compiled on {{ $labels.instance }}.",
        "A compilation costs about a millisecond of the one planner thread; a hit costs a microsecond.",
        (
            "`samyama_plan_cache_evictions_total`: is the cache too small, or are the texts all different?",
        ),
        ("Parameters instead of values in the text; or raise `limits.plan_cache_bytes_max`.",),
    ),
    Alert(
        "SamyamaLogGrows",
        "warning",
        600,
        "samyama_log_bytes > 1073741824 + samyama_raft_snapshot_bytes",
        "The log of {{ $labels.instance }} is {{ $value }} bytes long.",
        "Snapshots that would let the log be shortened are not built, or a follower is so far behind that what it needs is"
        " kept. A long log makes the next start slow.",
        (
            "`samyama_raft_snapshot_index` and `samyama_raft_purged_index`: do they move?",
            "`samyama_raft_replication_lag_entries` of the followers.",
            _LOG,
        ),
        ("Space on the disk for the next snapshot; bring the follower back.",),
    ),
    Alert(
        "SamyamaLogFull",
        "critical",
        5,
        "samyama_log_has_room == 0",
        "The disk of {{ $labels.instance }} is full: it takes no writes.",
        "There is no room for the next piece of the log. Reads are served; what was acknowledged is safe. A leader hands"
        " over to a node that has room.",
        (
            "Free space where the data directory (`node.data_directory`) lies, and what takes it.",
            "`samyama_raft_snapshot_index` and `samyama_raft_purged_index`: is the log shortened?",
            _LOG,
        ),
        ("Free space or enlarge the volume. The node goes on by itself; no restart is needed.",),
    ),
    Alert(
        "SamyamaSlowStatements",
        "info",
        0,
        "sum by (job, instance) (increase(samyama_slow_statements_total[10m])) > 10",
        "{{ $value }} slow statements on {{ $labels.instance }} within ten minutes.",
        "Statements took `log.slow_query_ms` or longer.",
        (
            "The lines `slow query` in the node's log: text, time, rows, whether the plan was cached.",
        ),
        ("`PROFILE` the query: an index that is missing shows as a scan with many rows.",),
    ),
    Alert(
        "SamyamaRestartLoop",
        "warning",
        0,
        "changes(samyama_process_start_time_seconds[15m]) > 2",
        "{{ $labels.instance }} started {{ $value }} times within fifteen minutes.",
        "The process ends and is started again, over and over: a failed disk, a damaged log, a lack of memory.",
        (
            _LOG,
            "The exit code (4: it could not start; 6: its disk failed); the kernel's log for the out-of-memory killer.",
        ),
        (
            "As the last line of the log says: every refusal to start names the file and the way out.",
        ),
    ),
    Alert(
        "SamyamaVersionsDiffer",
        "info",
        3600,
        "count by (job) (count by (job, version) (samyama_build_info)) > 1",
        "The nodes of {{ $labels.job }} run {{ $value }} versions.",
        "An upgrade was begun and not ended.",
        ("`samyama cluster members NODE:7474` shows each node's version.",),
        ("Finish it: [upgrading](../upgrading.md).",),
    ),
)


def render_rules() -> str:
    """A rules file for Prometheus."""
    document: dict[str, Any] = {
        "groups": [
            {
                "name": "samyama",
                "rules": [_rule(alert) for alert in ALERTS],
            }
        ]
    }
    head = "# Made by `samyama metrics alerts`. A Prometheus job is a cluster; its name begins with samyama.\n"
    return head + render_yaml(document)


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": f"{alert.for_s}s",
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "description": alert.meaning,
            "runbook": f"{PAGES}/{alert.page}",
        },
    }


def render_page(alert: Alert) -> str:
    """The page of one alert."""
    lists = {"What to look at": alert.look, "What to do": alert.do}
    return (
        f"# {alert.name}\n\n"
        f"{alert.severity}, when this holds for {alert.for_s} s:\n\n"
        f"```text\n{alert.expression}\n```\n\n"
        f"**What it means.** {alert.meaning}\n"
        + "".join(
            f"\n**{title}.**\n\n" + "".join(f"- {item}\n" for item in items)
            for title, items in lists.items()
        )
        + "\n[All metrics and alerts](../metrics.md)\n"
    )
