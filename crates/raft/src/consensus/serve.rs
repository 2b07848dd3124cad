//! What a peer's requests are answered with.

use std::io;
use std::marker::PhantomData;

use openraft::ReadPolicy;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, TransferLeaderError, TransferLeaderRequest, VoteRequest,
};
use openraft::storage::Snapshot;
use tokio::sync::Mutex;

use super::apply::meta_of;
use super::convert::*;
use super::network::any_error;
use super::snapshots::{Decode, Receiving, SnapshotData, SnapshotStore};
use super::types::*;
use crate::log::{Log, Vote};
use crate::messages::{Answer, Request, SnapshotChunk};
use crate::runtime::offloaded;

/// The answering half of one node.
pub(crate) struct Server<T: Runtime> {
    pub(crate) raft: Raft<T>,
    log: Log,
    pub(crate) snapshots: Option<SnapshotStore>,
    pub(crate) decode: Decode,
    /// The snapshot that is being received; one at a time.
    receiving: Mutex<Option<Receiving>>,
    runtime: PhantomData<T>,
}

impl<T: Runtime> Server<T> {
    pub(crate) fn new(raft: Raft<T>, log: Log, snapshots: Option<SnapshotStore>, decode: Decode) -> Self {
        Server { raft, log, snapshots, decode, receiving: Mutex::new(None), runtime: PhantomData }
    }

    pub(crate) async fn answer(&self, request: Request) -> Answer {
        match self.try_answer(request).await {
            Ok(answer) => answer,
            Err(why) => Answer::Refused(why),
        }
    }

    async fn try_answer(&self, request: Request) -> Result<Answer, String> {
        match request {
            Request::Append { vote, previous, committed, entries } => {
                // Before it is accepted: what is accepted must be written, in order, and votes behind it would wait too.
                if let Some(why) = self.log.shortage().filter(|_| !entries.is_empty()) {
                    return Err(why.to_string());
                }
                let entries: io::Result<Vec<_>> = entries.into_iter().map(open_entry::<T>).collect();
                let request = AppendEntriesRequest {
                    vote: open_vote::<T>(vote),
                    prev_log_id: previous.map(open_log_id::<T>),
                    entries: entries.map_err(|error| error.to_string())?,
                    leader_commit: committed.map(open_log_id::<T>),
                };
                let response = self.raft.append_entries(request).await.map_err(|error| error.to_string())?;
                Ok(match response {
                    AppendEntriesResponse::Success => Answer::AppendSuccess,
                    AppendEntriesResponse::PartialSuccess(last) => {
                        Answer::AppendPartial(last.as_ref().map(log_id::<T>))
                    }
                    AppendEntriesResponse::Conflict => Answer::AppendConflict,
                    AppendEntriesResponse::HigherVote(higher) => {
                        Answer::AppendHigherVote(vote_of::<T>(&higher))
                    }
                })
            }
            Request::Vote { vote, last, transfer } => self.answer_vote(vote, last, transfer, false).await,
            Request::PreVote { vote, last, transfer } => self.answer_vote(vote, last, transfer, true).await,
            Request::Transfer { from, to, last } => self.answer_transfer(from, to, last).await,
            Request::SnapshotChunk(chunk) => self.receive(chunk).await.map_err(|error| error.to_string()),
            Request::Room => Ok(Answer::Room { has_room: self.log.shortage().is_none() }),
            Request::ReadIndex => {
                let linearizer = self
                    .raft
                    .get_read_linearizer(ReadPolicy::ReadIndex)
                    .await
                    .map_err(|error| error.to_string())?;
                Ok(Answer::ReadIndex { index: linearizer.read_log_id().index() })
            }
        }
    }

    async fn answer_vote(
        &self,
        candidate: Vote,
        last: Option<crate::log::LogId>,
        transfer: bool,
        is_trial: bool,
    ) -> Result<Answer, String> {
        let mut request = VoteRequest::new(open_vote::<T>(candidate), last.map(open_log_id::<T>));
        request.leadership_transfer = transfer;
        let response =
            if is_trial { self.raft.pre_vote(request).await } else { self.raft.vote(request).await };
        let response = response.map_err(|error| error.to_string())?;
        Ok(Answer::Vote {
            vote: vote_of::<T>(&response.vote),
            granted: response.vote_granted,
            last: response.last_log_id.as_ref().map(log_id::<T>),
        })
    }

    async fn answer_transfer(
        &self,
        from: Vote,
        to: u64,
        last: Option<crate::log::LogId>,
    ) -> Result<Answer, String> {
        let request = TransferLeaderRequest::new(open_vote::<T>(from), to, last.map(open_log_id::<T>));
        let response = self.raft.handle_transfer_leader(request).await.map_err(|error| error.to_string())?;
        Ok(match response {
            Ok(()) => Answer::TransferTaken,
            Err(TransferLeaderError::VoteChanged { expected, actual }) => Answer::TransferVoteChanged {
                expected: vote_of::<T>(&expected),
                actual: vote_of::<T>(&actual),
            },
            Err(TransferLeaderError::LogNotFlushed { expected, actual }) => Answer::TransferNotFlushed {
                expected: expected.as_ref().map(log_id::<T>),
                actual: actual.as_ref().map(log_id::<T>),
            },
        })
    }

    /// Collect pieces in order; the last one verifies, decodes and installs.
    async fn receive(&self, chunk: SnapshotChunk) -> io::Result<Answer> {
        let Some(store) = &self.snapshots else {
            return Err(io::Error::other("this node keeps nothing on disk and takes no snapshot"));
        };
        let mut receiving = self.receiving.lock().await;
        let current = match receiving.take() {
            Some(current) if chunk.offset > 0 && current.name() == chunk.name => current,
            other => {
                other.map_or(Ok(()), Receiving::discard)?;
                store.receive(&chunk.name)?
            }
        };
        let (offset, data) = (chunk.offset, chunk.data);
        let current = offloaded::<T, _>(move || current.with(offset, &data)).await??;
        if current.received() < chunk.total {
            return Ok(Answer::SnapshotChunk { received: receiving.insert(current).received() });
        }
        // Away from this task: reading and flushing a large snapshot takes seconds.
        let decode = self.decode;
        let (file, head, staged) = offloaded::<T, _>(move || current.finish(decode)).await??;
        let snapshot = Snapshot {
            meta: meta_of::<T>(&head)?,
            snapshot: SnapshotData { file: Some(file), staged: Some(staged) },
        };
        let response = self.raft.install_full_snapshot(open_vote::<T>(chunk.vote), snapshot).await;
        let response = response.map_err(|error| io::Error::other(any_error(error)))?;
        Ok(Answer::SnapshotDone { vote: vote_of::<T>(&response.vote) })
    }
}

fn vote_of<T: Runtime>(open: &OVote<T>) -> Vote {
    vote::<T>(open)
}
