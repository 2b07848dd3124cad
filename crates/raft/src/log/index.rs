//! The log as the rest of the crate sees it: reads from memory, writes through the queue.
//!
//! All entries since the last purge are in memory; snapshots bound how many (`docs/decisions/0301-log-in-memory.md`).
//! Memory and queue change under one lock, so their order is the same.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::format::Record;
use super::recovery::{self, DamageError, Recovered, Repair};
use super::types::{LogEntry, LogId, Vote};
use super::writer::{FlushCallback, LogError, LogOptions, Queued, Writer, WriterCounters, WriterLoop};
use crate::LogIndex;
use crate::disk::Disk;

/// Cheap to clone; all clones are one log.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// None: kept in memory only.
    queue: Option<Queue>,
    committed_mark: Arc<Mutex<Option<LogId>>>,
    counters: Arc<WriterCounters>,
    flushed: AtomicU64,
}

/// The way to the writer, and what wakes it where it has no thread to block.
struct Queue {
    sender: Sender<Queued>,
    bell: Arc<Notify>,
}

#[derive(Default)]
struct State {
    entries: VecDeque<LogEntry>,
    /// Bytes of the payloads in `entries`.
    bytes: u64,
    purged: Option<LogId>,
    vote: Option<Vote>,
    committed: Option<LogId>,
}

impl State {
    fn last(&self) -> Option<LogId> {
        self.entries.back().map(|entry| entry.id).or(self.purged)
    }

    /// Index of the first entry that is there or would be next.
    fn first_index(&self) -> LogIndex {
        self.purged.map_or(0, |id| id.index + 1)
    }
}

/// Figures for status and metrics.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogStatus {
    pub last: Option<LogId>,
    pub purged: Option<LogId>,
    pub committed: Option<LogId>,
    pub flushed_index: LogIndex,
    pub fsyncs: u64,
    pub bytes_written: u64,
    /// Payload bytes of the entries that no purge has taken yet.
    pub bytes_held: u64,
}

impl Log {
    /// Nothing durable: for an embedded database without a path.
    pub fn in_memory() -> Log {
        Log::new(State::default(), None, Arc::default(), Arc::default())
    }

    fn new(
        state: State,
        queue: Option<Queue>,
        committed_mark: Arc<Mutex<Option<LogId>>>,
        counters: Arc<WriterCounters>,
    ) -> Log {
        let flushed = AtomicU64::new(state.last().map_or(0, |id| id.index));
        Log {
            shared: Arc::new(Shared { state: Mutex::new(state), queue, committed_mark, counters, flushed }),
        }
    }

    /// Recover what the directory holds. The loop that comes back must be run (a thread) or stepped (a simulation).
    ///
    /// # Errors
    /// [`DamageError`] when what was acknowledged is not all there.
    pub fn open(
        disk: Arc<dyn Disk>,
        owner: [u8; 24],
        options: LogOptions,
    ) -> Result<(Log, WriterLoop, Option<Repair>), DamageError> {
        let Recovered { entries, checkpoint, pen, repair } = recovery::recover(&*disk, &owner)?;
        let state = State {
            bytes: entries.iter().map(|entry| entry.payload.len() as u64).sum(),
            entries: entries.into(),
            purged: checkpoint.purged,
            vote: checkpoint.vote,
            committed: checkpoint.committed,
        };
        let (sender, queue) = channel();
        let bell = Arc::new(Notify::new());
        let (counters, committed) =
            (Arc::<WriterCounters>::default(), Arc::<Mutex<Option<LogId>>>::default());
        let writer = Writer::new(disk, owner, options, pen, Arc::clone(&counters));
        let log = Log::new(
            state,
            Some(Queue { sender, bell: Arc::clone(&bell) }),
            Arc::clone(&committed),
            counters,
        );
        Ok((log, WriterLoop { writer, queue, bell, committed, failed: None }, repair))
    }

    fn enqueue(&self, records: Vec<Record>, callback: Option<FlushCallback>) -> io::Result<()> {
        match &self.shared.queue {
            None => {
                if let Some(callback) = callback {
                    callback.tell(Ok(()));
                }
                Ok(())
            }
            // A callback that could not be handed over reports by being dropped.
            Some(queue) => {
                let sent = queue.sender.send(Queued { records, callback });
                queue.bell.notify_one();
                sent.map_err(|_| io::Error::other("the log's writer has ended: the node must stop"))
            }
        }
    }

    pub fn vote(&self) -> Option<Vote> {
        self.shared.state.lock().vote
    }

    /// Durable when the callback says so, and not before.
    ///
    /// # Errors
    /// When the writer is gone.
    pub fn save_vote(&self, vote: Vote, callback: FlushCallback) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        state.vote = Some(vote);
        self.enqueue(vec![Record::Vote(vote)], Some(callback))
    }

    /// Readable on return; durable when the callback says so.
    ///
    /// # Errors
    /// When the writer is gone.
    ///
    /// # Panics
    /// If the entries do not follow the last one: the caller has broken the log.
    pub fn append(&self, entries: Vec<LogEntry>, callback: FlushCallback) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        for entry in &entries {
            let next = state.last().map_or(0, |last| last.index + 1);
            assert!(
                entry.id.index == next,
                "entry {} appended where {next} is due: the log has a hole",
                entry.id.index
            );
            state.bytes += entry.payload.len() as u64;
            state.entries.push_back(entry.clone());
        }
        let last = state.last().map_or(0, |id| id.index);
        let shared = Arc::clone(&self.shared);
        let noting = FlushCallback::new(move |outcome: Result<(), LogError>| {
            if outcome.is_ok() {
                shared.flushed.store(last, Ordering::Release);
            }
            callback.tell(outcome);
        });
        self.enqueue(entries.into_iter().map(Record::Entry).collect(), Some(noting))
    }

    /// Remove everything behind `last` (None: everything).
    ///
    /// # Errors
    /// When the writer is gone.
    pub fn truncate_after(&self, last: Option<LogId>) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        let keep = last.map_or(0, |id| id.index + 1);
        assert!(keep >= state.first_index(), "the log was to be truncated below what is purged");
        while state.last().is_some_and(|id| id.index >= keep) && !state.entries.is_empty() {
            if let Some(entry) = state.entries.pop_back() {
                state.bytes -= entry.payload.len() as u64;
            }
        }
        self.shared.flushed.fetch_min(keep.saturating_sub(1), Ordering::AcqRel);
        self.enqueue(vec![Record::TruncateAfter(last)], None)
    }

    /// Forget everything up to and with `id`, which a snapshot covers. It may lie beyond the last entry.
    ///
    /// # Errors
    /// When the writer is gone.
    pub fn purge(&self, id: LogId) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        if state.purged.is_some_and(|purged| purged.index >= id.index) {
            return Ok(());
        }
        while state.entries.front().is_some_and(|entry| entry.id.index <= id.index) {
            if let Some(entry) = state.entries.pop_front() {
                state.bytes -= entry.payload.len() as u64;
            }
        }
        state.purged = Some(id);
        self.shared.flushed.fetch_max(id.index, Ordering::AcqRel);
        self.enqueue(vec![Record::PurgeUpTo(id)], None)
    }

    /// Noted now, on disk with the next batch or soon after; no flush is asked for.
    pub fn save_committed(&self, id: LogId) {
        self.shared.state.lock().committed = Some(id);
        if self.shared.queue.is_some() {
            *self.shared.committed_mark.lock() = Some(id);
        }
    }

    pub fn committed(&self) -> Option<LogId> {
        self.shared.state.lock().committed
    }

    /// (last purged, last).
    pub fn ends(&self) -> (Option<LogId>, Option<LogId>) {
        let state = self.shared.state.lock();
        (state.purged, state.last())
    }

    /// Entries of the range that are there, from its start, at most about `bytes_max` of payload but at least one.
    pub fn read(&self, range: Range<LogIndex>, bytes_max: usize) -> Vec<LogEntry> {
        let state = self.shared.state.lock();
        let first = state.first_index();
        let from = range.start.max(first) - first;
        let until = range.end.max(first) - first;
        let mut bytes = 0;
        let mut found = Vec::new();
        for entry in state.entries.iter().take(until as usize).skip(from as usize) {
            if bytes >= bytes_max && !found.is_empty() {
                break;
            }
            bytes += entry.payload.len() + 32;
            found.push(entry.clone());
        }
        found
    }

    /// The log id at an index, if the entry (or the purge mark) is there.
    pub fn id_at(&self, index: LogIndex) -> Option<LogId> {
        let state = self.shared.state.lock();
        if let Some(purged) = state.purged.filter(|purged| purged.index == index) {
            return Some(purged);
        }
        let offset = index.checked_sub(state.first_index())?;
        state.entries.get(offset as usize).map(|entry| entry.id)
    }

    pub fn status(&self) -> LogStatus {
        let state = self.shared.state.lock();
        LogStatus {
            last: state.last(),
            purged: state.purged,
            committed: state.committed,
            flushed_index: self.shared.flushed.load(Ordering::Acquire),
            fsyncs: self.shared.counters.fsyncs.load(Ordering::Relaxed),
            bytes_written: self.shared.counters.bytes.load(Ordering::Relaxed),
            bytes_held: state.bytes,
        }
    }
}
