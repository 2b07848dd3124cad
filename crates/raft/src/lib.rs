//! Consensus: the log on disk, the transport between nodes, membership, read index, leadership.
//!
//! The only crate that names openraft; nothing of openraft is public. It knows nothing of graphs: proposals are bytes,
//! the replicated state machine is a boxed [`StateMachine`].
//!
//! From below: [`disk`] (a trait, so that a simulation can bring its own), [`log`] (the write-ahead log), `network` (frames
//! over TCP behind a trait), `consensus` (openraft over those three, generic over the runtime), and [`RaftNode`], the handle.
//!
//! Not here yet: changing the members of a running cluster, lease reads, more than one group, TLS between peers.

mod consensus;
pub mod disk;
mod identity;
mod journey;
mod limits;
pub mod log;
mod machine;
mod messages;
mod network;
mod node;
mod public;
mod status;
mod watcher;
mod wire;

pub use journey::Journey;
pub use machine::{Applied, CommittedEntry, SnapshotSource, StagedState, StateMachine};
pub use node::RaftNode;
pub use public::{
    Leadership, LogIndex, MemberStatus, NodeAddress, NodeConfig, NodeId, ProposeError, RaftStatus, ReadError,
    Role, StreamHandler, Term,
};
