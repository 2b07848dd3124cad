//! Records as bytes. A record is a 32-byte head, a payload, and 1 to 8 bytes 0xA5 up to a multiple of 8:
//!
//! ```text
//!  0 u32 head crc   CRC32C of bytes 4..32, seeded with owner and segment
//!  4 u32 body crc   CRC32C of the payload as it is stored, seeded likewise
//!  8 u32 length     of the payload
//! 12 u8  kind
//! 13 u8  version
//! 14 u8  mask       every byte of the payload is stored XOR this
//! 15 u8  zero
//! 16 u32 group      the Raft group; 0 today
//! 20 u32 back       how many records of the same batch stand before it: a batch is what one fdatasync covers
//! 24 u64 sequence   one more per record, never reset
//! ```
//!
//! The seed (CRC32C of owner and the segment's first sequence number) keeps a record of another segment or node in this place
//! from being taken for one of this. An all-zero head is the clean end.
//!
//! The file is zeros where nothing was written, and a disk writes whole blocks of 512 bytes. So that a missing block can be told from a
//! changed one, no block of a whole record is all zeros: the last byte is padding and not zero, and a payload with such a
//! block in it is stored under a mask that leaves none.

use bytes::Bytes;

use super::types::{EntryKind, LogEntry, LogId, Vote};
use crate::Leadership;

pub(super) const HEAD_BYTES: usize = 32;
pub(super) const ALIGN_BYTES: usize = 8;
/// What a disk writes whole or not at all.
pub(super) const BLOCK_BYTES: usize = 512;
const PADDING: u8 = 0xA5;
const VERSION: u8 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    Entry = 1,
    Vote = 2,
    /// Everything behind the log id given (None: everything) is gone.
    TruncateAfter = 3,
    /// Everything up to and with the log id given is covered by a snapshot.
    PurgeUpTo = 4,
    Committed = 5,
    /// The last record of a segment that has a successor.
    Seal = 6,
}

impl RecordKind {
    fn from_byte(byte: u8) -> Option<Self> {
        use RecordKind::*;
        [Entry, Vote, TruncateAfter, PurgeUpTo, Committed, Seal].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Entry(LogEntry),
    Vote(Vote),
    TruncateAfter(Option<LogId>),
    PurgeUpTo(LogId),
    Committed(LogId),
    Seal,
}

impl Record {
    pub fn kind(&self) -> RecordKind {
        match self {
            Record::Entry(_) => RecordKind::Entry,
            Record::Vote(_) => RecordKind::Vote,
            Record::TruncateAfter(_) => RecordKind::TruncateAfter,
            Record::PurgeUpTo(_) => RecordKind::PurgeUpTo,
            Record::Committed(_) => RecordKind::Committed,
            Record::Seal => RecordKind::Seal,
        }
    }

    fn write_payload(&self, out: &mut Vec<u8>) {
        match self {
            Record::Entry(entry) => {
                put_log_id(out, &entry.id);
                out.push(entry.kind as u8);
                out.extend_from_slice(&entry.payload);
            }
            Record::Vote(vote) => {
                put_leadership(out, &vote.leader);
                out.push(u8::from(vote.committed));
            }
            Record::TruncateAfter(last) => {
                if let Some(last) = last {
                    put_log_id(out, last);
                }
            }
            Record::PurgeUpTo(id) | Record::Committed(id) => put_log_id(out, id),
            Record::Seal => {}
        }
    }

    fn read_payload(kind: RecordKind, bytes: &[u8]) -> Option<Record> {
        Some(match kind {
            RecordKind::Entry => {
                let (id, rest) = take_log_id(bytes)?;
                let (&kind, payload) = rest.split_first()?;
                let kind = match kind {
                    0 => EntryKind::Blank,
                    1 => EntryKind::Normal,
                    2 => EntryKind::Membership,
                    _ => return None,
                };
                Record::Entry(LogEntry { id, kind, payload: Bytes::copy_from_slice(payload) })
            }
            RecordKind::Vote => {
                let (leader, rest) = take_leadership(bytes)?;
                Record::Vote(Vote { leader, committed: *rest.first()? != 0 })
            }
            RecordKind::TruncateAfter if bytes.is_empty() => Record::TruncateAfter(None),
            RecordKind::TruncateAfter => Record::TruncateAfter(Some(take_log_id(bytes)?.0)),
            RecordKind::PurgeUpTo => Record::PurgeUpTo(take_log_id(bytes)?.0),
            RecordKind::Committed => Record::Committed(take_log_id(bytes)?.0),
            RecordKind::Seal => Record::Seal,
        })
    }
}

pub(super) fn put_leadership(out: &mut Vec<u8>, leader: &Leadership) {
    out.extend_from_slice(&leader.term.to_le_bytes());
    out.extend_from_slice(&leader.node.to_le_bytes());
}

pub(super) fn put_log_id(out: &mut Vec<u8>, id: &LogId) {
    put_leadership(out, &id.leader);
    out.extend_from_slice(&id.index.to_le_bytes());
}

fn take_u64(bytes: &[u8]) -> Option<(u64, &[u8])> {
    bytes.split_first_chunk::<8>().map(|(first, rest)| (u64::from_le_bytes(*first), rest))
}

pub(super) fn take_leadership(bytes: &[u8]) -> Option<(Leadership, &[u8])> {
    let (term, rest) = take_u64(bytes)?;
    let (node, rest) = take_u64(rest)?;
    Some((Leadership { term, node }, rest))
}

pub(super) fn take_log_id(bytes: &[u8]) -> Option<(LogId, &[u8])> {
    let (leader, rest) = take_leadership(bytes)?;
    let (index, rest) = take_u64(rest)?;
    Some((LogId { leader, index }, rest))
}

/// Where a record stands in the stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Of the segment: [`seed`].
    pub(super) seed: u32,
    /// In the file: decides which bytes share a block.
    pub(super) offset: u64,
    /// Sequence number of the first record of its batch.
    pub(super) batch_first: u64,
    pub(super) sequence: u64,
}

/// Append one record to a buffer that begins on a multiple of 8.
pub(super) fn write_record(record: &Record, group: u32, place: Place, out: &mut Vec<u8>) {
    let start = out.len();
    assert!(
        start.is_multiple_of(ALIGN_BYTES) && place.offset.is_multiple_of(ALIGN_BYTES as u64),
        "a record begins at {start} for {}, which is no multiple of {ALIGN_BYTES}",
        place.offset
    );
    assert!(
        place.batch_first <= place.sequence,
        "record {} is of a batch that begins with {}, behind it",
        place.sequence,
        place.batch_first
    );
    out.resize(start + HEAD_BYTES, 0);
    record.write_payload(out);
    let length = out.len() - start - HEAD_BYTES;
    let payload = &mut out[start + HEAD_BYTES..];
    let mask = mask_for(payload, place.offset as usize + HEAD_BYTES);
    unmask(payload, mask);
    let body_crc = checksum(place.seed, payload);
    let head = &mut out[start..start + HEAD_BYTES];
    head[4..8].copy_from_slice(&body_crc.to_le_bytes());
    head[8..12].copy_from_slice(&(length as u32).to_le_bytes());
    head[12] = record.kind() as u8;
    head[13] = VERSION;
    head[14] = mask;
    head[16..20].copy_from_slice(&group.to_le_bytes());
    let back = u32::try_from(place.sequence - place.batch_first).unwrap_or(u32::MAX);
    head[20..24].copy_from_slice(&back.to_le_bytes());
    head[24..32].copy_from_slice(&place.sequence.to_le_bytes());
    let head_crc = checksum(place.seed, &head[4..]);
    head[0..4].copy_from_slice(&head_crc.to_le_bytes());
    out.resize(start + extent_of(length), PADDING);
}

/// Head, payload and padding.
pub(super) fn extent_of(length: usize) -> usize {
    (HEAD_BYTES + length) / ALIGN_BYTES * ALIGN_BYTES + ALIGN_BYTES
}

/// A mask under which no whole block of the payload is zeros; 0 unless one is. `at`: offset of the payload in the file.
/// (With a payload that has uniform blocks of all 256 kinds there is none; 0 then, and rot in it may pass for a tear.)
fn mask_for(payload: &[u8], at: usize) -> u8 {
    let skip = at.next_multiple_of(BLOCK_BYTES) - at;
    let blocks = || payload.get(skip..).unwrap_or_default().chunks_exact(BLOCK_BYTES);
    let is_uniform = |block: &&[u8]| block.iter().all(|byte| *byte == block[0]);
    if !blocks().any(|block| block[0] == 0 && is_uniform(&block)) {
        return 0;
    }
    let mut leaves_zeros = [false; 256];
    blocks().filter(is_uniform).for_each(|block| leaves_zeros[usize::from(block[0])] = true);
    (1..=255).find(|mask| !leaves_zeros[usize::from(*mask)]).unwrap_or(0)
}

/// Its own inverse.
fn unmask(payload: &mut [u8], mask: u8) {
    if mask != 0 {
        payload.iter_mut().for_each(|byte| *byte ^= mask);
    }
}

/// What the checksums of a segment's records begin with.
pub(super) fn seed(owner: &[u8; 24], segment: u64) -> u32 {
    checksum(crc32c::crc32c(owner), &segment.to_le_bytes())
}

pub(super) fn checksum(seed: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(seed, bytes)
}

/// A head whose checksum is right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) body_crc: u32,
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) version: u8,
    mask: u8,
    /// Sequence number of the first record of its batch.
    pub(super) batch_first: u64,
    pub(super) sequence: u64,
}

impl Head {
    /// None when the checksum is wrong.
    pub(super) fn read(bytes: &[u8], seed: u32) -> Option<Head> {
        let bytes = bytes.get(..HEAD_BYTES)?;
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if u32_at(0) != checksum(seed, &bytes[4..]) {
            return None;
        }
        let sequence = u64::from(u32_at(28)) << 32 | u64::from(u32_at(24));
        Some(Head {
            body_crc: u32_at(4),
            length: u32_at(8) as usize,
            kind: bytes[12],
            version: bytes[13],
            mask: bytes[14],
            batch_first: sequence.saturating_sub(u64::from(u32_at(20))),
            sequence,
        })
    }

    pub(super) fn extent(&self) -> usize {
        extent_of(self.length)
    }

    pub(super) fn has_known_version(&self) -> bool {
        self.version == VERSION
    }

    /// The record, if payload, padding, kind and version are good.
    pub(super) fn read_body(&self, bytes: &[u8], seed: u32) -> Option<Record> {
        let payload = bytes.get(HEAD_BYTES..HEAD_BYTES + self.length)?;
        let padding = bytes.get(HEAD_BYTES + self.length..self.extent())?;
        if checksum(seed, payload) != self.body_crc || padding.iter().any(|byte| *byte != PADDING) {
            return None;
        }
        if !self.has_known_version() {
            return None;
        }
        let kind = RecordKind::from_byte(self.kind)?;
        if self.mask == 0 {
            return Record::read_payload(kind, payload);
        }
        let mut plain = payload.to_vec();
        unmask(&mut plain, self.mask);
        Record::read_payload(kind, &plain)
    }
}
