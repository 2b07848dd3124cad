//! The log as segment files: the backend that is used.
//!
//! One write and one `fdatasync` a batch. Two things are done ahead by a helper so that the pen never waits for them: zeros
//! in front of it, and the spare file for the next segment, made when half of the present one is used. If there is no room
//! for a spare, new writes should be refused ([`Gauges::shortage`]); what was accepted until then goes into the other half
//! (`docs/decisions/0302-room-for-the-log.md`).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use parking_lot::Mutex;

use super::backend::{Gauges, RaftLogBackend, WriteError};
use super::checkpoint::Checkpoint;
use super::format::{HEAD_BYTES, Place, Record, extent_of, seed, write_record};
use super::frontier::Frontier;
use super::segment::{self, HEADER_BYTES};
use crate::LogIndex;
use crate::disk::{Disk, DiskFile};

/// Zeros are kept at least half of this ahead of the pen, and are written in pieces of this size.
const ZEROS_AHEAD_BYTES: u64 = 4 << 20;
/// Zeroed in one go; the pen waits for no more than that.
const ZEROS_PIECE_BYTES: u64 = 256 << 10;
/// The seal always fits.
const SEAL_BYTES: u64 = 64;

/// How the log lies on disk.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    pub segment_bytes: u64,
    /// fdatasync before a callback is completed.
    pub sync: bool,
    pub group: u32,
}

/// Which entries a segment may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct SegmentInfo {
    pub(super) first_sequence: u64,
    pub(super) index_max: Option<LogIndex>,
}

/// Where writing goes on after recovery.
pub(super) struct Pen {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) segments: Vec<SegmentInfo>,
    pub(super) offset: u64,
    pub(super) sequence: u64,
    pub(super) checkpoint: Checkpoint,
}

pub(super) struct Segments {
    disk: Arc<dyn Disk>,
    owner: [u8; 24],
    options: LogOptions,
    pen: Pen,
    /// Of the present segment's checksums.
    seed: u32,
    /// Sequence number of the first record since the last sync.
    batch_first: u64,
    /// Writes below this need no space.
    reserved: u64,
    /// The present segment is closed and the next one could not be begun.
    is_sealed: bool,
    /// Zeros are on disk, or soon will be, up to here in the present segment.
    zeros_until: u64,
    /// Of the present segment.
    frontier: Arc<Frontier>,
    /// The present segment once more, for the helper: a failed write-back is reported once to each descriptor, and the pen
    /// must hear of its own.
    helpers_file: Arc<dyn DiskFile>,
    buffer: Vec<u8>,
    spare: Arc<Spare>,
    gauges: Arc<Gauges>,
    helper: Option<Sender<Errand>>,
}

/// The file for the next segment, whoever makes it first.
struct Spare {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    file: Mutex<Option<Arc<dyn DiskFile>>>,
    /// The helper has been sent for it.
    is_asked_for: AtomicBool,
    gauges: Arc<Gauges>,
}

enum Errand {
    Zeros(Zeros),
    Spare,
    /// Segments that are not needed any more.
    Remove(Vec<String>),
}

/// A stretch in front of the pen, to be filled with zeros.
struct Zeros {
    file: Arc<dyn DiskFile>,
    from: u64,
    until: u64,
    frontier: Arc<Frontier>,
}

impl Spare {
    fn is_there(&self) -> bool {
        self.file.lock().is_some()
    }

    /// Make it unless it is there.
    fn prepare(&self) -> Result<(), WriteError> {
        let mut file = self.file.lock();
        if file.is_none() {
            *file = Some(self.make()?);
        }
        self.gauges.set_shortage(None);
        Ok(())
    }

    fn take(&self) -> Result<Arc<dyn DiskFile>, WriteError> {
        self.prepare()?;
        self.file.lock().take().map_or_else(|| self.make(), Ok)
    }

    fn give_back(&self, file: Arc<dyn DiskFile>) {
        *self.file.lock() = Some(file);
    }

    fn make(&self) -> Result<Arc<dyn DiskFile>, WriteError> {
        segment::make_spare(&*self.disk, self.segment_bytes).map_err(|error| {
            let error = classify(&*self.disk, "", &error);
            if let WriteError::NoRoom(why) = &error {
                self.gauges.set_shortage(Some(why.clone()));
            }
            error
        })
    }
}

fn is_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn classify(disk: &dyn Disk, name: &str, error: &io::Error) -> WriteError {
    if is_no_room(error) {
        return WriteError::NoRoom(format!(
            "{}: no room for the log ({error}). Writes are refused until space is freed or the volume is enlarged; reads \
             go on, and nothing needs to be restarted",
            disk.describe("")
        ));
    }
    failed(disk, name, error)
}

fn failed(disk: &dyn Disk, name: &str, error: &io::Error) -> WriteError {
    WriteError::Failed(format!(
        "{}: writing or flushing the log failed: {error}. What the file holds is not known any more, so this node stops, \
         and nothing was acknowledged since. Free space or replace the disk, then start it again; if the log is then \
         refused, remove this node from the cluster and add a new one",
        disk.describe(name)
    ))
}

impl Segments {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        owner: [u8; 24],
        options: LogOptions,
        pen: Pen,
    ) -> io::Result<Self> {
        let len = pen.file.len()?;
        let first_sequence = pen.segments.last().map_or(0, |segment| segment.first_sequence);
        let gauges = Arc::<Gauges>::default();
        let spare = Spare {
            disk: Arc::clone(&disk),
            segment_bytes: options.segment_bytes,
            file: Mutex::default(),
            is_asked_for: AtomicBool::new(false),
            gauges: Arc::clone(&gauges),
        };
        // Needs no space where it was reserved before; where it cannot be, what is there is known to be.
        let is_reserved = pen.file.reserve(options.segment_bytes).is_ok();
        Ok(Segments {
            seed: seed(&owner, first_sequence),
            batch_first: pen.sequence,
            reserved: if is_reserved { options.segment_bytes.max(len) } else { len },
            is_sealed: false,
            zeros_until: len,
            frontier: Arc::new(Frontier::at(pen.offset)),
            helpers_file: disk.open(&segment::name(first_sequence))?,
            buffer: Vec::new(),
            spare: Arc::new(spare),
            gauges,
            helper: None,
            disk,
            owner,
            options,
            pen,
        })
    }

    fn current(&self) -> &SegmentInfo {
        match self.pen.segments.last() {
            Some(segment) => segment,
            None => panic!("the log has no segment to write to"),
        }
    }

    fn place(&self) -> Place {
        Place {
            seed: self.seed,
            offset: self.pen.offset + self.buffer.len() as u64,
            batch_first: self.batch_first,
            sequence: self.pen.sequence,
        }
    }

    /// After this the records fit where the pen stands, and writing them needs no space.
    fn make_room(&mut self, bytes: u64) -> Result<(), WriteError> {
        let is_full = self.pen.offset + bytes + SEAL_BYTES > self.options.segment_bytes;
        // A batch larger than a segment gets one to itself, which then grows past the usual size.
        if self.is_sealed || (is_full && self.pen.offset > HEADER_BYTES) {
            self.rotate()?;
        }
        let end = self.pen.offset + bytes + SEAL_BYTES;
        if end > self.reserved {
            let reserved = self.pen.file.reserve(end);
            let name = segment::name(self.current().first_sequence);
            reserved.map_err(|error| classify(&*self.disk, &name, &error))?;
            self.reserved = end;
        }
        Ok(())
    }

    /// Seal and sync the old segment; then begin the new one.
    fn rotate(&mut self) -> Result<(), WriteError> {
        let spare = self.spare.take()?;
        let name = segment::name(self.current().first_sequence);
        if !self.is_sealed {
            self.buffer.clear();
            write_record(&Record::Seal, self.options.group, self.place(), &mut self.buffer);
            self.pen.sequence += 1;
            let sealed = self.put_buffer().and_then(|()| self.pen.file.sync_data());
            sealed.map_err(|error| failed(&*self.disk, &name, &error))?;
            self.gauges.note_fsync();
            self.batch_first = self.pen.sequence;
            self.is_sealed = true;
        }
        let first_sequence = self.pen.sequence;
        let begun = segment::begin(&*self.disk, &*spare, first_sequence, &self.owner, &self.pen.checkpoint);
        if let Err(error) = begun {
            self.spare.give_back(spare);
            return Err(classify(&*self.disk, &name, &error));
        }
        let begun = spare.len().and_then(|len| Ok((len, self.disk.open(&segment::name(first_sequence))?)));
        (self.zeros_until, self.helpers_file) = begun.map_err(|error| failed(&*self.disk, &name, &error))?;
        self.pen.file = spare;
        self.seed = seed(&self.owner, first_sequence);
        self.pen.offset = HEADER_BYTES;
        self.frontier = Arc::new(Frontier::at(HEADER_BYTES));
        self.pen.segments.push(SegmentInfo { first_sequence, index_max: None });
        self.reserved = self.options.segment_bytes;
        self.is_sealed = false;
        Ok(())
    }

    fn put_records(&mut self, records: &[Record]) -> io::Result<()> {
        self.buffer.clear();
        for record in records {
            write_record(record, self.options.group, self.place(), &mut self.buffer);
            self.note(record);
        }
        self.put_buffer()?;
        if records.iter().any(|record| !matches!(record, Record::Committed(_))) && self.options.sync {
            self.pen.file.sync_data()?;
            self.gauges.note_fsync();
            self.batch_first = self.pen.sequence;
        }
        Ok(())
    }

    fn put_buffer(&mut self) -> io::Result<()> {
        let end = self.pen.offset + self.buffer.len() as u64;
        self.frontier.advance(end);
        self.pen.file.write_all_at(&self.buffer, self.pen.offset)?;
        self.pen.offset = end;
        self.gauges.note_write(self.buffer.len());
        Ok(())
    }

    fn note(&mut self, record: &Record) {
        self.pen.sequence += 1;
        self.pen.checkpoint.note(record);
        if let (Record::Entry(entry), Some(segment)) = (record, self.pen.segments.last_mut()) {
            segment.index_max = segment.index_max.max(Some(entry.id.index));
        }
    }

    /// A segment can go when all its entries are purged and a later segment's header holds what else it said. Nothing waits
    /// for that: one that is still there at the next start goes then.
    fn remove_superfluous(&mut self) -> io::Result<()> {
        let Some(purged) = self.pen.checkpoint.purged else { return Ok(()) };
        let mut names = Vec::new();
        while self.pen.segments.len() > 1
            && self.pen.segments[0].index_max.is_none_or(|max| max <= purged.index)
        {
            let first = self.pen.segments.remove(0);
            names.push(segment::name(first.first_sequence));
        }
        match &self.helper {
            Some(helper) if !names.is_empty() => {
                drop(helper.send(Errand::Remove(names)));
                Ok(())
            }
            _ => remove(&*self.disk, &names),
        }
    }

    /// Have ready what the pen will need soon.
    fn look_ahead(&mut self) -> Result<(), WriteError> {
        if self.pen.offset > self.options.segment_bytes / 2 && !self.spare.is_there() {
            match &self.helper {
                Some(helper) if !self.spare.is_asked_for.swap(true, Ordering::AcqRel) => {
                    drop(helper.send(Errand::Spare));
                }
                Some(_) => {}
                None => match self.spare.prepare() {
                    Ok(()) | Err(WriteError::NoRoom(_)) => {}
                    Err(error) => return Err(error),
                },
            }
        }
        let Some(helper) = &self.helper else { return Ok(()) };
        let from = self.zeros_until;
        if self.pen.offset + ZEROS_AHEAD_BYTES / 2 > from && from < self.options.segment_bytes {
            let until = (from + ZEROS_AHEAD_BYTES).min(self.options.segment_bytes);
            // Noted before it is done: a pen that is faster goes past the zeros, which is slower and just as right.
            self.zeros_until = until;
            let (file, frontier) = (Arc::clone(&self.helpers_file), Arc::clone(&self.frontier));
            drop(helper.send(Errand::Zeros(Zeros { file, from, until, frontier })));
        }
        Ok(())
    }
}

impl RaftLogBackend for Segments {
    fn write(&mut self, records: &[Record]) -> Result<(), WriteError> {
        self.make_room(records.iter().map(room_for).sum())?;
        let written = self.put_records(records).and_then(|()| {
            let purged = records.iter().any(|record| matches!(record, Record::PurgeUpTo(_)));
            if purged { self.remove_superfluous() } else { Ok(()) }
        });
        let name = segment::name(self.current().first_sequence);
        written.map_err(|error| failed(&*self.disk, &name, &error))?;
        self.look_ahead()
    }

    fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    fn begin(&mut self) {
        let (sender, errands) = channel();
        let spare = Arc::clone(&self.spare);
        let helper = std::thread::Builder::new()
            .name("samyama-log-ahead".into())
            .spawn(move || run_errands(&errands, &spare));
        if helper.is_ok() {
            self.helper = Some(sender);
        }
    }

    fn idle(&mut self) -> Result<(), WriteError> {
        self.look_ahead()
    }
}

/// What a record takes at most.
fn room_for(record: &Record) -> u64 {
    let payload = match record {
        Record::Entry(entry) => entry.payload.len() + HEAD_BYTES,
        _ => HEAD_BYTES,
    };
    extent_of(payload) as u64
}

fn remove(disk: &dyn Disk, names: &[String]) -> io::Result<()> {
    for name in names {
        disk.remove(name)?;
    }
    if names.is_empty() { Ok(()) } else { disk.sync_directory() }
}

fn run_errands(errands: &Receiver<Errand>, spare: &Spare) {
    while let Ok(errand) = errands.recv() {
        match errand {
            // Best effort: without zeros a sync is slower, nothing else.
            Errand::Zeros(zeros) => drop(fill_with_zeros(&zeros)),
            Errand::Remove(names) => {
                if let Err(error) = remove(&*spare.disk, &names) {
                    tracing::warn!("{names:?}, not needed any more, could not be removed: {error}");
                }
            }
            Errand::Spare => {
                if let Err(WriteError::Failed(why)) = spare.prepare() {
                    // The pen will meet the same when it needs the file, and then it counts.
                    tracing::warn!("{why}");
                }
                spare.is_asked_for.store(false, Ordering::Release);
            }
        }
    }
}

fn fill_with_zeros(zeros: &Zeros) -> io::Result<()> {
    let bytes = vec![0; ZEROS_PIECE_BYTES as usize];
    let mut at = zeros.from;
    while let Some(piece) = zeros.frontier.claim(at, zeros.until, ZEROS_PIECE_BYTES) {
        let len = (piece.end - piece.start) as usize;
        let written = zeros.file.write_all_at(&bytes[..len], piece.start);
        zeros.frontier.release();
        written?;
        at = piece.end;
    }
    zeros.file.sync_data()
}
