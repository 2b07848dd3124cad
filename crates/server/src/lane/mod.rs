//! The lane: the one place on the leader where writes are executed, one after the other, on the head.
//!
//! `core.rs` is the lane proper: statements in, entries and answers out; `steps.rs` has the statements of explicit
//! transactions, `pool.rs` those that are too long and run elsewhere. `run.rs` is the task around it: it takes what has
//! queued, lets the core run it, seals one entry, proposes it and goes on; it never waits for disk or network. `head.rs`
//! is the graph ahead of the log, `in_flight.rs` what is proposed and not settled, `claims.rs` and `history.rs` keep open
//! transactions apart, `keys.rs` lets no transaction with a key take effect twice.

mod claims;
mod core;
mod head;
mod history;
mod in_flight;
mod job;
mod keys;
mod open;
mod pool;
mod run;
mod steps;
#[cfg(test)]
mod tests;

pub use job::{Answer, Kind, Refusal, Reply, Transaction};
pub use run::{Bounds, LaneHandle, LaneMetrics, Log, ReadyReceiver};
