//! openraft behind our own traits: the only folder that names it.
//!
//! Generic over the runtime ([`Runtime`](crate::Runtime)): tokio in production, a simulated one in `crates/sim`. What is here takes time,
//! tasks and randomness from there, the disk from [`crate::disk`], the network from [`crate::network::Transport`].

pub(crate) mod apply;
pub(crate) mod config;
pub(crate) mod convert;
pub(crate) mod network;
pub(crate) mod serve;
pub(crate) mod snapshot_head;
pub(crate) mod snapshots;
pub(crate) mod store;
#[cfg(test)]
mod suite_tests;
pub(crate) mod types;
