//! `/metrics` in Prometheus' text format, made from scratch at each request: the counters live where they are counted.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use samyama_raft::{BOUNDS_US, Histogram, Role};

use super::{Pages, process};
use crate::limits::POOL_THREADS_MAX;

/// Counted where connections are accepted.
#[derive(Default)]
pub struct ConnectionMetrics {
    pub open: AtomicU64,
    pub accepted: AtomicU64,
    pub refused: AtomicU64,
    pub relayed_in: AtomicU64,
}

struct Page {
    text: String,
}

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP samyama_{name} {help}\n# TYPE samyama_{name} {kind}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "gauge", help);
        let _ = writeln!(self.text, "samyama_{name} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        let _ = writeln!(self.text, "samyama_{name} {value}");
    }

    /// The sum of those given, of which there may be none.
    fn histogram<'a>(&mut self, name: &str, help: &str, parts: impl IntoIterator<Item = &'a Histogram>) {
        self.family(name, "histogram", help);
        let (mut counts, mut sum_us) = ([0; BOUNDS_US.len() + 1], 0);
        for part in parts {
            sum_us += part.sum_us();
            counts.iter_mut().zip(part.cumulative()).for_each(|(count, more)| *count += more);
        }
        for (count, bound) in counts.iter().zip(BOUNDS_US) {
            let _ = writeln!(self.text, "samyama_{name}_bucket{{le=\"{}\"}} {count}", seconds(bound));
        }
        let count = counts.last().copied().unwrap_or_default();
        let _ = writeln!(self.text, "samyama_{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(self.text, "samyama_{name}_sum {}\nsamyama_{name}_count {count}", seconds(sum_us));
    }

    fn labelled(&mut self, name: &str, label: &str, values: impl IntoIterator<Item = (String, u64)>) {
        for (of, value) in values {
            let _ = writeln!(self.text, "samyama_{name}{{{label}=\"{of}\"}} {value}");
        }
    }
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

pub fn page(pages: &Pages) -> String {
    let mut page = Page { text: String::with_capacity(8 * 1024) };
    raft(&mut page, pages);
    lane(&mut page, pages);
    graph_and_queries(&mut page, pages);
    clients(&mut page, pages);
    process(&mut page, pages);
    page.text
}

fn raft(page: &mut Page, pages: &Pages) {
    let status = pages.database.raft.status();
    page.gauge("raft_is_leader", "1 while this node leads.", u64::from(status.role == Role::Leader));
    page.gauge("raft_term", "Current term.", status.term);
    page.gauge("raft_leader_known", "1 while a leader is known.", u64::from(status.leader.is_some()));
    page.counter(
        "raft_elections_started_total",
        "Elections this node has started.",
        status.elections_started,
    );
    page.counter("raft_elections_won_total", "Elections this node has won.", status.elections_won);
    page.counter(
        "raft_heartbeat_timeouts_total",
        "Times that this node gave up on its leader.",
        status.heartbeat_timeouts,
    );
    page.gauge("raft_last_log_index", "Last index in the log.", status.last_log_index);
    page.gauge("raft_flushed_index", "Last index that is on this disk.", status.flushed_index);
    page.gauge("raft_committed_index", "Last index known to be committed.", status.committed_index);
    page.gauge("raft_applied_index", "Last index applied.", status.applied_index);
    page.gauge("raft_snapshot_index", "Last index in the newest snapshot.", status.snapshot_index);
    page.gauge("raft_snapshot_bytes", "Size of the newest snapshot's file.", status.snapshot_bytes);
    page.gauge("raft_purged_index", "Last index that is no longer in the log.", status.purged_index);
    page.family(
        "raft_quorum_acked_ms",
        "gauge",
        "Milliseconds since a quorum last acknowledged this leader.",
    );
    if let Some(ms) = status.quorum_acked_ms_ago {
        let _ = writeln!(page.text, "samyama_raft_quorum_acked_ms {ms}");
    }
    let members = |of: fn(&samyama_raft::MemberStatus) -> Option<u64>| -> Vec<(String, u64)> {
        status.members.iter().filter_map(|m| Some((m.id.to_string(), of(m)?))).collect()
    };
    page.family("raft_replication_lag_entries", "gauge", "Entries a follower is behind; on the leader.");
    page.labelled("raft_replication_lag_entries", "follower", members(|m| m.lag_entries));
    page.family(
        "raft_replication_lag_ms",
        "gauge",
        "How long a follower has been behind, in ms; on the leader.",
    );
    page.labelled("raft_replication_lag_ms", "follower", members(|m| m.lag_ms));
    page.counter("log_fsyncs_total", "fdatasync calls of the log.", status.fsyncs);
    page.histogram(
        "log_fsync_seconds",
        "How long fdatasync of the log's files takes.",
        pages.database.raft.sync_times(),
    );
    page.gauge("log_bytes", "Bytes of the entries that no snapshot has replaced yet.", status.log_bytes);
    page.gauge(
        "log_has_room",
        "0 while the disk is full and writes are refused.",
        u64::from(status.shortage.is_none()),
    );
}

fn lane(page: &mut Page, pages: &Pages) {
    let lane = &pages.database.lane.metrics;
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    page.counter(
        "lane_statements_total",
        "Statements and commits handed to the lane.",
        read(&lane.statements),
    );
    page.counter("lane_transactions_total", "Transactions proposed.", read(&lane.transactions));
    page.counter("lane_entries_total", "Log entries proposed.", read(&lane.entries));
    page.counter("lane_bytes_total", "Bytes proposed.", read(&lane.bytes));
    page.counter("lane_openings_total", "Times that the lane has opened.", read(&lane.openings));
    page.counter("lane_pool_runs_total", "Writes that were too long for the lane.", read(&lane.pool_runs));
    page.counter(
        "lane_refused_entries_total",
        "Entries that certainly took no effect.",
        read(&lane.refused_entries),
    );
    page.counter(
        "lane_unknown_outcomes_total",
        "Entries whose fate had to be found out.",
        read(&lane.unknown_outcomes),
    );
    let commits = &pages.database.commits;
    page.gauge(
        "lane_entries_in_flight",
        "Entries proposed and not applied yet.",
        read(&commits.entries_in_flight),
    );
    page.gauge("lane_bytes_in_flight", "Bytes proposed and not applied yet.", read(&commits.bytes_in_flight));
    page.histogram(
        "commit_seconds",
        "From an entry's proposal until a quorum has it and it is applied; on the leader.",
        Some(&commits.seconds),
    );
    page.family("keys_kept", "gauge", "Keys of applied transactions that are remembered.");
    let (members, clients) = pages.database.shared.keys.lock().counts();
    let kept = [("members", members), ("clients", clients)];
    page.labelled("keys_kept", "of", kept.map(|(of, count)| (of.to_owned(), count as u64)));
}

fn graph_and_queries(page: &mut Page, pages: &Pages) {
    let database = &pages.database;
    let published = database.published();
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    page.gauge("graph_nodes", "Nodes.", published.view.node_count());
    page.gauge("graph_relationships", "Relationships.", published.view.relationship_count());
    page.counter(
        "graph_transactions_total",
        "Transactions applied over the life of the database.",
        published.view.transaction_number(),
    );
    let plans = &database.plans;
    page.family("plan_cache_lookups_total", "counter", "Look-ups of plans by outcome.");
    let lookups = [
        ("hit_raw", plans.metrics.hits_raw.sum()),
        ("hit_stripped", read(&plans.metrics.hits_stripped)),
        ("miss", read(&plans.metrics.misses)),
    ];
    page.labelled("plan_cache_lookups_total", "outcome", lookups.map(|(outcome, n)| (outcome.to_owned(), n)));
    page.counter(
        "plan_compilations_total",
        "Times that Python was entered for a query.",
        read(&plans.metrics.compilations),
    );
    page.counter(
        "plan_compile_errors_total",
        "Queries that do not compile.",
        read(&plans.metrics.compile_errors),
    );
    page.counter(
        "plan_compile_us_total",
        "Microseconds spent waiting for compilations.",
        read(&plans.metrics.compile_us),
    );
    page.gauge("plan_cache_bytes", "Bytes of the plan cache.", plans.bytes() as u64);
    page.gauge("plan_cache_entries", "Entries of the plan cache.", plans.entries() as u64);
    page.counter("plan_cache_evictions_total", "Entries dropped from the plan cache.", plans.evictions());
    page.gauge(
        "planner_queue_length",
        "Compilations that wait for the planner's thread.",
        plans.planner_queue_length(),
    );
    page.gauge(
        "pool_threads_busy",
        "Threads of the pool that run a long statement.",
        POOL_THREADS_MAX.saturating_sub(database.pool.available_permits()) as u64,
    );
    page.gauge(
        "transactions_open",
        "Explicit transactions open.",
        database.transactions_open.load(Ordering::Relaxed) as u64,
    );
}

fn clients(page: &mut Page, pages: &Pages) {
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let statements = &pages.statements;
    page.family(
        "statements_total",
        "counter",
        "Statements of clients that came to their end, by what they do.",
    );
    let kinds = [
        ("read", statements.sum(|shard| &shard.read)),
        ("write", statements.sum(|shard| &shard.write)),
        ("read_write", statements.sum(|shard| &shard.read_write)),
        ("schema", statements.sum(|shard| &shard.schema)),
    ];
    page.labelled("statements_total", "kind", kinds.map(|(kind, n)| (kind.to_owned(), n)));
    page.family(
        "statement_failures_total",
        "counter",
        "Failures that clients were told, by who is to do something.",
    );
    let classes = [
        ("client", statements.sum(|shard| &shard.client_errors)),
        ("transient", statements.sum(|shard| &shard.transient_errors)),
        ("database", statements.sum(|shard| &shard.database_errors)),
    ];
    page.labelled("statement_failures_total", "class", classes.map(|(class, n)| (class.to_owned(), n)));
    page.histogram(
        "statement_seconds",
        "Time that statements of clients take here, without waiting for slow readers.",
        statements.seconds(),
    );
    page.gauge(
        "statements_running",
        "Statements that have begun and not ended.",
        statements.sum(|shard| &shard.running),
    );
    page.counter("statement_rows_total", "Rows sent to clients.", statements.sum(|shard| &shard.rows));
    page.counter(
        "slow_statements_total",
        "Statements at or above log.slow_query_ms.",
        statements.sum(|shard| &shard.slow),
    );
    page.family("transactions_total", "counter", "Explicit transactions of clients, by how they ended.");
    let outcomes = [
        ("committed", statements.sum(|shard| &shard.committed)),
        ("rolled_back", statements.sum(|shard| &shard.rolled_back)),
        ("commit_failed", statements.sum(|shard| &shard.commit_failed)),
    ];
    page.labelled("transactions_total", "outcome", outcomes.map(|(outcome, n)| (outcome.to_owned(), n)));
    page.gauge("bolt_connections_open", "Bolt connections open.", read(&pages.connections.open));
    page.counter(
        "bolt_connections_accepted_total",
        "Bolt connections accepted.",
        read(&pages.connections.accepted),
    );
    page.counter(
        "bolt_connections_refused_total",
        "Bolt connections refused at the limit.",
        read(&pages.connections.refused),
    );
    page.counter(
        "bolt_connections_relayed_total",
        "Connections relayed here by other members.",
        read(&pages.connections.relayed_in),
    );
}

/// Of this process, as far as the platform says.
fn process(page: &mut Page, pages: &Pages) {
    let of = process::measure();
    page.gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.", of.resident_bytes);
    page.gauge("process_open_fds", "Open files and sockets.", of.open_fds);
    page.family("process_cpu_seconds_total", "counter", "CPU time of the process.");
    let _ = writeln!(page.text, "samyama_process_cpu_seconds_total {}", seconds(of.cpu_us));
    page.gauge(
        "process_start_time_seconds",
        "When the node started, in seconds since 1970.",
        pages.progress.started_at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
    );
    page.family("build_info", "gauge", "1; the labels say what runs.");
    let _ = writeln!(page.text, "samyama_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
}
