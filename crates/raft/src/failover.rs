//! A leader whose process is gone is replaced at once, without waiting for its heartbeats to stay away.
//!
//! When a process dies its kernel closes its connections and refuses new ones. A follower sees both within a millisecond: the
//! leader's heartbeat connection ends, and dialling its address is refused. A hang, a cut network or a dead machine shows
//! neither; there the election timeout works as ever.
//!
//! If every survivor campaigned they would split the votes, so they agree first: each asks the others how far their logs
//! go, and only the one that is furthest (of equal ones the one with the largest id) takes over, as if the leader had
//! handed leadership to it. The request for votes says so, and voters do not wait for the leader's lease to end. Should the
//! furthest one not have noticed, nobody goes first, and the timeout decides.
//!
//! Safe if the alarm is false: it is an election like any other, and the fence sorts out what the old leader still proposes.
//! But a leader that lives and is deposed this way may believe in its lease: reads on the lease alone must not be offered
//! while this is on (`docs/decisions/0353-a-dead-process-is-replaced-at-once.md`). There are none.

use std::time::Duration;

use openraft::AsyncRuntime;
use openraft::raft::TransferLeaderRequest;

use crate::log::Vote;
use crate::member::Member;
use crate::messages::{Answer, Request};
use crate::network::Lane;
use crate::runtime::Runtime;
use crate::{Leadership, NodeId};

/// How long the other survivors have to say how far their logs go.
const ASK_TIMEOUT: Duration = Duration::from_millis(30);

impl<T: Runtime> Member<T> {
    /// The process of a peer is certainly gone. If it led, and nobody is better placed, take over.
    pub(crate) async fn peer_is_gone(&self, peer: NodeId) {
        if self.leader_now() != Some(peer) {
            return;
        }
        let inner = &self.inner;
        let Some(flushed) = inner.raft.watch_log_progress().get() else { return };
        let own = (inner.log.ends().1, inner.id);
        let members = self.status().members;
        if !members.iter().any(|member| member.voter && member.id == inner.id) {
            return;
        }
        let voters: Vec<NodeId> = members
            .into_iter()
            .filter(|member| member.voter && member.id != inner.id && member.id != peer)
            .map(|member| member.id)
            .collect();
        // A trial vote changes nothing; its answer says how far the other's log goes.
        let term = self.status().term + 1;
        let vote = Vote { leader: Leadership { term, node: inner.id }, committed: false };
        let question = Request::PreVote { vote, last: own.0, transfer: true }.encode();
        let asked = voters.iter().map(|voter| {
            let call = inner.transport.call(*voter, Lane::Heartbeat, question.clone(), ASK_TIMEOUT);
            async move { (*voter, call.await.ok().and_then(|answer| Answer::decode(answer).ok())) }
        });
        let answers = futures_util::future::join_all(asked).await;
        let is_behind = answers.iter().any(|(voter, answer)| match answer {
            Some(Answer::Vote { last, .. }) => (*last, *voter) > own,
            _ => false,
        });
        if is_behind || self.leader_now() != Some(peer) {
            return;
        }
        tracing::info!("the process of node {peer}, which led, is gone: this node stands for election");
        let request = TransferLeaderRequest::new(flushed.vote, inner.id, flushed.last_log_id);
        match inner.raft.handle_transfer_leader(request).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("it cannot: {error}"),
            // The watcher finds out what has happened to the node.
            Err(error) => tracing::debug!("it cannot: {error}"),
        }
    }

    /// In a moment, if the peer's process is gone by then: `is_refused` tells whether its address refuses connections.
    pub(crate) async fn look_after<F>(&self, peer: NodeId, is_refused: impl Fn() -> F)
    where
        F: Future<Output = bool>,
    {
        // The kernel closes the sockets of a process one after the other.
        for pause_ms in [0, 2, 5, 10, 20] {
            T::Rt::sleep(Duration::from_millis(pause_ms)).await;
            if self.leader_now() != Some(peer) {
                return;
            }
            if is_refused().await {
                return self.peer_is_gone(peer).await;
            }
        }
    }
}
