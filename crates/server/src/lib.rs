//! One node: database (raft + graph as its state machine), lane, transactions, plan cache, sessions, forwarding, HTTP.

mod config;

pub use config::{Config, ConfigError, ReadLevel};
