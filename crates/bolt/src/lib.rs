//! The Bolt protocol, both halves: handshake, chunks, PackStream, messages, session states; a server half that drives a
//! [`Backend`], and a client half used for forwarding, benchmarks and tests. Knows `samyama_graph::Value` and no other room.

mod backend;

pub use backend::{
    Auth, Backend, CommitReply, ConnectionInfo, Entities, Failure, NodeRecord, PullReply, Records, RelationshipRecord,
    RoutingTable, RunReply, Session, TransactionOptions,
};
