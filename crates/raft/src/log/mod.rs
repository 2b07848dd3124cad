//! The log on disk: entries, vote, truncation, purge and commit marks as records of one stream, so that their order on disk
//! is their order in time.
//!
//! [`Log`] answers from memory: every entry since the last purge is kept there (snapshots bound how many). What it accepts
//! goes through a [`WriterLoop`] to a [`RaftLogBackend`]: all that has queued with one call, one sync, and only then the callbacks, in
//! order: group commit. A failed write or sync is final; every callback from then on gets the error and the node must end.
//! A full disk is not: see [`Log::shortage`]. The backend is segment files (`segments`); `recovery` reads them back and tells
//! a torn tail from damage. Format: `docs/format/wal.md`.
//!
//! Not here: reading entries back from disk while running (they are in memory), compression, encryption.

mod backend;
mod checkpoint;
#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod damage_tests;
mod format;
mod frontier;
mod index;
mod queue;
mod recovery;
#[cfg(test)]
mod room_tests;
mod segment;
mod segments;
mod tail;
mod types;

pub use backend::{Gauges, RaftLogBackend, Recovered, Repair, WriteError};
pub use format::{Record, RecordKind};
pub use index::{Log, LogStatus};
pub use queue::{COMMIT_MARK_DELAY, FlushCallback, LogError, Step, WriterLoop};
pub use recovery::DamageError;
pub use segments::LogOptions;
pub use types::{EntryKind, LogEntry, LogId, Vote};
