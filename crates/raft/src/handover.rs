//! A leader gives its leadership to another voter.
//!
//! From the moment openraft is asked, the leader takes no writes and sends no heartbeats, and nothing takes that back: if the
//! chosen node cannot take over, everybody waits for an election. So it is asked only for a node that has answered just now
//! and is not far behind, and until there is one the leader leads on. Should the leadership be lost in between and come
//! back (the election was won by the same node again), it is given away once more: what was asked for is that another leads.

use std::time::Duration;

use openraft::async_runtime::WatchReceiver;
use openraft::{AsyncRuntime, Instant as _, ServerState};

use crate::limits::HANDOVER_LAG_ENTRIES_MAX;
use crate::member::{Inner, Member};
use crate::messages::{Answer, Request};
use crate::network::Lane;
use crate::runtime::Runtime;
use crate::status::{self, Metrics, metrics};
use crate::{NodeId, ReadError};

/// How often it is looked again when nothing has been heard of.
const LOOK_EVERY: Duration = Duration::from_millis(10);

impl<T: Runtime> Member<T> {
    /// Hand leadership to `to`, or to the most advanced follower; resolves when another node leads (or at the timeout).
    ///
    /// # Errors
    /// `NoLeader` when this node does not lead or there is no other voter (`to` is none); `Timeout`.
    pub async fn transfer_leadership(
        &self,
        to: Option<NodeId>,
        timeout: Duration,
    ) -> Result<NodeId, ReadError> {
        T::Rt::timeout(timeout, self.inner.hand_over(to)).await.unwrap_or(Err(ReadError::Timeout))
    }
}

impl<T: Runtime> Inner<T> {
    async fn hand_over(&self, to: Option<NodeId>) -> Result<NodeId, ReadError> {
        let mut changes = self.raft.metrics();
        if metrics(self).state != ServerState::Leader {
            return Err(ReadError::NoLeader);
        }
        let fatal = |error: &dyn std::fmt::Display| ReadError::Fatal(error.to_string());
        // The leadership that has been given away.
        let mut given = None;
        loop {
            let now = metrics(self);
            if let Some(leader) = now.current_leader.filter(|leader| *leader != self.id) {
                return Ok(leader);
            }
            if now.state == ServerState::Leader && given != Some(now.vote) {
                if !others(self.id, &now).any(|id| to.is_none_or(|to| to == id)) {
                    return Err(ReadError::NoLeader);
                }
                if let Some(heir) = self.heir(&now, to) {
                    self.raft.trigger().transfer_leader(heir).await.map_err(|error| fatal(&error))?;
                    given = Some(now.vote);
                }
            }
            if let Ok(Err(error)) = T::Rt::timeout(LOOK_EVERY, changes.changed()).await {
                return Err(fatal(&error));
            }
        }
    }

    /// The most advanced voter of those that could lead at once.
    fn heir(&self, now: &Metrics<T>, to: Option<NodeId>) -> Option<NodeId> {
        let last = now.last_log_index.unwrap_or(0);
        let fresh = Duration::from_millis(3 * self.config.heartbeat_interval_ms);
        let (replication, answers) = (now.replication.as_ref()?, now.heartbeat.as_ref()?);
        let able = others(self.id, now).filter(|id| to.is_none_or(|to| to == *id)).filter_map(|id| {
            let matched = replication.get(&id)?.as_ref()?.index();
            let answered = answers.get(&id)?.as_ref()?.elapsed();
            (answered <= fresh && last.saturating_sub(matched) <= HANDOVER_LAG_ENTRIES_MAX)
                .then_some((matched, id))
        });
        able.max().map(|(_, id)| id)
    }

    /// To the most advanced voter that has everything and room for more, if there is one.
    pub(crate) async fn hand_over_to_one_with_room(&self) {
        let status = status::collect(self);
        let ttl = Duration::from_millis(self.config.election_timeout_ms_max);
        for member in status.members.iter().filter(|member| member.voter && member.lag_entries == Some(0)) {
            let asked = self.transport.call(member.id, Lane::Heartbeat, Request::Room.encode(), ttl).await;
            if !matches!(asked.map(Answer::decode), Ok(Ok(Answer::Room { has_room: true }))) {
                continue;
            }
            tracing::warn!("no room for the log here: leadership goes to node {}", member.id);
            if let Err(error) = self.raft.trigger().transfer_leader(member.id).await {
                tracing::warn!("leadership could not be handed over: {error}");
            }
            return;
        }
    }
}

fn others<T: Runtime>(me: NodeId, now: &Metrics<T>) -> impl Iterator<Item = NodeId> {
    now.membership_config.membership().voter_ids().filter(move |id| *id != me)
}
