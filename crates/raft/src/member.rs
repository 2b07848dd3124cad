//! One member of one group, whatever it runs on: consensus over a log, a state machine and a transport.
//!
//! `open` recovers the log, loads the newest snapshot and builds consensus on both; `form_cluster` begins the conversation.
//! A proposer task hands proposals in, in the order in which they were given; a watcher ([`crate::watcher`]) turns openraft's
//! metrics into what others wait for: who leads, whether a lane may open, whether the node is finished. Generic over the
//! runtime: [`RaftNode`](crate::RaftNode) is a member on tokio with sockets and directories, a simulation brings its own.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{AbortHandle, abortable};
use openraft::async_runtime::WatchReceiver;
use openraft::error::{ClientWriteError, InitializeError, RaftError};
use openraft::impls::ProgressResponder;
use openraft::{AsyncRuntime, ReadPolicy};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::consensus::apply::Machine;
use crate::consensus::network::Network;
use crate::consensus::serve::Server;
use crate::consensus::snapshots::SnapshotStore;
use crate::consensus::store::LogStore;
use crate::consensus::types::{Cfg, MemberRecord, Proposal, Raft};
use crate::ground::Ground;
use crate::identity::DirectoryLock;
use crate::journey::{Journey, Journeys};
use crate::limits::PROPOSALS_QUEUED_MAX;
use crate::log::{Log, LogOptions};
use crate::membership::{self, Asked};
use crate::messages::{Answer, Request};
use crate::network::{Answerer, Lane, Transport};
use crate::roster::Roster;
use crate::runtime::Runtime;
use crate::status::{Watched, metrics};
use crate::{
    Applied, Fatal, Leadership, LogIndex, NodeAddress, NodeConfig, NodeId, ProposeError, RaftStatus,
    ReadError, Standing, StateMachine, status, watch, watcher,
};

type Responded<T> = openraft::raft::ClientWriteResponse<Cfg<T>>;
type WriteOutcome<T> = Result<Responded<T>, ClientWriteError<Cfg<T>>>;
type Done<T> = <<T as Runtime>::Rt as AsyncRuntime>::Oneshot;
type DoneReceiver<T> = <Done<T> as openraft::async_runtime::Oneshot>::Receiver<WriteOutcome<T>>;

struct Handed<T: Runtime> {
    payload: Bytes,
    outcome: oneshot::Sender<DoneReceiver<T>>,
}

pub(crate) struct Inner<T: Runtime> {
    pub(crate) id: NodeId,
    pub(crate) raft: Raft<T>,
    pub(crate) log: Log,
    pub(crate) config: NodeConfig,
    pub(crate) roster: Arc<Roster>,
    pub(crate) watched: Watched,
    server: Arc<Server<T>>,
    journeys: Arc<Journeys>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) changes: mpsc::Sender<Asked>,
    proposals: mpsc::Sender<Handed<T>>,
    tasks: Mutex<Vec<AbortHandle>>,
    /// Given up by `shutdown`, so that the directory can be opened again while handles are still about.
    lock: Mutex<Option<DirectoryLock>>,
}

impl<T: Runtime> Inner<T> {
    /// The size of the newest snapshot's file; 0: there is none.
    pub(crate) fn snapshot_bytes(&self) -> u64 {
        self.server.snapshots.as_ref().map_or(0, SnapshotStore::newest_bytes)
    }
}

/// A running member. Cheap to clone.
pub struct Member<T: Runtime> {
    pub(crate) inner: Arc<Inner<T>>,
}

impl<T: Runtime> Clone for Member<T> {
    fn clone(&self) -> Self {
        Member { inner: Arc::clone(&self.inner) }
    }
}

/// Recover the log, and let its writer run.
fn open_log<T: Runtime>(config: &NodeConfig, ground: &Ground) -> io::Result<Log> {
    let Some(disks) = &ground.disks else { return Ok(Log::in_memory()) };
    let options = LogOptions { segment_bytes: config.segment_bytes, sync: config.sync, group: 0 };
    let (log, writer, repair) = Log::open(Arc::clone(&disks.log), ground.roster.identity().owner(), options)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
    if let Some(repair) = repair {
        tracing::warn!(
            "{}: a torn tail of {} bytes at offset {} was cut off: a write that was not finished when the node last stopped, \
             and was never acknowledged",
            repair.file,
            repair.bytes,
            repair.offset
        );
    }
    T::run_writer(writer)?;
    Ok(log)
}

impl<T: Runtime> Member<T> {
    /// Recover what the disks hold and build consensus on it. Its tasks are spawned onto the current runtime.
    ///
    /// # Errors
    /// When the log or the newest snapshot is damaged.
    pub async fn open(
        config: NodeConfig,
        machine: Box<dyn StateMachine>,
        ground: Ground,
    ) -> io::Result<Self> {
        let log = open_log::<T>(&config, &ground)?;
        let cluster = ground.roster.identity().cluster;
        let snapshots = match &ground.disks {
            Some(disks) => Some(SnapshotStore::open(Arc::clone(&disks.snapshots), cluster)?),
            None => None,
        };
        let settings = crate::consensus::config::build(&config).map_err(io::Error::other)?;
        let watched = Watched::default();
        let decode = machine.decode_snapshot();
        let machine = Machine::<T>::open(
            machine,
            snapshots.clone(),
            Arc::clone(&watched.applied),
            Arc::clone(&ground.roster),
        )?;
        let journeys = Arc::new(Journeys::new(T::now));
        let network = Network::<T> {
            me: config.node_id,
            transport: Arc::clone(&ground.transport),
            snapshot_chunk_bytes: ground.snapshot_chunk_bytes,
            journeys: Arc::clone(&journeys),
            sending: Arc::clone(&watched.sending),
            runtime: std::marker::PhantomData,
        };
        let store = LogStore::new(log.clone(), Arc::clone(&journeys), Arc::clone(&ground.roster));
        let raft = openraft::Raft::new(config.node_id, Arc::new(settings), network, store, machine)
            .await
            .map_err(io::Error::other)?;
        // Once the core answers, its status is that of the log, members included, and not of a node that knows nothing.
        raft.with_raft_state(|_| ()).await.map_err(io::Error::other)?;
        // What stands in the log, committed or not: who may be spoken to before anything new comes.
        ground.roster.note_known(raft.metrics().borrow_watched().membership_config.membership());
        let members = membership::addresses_of(&raft.metrics().borrow_watched());
        if !members.is_empty() {
            ground.transport.keep(&members);
        }
        let (proposals, handed) = mpsc::channel(PROPOSALS_QUEUED_MAX);
        let (changes, asked) = mpsc::channel(1);
        let inner = Arc::new(Inner {
            id: config.node_id,
            server: Arc::new(Server::<T>::new(raft.clone(), log.clone(), snapshots, decode)),
            raft,
            log,
            config,
            roster: ground.roster,
            watched,
            journeys: Arc::clone(&journeys),
            transport: ground.transport,
            changes,
            proposals,
            tasks: Mutex::default(),
            lock: Mutex::new(ground.lock),
        });
        let member = Member { inner: Arc::clone(&inner) };
        member.spawn(propose_in_order(inner.raft.clone(), handed));
        member.spawn(watcher::watch(Arc::clone(&inner)));
        member.spawn(membership::serve(Arc::clone(&inner), asked));
        member.spawn(note_applied(inner.watched.applied.subscribe(), journeys));
        Ok(member)
    }

    /// A task that `shutdown` ends.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let (task, handle) = abortable(task);
        self.inner.tasks.lock().push(handle);
        // Detached: it ends with its work or by the handle.
        drop(T::Rt::spawn(async move {
            let _ = task.await;
        }));
    }

    /// Begin, wait to be added, or go on. Every first member writes the same first entry, so it does not matter who is there
    /// first. A node that joins writes none: with no membership in its log it neither votes nor stands.
    ///
    /// # Errors
    /// When consensus has stopped already.
    pub async fn form_cluster(&self) -> io::Result<()> {
        let inner = &self.inner;
        let (purged, last) = inner.log.ends();
        if purged.is_none() && last.is_none() {
            if !inner.roster.identity().founder {
                let cluster = inner.roster.identity().cluster_text();
                tracing::info!("node {} waits to be added to cluster {cluster}", inner.id);
                return Ok(());
            }
            let record = |address: &NodeAddress| MemberRecord { address: address.clone(), incarnation: 0 };
            let first: BTreeMap<_, _> =
                inner.config.members.iter().map(|(id, at)| (*id, record(at))).collect();
            match inner.raft.initialize(first).await {
                Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => {}
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        } else if self.is_sole_voter() {
            // Alone there is nobody to wait for.
            inner.raft.trigger().elect(false).await.map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn is_sole_voter(&self) -> bool {
        let now = metrics(&self.inner);
        now.membership_config.membership().voter_ids().eq([self.inner.id])
    }

    /// Answers peers' requests.
    pub fn answerer(&self) -> Answerer {
        let server = Arc::clone(&self.inner.server);
        Arc::new(move |request| {
            let server = Arc::clone(&server);
            Box::pin(async move {
                let answer = match Request::decode(request) {
                    Ok(request) => server.answer(request).await,
                    Err(error) => Answer::Refused(error.to_string()),
                };
                answer.encode()
            })
        })
    }

    /// Hand in a proposal. Calls made in order from one task are appended in that order. The future resolves once the entry
    /// is applied here; it may be dropped (the proposal stands).
    pub fn propose(
        &self,
        payload: Bytes,
    ) -> impl Future<Output = Result<(LogIndex, Applied), ProposeError>> + Send + 'static + use<T> {
        let (sender, receiver) = oneshot::channel();
        let shortage = self.inner.log.shortage();
        let handed = match &shortage {
            None => self.inner.proposals.try_send(Handed { payload, outcome: sender }),
            Some(_) => Ok(()),
        };
        async move {
            // Refused before anything happened.
            if let Some(why) = shortage {
                return Err(ProposeError::NoRoom(why));
            }
            match handed {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(_)) => return Err(ProposeError::NoQuorum),
                Err(mpsc::error::TrySendError::Closed(_)) => {
                    return Err(ProposeError::Fatal("it was shut down".into()));
                }
            }
            let Ok(done) = receiver.await else { return Err(ProposeError::Unknown) };
            match done.await {
                Ok(Ok(response)) => Ok((response.log_id.index(), response.data.0)),
                Ok(Err(error)) => Err(propose_error(&error)),
                Err(_) => Err(ProposeError::Unknown),
            }
        }
    }

    /// Some when this node leads, a quorum has acknowledged it in this term, and everything in its log is applied: the
    /// moment at which a lane may open. Carries the applied index of that moment; stays while the leadership does.
    pub fn lane_ready(&self) -> watch::Receiver<Option<(Leadership, LogIndex)>> {
        self.inner.watched.lane_ready.subscribe()
    }

    /// The leader as far as this node knows. Not this node itself while it has heard from no quorum for an election timeout.
    pub fn leader(&self) -> watch::Receiver<Option<NodeId>> {
        self.inner.watched.leader.subscribe()
    }

    /// The same, now.
    pub fn leader_now(&self) -> Option<NodeId> {
        *self.inner.watched.leader.borrow()
    }

    /// This node leads, is the only voter, and has applied everything that it had in its log when it came to lead: no write
    /// can have been acknowledged that is not applied here, so that a read needs to ask nobody. Whoever else is to vote
    /// has to be added by this node's own log first, and takes an election timeout to lead.
    pub fn decides_alone(&self) -> bool {
        self.inner.watched.decides_alone.load(Ordering::Acquire)
    }

    /// The last index applied here.
    pub fn applied(&self) -> watch::Receiver<LogIndex> {
        self.inner.watched.applied.subscribe()
    }

    /// The log: entries, vote, what is committed. To be looked at, not written to.
    pub fn log(&self) -> &Log {
        &self.inner.log
    }

    /// Linearizable read point: on the leader a round to a quorum, on a follower a request to the leader. Resolves once it
    /// is applied here; with `NoLeader` at once while none is known: whoever asks decides how long to wait for one.
    pub fn read_index(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<LogIndex, ReadError>> + Send + 'static + use<T> {
        let inner = Arc::clone(&self.inner);
        async move {
            let asking = async {
                let index = inner.ask_read_index(timeout).await?;
                let mut applied = inner.watched.applied.subscribe();
                match applied.wait_for(|at| *at >= index).await {
                    Ok(_) => Ok(index),
                    Err(_) => Err(ReadError::Fatal("it was shut down".into())),
                }
            };
            T::Rt::timeout(timeout, asking).await.unwrap_or(Err(ReadError::Timeout))
        }
    }

    /// When an entry passed which station; None when it is too old, or never came by here.
    pub fn journey(&self, index: LogIndex) -> Option<Journey> {
        self.inner.journeys.of(index)
    }

    /// What this node is to its cluster.
    pub fn standing(&self) -> Standing {
        self.inner.roster.standing()
    }

    pub fn status(&self) -> RaftStatus {
        status::collect(&self.inner)
    }

    /// Resolves with the reason when the node has met a fatal error (failed fsync, damaged log): the process must end.
    pub fn fatal(&self) -> impl Future<Output = Fatal> + Send + 'static + use<T> {
        let mut fatal = self.inner.watched.fatal.subscribe();
        async move {
            match fatal.wait_for(Option::is_some).await {
                Ok(Some(reason)) => reason,
                _ => std::future::pending().await,
            }
        }
    }

    /// Begin a snapshot now.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn trigger_snapshot(&self) -> io::Result<()> {
        self.inner.raft.trigger().snapshot().await.map_err(io::Error::other)
    }

    pub async fn shutdown(&self) {
        self.inner.watched.is_stopping.store(true, Ordering::Release);
        if let Err(error) = self.inner.raft.shutdown().await {
            tracing::warn!("consensus did not end cleanly: {error}");
        }
        for task in self.inner.tasks.lock().drain(..) {
            task.abort();
        }
        drop(self.inner.lock.lock().take());
    }
}

impl<T: Runtime> Inner<T> {
    async fn ask_read_index(&self, timeout: Duration) -> Result<LogIndex, ReadError> {
        let leader = *self.watched.leader.borrow();
        match leader {
            None => Err(ReadError::NoLeader),
            Some(leader) if leader == self.id => {
                match self.raft.get_read_linearizer(ReadPolicy::ReadIndex).await {
                    Ok(linearizer) => Ok(linearizer.read_log_id().index()),
                    Err(RaftError::APIError(openraft::error::LinearizableReadError::ForwardToLeader(_))) => {
                        Err(ReadError::NoLeader)
                    }
                    Err(RaftError::APIError(_)) => Err(ReadError::NoQuorum),
                    Err(RaftError::Fatal(error)) => Err(ReadError::Fatal(error.to_string())),
                }
            }
            Some(leader) => {
                let asked =
                    self.transport.call(leader, Lane::Read, Request::ReadIndex.encode(), timeout).await;
                match asked.map(Answer::decode) {
                    Ok(Ok(Answer::ReadIndex { index })) => Ok(index),
                    Ok(_) => Err(ReadError::NoQuorum),
                    Err(_) => Err(ReadError::NoLeader),
                }
            }
        }
    }

    /// The node is finished; the first reason stands.
    pub(crate) fn fail(&self, reason: Fatal) {
        self.watched.fatal.send_if_modified(|fatal| {
            let is_first = fatal.is_none();
            if is_first {
                // Consensus that ends because it was told to is no failure.
                if !self.watched.is_stopping.load(Ordering::Acquire) {
                    tracing::error!("this node must stop: {reason}");
                }
                *fatal = Some(reason);
            }
            is_first
        });
    }

    pub(crate) fn count_election(&self, won: bool) {
        let counter = if won { &self.watched.elections_won } else { &self.watched.elections_started };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn propose_error<T: Runtime>(error: &ClientWriteError<Cfg<T>>) -> ProposeError {
    match error {
        ClientWriteError::ForwardToLeader(forward) => match forward.leader_id {
            Some(leader) => ProposeError::NotLeader { leader: Some(leader) },
            None => ProposeError::NoQuorum,
        },
        // Appended here, then replaced; it may have committed elsewhere.
        ClientWriteError::LogEntryDiscarded(_) => ProposeError::Unknown,
        other => ProposeError::Fatal(other.to_string()),
    }
}

async fn propose_in_order<T: Runtime>(raft: Raft<T>, mut handed: mpsc::Receiver<Handed<T>>) {
    while let Some(Handed { payload, outcome }) = handed.recv().await {
        let (responder, _committed, done) = ProgressResponder::<Cfg<T>, _>::new();
        if raft.client_write_ff(Proposal(payload), Some(responder)).await.is_err() {
            // Dropping `outcome` says that nothing is known; the watcher finds out what has happened to the node.
            continue;
        }
        drop(outcome.send(done));
    }
}

/// Beside the apply task, so that noting never holds it up.
async fn note_applied(mut applied: watch::Receiver<LogIndex>, journeys: Arc<Journeys>) {
    while applied.changed().await.is_ok() {
        let last = *applied.borrow_and_update();
        journeys.note_applied(last);
    }
}
