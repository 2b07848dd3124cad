//! `/status` and readiness.

use samyama_raft::{RaftStatus, Role, Standing};
use serde_json::{Value, json};

use super::Pages;

/// The node's account of itself, one JSON object. `python/samyama/cluster/client.py` reads it.
pub fn page(pages: &Pages) -> String {
    let status = pages.database.raft.status();
    let published = pages.database.published();
    let view = &published.view;
    let members: Vec<Value> = status
        .members
        .iter()
        .map(|member| {
            json!({
                "id": member.id,
                "bolt": member.address.bolt,
                "peer": member.address.peer,
                "http": member.address.http,
                "voter": member.voter,
                "matched": member.matched,
                "lag_entries": member.lag_entries,
                "lag_ms": member.lag_ms,
                "answered_ms_ago": member.answered_ms_ago,
                "snapshot_bytes": member.snapshot_bytes,
            })
        })
        .collect();
    let page = json!({
        "id": status.id,
        "cluster_id": status.cluster_id,
        "role": role_name(status.role),
        "term": status.term,
        "leader": status.leader,
        "last_log_index": status.last_log_index,
        "flushed_index": status.flushed_index,
        "committed_index": status.committed_index,
        // Of the view whose counts and fingerprint follow, so that they belong together.
        "applied_index": published.index,
        "snapshot_index": status.snapshot_index,
        "purged_index": status.purged_index,
        "transaction_number": view.transaction_number(),
        "nodes": view.node_count(),
        "relationships": view.relationship_count(),
        "fingerprint": format!("{:032x}", view.fingerprint()),
        "quorum_acked_ms_ago": status.quorum_acked_ms_ago,
        // Why this node takes no writes at present; it serves reads.
        "shortage": status.shortage,
        "fatal": status.fatal,
        "draining": pages.progress.is_draining(),
        "members": members,
        "standing": standing_name(&status.standing),
        "bolt": status.address.bolt,
        "peer": status.address.peer,
        "http": status.address.http,
        "next_id": status.next_id,
        "change": status.change,
        "version": env!("CARGO_PKG_VERSION"),
    });
    page.to_string()
}

/// `/fingerprints`: the graph's fingerprint after each of the newest entries, oldest first.
pub fn fingerprints(pages: &Pages) -> String {
    let entries: Vec<Value> = pages
        .database
        .shared
        .fingerprints()
        .into_iter()
        .map(|(index, fingerprint)| json!([index, format!("{fingerprint:032x}")]))
        .collect();
    json!({ "id": pages.database.settings.node, "entries": entries }).to_string()
}

/// `/log/INDEX`: when the entry passed which station, in microseconds since it was handed to the leader's log.
pub fn journey(pages: &Pages, index: &str) -> Option<String> {
    let journey = pages.database.raft.journey(index.parse().ok()?)?;
    let followers: serde_json::Map<String, Value> =
        journey.followers_us.iter().map(|(id, us)| (id.to_string(), json!(us))).collect();
    let page = json!({
        "index": journey.index,
        "term": journey.term,
        "flushed_us": journey.flushed_us,
        "followers_us": followers,
        "committed_us": journey.committed_us,
        "applied_us": journey.applied_us,
    });
    Some(page.to_string())
}

fn standing_name(standing: &Standing) -> &'static str {
    match standing {
        Standing::Member => "member",
        Standing::Waiting => "waiting",
        Standing::Removed(_) => "removed",
    }
}

pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Leader => "leader",
        Role::Follower => "follower",
        Role::Candidate => "candidate",
        Role::Learner => "learner",
    }
}

/// Why the node should not be sent clients; None: it is ready.
pub fn not_ready(pages: &Pages) -> Option<String> {
    let status = pages.database.raft.status();
    pages
        .database
        .raft
        .no_member()
        .or_else(|| reason(&status, pages.progress.is_draining(), pages.database.published().index))
}

fn reason(status: &RaftStatus, draining: bool, applied: u64) -> Option<String> {
    if let Some(fatal) = &status.fatal {
        return Some(format!("the node has failed: {fatal}"));
    }
    if draining {
        return Some("the node is stopping".into());
    }
    if status.leader.is_none() {
        return Some("no leader is known".into());
    }
    if applied < status.committed_index {
        return Some(format!("log index {applied} of {} is applied", status.committed_index));
    }
    None
}
