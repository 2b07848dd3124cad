//! The pen: takes what has queued, writes it with one call, syncs once, completes the callbacks in order.
//!
//! No timer: a batch forms while the last one is being flushed. Commit marks ride along with the next batch and ask for no
//! flush of their own. In production [`WriterLoop::run`] has a thread; a simulation waits for [`WriterLoop::queued`] and calls
//! [`WriterLoop::step`] from a task.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use super::format::{HEAD_BYTES, Place, Record, write_record};
use super::segment::{self, Checkpoint, HEADER_BYTES};
use super::types::LogId;
use crate::LogIndex;
use crate::disk::{Disk, DiskFile};

/// Bytes gathered into one write.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// Zeros are kept about this far ahead of the pen.
const ZEROS_AHEAD_BYTES: u64 = 4 << 20;
/// Zeroed in one go; the pen waits for no more than that.
const ZEROS_PIECE_BYTES: u64 = 256 << 10;
/// A commit mark is on disk at most this long after the last batch.
pub const COMMIT_MARK_DELAY: Duration = Duration::from_millis(100);

/// How the log lies on disk.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    pub segment_bytes: u64,
    /// fdatasync before a callback is completed.
    pub sync: bool,
    pub group: u32,
}

/// The log has failed for good; the reason, in words.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct LogError(pub Arc<str>);

type Tell = Box<dyn FnOnce(Result<(), LogError>) + Send>;
/// A stretch of a segment to fill with zeros: from, until.
type ZerosWanted = (Arc<dyn DiskFile>, Arc<Frontier>, u64, u64);

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

/// What the writer tells the rest, without locks.
#[derive(Default)]
pub(super) struct WriterCounters {
    pub(super) fsyncs: AtomicU64,
    pub(super) bytes: AtomicU64,
    /// Zeros are on disk up to here in the current segment.
    zeros_until: AtomicU64,
}

/// Which entries a segment may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct SegmentInfo {
    pub(super) first_sequence: u64,
    pub(super) index_max: Option<LogIndex>,
}

/// Where the writer goes on after recovery.
pub(super) struct Pen {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) segments: Vec<SegmentInfo>,
    pub(super) offset: u64,
    pub(super) sequence: u64,
    pub(super) checkpoint: Checkpoint,
}

pub(super) struct Writer {
    disk: Arc<dyn Disk>,
    owner: [u8; 24],
    options: LogOptions,
    pen: Pen,
    buffer: Vec<u8>,
    counters: Arc<WriterCounters>,
    /// Fills zeros ahead of the pen; None under simulation.
    zeros: Option<std::sync::mpsc::Sender<ZerosWanted>>,
    /// Of the current segment.
    frontier: Arc<Frontier>,
}

impl Writer {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        owner: [u8; 24],
        options: LogOptions,
        pen: Pen,
        counters: Arc<WriterCounters>,
    ) -> Self {
        counters.zeros_until.store(pen.file.len().unwrap_or(0), Ordering::Relaxed);
        let frontier = Arc::new(Frontier::at(pen.offset));
        Writer { disk, owner, options, pen, buffer: Vec::new(), counters, zeros: None, frontier }
    }

    /// Write, sync, and afterwards remove the segments that a purge made superfluous.
    fn write(&mut self, records: &[Record]) -> io::Result<()> {
        if self.must_rotate(records) {
            self.rotate()?;
        }
        self.buffer.clear();
        let mut purged = false;
        for record in records {
            self.note(record);
            purged |= matches!(record, Record::PurgeUpTo(_));
            write_record(record, self.options.group, self.place(), &mut self.buffer);
            self.pen.sequence += 1;
        }
        self.put_buffer()?;
        if records.iter().any(|record| !matches!(record, Record::Committed(_))) {
            self.sync()?;
        }
        self.ask_for_zeros();
        if purged { self.remove_superfluous() } else { Ok(()) }
    }

    fn place(&self) -> Place {
        let segment = self.current().first_sequence;
        Place { segment, batch: self.pen.checkpoint.batch, sequence: self.pen.sequence }
    }

    fn current(&self) -> &SegmentInfo {
        match self.pen.segments.last() {
            Some(segment) => segment,
            None => panic!("the log has no segment to write to"),
        }
    }

    fn put_buffer(&mut self) -> io::Result<()> {
        self.frontier.advance(self.pen.offset + self.buffer.len() as u64);
        self.pen.file.write_all_at(&self.buffer, self.pen.offset)?;
        self.pen.offset += self.buffer.len() as u64;
        self.counters.bytes.fetch_add(self.buffer.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.options.sync {
            self.pen.file.sync_data()?;
            self.counters.fsyncs.fetch_add(1, Ordering::Relaxed);
        }
        self.pen.checkpoint.batch = self.pen.checkpoint.batch.wrapping_add(1);
        Ok(())
    }

    /// Keep the checkpoint that the next segment's header will carry.
    fn note(&mut self, record: &Record) {
        let checkpoint = &mut self.pen.checkpoint;
        match record {
            Record::Entry(entry) => {
                checkpoint.last = Some(entry.id);
                if let Some(segment) = self.pen.segments.last_mut() {
                    segment.index_max = segment.index_max.max(Some(entry.id.index));
                }
            }
            Record::Vote(vote) => checkpoint.vote = Some(*vote),
            Record::TruncateAfter(last) => checkpoint.last = *last,
            Record::PurgeUpTo(id) => {
                checkpoint.purged = Some(*id);
                if checkpoint.last.is_none_or(|last| last.index < id.index) {
                    checkpoint.last = Some(*id);
                }
            }
            Record::Committed(id) => checkpoint.committed = Some(*id),
            Record::Seal => {}
        }
    }

    fn must_rotate(&self, records: &[Record]) -> bool {
        let payloads = records.iter().map(|record| match record {
            Record::Entry(entry) => entry.payload.len() + 32,
            _ => 40,
        });
        let bytes: usize = payloads.map(|len| len + HEAD_BYTES + 8).sum();
        // A batch larger than a segment gets one to itself, which then grows past the usual size.
        self.pen.offset > HEADER_BYTES
            && self.pen.offset + bytes as u64 + HEAD_BYTES as u64 > self.options.segment_bytes
    }

    /// Seal and sync the old segment; then make the new one.
    fn rotate(&mut self) -> io::Result<()> {
        self.buffer.clear();
        write_record(&Record::Seal, self.options.group, self.place(), &mut self.buffer);
        self.pen.sequence += 1;
        self.put_buffer()?;
        self.sync()?;
        let first_sequence = self.pen.sequence;
        self.pen.file = segment::create(&*self.disk, first_sequence, &self.owner, &self.pen.checkpoint)?;
        self.pen.offset = HEADER_BYTES;
        self.frontier = Arc::new(Frontier::at(HEADER_BYTES));
        self.pen.segments.push(SegmentInfo { first_sequence, index_max: None });
        self.counters.zeros_until.store(self.pen.file.len()?, Ordering::Relaxed);
        Ok(())
    }

    /// A segment can go when all its entries are purged and a later segment's header holds what else it said.
    fn remove_superfluous(&mut self) -> io::Result<()> {
        let Some(purged) = self.pen.checkpoint.purged else { return Ok(()) };
        let mut removed = false;
        while self.pen.segments.len() > 1
            && self.pen.segments[0].index_max.is_none_or(|max| max <= purged.index)
        {
            let first = self.pen.segments.remove(0);
            self.disk.remove(&segment::name(first.first_sequence))?;
            removed = true;
        }
        if removed { self.disk.sync_directory() } else { Ok(()) }
    }

    fn ask_for_zeros(&self) {
        let Some(zeros) = &self.zeros else { return };
        let until = self.counters.zeros_until.load(Ordering::Relaxed);
        if self.pen.offset + ZEROS_AHEAD_BYTES / 2 > until && until < self.options.segment_bytes {
            let target = (until + ZEROS_AHEAD_BYTES).min(self.options.segment_bytes);
            // Told before it is done: a pen that is faster writes past the zeros, which is slower and just as right.
            self.counters.zeros_until.store(target, Ordering::Relaxed);
            drop(zeros.send((Arc::clone(&self.pen.file), Arc::clone(&self.frontier), until, target)));
        }
    }
}

/// What [`WriterLoop::step`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Wrote,
    Idle,
    /// The log is gone; so is the work.
    Ended,
}

/// The writer with its queue.
pub struct WriterLoop {
    pub(super) writer: Writer,
    pub(super) queue: Receiver<Queued>,
    /// Rung at every hand-over; for those that must not block.
    pub(super) bell: Arc<Notify>,
    /// The newest commit mark that is not on disk.
    pub(super) committed: Arc<Mutex<Option<LogId>>>,
    pub(super) failed: Option<LogError>,
}

impl WriterLoop {
    /// Until the log is dropped. Blocks; needs a thread of its own.
    pub fn run(mut self) {
        let (sender, receiver) = std::sync::mpsc::channel::<ZerosWanted>();
        let zeros = std::thread::Builder::new().name("samyama-log-zeros".into()).spawn(move || {
            while let Ok((file, frontier, from, until)) = receiver.recv() {
                // Best effort: without zeros a sync is slower, nothing else.
                let _ = fill_with_zeros(&*file, &frontier, from, until);
            }
        });
        if zeros.is_ok() {
            self.writer.zeros = Some(sender);
        }
        loop {
            let first = match self.queue.recv_timeout(COMMIT_MARK_DELAY) {
                Ok(first) => Some(first),
                Err(RecvTimeoutError::Timeout) if self.committed.lock().is_none() => {
                    match self.queue.recv() {
                        Ok(first) => Some(first),
                        Err(_) => break,
                    }
                }
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            self.write_batch(first);
        }
        self.write_batch(None);
    }

    /// Something has queued since this last resolved. Only a task waits here; a thread has [`WriterLoop::run`].
    pub async fn queued(&self) {
        self.bell.notified().await;
    }

    /// Write what has queued, as one batch, without waiting.
    pub fn step(&mut self) -> Step {
        match self.queue.try_recv() {
            Ok(first) => {
                self.write_batch(Some(first));
                Step::Wrote
            }
            Err(TryRecvError::Empty) => Step::Idle,
            Err(TryRecvError::Disconnected) => {
                self.write_batch(None);
                Step::Ended
            }
        }
    }

    /// To be called when nothing has queued for [`COMMIT_MARK_DELAY`]: the newest commit mark goes to the disk by itself.
    pub fn write_mark(&mut self) {
        self.write_batch(None);
    }

    fn write_batch(&mut self, first: Option<Queued>) {
        let (mut records, mut callbacks, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut next = first;
        while let Some(queued) = next {
            for record in &queued.records {
                if let Record::Entry(entry) = record {
                    bytes += entry.payload.len();
                }
            }
            records.extend(queued.records);
            callbacks.extend(queued.callback);
            next = if bytes < BATCH_BYTES_MAX { self.queue.try_recv().ok() } else { None };
        }
        let mark = self.committed.lock().take();
        records.extend(mark.map(Record::Committed));
        if records.is_empty() && callbacks.is_empty() {
            return;
        }
        if self.failed.is_none()
            && let Err(error) = self.writer.write(&records)
        {
            let name = self.writer.disk.describe(&segment::name(self.writer.current().first_sequence));
            let message = format!(
                "{name}: writing or flushing the log failed: {error}. What the file holds is not known any more, so this \
                 node stops. Free space or replace the disk, then start it again; if the log is then refused, remove this \
                 node from the cluster and add a new one"
            );
            tracing::error!("{message}");
            self.failed = Some(LogError(message.into()));
        }
        for callback in callbacks {
            callback.tell(self.failed.clone().map_or(Ok(()), Err));
        }
    }
}

/// How far the pen has come in a segment, and what is being zeroed ahead of it: the two must never write the same bytes, or
/// zeros would fall on records that are acknowledged.
struct Frontier {
    state: Mutex<FrontierState>,
    released: Condvar,
}

struct FrontierState {
    /// The pen has written, or is about to write, everything below.
    pen_until: u64,
    /// A piece that is being zeroed; its bytes are not the pen's until it is released.
    zeroing: Range<u64>,
}

impl Frontier {
    fn at(offset: u64) -> Self {
        let state = FrontierState { pen_until: offset, zeroing: 0..0 };
        Frontier { state: Mutex::new(state), released: Condvar::new() }
    }

    /// The pen takes everything below `until`; it waits for a piece that is just being zeroed there.
    fn advance(&self, until: u64) {
        let mut state = self.state.lock();
        state.pen_until = state.pen_until.max(until);
        while !state.zeroing.is_empty() && state.zeroing.start < state.pen_until {
            self.released.wait(&mut state);
        }
    }

    /// Take a piece to be zeroed, at `from` or behind the pen if that is further; None when nothing is left below `until`.
    fn claim(&self, from: u64, until: u64, bytes_max: u64) -> Option<Range<u64>> {
        let mut state = self.state.lock();
        let start = from.max(state.pen_until);
        if start >= until {
            return None;
        }
        state.zeroing = start..until.min(start + bytes_max);
        Some(state.zeroing.clone())
    }

    fn release(&self) {
        self.state.lock().zeroing = 0..0;
        self.released.notify_all();
    }
}

fn fill_with_zeros(file: &dyn DiskFile, frontier: &Frontier, from: u64, until: u64) -> io::Result<()> {
    let zeros = vec![0; ZEROS_PIECE_BYTES as usize];
    let mut at = from;
    while let Some(piece) = frontier.claim(at, until, ZEROS_PIECE_BYTES) {
        let written = file.write_all_at(&zeros[..(piece.end - piece.start) as usize], piece.start);
        frontier.release();
        written?;
        at = piece.end;
    }
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_never_claimed_below_the_pen() {
        let frontier = Frontier::at(512);
        assert_eq!(frontier.claim(0, 4096, 1024), Some(512..1536));
        frontier.release();
        frontier.advance(9000);
        assert_eq!(frontier.claim(1536, 4096, 1024), None);
        assert_eq!(frontier.claim(1536, 10_000, 4096), Some(9000..10_000));
    }

    #[test]
    fn the_pen_waits_for_a_piece_that_is_being_zeroed_where_it_wants_to_write() {
        let frontier = Arc::new(Frontier::at(512));
        assert_eq!(frontier.claim(1024, 4096, 1024), Some(1024..2048));
        frontier.advance(1024);
        let pen = Arc::clone(&frontier);
        let (sender, receiver) = std::sync::mpsc::channel();
        let writing = std::thread::spawn(move || {
            pen.advance(3000);
            let _ = sender.send(());
        });
        assert!(
            receiver.recv_timeout(Duration::from_millis(50)).is_err(),
            "the pen wrote over a claimed piece"
        );
        frontier.release();
        assert!(receiver.recv_timeout(Duration::from_secs(10)).is_ok());
        assert!(writing.join().is_ok());
    }
}
