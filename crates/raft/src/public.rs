//! The public types of this crate: addresses, configuration, status, errors.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpStream;

pub type NodeId = u64;
pub type LogIndex = u64;
pub type Term = u64;
pub type ClusterId = [u8; 16];

/// A leadership: term and node, ordered. Never goes back along the committed log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leadership {
    pub term: Term,
    pub node: NodeId,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// The cluster that this node joins; it then waits to be added, and `members` names only itself. None: it is one of the
    /// first members, and the cluster's id follows from them. Read at the first start only.
    pub joins: Option<ClusterId>,
    /// Addresses to dial instead of the members' own `peer` (tunnels, tests); never replicated.
    pub dial: BTreeMap<NodeId, String>,
    /// None: nothing durable (embedded, in memory); only for a single node.
    pub directory: Option<PathBuf>,
    pub election_timeout_ms_min: u64,
    pub election_timeout_ms_max: u64,
    pub heartbeat_interval_ms: u64,
    pub segment_bytes: u64,
    /// A snapshot is built when the log since the last one reaches either,
    pub snapshot_log_bytes: u64,
    pub snapshot_log_entries: u64,
    /// and this share of that one's size, in percent.
    pub snapshot_log_percent: u64,
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

/// What this node is to its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Member,
    /// It was never a member yet: it waits to be added.
    Waiting,
    /// With the reason, for people. For ever.
    Removed(String),
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
    /// How long ago it last answered, in ms.
    pub answered_ms_ago: Option<u64>,
    /// While it is sent a snapshot: bytes that have arrived, and all of them.
    pub snapshot_bytes: Option<(u64, u64)>,
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
    /// The size of its file; 0 without one.
    pub snapshot_bytes: u64,
    pub purged_index: LogIndex,
    pub members: Vec<MemberStatus>,
    pub standing: Standing,
    /// Where it would be reached as a member.
    pub address: NodeAddress,
    /// The lowest id that a new node may have.
    pub next_id: NodeId,
    /// The change of members that goes on, for people.
    pub change: Option<String>,
    pub elections_started: u64,
    pub elections_won: u64,
    pub heartbeat_timeouts: u64,
    pub fsyncs: u64,
    pub log_bytes: u64,
    /// Milliseconds since a quorum last acknowledged this leader.
    pub quorum_acked_ms_ago: Option<u64>,
    /// Why this node accepts nothing new at present: its disk is full.
    pub shortage: Option<String>,
    /// Set when the node has met a fatal error and must be stopped.
    pub fatal: Option<String>,
}

/// Why a node must be stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fatal {
    /// Its disk has failed, or what stands there cannot be used.
    #[error("{0}")]
    Disk(String),
    /// Anything else, which is a mistake in the program.
    #[error("{0}")]
    Broken(String),
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum ProposeError {
    /// Refused before it was appended: certainly not committed.
    #[error("this node is not the leader")]
    NotLeader { leader: Option<NodeId> },
    /// Refused before it was appended; the same node may accept in a few milliseconds.
    #[error("the leader has not heard from a quorum")]
    NoQuorum,
    /// Refused before it was appended: the log has no room for more. The reason, with what to do.
    #[error("{0}")]
    NoRoom(Arc<str>),
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

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.peer)
    }
}
