//! openraft's calls to peers, put into messages of our own and sent over a [`Transport`].

use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use openraft::error::{NetworkError, RPCError, ReplicationClosed, StreamingError, Timeout, Unreachable};
use openraft::network::{RPCOption, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::storage::Snapshot;
use openraft::{AnyError, OptionalSend, RPCTypes};

use super::convert::*;
use super::snapshots::SnapshotData;
use super::types::*;
use crate::NodeId;
use crate::journey::Journeys;
use crate::messages::{Answer, Request, SnapshotChunk};
use crate::network::{CallError, Lane, Transport};
use crate::runtime::offloaded;
use crate::status::Sending;

#[derive(Clone)]
pub(crate) struct Network<T> {
    pub(crate) me: NodeId,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) snapshot_chunk_bytes: usize,
    pub(crate) journeys: Arc<Journeys>,
    /// Bytes of the snapshot that each peer is sent: those that have arrived, and all.
    pub(crate) sending: Sending,
    pub(crate) runtime: PhantomData<T>,
}

/// Calls to one peer over one lane. Making one is free: it does not connect.
pub(crate) struct Peer<T> {
    network: Network<T>,
    to: NodeId,
    lane: Lane,
}

impl<T: Runtime> RaftNetworkFactory<Cfg<T>> for Network<T> {
    type Network = Peer<T>;

    async fn new_client(&mut self, to: NodeId, peer: &MemberRecord) -> Peer<T> {
        self.transport.meet(to, &peer.address);
        Peer { network: self.clone(), to, lane: Lane::Append }
    }

    async fn new_heartbeat_client(&mut self, to: NodeId, peer: &MemberRecord) -> Peer<T> {
        self.transport.meet(to, &peer.address);
        Peer { network: self.clone(), to, lane: Lane::Heartbeat }
    }

    async fn new_snapshot_client(&mut self, to: NodeId, peer: &MemberRecord) -> Peer<T> {
        self.transport.meet(to, &peer.address);
        Peer { network: self.clone(), to, lane: Lane::Snapshot }
    }
}

impl<T: Runtime> Peer<T> {
    async fn call(&self, lane: Lane, request: Request, ttl: Duration) -> Result<Answer, CallError> {
        let answer = self.network.transport.call(self.to, lane, request.encode(), ttl).await?;
        Answer::decode(answer).map_err(|error| CallError::Broken(error.to_string()))
    }

    fn rpc_error(&self, error: CallError, kind: RPCTypes, ttl: Duration) -> RPCError<Cfg<T>> {
        match error {
            CallError::Timeout => RPCError::Timeout(Timeout {
                action: kind,
                id: self.network.me,
                target: self.to,
                timeout: ttl,
            }),
            CallError::Unreachable(_) => RPCError::Unreachable(Unreachable::new(&error)),
            CallError::Broken(_) => RPCError::Network(NetworkError::new(&error)),
        }
    }

    async fn ask(
        &self,
        lane: Lane,
        request: Request,
        kind: RPCTypes,
        ttl: Duration,
    ) -> Result<Answer, RPCError<Cfg<T>>> {
        match self.call(lane, request, ttl).await {
            Ok(Answer::Refused(why)) => Err(self.rpc_error(CallError::Broken(why), kind, ttl)),
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.rpc_error(error, kind, ttl)),
        }
    }

    fn unexpected(&self, kind: RPCTypes, ttl: Duration) -> RPCError<Cfg<T>> {
        self.rpc_error(CallError::Broken("an answer of another kind".into()), kind, ttl)
    }

    async fn ask_vote(
        &self,
        request: Request,
        ttl: Duration,
    ) -> Result<VoteResponse<Cfg<T>>, RPCError<Cfg<T>>> {
        match self.ask(Lane::Heartbeat, request, RPCTypes::Vote, ttl).await? {
            Answer::Vote { vote, granted, last } => Ok(VoteResponse {
                vote: open_vote::<T>(vote),
                vote_granted: granted,
                last_log_id: last.map(open_log_id::<T>),
            }),
            _ => Err(self.unexpected(RPCTypes::Vote, ttl)),
        }
    }

    async fn send_snapshot(
        &self,
        sender: crate::log::Vote,
        snapshot: Snapshot<LeaderId, u64, MemberRecord, SnapshotData>,
        ttl: Duration,
    ) -> Result<crate::log::Vote, CallError> {
        let outcome = self.send_pieces(sender, snapshot, ttl).await;
        self.network.sending.lock().remove(&self.to);
        outcome
    }

    async fn send_pieces(
        &self,
        sender: crate::log::Vote,
        snapshot: Snapshot<LeaderId, u64, MemberRecord, SnapshotData>,
        ttl: Duration,
    ) -> Result<crate::log::Vote, CallError> {
        let broken = |error: io::Error| CallError::Broken(error.to_string());
        let Some(file) = snapshot.snapshot.file else {
            return Err(CallError::Broken(
                "this node keeps nothing on disk and has no snapshot to send".into(),
            ));
        };
        let total = file.content.len().map_err(broken)?;
        let mut offset = 0;
        loop {
            self.network.sending.lock().insert(self.to, (offset, total));
            let (content, len) = (Arc::clone(&file.content), self.network.snapshot_chunk_bytes);
            let read = offloaded::<T, _>(move || {
                let mut data = vec![0; len.min((total - offset) as usize)];
                content.read_exact_at(&mut data, offset).map(|()| data)
            });
            let data = read.await.and_then(|data| data).map_err(broken)?;
            let name = file.name.clone();
            let chunk = SnapshotChunk { vote: sender, name, offset, total, data: data.into() };
            let len = chunk.data.len() as u64;
            match self.call(Lane::Snapshot, Request::SnapshotChunk(chunk), ttl).await? {
                Answer::SnapshotChunk { received } if received == offset + len => offset = received,
                Answer::SnapshotDone { vote } => return Ok(vote),
                Answer::Refused(why) => return Err(CallError::Broken(why)),
                _ => {
                    return Err(CallError::Broken(
                        "the peer answered a snapshot's piece with something else".into(),
                    ));
                }
            }
        }
    }
}

impl<T: Runtime> RaftNetworkV2<Cfg<T>> for Peer<T> {
    type SnapshotData = SnapshotData;

    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<Cfg<T>>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<Cfg<T>>, RPCError<Cfg<T>>> {
        let ttl = option.hard_ttl();
        // A heartbeat must never wait behind entries, whoever sends it.
        let lane = if rpc.entries.is_empty() { Lane::Heartbeat } else { self.lane };
        let last = rpc.entries.last().map(|entry| entry.log_id.index());
        let request = Request::Append {
            vote: vote::<T>(&rpc.vote),
            previous: rpc.prev_log_id.as_ref().map(log_id::<T>),
            committed: rpc.leader_commit.as_ref().map(log_id::<T>),
            entries: rpc.entries.into_iter().map(log_entry::<T>).collect(),
        };
        match self.ask(lane, request, RPCTypes::AppendEntries, ttl).await? {
            Answer::AppendSuccess => {
                if let Some(last) = last {
                    self.network.journeys.note_follower(self.to, last);
                }
                Ok(AppendEntriesResponse::Success)
            }
            Answer::AppendPartial(last) => {
                Ok(AppendEntriesResponse::PartialSuccess(last.map(open_log_id::<T>)))
            }
            Answer::AppendConflict => Ok(AppendEntriesResponse::Conflict),
            Answer::AppendHigherVote(vote) => Ok(AppendEntriesResponse::HigherVote(open_vote::<T>(vote))),
            _ => Err(self.unexpected(RPCTypes::AppendEntries, ttl)),
        }
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<Cfg<T>>,
        option: RPCOption,
    ) -> Result<VoteResponse<Cfg<T>>, RPCError<Cfg<T>>> {
        let last = rpc.last_log_id.as_ref().map(log_id::<T>);
        let request = Request::Vote { vote: vote::<T>(&rpc.vote), last, transfer: rpc.leadership_transfer };
        self.ask_vote(request, option.hard_ttl()).await
    }

    async fn pre_vote(
        &mut self,
        rpc: VoteRequest<Cfg<T>>,
        option: RPCOption,
    ) -> Result<VoteResponse<Cfg<T>>, RPCError<Cfg<T>>> {
        let last = rpc.last_log_id.as_ref().map(log_id::<T>);
        let request =
            Request::PreVote { vote: vote::<T>(&rpc.vote), last, transfer: rpc.leadership_transfer };
        self.ask_vote(request, option.hard_ttl()).await
    }

    async fn full_snapshot(
        &mut self,
        sender: OVote<T>,
        snapshot: Snapshot<LeaderId, u64, MemberRecord, SnapshotData>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<Cfg<T>>, StreamingError<Cfg<T>>> {
        let sending = std::pin::pin!(self.send_snapshot(vote::<T>(&sender), snapshot, option.hard_ttl()));
        let cancel = std::pin::pin!(cancel);
        match futures_util::future::select(sending, cancel).await {
            futures_util::future::Either::Left((Ok(vote), _)) => {
                Ok(SnapshotResponse::new(open_vote::<T>(vote)))
            }
            futures_util::future::Either::Left((Err(error), _)) => {
                Err(StreamingError::Unreachable(Unreachable::new(&error)))
            }
            futures_util::future::Either::Right((closed, _)) => Err(StreamingError::Closed(closed)),
        }
    }

    async fn transfer_leader(
        &mut self,
        rpc: TransferLeaderRequest<Cfg<T>>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Cfg<T>>, RPCError<Cfg<T>>> {
        let ttl = option.hard_ttl();
        let request = Request::Transfer {
            from: vote::<T>(rpc.from_leader()),
            to: *rpc.to_node_id(),
            last: rpc.last_log_id().map(log_id::<T>),
        };
        match self.ask(Lane::Heartbeat, request, RPCTypes::TransferLeader, ttl).await? {
            Answer::TransferTaken => Ok(Ok(())),
            Answer::TransferVoteChanged { expected, actual } => {
                Ok(Err(openraft::raft::TransferLeaderError::VoteChanged {
                    expected: open_vote::<T>(expected),
                    actual: open_vote::<T>(actual),
                }))
            }
            Answer::TransferNotFlushed { expected, actual } => {
                Ok(Err(openraft::raft::TransferLeaderError::LogNotFlushed {
                    expected: expected.map(open_log_id::<T>),
                    actual: actual.map(open_log_id::<T>),
                }))
            }
            _ => Err(self.unexpected(RPCTypes::TransferLeader, ttl)),
        }
    }
}

/// For errors that have no openraft type of their own.
pub(crate) fn any_error(what: impl std::fmt::Display) -> AnyError {
    AnyError::error(what.to_string())
}
