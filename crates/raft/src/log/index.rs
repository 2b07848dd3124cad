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

use super::backend::{Gauges, RaftLogBackend, Recovered, Repair};
use super::format::Record;
use super::queue::{CommitMark, FlushCallback, LogError, Queued, WriterLoop};
use super::recovery::{self, DamageError};
use super::segments::LogOptions;
use super::types::{LogEntry, LogId, Vote};
use crate::LogIndex;
use crate::disk::Disk;

/// Purged entries given back with each append.
const RELEASED_AT_ONCE: usize = 256;

/// Cheap to clone; all clones are one log.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// None: kept in memory only.
    queue: Option<Queue>,
    committed_mark: Arc<Mutex<Option<CommitMark>>>,
    gauges: Arc<Gauges>,
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
    /// Purged, and given back a few at a time: a million at once would hold up consensus.
    garbage: VecDeque<LogEntry>,
    /// Bytes of the payloads in `entries`.
    bytes: u64,
    purged: Option<LogId>,
    vote: Option<Vote>,
    committed: Option<LogId>,
    /// What went to the queue so far.
    handed_over: u64,
}

impl State {
    fn last(&self) -> Option<LogId> {
        self.entries.back().map(|entry| entry.id).or(self.purged)
    }

    /// Index of the first entry that is there or would be next. A log that holds nothing may begin anywhere.
    fn first_index(&self) -> LogIndex {
        let held = self.entries.front().map(|entry| entry.id.index);
        held.or(self.purged.map(|id| id.index + 1)).unwrap_or(0)
    }

    fn release_garbage(&mut self) {
        let count = self.garbage.len().min(RELEASED_AT_ONCE);
        self.garbage.drain(..count);
        if self.garbage.is_empty() {
            self.garbage = VecDeque::new();
        }
    }

    fn id_at(&self, index: LogIndex) -> Option<LogId> {
        if let Some(purged) = self.purged.filter(|purged| purged.index == index) {
            return Some(purged);
        }
        let offset = index.checked_sub(self.first_index())?;
        self.entries.get(offset as usize).map(|entry| entry.id)
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
        committed_mark: Arc<Mutex<Option<CommitMark>>>,
        gauges: Arc<Gauges>,
    ) -> Log {
        let flushed = AtomicU64::new(state.last().map_or(0, |id| id.index));
        Log { shared: Arc::new(Shared { state: Mutex::new(state), queue, committed_mark, gauges, flushed }) }
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
        let (recovered, segments) = recovery::open(disk, owner, options)?;
        let repair = recovered.repair.clone();
        let (log, writer) = Log::over(recovered, Box::new(segments));
        Ok((log, writer, repair))
    }

    /// A log over any backend, with what that backend found when it was opened.
    ///
    /// # Panics
    /// If the entries have a hole, or do not follow what is purged.
    pub fn over(recovered: Recovered, backend: Box<dyn RaftLogBackend>) -> (Log, WriterLoop) {
        let Recovered { entries, purged, vote, committed, repair: _ } = recovered;
        let mut due = purged.map(|id| id.index + 1);
        for LogEntry { id, .. } in &entries {
            let index = id.index;
            assert!(due.is_none_or(|due| due == index), "entry {index} was recovered where {due:?} is due");
            due = Some(index + 1);
        }
        let state = State {
            bytes: entries.iter().map(|entry| entry.payload.len() as u64).sum(),
            entries: entries.into(),
            garbage: VecDeque::new(),
            purged,
            vote,
            committed,
            handed_over: 0,
        };
        let (sender, queue) = channel();
        let bell = Arc::new(Notify::new());
        let mark = Arc::<Mutex<Option<CommitMark>>>::default();
        let way = Queue { sender, bell: Arc::clone(&bell) };
        let log = Log::new(state, Some(way), Arc::clone(&mark), backend.gauges());
        (log, WriterLoop::new(backend, queue, bell, mark))
    }

    fn enqueue(
        &self,
        state: &mut State,
        records: Vec<Record>,
        callback: Option<FlushCallback>,
    ) -> io::Result<()> {
        state.handed_over += 1;
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
        self.enqueue(&mut state, vec![Record::Vote(vote)], Some(callback))
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
        state.release_garbage();
        for entry in &entries {
            let (index, due) = (entry.id.index, state.last().map(|last| last.index + 1));
            assert!(
                due.is_none_or(|due| due == index),
                "entry {index} appended where {due:?} is due: the log would have a hole"
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
        self.enqueue(&mut state, entries.into_iter().map(Record::Entry).collect(), Some(noting))
    }

    /// Remove everything behind `last` (None: everything).
    ///
    /// # Errors
    /// When the writer is gone.
    ///
    /// # Panics
    /// If `last` is not in the log: the caller has broken the log.
    pub fn truncate_after(&self, last: Option<LogId>) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        let keep = last.map_or(0, |id| id.index + 1);
        if state.last().is_none_or(|there| there.index < keep) {
            return Ok(());
        }
        let kept = last.and_then(|last| state.id_at(last.index));
        assert!(
            kept == last && (last.is_some() || state.purged.is_none()),
            "the log was to be truncated after {last:?} and holds {kept:?} there"
        );
        while state.entries.back().is_some_and(|entry| entry.id.index >= keep) {
            if let Some(entry) = state.entries.pop_back() {
                state.bytes -= entry.payload.len() as u64;
            }
        }
        self.shared.flushed.fetch_min(keep.saturating_sub(1), Ordering::AcqRel);
        self.enqueue(&mut state, vec![Record::TruncateAfter(last)], None)
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
        let gone = state.entries.partition_point(|entry| entry.id.index <= id.index);
        let kept = state.entries.split_off(gone);
        let gone = std::mem::replace(&mut state.entries, kept);
        state.bytes -= gone.iter().map(|entry| entry.payload.len() as u64).sum::<u64>();
        state.garbage.extend(gone);
        state.purged = Some(id);
        assert!(
            state.first_index() == id.index + 1,
            "purged up to {}, and the log goes on with {}",
            id.index,
            state.first_index()
        );
        self.shared.flushed.fetch_max(id.index, Ordering::AcqRel);
        self.enqueue(&mut state, vec![Record::PurgeUpTo(id)], None)
    }

    /// Noted now, on disk with the next batch or soon after; no flush is asked for.
    pub fn save_committed(&self, id: LogId) {
        let mut state = self.shared.state.lock();
        state.committed = Some(id);
        if self.shared.queue.is_some() {
            *self.shared.committed_mark.lock() = Some(CommitMark { id, behind: state.handed_over });
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
        self.shared.state.lock().id_at(index)
    }

    /// The last entry that may go so that, up to and with `index`, at most so many entries and bytes of payload stay.
    pub fn to_purge(&self, index: LogIndex, entries_max: u64, bytes_max: u64) -> Option<LogIndex> {
        let state = self.shared.state.lock();
        let known = index.checked_sub(state.first_index())?;
        let (mut entries, mut bytes) = (0, 0);
        let newest_first = state.entries.iter().take(known as usize + 1).rev();
        for entry in newest_first {
            entries += 1;
            bytes += entry.payload.len() as u64;
            if entries > entries_max || bytes > bytes_max {
                return Some(entry.id.index);
            }
        }
        None
    }

    /// Why nothing new should be accepted: the disk is full. None: it may. What was accepted still fits, as a rule.
    pub fn shortage(&self) -> Option<Arc<str>> {
        self.shared.gauges.shortage()
    }

    pub fn status(&self) -> LogStatus {
        let state = self.shared.state.lock();
        let (fsyncs, bytes_written) = self.shared.gauges.written();
        // A flush that returns after a truncation speaks of entries that have gone.
        let last = state.last().map_or(0, |id| id.index);
        LogStatus {
            last: state.last(),
            purged: state.purged,
            committed: state.committed,
            flushed_index: self.shared.flushed.load(Ordering::Acquire).min(last),
            fsyncs,
            bytes_written,
            bytes_held: state.bytes,
        }
    }
}
