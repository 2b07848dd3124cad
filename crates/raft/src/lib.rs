//! Consensus: the log on disk, the transport between nodes, membership, read index, leadership.
//!
//! The only crate that names openraft; nothing of openraft is public. It knows nothing of graphs: proposals are bytes,
//! the replicated state machine is a boxed [`StateMachine`].

mod machine;
mod node;

pub use machine::{Applied, CommittedEntry, SnapshotSource, StagedState, StateMachine};
pub use node::{
    Leadership, LogIndex, MemberStatus, NodeAddress, NodeConfig, NodeId, ProposeError, RaftNode, RaftStatus, ReadError, Role,
    StreamHandler, Term,
};
