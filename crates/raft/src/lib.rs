//! Consensus: the log on disk, the transport between nodes, membership, read index, leadership.
//!
//! The only crate that names openraft; nothing of openraft is public but the runtime's trait inside [`Runtime`]. It knows nothing of graphs: proposals are bytes,
//! the replicated state machine is a boxed [`StateMachine`].
//!
//! From below: [`disk`] (a trait, so that a simulation can bring its own), [`log`] (the write-ahead log), `network` (frames
//! over TCP behind a trait), `consensus` (openraft over those three), [`Member`], the handle on it, and [`RaftNode`], a member
//! with sockets and a directory. Up to [`Member`] everything is generic over the [`Runtime`], so that a simulation can run it in
//! virtual time; with a [`Ground`] of its own making under it.
//!
//! Not here yet: lease reads, more than one group, TLS between peers.

mod consensus;
pub mod disk;
mod failover;
mod ground;
mod handover;
mod histogram;
mod identity;
mod journey;
mod limits;
pub mod log;
mod machine;
mod member;
mod membership;
pub mod messages;
pub mod network;
mod news;
mod node;
mod public;
mod repeated;
mod roster;
mod runtime;
mod status;
pub mod watch;
mod watcher;
mod wire;

pub use ground::{Disks, Ground};
pub use histogram::{BOUNDS_US, Histogram};
pub use identity::parse_cluster_id;
pub use journey::Journey;
pub use machine::{Applied, CommittedEntry, SnapshotSource, StagedState, StateMachine};
pub use member::Member;
pub use membership::{Change, ChangeError};
pub use node::RaftNode;
pub use public::{
    ClusterId, Fatal, Leadership, LogIndex, MemberStatus, NodeAddress, NodeConfig, NodeId, ProposeError,
    RaftStatus, ReadError, Role, Standing, StreamHandler, Term,
};
pub use repeated::Repeated;
pub use runtime::{Runtime, Tokio};
