//! Where the log's records are kept: the border between the log as consensus sees it and the bytes on a disk.
//!
//! One thread calls [`RaftLogBackend::write`], with all that has queued since its last call. Opening a backend is its own
//! affair; what it found goes to [`Log::over`](super::Log::over). One implementation today, the segments of this
//! directory ([`super::segments`]); another store of records would be a second one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::format::Record;
use super::types::{LogEntry, LogId, Vote};

/// Keeps records, in order, for good.
pub trait RaftLogBackend: Send {
    /// Write the records, all or none, in order; durable when it returns, unless they are commit marks alone, which wait
    /// for the next call. What a purge has made superfluous may be removed once the purge is durable.
    ///
    /// # Errors
    /// [`WriteError::NoRoom`]: nothing is written, and the same call may succeed later. [`WriteError::Failed`]: what is
    /// on the disk is not known any more; there is no further call.
    fn write(&mut self, records: &[Record]) -> Result<(), WriteError>;

    fn gauges(&self) -> Arc<Gauges>;

    /// Called once on the thread that will call `write`, where there is one: the backend may start helpers of its own.
    fn begin(&mut self) {}

    /// Called now and then while there is nothing to write: time to look whether a shortage is over.
    ///
    /// # Errors
    /// As [`RaftLogBackend::write`].
    fn idle(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

/// Why records are not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// In words, with what to do.
    NoRoom(String),
    /// In words, with file and what to do.
    Failed(String),
}

/// What a backend found when it was opened.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Those behind `purged`, without a hole.
    pub entries: Vec<LogEntry>,
    pub purged: Option<LogId>,
    pub vote: Option<Vote>,
    pub committed: Option<LogId>,
    pub repair: Option<Repair>,
}

/// A torn tail that was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    pub file: String,
    pub offset: u64,
    pub bytes: u64,
}

/// What a backend tells the rest.
#[derive(Default)]
pub struct Gauges {
    fsyncs: AtomicU64,
    bytes: AtomicU64,
    is_short: AtomicBool,
    shortage: Mutex<Option<Arc<str>>>,
}

impl Gauges {
    pub fn note_write(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub fn note_fsync(&self) {
        self.fsyncs.fetch_add(1, Ordering::Relaxed);
    }

    /// (fsyncs, bytes written) since the start.
    pub fn written(&self) -> (u64, u64) {
        (self.fsyncs.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// There will be no room for much more; None: there is again. What was accepted still fits, as a rule.
    pub fn set_shortage(&self, why: Option<String>) {
        let mut shortage = self.shortage.lock();
        if shortage.is_some() == why.is_some() {
            return;
        }
        match &why {
            Some(why) => tracing::error!("{why}"),
            None => tracing::info!("there is room for the log again: writes are accepted"),
        }
        self.is_short.store(why.is_some(), Ordering::Release);
        *shortage = why.map(Arc::from);
    }

    /// Why nothing new should be accepted; None: it may.
    pub fn shortage(&self) -> Option<Arc<str>> {
        if self.is_short.load(Ordering::Acquire) { self.shortage.lock().clone() } else { None }
    }
}
