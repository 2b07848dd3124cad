//! What a node can say about itself: watched values, and the status assembled from them, the log and openraft's metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use openraft::async_runtime::WatchReceiver;
use openraft::{Instant as _, ServerState};
use parking_lot::Mutex;

use crate::consensus::types::Cfg;
use crate::member::Inner;
use crate::runtime::Runtime;
use crate::{Fatal, Leadership, LogIndex, MemberStatus, NodeId, RaftStatus, Role, watch};

pub(crate) type Metrics<T> = openraft::RaftMetrics<Cfg<T>>;

/// Peers that are sent a snapshot: bytes that have arrived there, and all of them.
pub(crate) type Sending = Arc<Mutex<BTreeMap<NodeId, (u64, u64)>>>;

/// Kept up to date by the watcher and the apply task.
pub(crate) struct Watched {
    pub(crate) applied: Arc<watch::Sender<LogIndex>>,
    pub(crate) leader: watch::Sender<Option<NodeId>>,
    pub(crate) lane_ready: watch::Sender<Option<(Leadership, LogIndex)>>,
    pub(crate) fatal: watch::Sender<Option<Fatal>>,
    /// It was told to stop.
    pub(crate) is_stopping: AtomicBool,
    /// The membership in force has this node as its only voter, and its lane is ready. Apart from `lane_ready`, since
    /// every read asks, and looking into a watch takes its lock.
    pub(crate) decides_alone: AtomicBool,
    pub(crate) elections_started: AtomicU64,
    pub(crate) elections_won: AtomicU64,
    pub(crate) heartbeat_timeouts: AtomicU64,
    /// When each follower last had everything.
    pub(crate) caught_up: Mutex<BTreeMap<NodeId, Instant>>,
    pub(crate) sending: Sending,
    /// The change of members that goes on.
    pub(crate) change: Mutex<Option<String>>,
}

impl Default for Watched {
    fn default() -> Self {
        Watched {
            applied: Arc::new(watch::Sender::new(0)),
            leader: watch::Sender::new(None),
            lane_ready: watch::Sender::new(None),
            fatal: watch::Sender::new(None),
            is_stopping: AtomicBool::new(false),
            decides_alone: AtomicBool::new(false),
            elections_started: AtomicU64::new(0),
            elections_won: AtomicU64::new(0),
            heartbeat_timeouts: AtomicU64::new(0),
            caught_up: Mutex::default(),
            sending: Sending::default(),
            change: Mutex::default(),
        }
    }
}

/// A copy, at once: a borrowed value would block consensus.
pub(crate) fn metrics<T: Runtime>(inner: &Inner<T>) -> Metrics<T> {
    inner.raft.metrics().borrow_watched().clone()
}

pub(crate) fn collect<T: Runtime>(inner: &Inner<T>) -> RaftStatus {
    let (metrics, log, watched) = (metrics(inner), inner.log.status(), &inner.watched);
    let applied_index = *watched.applied.borrow();
    let last_log_index = log.last.map_or(0, |id| id.index);
    let committed = metrics.cluster_committed.as_ref().or(metrics.local_committed.as_ref());
    RaftStatus {
        id: inner.id,
        cluster_id: inner.roster.identity().cluster_text(),
        role: match metrics.state {
            ServerState::Leader => Role::Leader,
            ServerState::Follower => Role::Follower,
            ServerState::Candidate => Role::Candidate,
            _ => Role::Learner,
        },
        term: metrics.current_term,
        leader: metrics.current_leader,
        last_log_index,
        flushed_index: log.flushed_index.min(last_log_index),
        committed_index: committed.map_or(0, |id| id.index()).max(applied_index),
        applied_index,
        snapshot_index: metrics.snapshot.as_ref().map_or(0, |id| id.index()),
        snapshot_bytes: inner.snapshot_bytes(),
        purged_index: log.purged.map_or(0, |id| id.index),
        members: members(inner, &metrics, last_log_index),
        standing: inner.roster.standing(),
        address: inner.config.members.get(&inner.id).cloned().unwrap_or_default(),
        next_id: next_id(inner, &metrics),
        change: change(inner, &metrics),
        elections_started: watched.elections_started.load(Ordering::Relaxed),
        elections_won: watched.elections_won.load(Ordering::Relaxed),
        heartbeat_timeouts: watched.heartbeat_timeouts.load(Ordering::Relaxed),
        fsyncs: log.fsyncs,
        log_bytes: log.bytes_held,
        quorum_acked_ms_ago: metrics.last_quorum_acked.map(|at| at.elapsed().as_millis() as u64),
        shortage: inner.log.shortage().map(|why| why.to_string()),
        fatal: watched.fatal.borrow().as_ref().map(ToString::to_string),
    }
}

/// Nor may it be one that a change which is not committed yet has taken.
fn next_id<T: Runtime>(inner: &Inner<T>, metrics: &Metrics<T>) -> NodeId {
    let taken = metrics.membership_config.membership().nodes().map(|(id, _)| *id).max();
    inner.roster.ids_max().max(taken.unwrap_or(0)) + 1
}

fn change<T: Runtime>(inner: &Inner<T>, metrics: &Metrics<T>) -> Option<String> {
    let going_on = inner.watched.change.lock().clone();
    let is_joint = metrics.membership_config.membership().get_joint_config().len() > 1;
    going_on.or_else(|| is_joint.then(|| "the voters are being changed".to_owned()))
}

fn members<T: Runtime>(
    inner: &Inner<T>,
    metrics: &Metrics<T>,
    last_log_index: LogIndex,
) -> Vec<MemberStatus> {
    let membership = metrics.membership_config.membership();
    let voters: Vec<NodeId> = membership.voter_ids().collect();
    let caught_up = inner.watched.caught_up.lock();
    membership
        .nodes()
        .map(|(id, record)| {
            let answered = metrics.heartbeat.as_ref().and_then(|all| *all.get(id)?);
            let replication = metrics.replication.as_ref().filter(|_| *id != inner.id);
            let matched =
                replication.map(|of| of.get(id).and_then(|id| id.as_ref()).map_or(0, |id| id.index()));
            let lag_entries = matched.map(|matched| last_log_index.saturating_sub(matched));
            let lag_ms = lag_entries.map(|lag| match (lag, caught_up.get(id)) {
                (0, _) => 0,
                (_, Some(when)) => T::now().saturating_duration_since(*when).as_millis() as u64,
                (_, None) => 0,
            });
            MemberStatus {
                id: *id,
                address: record.address.clone(),
                voter: voters.contains(id),
                matched,
                lag_entries,
                lag_ms,
                answered_ms_ago: answered.map(|at| at.elapsed().as_millis() as u64),
                snapshot_bytes: inner.watched.sending.lock().get(id).copied(),
            }
        })
        .collect()
}
