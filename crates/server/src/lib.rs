//! One node: database (raft + graph as its state machine), lane, transactions, plan cache, sessions, forwarding, HTTP.

mod answer;
mod catalog;
mod commits;
mod config;
mod consensus;
mod database;
mod engine;
mod entry;
mod forward;
mod frontend;
mod host;
mod http;
mod keys;
mod lane;
mod limits;
mod listen;
mod machine;
#[cfg(test)]
mod machine_tests;
mod node;
mod plan_cache;
mod procedures;
mod reads;
mod registry;
mod session;
mod shards;
mod shared;
mod snapshot;
mod sources;
mod statements;
mod zones;

pub use config::{Config, ConfigError, ReadLevel};
pub use database::Database;
pub use engine::now_ns;
pub use frontend::{CompileError, CompileRequest, Frontend};
pub use node::{Addresses, Node};
pub use samyama_exec::functions::all as functions;
pub use samyama_raft::Fatal;
pub use session::{BoltBackend, BoltSession, GraphEntities};
pub use zones::BundledZones;

/// What one node does with the log, without sockets, sessions and threads, on whatever host: what a simulation runs.
pub mod parts {
    pub use crate::answer::{Answered, read as read_answers};
    pub use crate::engine::{Program, Ran, Statement, Stay, run_read};
    pub use crate::forward::{DrawnKey, KeyRing};
    pub use crate::host::{Boxed, Host};
    pub use crate::keys::{Applied as AppliedKey, Keys, RelayKey, RelayStanding};
    pub use crate::lane::{
        Answer, Bounds, Kind, LaneHandle, LaneMetrics, Log, ReadyReceiver, Refusal, Reply, Transaction,
    };
    pub use crate::machine::Machine;
    pub use crate::reads::ReadGate;
    pub use crate::shared::{Published, Shared};
}
