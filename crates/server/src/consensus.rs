//! The log as this crate uses it: a Raft member, or, for a database in memory, nothing at all.
//!
//! A database without a directory is one process that keeps nothing: a log that nobody can read back, a disk that is not
//! there and elections among one add threads and no promise. [`Alone`] applies a proposal where it is made
//! (`docs/decisions/0505-in-memory-needs-no-log.md`).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use samyama_raft::{
    Applied, Change, ChangeError, CommittedEntry, Fatal, Histogram, Journey, Leadership, LogIndex,
    MemberStatus, NodeAddress, NodeId, ProposeError, RaftNode, RaftStatus, ReadError, Role, Standing,
    StateMachine, watch,
};
use tokio::net::TcpStream;

use crate::lane::{Log, ReadyReceiver};
use crate::machine::Machine;

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What orders the writes of a database. Cheap to clone.
#[derive(Clone)]
pub enum Consensus {
    Raft(RaftNode),
    Alone(Arc<Alone>),
}

impl Consensus {
    pub fn leader(&self) -> watch::Receiver<Option<NodeId>> {
        match self {
            Consensus::Raft(raft) => raft.leader(),
            Consensus::Alone(alone) => alone.leader.subscribe(),
        }
    }

    /// The leader as far as this node knows, now.
    pub fn leader_now(&self) -> Option<NodeId> {
        match self {
            Consensus::Raft(raft) => raft.leader_now(),
            Consensus::Alone(alone) => Some(alone.node),
        }
    }

    /// Nobody else can have acknowledged anything: what is applied here is all there is.
    pub fn decides_alone(&self) -> bool {
        match self {
            Consensus::Raft(raft) => raft.decides_alone(),
            Consensus::Alone(_) => true,
        }
    }

    /// Asked when this is called, not when the future is polled.
    pub fn read_index(&self, timeout: Duration) -> Boxed<Result<LogIndex, ReadError>> {
        match self {
            Consensus::Raft(raft) => Box::pin(raft.read_index(timeout)),
            Consensus::Alone(alone) => {
                let index = alone.state.lock().index;
                Box::pin(async move { Ok(index) })
            }
        }
    }

    pub async fn open_stream(&self, to: NodeId, timeout: Duration) -> io::Result<TcpStream> {
        match self {
            Consensus::Raft(raft) => raft.open_stream(to, timeout).await,
            Consensus::Alone(_) => {
                Err(io::Error::new(io::ErrorKind::NotFound, "a database in memory has no other members"))
            }
        }
    }

    pub fn status(&self) -> RaftStatus {
        match self {
            Consensus::Raft(raft) => raft.status(),
            Consensus::Alone(alone) => alone.status(),
        }
    }

    /// When an entry passed which station; None for what is too old or was never here.
    pub fn journey(&self, index: LogIndex) -> Option<Journey> {
        match self {
            Consensus::Raft(raft) => raft.journey(index),
            Consensus::Alone(_) => None,
        }
    }

    /// How long the syncs of the log take; None where nothing is synced.
    pub fn sync_times(&self) -> Option<&Histogram> {
        match self {
            Consensus::Raft(raft) => Some(raft.sync_times()),
            Consensus::Alone(_) => None,
        }
    }

    /// Resolves with the reason when the node must be stopped.
    pub async fn fatal(&self) -> Fatal {
        match self {
            Consensus::Raft(raft) => raft.fatal().await,
            Consensus::Alone(_) => std::future::pending().await,
        }
    }

    /// To `to`, or to the most advanced follower.
    pub async fn transfer_leadership(
        &self,
        to: Option<NodeId>,
        timeout: Duration,
    ) -> Result<NodeId, ReadError> {
        match self {
            Consensus::Raft(raft) => raft.transfer_leadership(to, timeout).await,
            Consensus::Alone(alone) => Ok(alone.node),
        }
    }

    /// Take a step of a change of members. It goes on when the future is dropped.
    pub fn change_members(&self, change: Change) -> Boxed<Result<(), ChangeError>> {
        match self {
            Consensus::Raft(raft) => Box::pin(raft.change_members(change)),
            Consensus::Alone(_) => Box::pin(async {
                Err(ChangeError::Refused(
                    "a database in memory has no other members: give it a data directory".into(),
                ))
            }),
        }
    }

    /// Why this node serves nobody: it is no member. None: it is one.
    pub fn no_member(&self) -> Option<String> {
        match self {
            Consensus::Raft(raft) => match raft.standing() {
                Standing::Member => None,
                Standing::Waiting => {
                    Some("this node waits to be added to its cluster: `samyama cluster add`".into())
                }
                Standing::Removed(why) => Some(why),
            },
            Consensus::Alone(_) => None,
        }
    }

    pub async fn shutdown(&self) {
        if let Consensus::Raft(raft) = self {
            raft.shutdown().await;
        }
    }
}

impl Log for Consensus {
    fn propose(&self, payload: Bytes) -> Boxed<Result<(LogIndex, Applied), ProposeError>> {
        match self {
            Consensus::Raft(raft) => Box::pin(raft.propose(payload)),
            Consensus::Alone(alone) => {
                let outcome = alone.append(payload);
                Box::pin(async move { Ok(outcome) })
            }
        }
    }

    fn ready(&self) -> ReadyReceiver {
        match self {
            Consensus::Raft(raft) => raft.lane_ready(),
            Consensus::Alone(alone) => alone.ready.subscribe(),
        }
    }

    fn may_lead(&self) -> bool {
        match self {
            Consensus::Raft(raft) => {
                let own = raft.status().id;
                raft.leader().borrow().is_none_or(|leader| leader == own)
            }
            Consensus::Alone(_) => true,
        }
    }

    fn shortage(&self) -> Option<Arc<str>> {
        match self {
            Consensus::Raft(raft) => raft.log().shortage(),
            Consensus::Alone(_) => None,
        }
    }
}

/// A cluster of one that keeps nothing.
pub struct Alone {
    node: NodeId,
    address: NodeAddress,
    id: String,
    state: Mutex<AloneState>,
    ready: watch::Sender<Option<(Leadership, LogIndex)>>,
    leader: watch::Sender<Option<NodeId>>,
}

struct AloneState {
    machine: Machine,
    index: LogIndex,
}

const TERM: u64 = 1;

impl Alone {
    /// `id` goes in front of element ids.
    pub fn new(node: NodeId, address: NodeAddress, id: String, machine: Machine) -> Arc<Self> {
        let alone = Self {
            node,
            address,
            id,
            state: Mutex::new(AloneState { machine, index: 0 }),
            ready: watch::Sender::new(None),
            leader: watch::Sender::new(Some(node)),
        };
        // A leader's first entry, as in any log.
        let (index, _) = alone.append(Bytes::new());
        alone.ready.send_replace(Some((alone.leadership(), index)));
        Arc::new(alone)
    }

    fn leadership(&self) -> Leadership {
        Leadership { term: TERM, node: self.node }
    }

    fn append(&self, payload: Bytes) -> (LogIndex, Applied) {
        let mut state = self.state.lock();
        state.index += 1;
        let entry = CommittedEntry { index: state.index, leader: self.leadership(), payload };
        let applied = state.machine.apply(vec![entry]).pop().unwrap_or(Applied::Fenced);
        (state.index, applied)
    }

    fn status(&self) -> RaftStatus {
        let index = self.state.lock().index;
        let member = MemberStatus {
            id: self.node,
            address: self.address.clone(),
            voter: true,
            matched: Some(index),
            lag_entries: Some(0),
            lag_ms: Some(0),
            answered_ms_ago: None,
            snapshot_bytes: None,
        };
        RaftStatus {
            id: self.node,
            cluster_id: self.id.clone(),
            role: Role::Leader,
            term: TERM,
            leader: Some(self.node),
            last_log_index: index,
            flushed_index: 0,
            committed_index: index,
            applied_index: index,
            snapshot_index: 0,
            snapshot_bytes: 0,
            purged_index: 0,
            members: vec![member],
            standing: Standing::Member,
            address: self.address.clone(),
            next_id: self.node + 1,
            change: None,
            elections_started: 0,
            elections_won: 0,
            heartbeat_timeouts: 0,
            fsyncs: 0,
            log_bytes: 0,
            quorum_acked_ms_ago: Some(0),
            shortage: None,
            fatal: None,
        }
    }
}

/// A random UUID, version 4.
pub fn random_uuid() -> String {
    use rand::RngExt;
    let mut bytes: [u8; 16] = rand::rng().random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
