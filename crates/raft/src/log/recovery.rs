//! Reading a log directory back, and telling a torn tail from damage.
//!
//! The writer begins batch n + 1 only after the flush of batch n returned. Therefore bad bytes anywhere but in the last
//! batch are damage to what was acknowledged: the node refuses to start. In the last batch a torn write leaves whole
//! 512-byte blocks of zeros (segments are zero-filled ahead of the pen) or the file ends early: such a tail is cut, zeroed
//! and synced before anything is appended. Bad bytes without a missing block are rot, and refused too. A cut below a
//! surviving commit mark is refused as well.

use std::io;
use std::sync::Arc;

use super::format::{ALIGN_BYTES, HEAD_BYTES, Head, Record};
use super::segment::{self, Checkpoint, HEADER_BYTES};
use super::types::{LogEntry, LogId};
use super::writer::{Pen, SegmentInfo};
use crate::disk::{Disk, DiskFile, read_whole};

const BLOCK_BYTES: usize = 512;

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

/// A torn tail that was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    pub file: String,
    pub offset: u64,
    pub bytes: u64,
}

pub struct Recovered {
    pub(super) entries: Vec<LogEntry>,
    pub(super) checkpoint: Checkpoint,
    pub(super) pen: Pen,
    pub(super) repair: Option<Repair>,
}

/// Replays records onto a state.
struct Replay {
    entries: Vec<LogEntry>,
    state: Checkpoint,
}

/// Read everything; make the first segment in an empty directory.
pub(super) fn recover(disk: &dyn Disk, owner: &[u8; 24]) -> Result<Recovered, DamageError> {
    let in_directory = |source| DamageError::Io { file: disk.describe(""), source };
    let firsts: Vec<u64> =
        disk.list().map_err(in_directory)?.iter().filter_map(|n| segment::sequence_of(n)).collect();
    let Some(&newest) = firsts.last() else {
        let checkpoint = Checkpoint::default();
        let file = segment::create(disk, 0, owner, &checkpoint).map_err(in_directory)?;
        let segments = vec![SegmentInfo { first_sequence: 0, index_max: None }];
        let pen = Pen { file, segments, offset: HEADER_BYTES, sequence: 0, checkpoint };
        return Ok(Recovered { entries: Vec::new(), checkpoint, pen, repair: None });
    };
    let mut replay = Replay { entries: Vec::new(), state: Checkpoint::default() };
    let mut segments: Vec<SegmentInfo> = Vec::new();
    let mut sequence = firsts[0];
    let mut end = None;
    for &first in &firsts {
        let name = segment::name(first);
        let file = disk.describe(&name);
        let bytes =
            read_whole(disk, &name).map_err(|source| DamageError::Io { file: file.clone(), source })?;
        let damaged = |offset: u64, what: String| DamageError::Damaged { file: file.clone(), offset, what };
        let header = segment::decode_header(&bytes, first, owner).map_err(|what| damaged(0, what))?;
        if segments.is_empty() {
            replay.state = header;
        } else if first != sequence {
            return Err(damaged(
                0,
                format!("it begins with record {first} where {sequence} is due: a segment is missing"),
            ));
        } else if header != replay.state {
            return Err(damaged(0, "its header disagrees with the segments before it".into()));
        }
        let mut scan = Scan { bytes: &bytes, segment: first, offset: HEADER_BYTES as usize, sequence };
        let mut info = SegmentInfo { first_sequence: first, index_max: None };
        let mut sealed = false;
        while let Some((head, record)) = scan.next() {
            let at = (scan.offset - head.extent()) as u64;
            if sealed {
                return Err(damaged(at, "records stand behind the seal".into()));
            }
            if let Record::Entry(entry) = &record {
                info.index_max = info.index_max.max(Some(entry.id.index));
            }
            sealed = record == Record::Seal;
            replay.state.batch = head.batch;
            replay.apply(record).map_err(|what| damaged(at, what))?;
            if sealed {
                replay.state.batch = head.batch.wrapping_add(1);
            }
        }
        sequence = scan.sequence;
        segments.push(info);
        let at = scan.offset as u64;
        if first != newest && !sealed {
            return Err(damaged(at, format!("record {sequence} cannot be read, and later segments exist")));
        }
        if first == newest {
            let garbage = scan.judge_tail(replay.state.batch).map_err(|what| damaged(at, what))?;
            end = Some((name, scan.offset, garbage, sealed));
        }
    }
    replay.check_committed(&disk.describe(&segment::name(newest)))?;
    replay.state.batch = replay.state.batch.wrapping_add(1);
    finish(disk, owner, replay, segments, sequence, end)
}

fn finish(
    disk: &dyn Disk,
    owner: &[u8; 24],
    replay: Replay,
    mut segments: Vec<SegmentInfo>,
    sequence: u64,
    end: Option<(String, usize, usize, bool)>,
) -> Result<Recovered, DamageError> {
    let Some((name, offset, garbage, sealed)) = end else { panic!("the newest segment was not read") };
    let file_name = disk.describe(&name);
    let io_error = |source| DamageError::Io { file: file_name.clone(), source };
    let mut file: Arc<dyn DiskFile> = disk.open(&name).map_err(io_error)?;
    let mut repair = None;
    if garbage > 0 {
        file.write_all_at(&vec![0; garbage], offset as u64).map_err(io_error)?;
        file.sync_data().map_err(io_error)?;
        repair = Some(Repair { file: file_name.clone(), offset: offset as u64, bytes: garbage as u64 });
    }
    let mut position = offset as u64;
    if sealed {
        // The crash came between the seal and the next segment.
        file = segment::create(disk, sequence, owner, &replay.state).map_err(io_error)?;
        segments.push(SegmentInfo { first_sequence: sequence, index_max: None });
        position = HEADER_BYTES;
    }
    let pen = Pen { file, segments, offset: position, sequence, checkpoint: replay.state };
    Ok(Recovered { entries: replay.entries, checkpoint: replay.state, pen, repair })
}

impl Replay {
    fn apply(&mut self, record: Record) -> Result<(), String> {
        let state = &mut self.state;
        match record {
            Record::Entry(entry) => {
                let due = state.last.map_or(0, |last| last.index + 1);
                if entry.id.index != due {
                    return Err(format!("entry {} stands where {due} is due", entry.id.index));
                }
                if state.vote.is_none_or(|vote| vote.leader.term < entry.id.leader.term)
                    && entry.id.leader.term > 0
                {
                    return Err(format!(
                        "an entry of term {} stands before a vote of that term",
                        entry.id.leader.term
                    ));
                }
                state.last = Some(entry.id);
                self.entries.push(entry);
            }
            Record::Vote(vote) => {
                if state.vote.is_some_and(|old| old.leader > vote.leader) {
                    return Err("a vote goes back".into());
                }
                state.vote = Some(vote);
            }
            Record::TruncateAfter(last) => {
                let keep = last.map_or(0, |id| id.index + 1);
                let first = self.entries.first().map(|entry| entry.id.index);
                if let Some(first) = first {
                    self.entries.truncate(keep.saturating_sub(first) as usize);
                }
                state.last = last;
            }
            Record::PurgeUpTo(id) => {
                let gone = self.entries.partition_point(|entry| entry.id.index <= id.index);
                self.entries.drain(..gone);
                state.purged = Some(id);
                if state.last.is_none_or(|last| last.index < id.index) {
                    state.last = Some(id);
                }
            }
            Record::Committed(id) => state.committed = Some(id),
            Record::Seal => {}
        }
        Ok(())
    }

    /// What is known to be committed must be there, as entry or behind the purge mark.
    fn check_committed(&mut self, file: &str) -> Result<(), DamageError> {
        let damaged = |what: String| Err(DamageError::Damaged { file: file.to_owned(), offset: 0, what });
        let index = |id: Option<LogId>| id.map_or(-1, |id| id.index as i128);
        let (committed, last, purged) =
            (index(self.state.committed), index(self.state.last), index(self.state.purged));
        if committed > last.max(purged) {
            return damaged(format!("entry {committed} is marked as committed and the log ends with {last}"));
        }
        // Entries that were purged but stand in a segment that also holds later ones.
        if let Some(purged) = self.state.purged {
            self.entries.retain(|entry| entry.id.index > purged.index);
        }
        let first = self.entries.first().map(|entry| entry.id.index as i128);
        if first.is_some_and(|first| first != purged + 1) {
            return damaged(format!(
                "entries begin with {first:?} and are purged up to {purged}: some are missing"
            ));
        }
        if first.is_none() && last > purged {
            return damaged(format!(
                "the log ends with {last}, is purged up to {purged} and holds no entries"
            ));
        }
        Ok(())
    }
}

/// Walks the records of one segment.
struct Scan<'a> {
    bytes: &'a [u8],
    segment: u64,
    offset: usize,
    sequence: u64,
}

impl Scan<'_> {
    /// The next good record with the sequence number that is due.
    fn next(&mut self) -> Option<(Head, Record)> {
        let rest = self.bytes.get(self.offset..)?;
        let head = Head::read(rest, self.segment).filter(|head| head.sequence == self.sequence)?;
        let record = head.read_body(rest, self.segment)?;
        self.offset += head.extent();
        self.sequence += 1;
        Some((head, record))
    }

    /// What stands behind the last good record: nothing (0), a torn tail (how many bytes to clear), or damage.
    fn judge_tail(&self, batch: u32) -> Result<usize, String> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let Some(last) = rest.iter().rposition(|byte| *byte != 0) else { return Ok(0) };
        let dirty = last + 1;
        if let Some((at, head)) = self.later_record(rest, batch) {
            return Err(format!(
                "record {} cannot be read, but record {} of a later flush stands {at} bytes behind it",
                self.sequence, head.sequence
            ));
        }
        // Is a block missing that the unreadable record must have had?
        let head = Head::read(rest, self.segment);
        let extent = match &head {
            Some(head) if head.sequence != self.sequence => {
                return Err(format!("record {} stands where {} is due", head.sequence, self.sequence));
            }
            Some(head) => head.extent(),
            None if rest[..HEAD_BYTES.min(rest.len())].iter().all(|byte| *byte == 0) => return Ok(dirty),
            None => dirty.max(HEAD_BYTES),
        };
        let ends_early = self.offset + extent > self.bytes.len();
        if ends_early || self.has_empty_block(extent) {
            return Ok(dirty);
        }
        Err(format!(
            "record {} has the wrong checksum, and no block of it is missing: its bytes have changed",
            self.sequence
        ))
    }

    /// A whole block of zeros within the next `extent` bytes; a first or last block counts with the part in the extent.
    fn has_empty_block(&self, extent: usize) -> bool {
        let (start, end) = (self.offset, (self.offset + extent).min(self.bytes.len()));
        let mut at = start;
        while at < end {
            let block_end = (at / BLOCK_BYTES + 1) * BLOCK_BYTES;
            let part = &self.bytes[at..block_end.min(end)];
            // Padding alone proves nothing: a part must be longer than that to count.
            if part.len() >= ALIGN_BYTES && part.iter().all(|byte| *byte == 0) {
                return true;
            }
            at = block_end;
        }
        false
    }

    /// A readable record of a later batch proves that the one before it was flushed.
    fn later_record(&self, rest: &[u8], batch: u32) -> Option<(usize, Head)> {
        let torn_batch =
            Head::read(rest, self.segment).map_or(batch.wrapping_add(1), |head| head.batch.max(batch));
        (ALIGN_BYTES..rest.len().saturating_sub(HEAD_BYTES)).step_by(ALIGN_BYTES).find_map(|at| {
            let head = Head::read(&rest[at..], self.segment)?;
            let is_later = head.sequence > self.sequence && head.batch > torn_batch;
            is_later.then_some((at, head))
        })
    }
}
