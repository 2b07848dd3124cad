//! One member of one group: the handle that the rest of the program holds.
//! CONTRACT STUB: signatures are agreed; bodies are being written.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::{Applied, StateMachine};

pub type NodeId = u64;
pub type LogIndex = u64;
pub type Term = u64;

/// A leadership: term and node, ordered. Never goes back along the committed log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leadership {
    pub term: Term,
    pub node: NodeId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeAddress {
    /// host:port of the peer transport.
    pub peer: String,
    /// host:port that Bolt clients dial.
    pub bolt: String,
    /// host:port of HTTP.
    pub http: String,
}

/// Everything a node needs; no defaults here (they live in `python/samyama/config`).
#[derive(Clone, Debug)]
pub struct NodeConfig {
    pub node_id: NodeId,
    /// The address this node listens on for peers; may differ from what it advertises in `members`.
    pub listen: String,
    /// The initial members, this node included. A node that has a log keeps the membership of its log.
    pub members: BTreeMap<NodeId, NodeAddress>,
    /// Addresses to dial instead of the members' own `peer` (tunnels, tests); never replicated.
    pub dial: BTreeMap<NodeId, String>,
    /// None: nothing durable (embedded, in memory); only for a single node.
    pub directory: Option<PathBuf>,
    pub election_timeout_ms_min: u64,
    pub election_timeout_ms_max: u64,
    pub heartbeat_interval_ms: u64,
    pub segment_bytes: u64,
    /// A snapshot is built when the log since the last one reaches either.
    pub snapshot_log_bytes: u64,
    pub snapshot_log_entries: u64,
    /// fsync before acknowledging; false is for tests that say so, and loud.
    pub sync: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Leader,
    Follower,
    Candidate,
    Learner,
}

#[derive(Clone, Debug)]
pub struct MemberStatus {
    pub id: NodeId,
    pub address: NodeAddress,
    pub voter: bool,
    /// Known on the leader only.
    pub matched: Option<LogIndex>,
    pub lag_entries: Option<u64>,
    /// How long ago this follower was last known to have everything, in ms.
    pub lag_ms: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct RaftStatus {
    pub id: NodeId,
    pub cluster_id: String,
    pub role: Role,
    pub term: Term,
    pub leader: Option<NodeId>,
    pub last_log_index: LogIndex,
    pub flushed_index: LogIndex,
    pub committed_index: LogIndex,
    pub applied_index: LogIndex,
    pub snapshot_index: LogIndex,
    pub purged_index: LogIndex,
    pub members: Vec<MemberStatus>,
    pub elections_started: u64,
    pub elections_won: u64,
    pub heartbeat_timeouts: u64,
    pub fsyncs: u64,
    pub log_bytes: u64,
    /// Milliseconds since a quorum last acknowledged this leader.
    pub quorum_acked_ms_ago: Option<u64>,
    /// Set when the node has met a fatal error and must be stopped.
    pub fatal: Option<String>,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum ProposeError {
    /// Refused before it was appended: certainly not committed.
    #[error("this node is not the leader")]
    NotLeader { leader: Option<NodeId> },
    /// Refused before it was appended; the same node may accept in a few milliseconds.
    #[error("the leader has not heard from a quorum")]
    NoQuorum,
    /// Appended here, and its fate is not known here.
    #[error("leadership was lost before the outcome was known")]
    Unknown,
    #[error("the node has stopped: {0}")]
    Fatal(String),
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    #[error("no leader is known")]
    NoLeader,
    #[error("the leader could not reach a quorum")]
    NoQuorum,
    #[error("not applied in time")]
    Timeout,
    #[error("the node has stopped: {0}")]
    Fatal(String),
}

/// Takes the byte streams that other nodes open to this one (forwarded Bolt sessions).
pub trait StreamHandler: Send + Sync + 'static {
    fn accept(&self, from: NodeId, stream: TcpStream);
}

/// A running member. Cheap to clone.
#[derive(Clone)]
pub struct RaftNode {
    _inner: Arc<()>,
}

#[allow(unused_variables, clippy::todo, clippy::manual_async_fn)]
impl RaftNode {
    /// Open the log, recover, listen, join or form the cluster. Spawns onto the current tokio runtime, which becomes the
    /// raft runtime: nothing else should run there.
    pub async fn start(
        config: NodeConfig,
        machine: Box<dyn StateMachine>,
        streams: Arc<dyn StreamHandler>,
    ) -> std::io::Result<RaftNode> {
        todo!()
    }

    /// Hand in a proposal. Calls made in order from one task are appended in that order. The future returned resolves once
    /// the entry is applied here; it is `Send` and may be dropped (the proposal stands).
    pub fn propose(
        &self,
        payload: Bytes,
    ) -> impl Future<Output = Result<(LogIndex, Applied), ProposeError>> + Send + 'static {
        async { todo!() }
    }

    /// Some when this node leads, a quorum has acknowledged it in this term, and everything in its log is applied:
    /// the moment at which a lane may open. Carries the applied index of that moment.
    pub fn lane_ready(&self) -> watch::Receiver<Option<(Leadership, LogIndex)>> {
        todo!()
    }

    /// The leader as far as this node knows.
    pub fn leader(&self) -> watch::Receiver<Option<NodeId>> {
        todo!()
    }

    /// The last index applied here.
    pub fn applied(&self) -> watch::Receiver<LogIndex> {
        todo!()
    }

    /// Linearizable read point: any node; on a follower one shared request to the leader. Resolves once it is applied here.
    pub fn read_index(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<LogIndex, ReadError>> + Send + 'static {
        async { todo!() }
    }

    /// Open a byte stream to another member, to be given to its `StreamHandler`.
    pub fn open_stream(
        &self,
        to: NodeId,
        timeout: Duration,
    ) -> impl Future<Output = std::io::Result<TcpStream>> + Send + 'static {
        async { todo!() }
    }

    pub fn status(&self) -> RaftStatus {
        todo!()
    }

    /// Resolves with the reason when the node has met a fatal error (failed fsync, damaged log): the process must end.
    pub fn fatal(&self) -> impl Future<Output = String> + Send + 'static {
        async { todo!() }
    }

    /// Hand leadership to `to`, or to the most advanced follower; resolves when another node leads (or at the timeout).
    pub async fn transfer_leadership(&self, to: Option<NodeId>, timeout: Duration) -> Result<NodeId, ReadError> {
        todo!()
    }

    pub async fn trigger_snapshot(&self) -> std::io::Result<()> {
        todo!()
    }

    pub async fn shutdown(&self) {
        todo!()
    }
}
