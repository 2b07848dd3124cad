//! Between the log and its backend: takes what has queued, hands it over with one call, completes the callbacks in order.
//!
//! No timer: a batch forms while the last one is being flushed. Commit marks ride along with the next batch and ask for no
//! flush of their own. In production [`WriterLoop::run`] has a thread; a simulation waits for [`WriterLoop::queued`] and calls
//! [`WriterLoop::step`] from a task.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::backend::{RaftLogBackend, WriteError};
use super::format::Record;
use super::types::LogId;

/// Bytes gathered into one write.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// A commit mark is on disk at most this long after the last batch.
pub const COMMIT_MARK_DELAY: Duration = Duration::from_millis(100);
/// How soon a batch is tried again that there was no room for, and how often it is looked whether a shortage is over.
const ROOM_RETRY: Duration = Duration::from_millis(250);
/// How often it is looked whether a shortage has begun.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The log has failed for good; the reason, in words.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct LogError(pub Arc<str>);

type Tell = Box<dyn FnOnce(Result<(), LogError>) + Send>;

/// Told once whether what it came with is durable. Dropping it untold tells an error: a lost callback would be a silent
/// hang of every commit behind it.
pub struct FlushCallback(Option<Tell>);

impl FlushCallback {
    pub fn new(tell: impl FnOnce(Result<(), LogError>) + Send + 'static) -> Self {
        FlushCallback(Some(Box::new(tell)))
    }

    /// Tell the outcome.
    pub(super) fn tell(mut self, outcome: Result<(), LogError>) {
        if let Some(tell) = self.0.take() {
            tell(outcome);
        }
    }
}

impl Drop for FlushCallback {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell(Err(LogError("the log's writer is gone".into())));
        }
    }
}

/// One hand-over to the writer.
pub(super) struct Queued {
    pub(super) records: Vec<Record>,
    pub(super) callback: Option<FlushCallback>,
}

/// The newest commit mark that is not on disk. It goes there behind all that was handed over before it: a mark in front of
/// the entry that it names would count as damage, or name another entry of that index.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommitMark {
    pub(super) id: LogId,
    /// Hand-overs before it.
    pub(super) behind: u64,
}

/// What goes to the backend with one call.
#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    callbacks: Vec<FlushCallback>,
}

/// What [`WriterLoop::step`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Wrote,
    /// There is nothing to write, or no room for it.
    Idle,
    /// The log is gone; so is the work.
    Ended,
}

/// The backend with its queue.
pub struct WriterLoop {
    backend: Box<dyn RaftLogBackend>,
    queue: Receiver<Queued>,
    /// Rung at every hand-over; for those that must not block.
    bell: Arc<Notify>,
    committed: Arc<Mutex<Option<CommitMark>>>,
    /// Hand-overs taken from the queue.
    taken: u64,
    /// There was no room for this; it goes first.
    held: Option<Batch>,
    failed: Option<LogError>,
}

impl WriterLoop {
    pub(super) fn new(
        backend: Box<dyn RaftLogBackend>,
        queue: Receiver<Queued>,
        bell: Arc<Notify>,
        committed: Arc<Mutex<Option<CommitMark>>>,
    ) -> Self {
        WriterLoop { backend, queue, bell, committed, taken: 0, held: None, failed: None }
    }

    /// Until the log is dropped. Blocks; needs a thread of its own.
    pub fn run(mut self) {
        self.backend.begin();
        let mut patience = COMMIT_MARK_DELAY;
        loop {
            if let Some(held) = self.held.take() {
                std::thread::sleep(ROOM_RETRY);
                self.write(held);
                continue;
            }
            match self.queue.recv_timeout(patience) {
                Ok(first) => {
                    self.write_batch(Some(first));
                    patience = COMMIT_MARK_DELAY;
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.look_around();
                    self.write_batch(None);
                    let is_short = self.backend.gauges().shortage().is_some();
                    patience = if is_short { ROOM_RETRY } else { LOOK_EVERY };
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.write_batch(None);
    }

    /// Something has queued since this last resolved. Only a task waits here; a thread has [`WriterLoop::run`].
    pub fn queued(&self) -> impl Future<Output = ()> + Send + 'static {
        let bell = Arc::clone(&self.bell);
        async move { bell.notified().await }
    }

    /// Write what has queued, as one batch, without waiting.
    pub fn step(&mut self) -> Step {
        if let Some(held) = self.held.take() {
            self.write(held);
            return if self.held.is_none() { Step::Wrote } else { Step::Idle };
        }
        match self.queue.try_recv() {
            Ok(first) => {
                self.write_batch(Some(first));
                if self.held.is_none() { Step::Wrote } else { Step::Idle }
            }
            Err(TryRecvError::Empty) => Step::Idle,
            Err(TryRecvError::Disconnected) => {
                self.write_batch(None);
                Step::Ended
            }
        }
    }

    /// To be called when nothing has queued for [`COMMIT_MARK_DELAY`]: the newest commit mark goes to the disk by itself, and
    /// it is looked whether a shortage of room is over.
    pub fn write_mark(&mut self) {
        self.look_around();
        if self.held.is_none() {
            self.write_batch(None);
        }
    }

    fn look_around(&mut self) {
        if self.failed.is_none()
            && self.backend.gauges().shortage().is_some()
            && let Err(WriteError::Failed(why)) = self.backend.idle()
        {
            self.fail(&why);
        }
    }

    fn write_batch(&mut self, first: Option<Queued>) {
        let (mut batch, mut bytes) = (Batch::default(), 0);
        let mut next = first;
        while let Some(queued) = next {
            self.taken += 1;
            for record in &queued.records {
                if let Record::Entry(entry) = record {
                    bytes += entry.payload.len();
                }
            }
            batch.records.extend(queued.records);
            batch.callbacks.extend(queued.callback);
            next = if bytes < BATCH_BYTES_MAX { self.queue.try_recv().ok() } else { None };
        }
        let taken = self.taken;
        let mark = self.committed.lock().take_if(|mark| mark.behind <= taken);
        batch.records.extend(mark.map(|mark| Record::Committed(mark.id)));
        if !batch.records.is_empty() || !batch.callbacks.is_empty() {
            self.write(batch);
        }
    }

    fn write(&mut self, batch: Batch) {
        if self.failed.is_none() {
            match self.backend.write(&batch.records) {
                Ok(()) => {}
                Err(WriteError::NoRoom(_)) => {
                    // Nothing of it is written, and nothing may overtake it.
                    self.held = Some(batch);
                    return;
                }
                Err(WriteError::Failed(why)) => self.fail(&why),
            }
        }
        for callback in batch.callbacks {
            callback.tell(self.failed.clone().map_or(Ok(()), Err));
        }
    }

    fn fail(&mut self, why: &str) {
        tracing::error!("{why}");
        self.failed = Some(LogError(why.into()));
    }
}
