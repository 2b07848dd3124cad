"""Every metric of a node: name, type, unit, labels and what it says. The source of the reference page."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["METRICS", "PREFIX", "Metric"]

PREFIX = "samyama_"


class Metric(NamedTuple):
    """``name`` without the prefix. ``labels``: name to what its values are. ``note``: beyond the help text."""

    group: str
    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    help: str
    labels: tuple[tuple[str, str], ...] = ()
    note: str = ""


def _counter(group: str, name: str, unit: str, help: str, **labels: str) -> Metric:
    return Metric(group, name, "counter", unit, help, tuple(labels.items()))


def _gauge(group: str, name: str, unit: str, help: str, note: str = "", **labels: str) -> Metric:
    return Metric(group, name, "gauge", unit, help, tuple(labels.items()), note)


def _histogram(group: str, name: str, help: str) -> Metric:
    return Metric(group, name, "histogram", "seconds", help)


_LEADER = "only the leader has a value"

#: In the order of the page.
METRICS = (
    _gauge("Consensus", "raft_is_leader", "0 or 1", "1 while this node leads."),
    _gauge("Consensus", "raft_term", "term", "Current term."),
    _gauge("Consensus", "raft_leader_known", "0 or 1", "1 while a leader is known."),
    _counter(
        "Consensus",
        "raft_elections_started_total",
        "elections",
        "Elections this node has started.",
    ),
    _counter("Consensus", "raft_elections_won_total", "elections", "Elections this node has won."),
    _counter(
        "Consensus",
        "raft_heartbeat_timeouts_total",
        "timeouts",
        "Times that this node gave up on its leader.",
    ),
    _gauge("Consensus", "raft_last_log_index", "log index", "Last index in the log."),
    _gauge("Consensus", "raft_flushed_index", "log index", "Last index that is on this disk."),
    _gauge("Consensus", "raft_committed_index", "log index", "Last index known to be committed."),
    _gauge("Consensus", "raft_applied_index", "log index", "Last index applied."),
    _gauge("Consensus", "raft_snapshot_index", "log index", "Last index in the newest snapshot."),
    _gauge("Consensus", "raft_snapshot_bytes", "bytes", "Size of the newest snapshot's file."),
    _gauge(
        "Consensus", "raft_purged_index", "log index", "Last index that is no longer in the log."
    ),
    _gauge(
        "Consensus",
        "raft_quorum_acked_ms",
        "milliseconds",
        "Milliseconds since a quorum last acknowledged this leader.",
        _LEADER,
    ),
    _gauge(
        "Consensus",
        "raft_replication_lag_entries",
        "entries",
        "Entries a follower is behind; on the leader.",
        _LEADER,
        follower="the follower's id",
    ),
    _gauge(
        "Consensus",
        "raft_replication_lag_ms",
        "milliseconds",
        "How long a follower has been behind, in ms; on the leader.",
        _LEADER,
        follower="the follower's id",
    ),
    _counter("Log", "log_fsyncs_total", "calls", "fdatasync calls of the log."),
    _histogram("Log", "log_fsync_seconds", "How long fdatasync of the log's files takes."),
    _gauge("Log", "log_bytes", "bytes", "Bytes of the entries that no snapshot has replaced yet."),
    _gauge("Log", "log_has_room", "0 or 1", "0 while the disk is full and writes are refused."),
    _counter(
        "Writes",
        "lane_statements_total",
        "statements",
        "Statements and commits handed to the lane.",
    ),
    _counter("Writes", "lane_transactions_total", "transactions", "Transactions proposed."),
    _counter("Writes", "lane_entries_total", "entries", "Log entries proposed."),
    _counter("Writes", "lane_bytes_total", "bytes", "Bytes proposed."),
    _counter("Writes", "lane_openings_total", "openings", "Times that the lane has opened."),
    _counter(
        "Writes", "lane_pool_runs_total", "statements", "Writes that were too long for the lane."
    ),
    _counter(
        "Writes",
        "lane_refused_entries_total",
        "entries",
        "Entries that certainly took no effect.",
    ),
    _counter(
        "Writes",
        "lane_unknown_outcomes_total",
        "entries",
        "Entries whose fate had to be found out.",
    ),
    _gauge("Writes", "lane_entries_in_flight", "entries", "Entries proposed and not applied yet."),
    _gauge("Writes", "lane_bytes_in_flight", "bytes", "Bytes proposed and not applied yet."),
    _histogram(
        "Writes",
        "commit_seconds",
        "From an entry's proposal until a quorum has it and it is applied; on the leader.",
    ),
    _gauge(
        "Writes",
        "keys_kept",
        "keys",
        "Keys of applied transactions that are remembered.",
        of="`members` (that relay), `clients`",
    ),
    _gauge("Graph", "graph_nodes", "nodes", "Nodes."),
    _gauge("Graph", "graph_relationships", "relationships", "Relationships."),
    _counter(
        "Graph",
        "graph_transactions_total",
        "transactions",
        "Transactions applied over the life of the database.",
    ),
    _counter(
        "Queries",
        "plan_cache_lookups_total",
        "look-ups",
        "Look-ups of plans by outcome.",
        outcome="`hit_raw` (the very text), `hit_stripped` (the text but for its literals), `miss`",
    ),
    _counter(
        "Queries",
        "plan_compilations_total",
        "compilations",
        "Times that Python was entered for a query.",
    ),
    _counter(
        "Queries", "plan_compile_errors_total", "compilations", "Queries that do not compile."
    ),
    _counter(
        "Queries",
        "plan_compile_us_total",
        "microseconds",
        "Microseconds spent waiting for compilations.",
    ),
    _gauge("Queries", "plan_cache_bytes", "bytes", "Bytes of the plan cache."),
    _gauge("Queries", "plan_cache_entries", "plans", "Entries of the plan cache."),
    _counter(
        "Queries",
        "plan_cache_evictions_total",
        "plans",
        "Entries dropped from the plan cache.",
    ),
    _gauge(
        "Queries",
        "planner_queue_length",
        "compilations",
        "Compilations that wait for the planner's thread.",
    ),
    _gauge(
        "Queries",
        "pool_threads_busy",
        "threads",
        "Threads of the pool that run a long statement.",
    ),
    _gauge("Clients", "transactions_open", "transactions", "Explicit transactions open."),
    _counter(
        "Clients",
        "statements_total",
        "statements",
        "Statements of clients that came to their end, by what they do.",
        kind="`read`, `write`, `read_write`, `schema`",
    ),
    _counter(
        "Clients",
        "statement_failures_total",
        "failures",
        "Failures that clients were told, by who is to do something.",
        **{
            "class": "`client` (change the request), `transient` (send it again), `database` (look at the node)"
        },
    ),
    _histogram(
        "Clients",
        "statement_seconds",
        "Time that statements of clients take here, without waiting for slow readers.",
    ),
    _gauge(
        "Clients", "statements_running", "statements", "Statements that have begun and not ended."
    ),
    _counter("Clients", "statement_rows_total", "rows", "Rows sent to clients."),
    _counter(
        "Clients",
        "slow_statements_total",
        "statements",
        "Statements at or above log.slow_query_ms.",
    ),
    _counter(
        "Clients",
        "transactions_total",
        "transactions",
        "Explicit transactions of clients, by how they ended.",
        outcome="`committed`, `rolled_back`, `commit_failed`",
    ),
    _gauge("Clients", "bolt_connections_open", "connections", "Bolt connections open."),
    _counter(
        "Clients", "bolt_connections_accepted_total", "connections", "Bolt connections accepted."
    ),
    _counter(
        "Clients",
        "bolt_connections_refused_total",
        "connections",
        "Bolt connections refused at the limit.",
    ),
    _counter(
        "Clients",
        "bolt_connections_relayed_total",
        "connections",
        "Connections relayed here by other members.",
    ),
    _gauge(
        "Process",
        "process_resident_memory_bytes",
        "bytes",
        "Memory of the process that is in RAM.",
    ),
    _gauge("Process", "process_open_fds", "files", "Open files and sockets."),
    _counter("Process", "process_cpu_seconds_total", "seconds", "CPU time of the process."),
    _gauge(
        "Process",
        "process_start_time_seconds",
        "seconds",
        "When the node started, in seconds since 1970.",
    ),
    _gauge("Process", "build_info", "1", "1; the labels say what runs.", version="of the program"),
)
