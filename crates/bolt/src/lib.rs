//! The Bolt protocol, both halves: handshake, chunks, PackStream, messages, session states; a server half that drives a
//! [`Backend`], and a client half used for forwarding, benchmarks and tests. Knows `samyama_graph::Value` and no other room.

mod backend;
pub mod chunk;
pub mod client;
mod failure;
pub mod handshake;
pub mod limits;
pub mod load;
pub mod message;
pub mod packstream;
mod server;
pub mod state;
mod version;

pub use backend::{
    Announced, Auth, Backend, CommitReply, ConnectionInfo, Entities, EntityRecords, Failure, NodeRecord,
    PullReply, Records, RelationshipRecord, RoutingTable, RunReply, Session, TransactionOptions,
};
pub use limits::Limits;
pub use server::{ConnectionError, ServerConfig, serve_connection, serve_stream};
pub use version::{Dialect, Version};
