//! The log on disk: entries, vote, truncation, purge and commit marks as records of one stream, so that their order on disk
//! is their order in time.
//!
//! [`Log`] answers from memory: every entry since the last purge is kept there (snapshots bound how many). What it accepts
//! goes to a [`Writer`](writer::Writer), which takes all that has queued, writes it with one call, syncs once, and only then
//! completes the callbacks, in order: group commit. A failed write or sync is final; every callback from then on gets the error and the
//! node must end. [`recovery`] reads a directory back and tells a torn tail from damage. Format: `docs/format/wal.md`.
//!
//! Not here: reading entries back from disk while running (they are in memory), compression, encryption.

mod format;
mod index;
mod recovery;
mod segment;
mod types;
mod writer;

pub use format::{Record, RecordKind};
pub use index::{Log, LogStatus};
pub use recovery::{DamageError, Recovered, Repair};
pub use types::{EntryKind, LogEntry, LogId, Vote};
pub use writer::{COMMIT_MARK_DELAY, FlushCallback, LogError, LogOptions, Step, WriterLoop};
