//! `/metrics` in Prometheus' text format, made from scratch at each request: the counters live where they are counted.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use samyama_raft::Role;

use super::Pages;

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

    fn labelled(&mut self, name: &str, label: &str, values: impl IntoIterator<Item = (String, u64)>) {
        for (of, value) in values {
            let _ = writeln!(self.text, "samyama_{name}{{{label}=\"{of}\"}} {value}");
        }
    }
}

pub fn page(pages: &Pages) -> String {
    let mut page = Page { text: String::with_capacity(8 * 1024) };
    raft(&mut page, pages);
    lane(&mut page, pages);
    graph_and_queries(&mut page, pages);
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
    page.gauge("raft_purged_index", "Last index that is no longer in the log.", status.purged_index);
    if let Some(ms) = status.quorum_acked_ms_ago {
        page.gauge("raft_quorum_acked_ms", "Milliseconds since a quorum last acknowledged this leader.", ms);
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
    page.gauge("log_bytes", "Bytes of the log on disk.", status.log_bytes);
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
        ("hit_raw", read(&plans.metrics.hits_raw)),
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
        "transactions_open",
        "Explicit transactions open.",
        database.transactions_open.load(Ordering::Relaxed) as u64,
    );
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
