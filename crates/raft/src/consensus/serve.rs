//! What a peer's requests are answered with.

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

use openraft::ReadPolicy;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, TransferLeaderError, TransferLeaderRequest, VoteRequest,
};
use openraft::storage::Snapshot;
use tokio::sync::{Mutex, oneshot};

use super::apply::meta_of;
use super::convert::*;
use super::network::any_error;
use super::snapshots::{SnapshotData, SnapshotHead, SnapshotStore};
use super::types::*;
use crate::StagedState;
use crate::disk::DiskFile;
use crate::log::Vote;
use crate::messages::{Answer, Request, SnapshotChunk};

/// Decodes a snapshot into a state that is not installed yet.
pub(crate) type Decode = fn(&mut dyn io::Read) -> io::Result<StagedState>;

/// The answering half of one node.
pub(crate) struct Server<T: Runtime> {
    pub(crate) raft: Raft<T>,
    pub(crate) snapshots: Option<SnapshotStore>,
    pub(crate) decode: Decode,
    /// The snapshot that is being received; one at a time.
    receiving: Mutex<Option<Receiving>>,
    runtime: PhantomData<T>,
}

struct Receiving {
    name: String,
    file: Arc<dyn DiskFile>,
    received: u64,
}

impl<T: Runtime> Server<T> {
    pub(crate) fn new(raft: Raft<T>, snapshots: Option<SnapshotStore>, decode: Decode) -> Self {
        Server { raft, snapshots, decode, receiving: Mutex::new(None), runtime: PhantomData }
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
        if !chunk.name.starts_with("snap-") || chunk.name.contains(['/', '.']) {
            return Err(io::Error::other("that is no name of a snapshot"));
        }
        let mut receiving = self.receiving.lock().await;
        if chunk.offset == 0 {
            let file = store.begin_receiving(&chunk.name)?;
            *receiving = Some(Receiving { name: chunk.name.clone(), file, received: 0 });
        }
        let Some(current) = receiving.as_mut().filter(|r| r.name == chunk.name && r.received == chunk.offset)
        else {
            return Err(io::Error::other("this piece does not follow the last one: begin again"));
        };
        current.file.write_all_at(&chunk.data, chunk.offset)?;
        current.received += chunk.data.len() as u64;
        if current.received < chunk.total {
            return Ok(Answer::SnapshotChunk { received: current.received });
        }
        let Some(done) = receiving.take() else { return Err(io::Error::other("the snapshot has gone")) };
        let (head, staged) = self.decode_received(store, &done).await?;
        store.finish_receiving(&done.name, &*done.file)?;
        let snapshot = Snapshot {
            meta: meta_of::<T>(&head)?,
            snapshot: SnapshotData { name: Some(done.name), staged: Some(staged) },
        };
        let response = self.raft.install_full_snapshot(open_vote::<T>(chunk.vote), snapshot).await;
        let response = response.map_err(|error| io::Error::other(any_error(error)))?;
        Ok(Answer::SnapshotDone { vote: vote_of::<T>(&response.vote) })
    }

    /// Away from this task: a large snapshot takes seconds.
    async fn decode_received(
        &self,
        store: &SnapshotStore,
        done: &Receiving,
    ) -> io::Result<(SnapshotHead, StagedState)> {
        let (sender, receiver) = oneshot::channel();
        let (store, name, decode) = (store.clone(), done.name.clone(), self.decode);
        T::offload(Box::new(move || {
            let decoded =
                store.open_received(&name).and_then(|(head, mut content)| Ok((head, decode(&mut content)?)));
            drop(sender.send(decoded));
        }));
        receiver.await.map_err(|_| io::Error::other("the thread that reads the snapshot ended early"))?
    }
}

fn vote_of<T: Runtime>(open: &OVote<T>) -> Vote {
    vote::<T>(open)
}
