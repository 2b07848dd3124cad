//! The replicated state machine as this crate sees it: bytes in, results out, snapshots as streams.

use std::any::Any;
use std::io;

use bytes::Bytes;

use crate::{Leadership, LogIndex};

/// A committed entry. `payload` is empty for entries that carry no proposal (a leader's first entry, membership).
#[derive(Clone, Debug)]
pub struct CommittedEntry {
    pub index: LogIndex,
    /// The leader (term, node) under which the entry was appended.
    pub leader: Leadership,
    pub payload: Bytes,
}

/// What applying one entry came to. A value on every node alike, never an `Err`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    Done,
    /// The entry was computed under another leadership or out of its chain: it changed nothing.
    Fenced,
}

/// A state decoded from a snapshot, not yet installed.
pub type StagedState = Box<dyn Any + Send>;

/// The state as it is at this moment, to be written later on another thread; again, if it fails. Cheap to make.
pub trait SnapshotSource: Send + Sync {
    fn write(&self, out: &mut dyn io::Write) -> io::Result<()>;
}

/// Deterministic: the same entries give the same state on every node. Called from one task, in log order.
pub trait StateMachine: Send + 'static {
    /// Apply a drained batch, in order; one result per entry. Publish one view at the end.
    fn apply(&mut self, entries: Vec<CommittedEntry>) -> Vec<Applied>;

    /// Only clones handles: runs on the apply task.
    fn snapshot_source(&self) -> Box<dyn SnapshotSource>;

    /// Read and verify a snapshot. Runs away from the apply task; must not touch the current state.
    fn decode_snapshot(&self) -> fn(&mut dyn io::Read) -> io::Result<StagedState>;

    /// Replace the state: one pointer swap. `last` is the last log index the snapshot covers (None: an empty one).
    fn install(&mut self, staged: StagedState, last: Option<LogIndex>);
}
