//! What the log holds, in its own words: nothing of the consensus library reaches the disk.

use bytes::Bytes;

use crate::{Leadership, LogIndex};

/// An entry's place and the leadership it was appended under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    pub leader: Leadership,
    pub index: LogIndex,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A new leader's first entry.
    Blank,
    /// A proposal: bytes of the state machine.
    Normal,
    /// Who is in the cluster, encoded by `wire`.
    Membership,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    pub id: LogId,
    pub kind: EntryKind,
    pub payload: Bytes,
}

/// For whom this node voted; `committed` when that candidate is known to have won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    pub leader: Leadership,
    pub committed: bool,
}
