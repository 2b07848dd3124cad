//! Turns openraft's metrics into what others wait for, counts elections, triggers snapshots, and notices the end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use openraft::async_runtime::WatchReceiver;
use openraft::error::Fatal as Stopped;
use openraft::{AsyncRuntime, Instant as _, RaftTypeConfig, ServerState};

use crate::consensus::convert::log_id;
use crate::limits::ENTRIES_KEPT_MAX;
use crate::log::LogId;
use crate::member::Inner;
use crate::membership::addresses_of;
use crate::news::News;
use crate::runtime::Runtime;
use crate::status::{Metrics, metrics};
use crate::{Fatal, Leadership, LogIndex, NodeId, Standing};

/// How often what has no event of its own is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often a leader without room for its log looks for one that has.
const ASK_FOR_ROOM_EVERY: Duration = Duration::from_secs(2);

pub(crate) async fn watch<T: Runtime>(inner: Arc<Inner<T>>) {
    let mut changes = inner.raft.metrics();
    let mut memory = Memory::default();
    loop {
        let current = metrics(&inner);
        memory.note_elections(&inner, &current);
        memory.note_members(&inner, &current);
        let leader = publish(&inner, &current);
        memory.news.tell_leader(&inner, &current, leader);
        note_followers(&inner, &current);
        if let Err(error) = &current.running_state {
            inner.fail(reason(error));
            return;
        }
        memory.trigger_snapshot(&inner, &current).await;
        memory.purge(&inner, &current).await;
        memory.hand_over_when_full(&inner, &current);
        tokio::select! {
            biased;
            changed = changes.changed() => if changed.is_err() {
                inner.fail(Fatal::Broken("consensus has stopped".into()));
                return;
            },
            () = T::Rt::sleep(LOOK_EVERY) => {
                // Metrics look healthy after a panic in the core; a call that answers is the proof of life.
                if let Err(error) = inner.raft.with_raft_state(|_| ()).await {
                    inner.fail(reason(&error));
                    return;
                }
            }
        }
    }
}

fn reason<C: RaftTypeConfig>(error: &Stopped<C>) -> Fatal {
    let why = format!("consensus has stopped: {error}");
    match error {
        Stopped::StorageError(_) => Fatal::Disk(why),
        Stopped::Panicked | Stopped::Stopped => Fatal::Broken(why),
    }
}

/// The leader that others are told of.
fn publish<T: Runtime>(inner: &Inner<T>, current: &Metrics<T>) -> Option<NodeId> {
    let mut voters = current.membership_config.membership().voter_ids();
    let is_sole_voter = voters.next() == Some(inner.id) && voters.next().is_none();
    let is_deposed = !is_sole_voter && has_lost_quorum(inner, current);
    let leader = current.current_leader.filter(|leader| *leader != inner.id || !is_deposed);
    inner.watched.leader.send_if_modified(|before| std::mem::replace(before, leader) != leader);
    let ready = lane_opening(inner, current);
    if !is_sole_voter || ready.is_none() {
        inner.watched.decides_alone.store(false, Ordering::Release);
    }
    inner.watched.lane_ready.send_if_modified(|before| match (*before, ready) {
        // The opening stands while the leadership does; its index is that of the moment it was first good.
        (Some((leadership, _)), Some(((now, _), _))) if leadership == now => false,
        (None, Some((_, false))) => false,
        (_, now) => {
            let now = now.filter(|(_, is_applied)| *is_applied).map(|(opening, _)| opening);
            std::mem::replace(before, now) != now
        }
    });
    let decides_alone = is_sole_voter && inner.watched.lane_ready.borrow().is_some();
    inner.watched.decides_alone.store(decides_alone, Ordering::Release);
    leader
}

/// This node leads by name, and has heard from no quorum for as long as others take to replace it. It looks for a leader like
/// anybody else then; what it proposed keeps its leadership, which only a later one ends.
fn has_lost_quorum<T: Runtime>(inner: &Inner<T>, current: &Metrics<T>) -> bool {
    let patience = Duration::from_millis(inner.config.election_timeout_ms_max);
    current.last_quorum_acked.is_some_and(|acked| acked.elapsed() > patience)
}

/// The leadership that a quorum has acknowledged, and whether everything in the log is applied.
fn lane_opening<T: Runtime>(
    inner: &Inner<T>,
    current: &Metrics<T>,
) -> Option<((Leadership, LogIndex), bool)> {
    let leads = current.state == ServerState::Leader && current.current_leader == Some(inner.id);
    if !leads || current.last_quorum_acked.is_none() {
        return None;
    }
    let vote = &current.vote;
    let leadership = Leadership { term: vote.leader_id.term, node: vote.leader_id.node_id };
    let (applied, (_, last)) = (*inner.watched.applied.borrow(), inner.log.ends());
    // The leader's own first entry must be among what is applied.
    let is_own = last.is_some_and(|last| last.leader == leadership);
    Some(((leadership, applied), is_own && last.map_or(0, |last| last.index) == applied))
}

fn note_followers<T: Runtime>(inner: &Inner<T>, current: &Metrics<T>) {
    let mut caught_up = inner.watched.caught_up.lock();
    match &current.replication {
        None => caught_up.clear(),
        Some(replication) => {
            let last = current.last_log_index.unwrap_or(0);
            for (id, matched) in replication {
                let matched = matched.as_ref().map_or(0, |id| id.index());
                if matched >= last || !caught_up.contains_key(id) {
                    caught_up.insert(*id, T::now());
                }
            }
        }
    }
}

/// What the watcher remembers from one look to the next.
struct Memory {
    state: ServerState,
    had_leader: bool,
    snapshot_asked_at: LogIndex,
    bytes_at_snapshot: u64,
    /// The snapshot up to which the log was last shortened.
    purged_for: LogIndex,
    /// When this leader, without room for its log, last looked for one to hand over to.
    asked_for_room_at: Option<Instant>,
    /// The entry of the membership that the links follow.
    membership: Option<LogId>,
    is_removed: bool,
    news: News,
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            state: ServerState::Learner,
            had_leader: false,
            snapshot_asked_at: 0,
            bytes_at_snapshot: 0,
            purged_for: 0,
            asked_for_room_at: None,
            membership: None,
            is_removed: false,
            news: News::default(),
        }
    }
}

impl Memory {
    /// Links follow the newest membership in the log, committed or not: whom it names may have to be asked for a vote.
    fn note_members<T: Runtime>(&mut self, inner: &Inner<T>, current: &Metrics<T>) {
        let of = current.membership_config.log_id().as_ref().map(log_id::<T>);
        if of.is_some() && of != self.membership {
            self.membership = of;
            inner.transport.keep(&addresses_of(current));
            self.news.tell_members(current);
        }
        if !self.is_removed && matches!(inner.roster.standing(), Standing::Removed(_)) {
            self.is_removed = true;
            inner.raft.runtime_config().elect(false);
        }
    }

    fn note_elections<T: Runtime>(&mut self, inner: &Inner<T>, current: &Metrics<T>) {
        if current.state != self.state {
            match current.state {
                ServerState::Candidate => {
                    inner.count_election(false);
                    if self.had_leader {
                        inner.watched.heartbeat_timeouts.fetch_add(1, Ordering::Relaxed);
                    }
                }
                ServerState::Leader => {
                    // A short candidacy can fall between two looks.
                    if self.state != ServerState::Candidate {
                        inner.count_election(false);
                    }
                    inner.count_election(true);
                }
                _ => {}
            }
            self.state = current.state;
        }
        self.had_leader = current.current_leader.is_some_and(|leader| leader != inner.id);
    }

    /// Behind a new snapshot the log is shortened, but for what a follower may need that was away for a moment.
    async fn purge<T: Runtime>(&mut self, inner: &Inner<T>, current: &Metrics<T>) {
        let snapshot = current.snapshot.as_ref().map_or(0, |id| id.index());
        if snapshot <= self.purged_for {
            return;
        }
        self.purged_for = snapshot;
        let entries = ENTRIES_KEPT_MAX.min(inner.config.snapshot_log_entries);
        let bytes = inner.config.snapshot_log_bytes;
        if let Some(up_to) = inner.log.to_purge(snapshot, entries, bytes)
            && let Err(error) = inner.raft.trigger().purge_log(up_to).await
        {
            tracing::warn!("the log could not be shortened: {error}");
        }
    }

    /// A leader whose log has no room gives way to a member whose log has. Alone, or with all disks full, it stays.
    fn hand_over_when_full<T: Runtime>(&mut self, inner: &Arc<Inner<T>>, current: &Metrics<T>) {
        let is_due = self.asked_for_room_at.is_none_or(|at| T::now() - at >= ASK_FOR_ROOM_EVERY);
        if current.state != ServerState::Leader || inner.log.shortage().is_none() || !is_due {
            return;
        }
        self.asked_for_room_at = Some(T::now());
        let inner = Arc::clone(inner);
        // Beside the watching: a peer may take its time to answer.
        drop(T::Rt::spawn(async move { inner.hand_over_to_one_with_room().await }));
    }

    /// When the log since the last snapshot is long enough, in entries or bytes, and no longer small beside that snapshot: a
    /// large graph is not written anew for every few changes.
    async fn trigger_snapshot<T: Runtime>(&mut self, inner: &Inner<T>, current: &Metrics<T>) {
        let applied = *inner.watched.applied.borrow();
        let since = current.snapshot.as_ref().map_or(0, |id| id.index()).max(self.snapshot_asked_at);
        let bytes = inner.log.status().bytes_held;
        let is_long = applied.saturating_sub(since) >= inner.config.snapshot_log_entries;
        // A purge makes the log shorter: what counts is what came since.
        self.bytes_at_snapshot = self.bytes_at_snapshot.min(bytes);
        let new_bytes = bytes - self.bytes_at_snapshot;
        let is_large = new_bytes >= inner.config.snapshot_log_bytes;
        let share = inner.snapshot_bytes().saturating_mul(inner.config.snapshot_log_percent) / 100;
        if applied > since && (is_long || is_large) && new_bytes >= share {
            self.snapshot_asked_at = applied;
            self.bytes_at_snapshot = bytes;
            if let Err(error) = inner.raft.trigger().snapshot().await {
                tracing::warn!("a snapshot could not be started: {error}");
            }
        }
    }
}
