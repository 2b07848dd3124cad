//! One node: database (raft + graph as its state machine), lane, transactions, plan cache, sessions, forwarding, HTTP.

mod catalog;
mod config;
mod database;
mod engine;
mod entry;
mod forward;
mod frontend;
mod lane;
mod limits;
mod machine;
mod plan_cache;
mod reads;
mod session;
mod shared;
mod snapshot;

pub use config::{Config, ConfigError, ReadLevel};
