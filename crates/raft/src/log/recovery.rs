//! Reading a log directory back, and telling a torn tail from damage.
//!
//! A segment that has a successor is whole. In the newest one the writer begins a batch only after the flush of the one before
//! returned, so only the last batch can be torn: bad bytes in front of a record of a later batch are damage to what was acknowledged,
//! and the node does not start. In the last batch a disk writes whole blocks, in any order, into zeros: a record of which a block or the end is
//! missing is torn, and the log is cut there; a record that is all there and does not fit its checksum has changed, and is
//! refused too. `tail` judges that. What is kept must hold every entry that a commit mark names.
//!
//! What recovery reports is durable: the process may have been killed between a write and its sync, or after a sync failed,
//! and what was read is then perhaps nowhere but in memory. So the last batch is written once more and synced, the
//! directory too, before anybody hears of it; a cut tail is zeroed, or the next start would find it behind good records.

use std::io;
use std::sync::Arc;

use super::backend::{Recovered, Repair};
use super::checkpoint::Checkpoint;
use super::format::{Record, seed};
use super::segment::{self, HEADER_BYTES};
use super::segments::{LogOptions, Pen, SegmentInfo, Segments};
use super::tail::Scan;
use super::types::{LogEntry, LogId};
use crate::disk::{Disk, DiskFile, read_whole};

/// The log cannot be trusted as it is.
#[derive(Debug, thiserror::Error)]
pub enum DamageError {
    #[error(
        "{file}, offset {offset}: the log is damaged: {what}. Acknowledged writes may be missing, so this node does not \
         start. If the other nodes are well, remove this one from the cluster and add a new node with a new id and an empty \
         directory; keep this directory for examination"
    )]
    Damaged { file: String, offset: u64, what: String },
    #[error("{file}: {source}")]
    Io { file: String, source: io::Error },
}

/// Read everything; make the first segment in an empty directory.
pub(super) fn open(
    disk: Arc<dyn Disk>,
    owner: [u8; 24],
    options: LogOptions,
) -> Result<(Recovered, Segments), DamageError> {
    let reading = read(&*disk, &owner)?;
    let in_directory = |source| DamageError::Io { file: disk.describe(""), source };
    let (recovered, pen) = match reading {
        None => {
            let checkpoint = Checkpoint::default();
            let file = begin_segment(&*disk, 0, &owner, options, &checkpoint).map_err(in_directory)?;
            let segments = vec![SegmentInfo { first_sequence: 0, index_max: None }];
            let pen = Pen { file, segments, offset: HEADER_BYTES, sequence: 0, checkpoint };
            (Recovered::default(), pen)
        }
        Some(reading) => reading.finish(&*disk, &owner, options)?,
    };
    let segments = Segments::new(Arc::clone(&disk), owner, options, pen).map_err(in_directory)?;
    Ok((recovered, segments))
}

fn begin_segment(
    disk: &dyn Disk,
    first_sequence: u64,
    owner: &[u8; 24],
    options: LogOptions,
    checkpoint: &Checkpoint,
) -> io::Result<Arc<dyn DiskFile>> {
    let file = segment::make_spare(disk, options.segment_bytes)?;
    segment::begin(disk, &*file, first_sequence, owner, checkpoint)?;
    Ok(file)
}

/// What was read, before anything is changed.
struct Reading {
    replay: Replay,
    /// Those that count, oldest first; never empty.
    segments: Vec<SegmentInfo>,
    /// Segments from before a purge that was not carried out to the end.
    leftovers: Vec<u64>,
    /// The sequence number of the next record.
    sequence: u64,
    newest: Newest,
}

/// The end of the newest segment.
#[derive(Default)]
struct Newest {
    /// Behind the last good record.
    offset: usize,
    /// Bytes behind it that must be zeroed.
    torn: usize,
    is_sealed: bool,
    /// Where the last batch begins, and its bytes.
    batch_offset: usize,
    batch: Vec<u8>,
}

/// None: the directory is new.
fn read(disk: &dyn Disk, owner: &[u8; 24]) -> Result<Option<Reading>, DamageError> {
    let names = disk.list().map_err(|source| DamageError::Io { file: disk.describe(""), source })?;
    let firsts: Vec<u64> = names.iter().filter_map(|name| segment::sequence_of(name)).collect();
    let (Some(&oldest), Some(&newest)) = (firsts.first(), firsts.last()) else { return Ok(None) };
    let mut reading = Reading {
        replay: Replay::default(),
        segments: Vec::new(),
        leftovers: Vec::new(),
        sequence: oldest,
        newest: Newest::default(),
    };
    // Segments before the oldest that counts: they must have been superfluous.
    let mut gap = None;
    for &first in &firsts {
        let name = segment::name(first);
        let file = disk.describe(&name);
        let bytes =
            read_whole(disk, &name).map_err(|source| DamageError::Io { file: file.clone(), source })?;
        let damaged = |offset: usize, what: String| DamageError::Damaged {
            file: file.clone(),
            offset: offset as u64,
            what,
        };
        let header = segment::decode_header(&bytes, first, owner).map_err(|what| damaged(0, what))?;
        let follows = reading.segments.is_empty() || (first == reading.sequence && reading.newest.is_sealed);
        if !follows {
            gap = Some(reading.describe_gap(disk, first));
            reading.leftovers.extend(reading.segments.drain(..).map(|segment| segment.first_sequence));
        }
        if reading.segments.is_empty() {
            reading.replay = Replay { entries: Vec::new(), state: header, began_with: header };
            reading.sequence = first;
        } else if header != reading.replay.state {
            return Err(damaged(0, "its header disagrees with the segments before it".into()));
        }
        let scan = Scan::new(&bytes, seed(owner, first), reading.sequence);
        reading.read_segment(scan, first, first == newest, damaged)?;
    }
    let begins = reading.segments.first().map_or(0, |segment| segment.first_sequence);
    if begins > 0 && !reading.replay.needs_nothing_before() {
        let missing = || DamageError::Damaged {
            file: disk.describe(&segment::name(begins)),
            offset: 0,
            what: format!("the log begins with record {begins}, and the segments before it are missing"),
        };
        return Err(gap.unwrap_or_else(missing));
    }
    let file = disk.describe(&segment::name(newest));
    let offset = reading.newest.offset as u64;
    reading.replay.check().map_err(|what| DamageError::Damaged { file, offset, what })?;
    Ok(Some(reading))
}

impl Reading {
    fn describe_gap(&self, disk: &dyn Disk, next: u64) -> DamageError {
        let last = self.segments.last().map_or(0, |segment| segment.first_sequence);
        let due = self.sequence;
        let what = if self.newest.is_sealed {
            format!("the segment that begins with record {due} is missing; the next one begins with {next}")
        } else {
            format!("record {due} cannot be read, and later segments exist")
        };
        let file = disk.describe(&segment::name(last));
        DamageError::Damaged { file, offset: self.newest.offset as u64, what }
    }

    fn read_segment(
        &mut self,
        mut scan: Scan<'_>,
        first: u64,
        is_newest: bool,
        damaged: impl Fn(usize, String) -> DamageError,
    ) -> Result<(), DamageError> {
        let mut info = SegmentInfo { first_sequence: first, index_max: None };
        let (mut is_sealed, mut batch_offset) = (false, scan.offset());
        while let Some((head, record)) = scan.next_record() {
            let at = scan.offset() - head.extent();
            if is_sealed {
                return Err(damaged(at, "records stand behind the seal".into()));
            }
            if head.batch_first == head.sequence {
                batch_offset = at;
            }
            if let Record::Entry(entry) = &record {
                info.index_max = info.index_max.max(Some(entry.id.index));
            }
            is_sealed = record == Record::Seal;
            self.replay.apply(record).map_err(|what| damaged(at, what))?;
        }
        let offset = scan.offset();
        self.sequence = scan.sequence();
        self.segments.push(info);
        self.newest = Newest { offset, torn: 0, is_sealed, batch_offset, batch: Vec::new() };
        if is_newest {
            self.newest.torn = scan.judge_tail().map_err(|what| damaged(offset, what))?;
            self.newest.batch = scan.bytes_from(batch_offset).to_vec();
        }
        Ok(())
    }

    /// Make durable what was read, clear what was cut, and put the pen where it goes on.
    fn finish(
        mut self,
        disk: &dyn Disk,
        owner: &[u8; 24],
        options: LogOptions,
    ) -> Result<(Recovered, Pen), DamageError> {
        let name = segment::name(self.segments.last().map_or(0, |segment| segment.first_sequence));
        let file_name = disk.describe(&name);
        let repair = (self.newest.torn > 0).then(|| Repair {
            file: file_name.clone(),
            offset: self.newest.offset as u64,
            bytes: self.newest.torn as u64,
        });
        let io_error = |source| DamageError::Io { file: file_name.clone(), source };
        let (file, offset) = self.settle(disk, &name, owner, options).map_err(io_error)?;
        let Replay { entries, state, .. } = self.replay;
        let pen = Pen { file, segments: self.segments, offset, sequence: self.sequence, checkpoint: state };
        let Checkpoint { purged, vote, committed, .. } = state;
        Ok((Recovered { entries, purged, vote, committed, repair }, pen))
    }

    fn settle(
        &mut self,
        disk: &dyn Disk,
        name: &str,
        owner: &[u8; 24],
        options: LogOptions,
    ) -> io::Result<(Arc<dyn DiskFile>, u64)> {
        let newest = &self.newest;
        let file = disk.open(name)?;
        file.write_all_at(&newest.batch, newest.batch_offset as u64)?;
        file.write_all_at(&vec![0; newest.torn], newest.offset as u64)?;
        file.sync_data()?;
        for leftover in self.leftovers.drain(..) {
            disk.remove(&segment::name(leftover))?;
        }
        disk.sync_directory()?;
        if !newest.is_sealed {
            return Ok((file, newest.offset as u64));
        }
        // The crash came between the seal and the next segment.
        let file = begin_segment(disk, self.sequence, owner, options, &self.replay.state)?;
        self.segments.push(SegmentInfo { first_sequence: self.sequence, index_max: None });
        Ok((file, HEADER_BYTES))
    }
}

/// Replays records onto a state.
#[derive(Default)]
struct Replay {
    entries: Vec<LogEntry>,
    state: Checkpoint,
    /// The header of the oldest segment.
    began_with: Checkpoint,
}

impl Replay {
    fn apply(&mut self, record: Record) -> Result<(), String> {
        match &record {
            Record::Entry(entry) => self.check_entry(entry)?,
            Record::Vote(vote) => {
                let order = |vote: &super::types::Vote| (vote.leader, vote.committed);
                if self.state.vote.is_some_and(|old| order(&old) > order(vote)) {
                    return Err("a vote goes back".into());
                }
            }
            _ => {}
        }
        self.state.note(&record);
        match record {
            Record::Entry(entry) => self.entries.push(entry),
            Record::TruncateAfter(keep) => {
                let kept = |entry: &LogEntry| keep.is_some_and(|keep| entry.id.index <= keep.index);
                let kept = self.entries.partition_point(kept);
                self.entries.truncate(kept);
            }
            Record::PurgeUpTo(id) => {
                let gone = self.entries.partition_point(|entry| entry.id.index <= id.index);
                self.entries.drain(..gone);
            }
            Record::Vote(_) | Record::Committed(_) | Record::Seal => {}
        }
        Ok(())
    }

    fn check_entry(&self, entry: &LogEntry) -> Result<(), String> {
        let LogId { leader, index } = entry.id;
        if let Some(due) = self.state.due().filter(|due| *due != index) {
            return Err(format!("entry {index} stands where {due} is due"));
        }
        // The first entry of all is of term 0, which nobody votes for.
        if leader.term > 0 && self.state.vote.is_none_or(|vote| vote.leader < leader) {
            return Err(format!("an entry of term {} stands before a vote of that term", leader.term));
        }
        Ok(())
    }

    /// Everything that stood in older segments is purged.
    fn needs_nothing_before(&self) -> bool {
        let before = self.began_with.last.map(|last| last.index);
        self.state.purged.is_some_and(|purged| before.is_none_or(|before| before <= purged.index))
    }

    /// The entries are contiguous from the purge mark to the last, and what is known to be committed is among them.
    fn check(&mut self) -> Result<(), String> {
        let Checkpoint { purged, committed, last, .. } = self.state;
        // Entries that were purged but stand in a segment that also holds later ones.
        if let Some(purged) = purged {
            self.entries.retain(|entry| entry.id.index > purged.index);
        }
        let first = self.entries.first().map(|entry| entry.id.index);
        if let (Some(first), Some(purged)) = (first, purged)
            && first != purged.index + 1
        {
            return Err(format!(
                "entries begin with {first} and are purged up to {}: some are missing",
                purged.index
            ));
        }
        if self.entries.last().map(|entry| entry.id).or(purged) != last {
            return Err(format!("the log ends with {last:?} and does not hold that entry"));
        }
        let Some(committed) = committed else { return Ok(()) };
        if last.is_none_or(|last| last.index < committed.index) {
            let last = last.map_or("nothing".into(), |last| last.index.to_string());
            return Err(format!(
                "entry {} is marked as committed, and the log ends with {last}",
                committed.index
            ));
        }
        let offset = first.and_then(|first| committed.index.checked_sub(first));
        let there = offset.and_then(|offset| self.entries.get(offset as usize));
        match there {
            Some(entry) if entry.id != committed => Err(format!(
                "entry {} is marked as committed with term {}, and the one there is of term {}",
                committed.index, committed.leader.term, entry.id.leader.term
            )),
            _ => Ok(()),
        }
    }
}
