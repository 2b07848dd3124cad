//! Segment files: `<first sequence number, 16 hex digits>.wal`, a header, then records; zeros behind the pen.
//!
//! A segment appears under its name only with a durable header, and its predecessor is sealed and durable before that. So
//! only the newest segment can have a torn tail. Zeros are written ahead of the pen by a thread of their own: a sync that
//! need not grow the file is nearly twice as fast.

use std::io;
use std::sync::Arc;

use super::format::{checksum, put_leadership, put_log_id, take_leadership, take_log_id};
use super::types::{LogId, Vote};
use crate::disk::{Disk, DiskFile};

const MAGIC: &[u8; 8] = b"SAMYAWAL";
const VERSION: u16 = 1;
/// The header's room; records begin behind it.
pub(super) const HEADER_BYTES: u64 = 512;
/// Zeros that a new segment begins with; more follow ahead of the pen.
const ZEROS_FIRST_BYTES: u64 = 128 * 1024;

/// The state of the group when the segment was begun: older segments are needed for entries only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checkpoint {
    pub(super) vote: Option<Vote>,
    pub(super) purged: Option<LogId>,
    pub(super) committed: Option<LogId>,
    pub(super) last: Option<LogId>,
    pub(super) batch: u32,
}

pub(super) fn name(first_sequence: u64) -> String {
    format!("{first_sequence:016x}.wal")
}

/// The first sequence number that a file name says; None for other files.
pub(super) fn sequence_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".wal")?;
    (digits.len() == 16).then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

/// Make a segment: zeros and header under a temporary name, synced, renamed, directory synced.
pub(super) fn create(
    disk: &dyn Disk,
    first_sequence: u64,
    owner: &[u8; 24],
    checkpoint: &Checkpoint,
) -> io::Result<Arc<dyn DiskFile>> {
    let temporary = "next-segment.tmp";
    if disk.list()?.iter().any(|name| name == temporary) {
        disk.remove(temporary)?;
    }
    let file = disk.open(temporary)?;
    file.write_all_at(&vec![0; (HEADER_BYTES + ZEROS_FIRST_BYTES) as usize], 0)?;
    file.write_all_at(&encode_header(first_sequence, owner, checkpoint), 0)?;
    file.sync_data()?;
    disk.rename(temporary, &name(first_sequence))?;
    disk.sync_directory()?;
    Ok(file)
}

fn encode_header(first_sequence: u64, owner: &[u8; 24], checkpoint: &Checkpoint) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES as usize);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&first_sequence.to_le_bytes());
    out.extend_from_slice(owner);
    out.extend_from_slice(&checkpoint.batch.to_le_bytes());
    out.push(u8::from(checkpoint.vote.is_some()));
    if let Some(vote) = &checkpoint.vote {
        put_leadership(&mut out, &vote.leader);
        out.push(u8::from(vote.committed));
    }
    for id in [&checkpoint.purged, &checkpoint.committed, &checkpoint.last] {
        out.push(u8::from(id.is_some()));
        if let Some(id) = id {
            put_log_id(&mut out, id);
        }
    }
    out.resize(HEADER_BYTES as usize - 4, 0);
    let crc = checksum(first_sequence, &out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

/// What is wrong with a header, or what it says.
pub(super) fn decode_header(
    bytes: &[u8],
    first_sequence: u64,
    owner: &[u8; 24],
) -> Result<Checkpoint, String> {
    let header = bytes.get(..HEADER_BYTES as usize).ok_or("the file is shorter than a header")?;
    let (body, crc) = header.split_at(HEADER_BYTES as usize - 4);
    if &body[..8] != MAGIC {
        return Err("it does not begin with a log segment's magic".into());
    }
    if checksum(first_sequence, body).to_le_bytes() != crc {
        return Err("the header's checksum is wrong".into());
    }
    let version = u16::from_le_bytes([body[8], body[9]]);
    if version != VERSION {
        return Err(format!("format version {version}; this program reads {VERSION}"));
    }
    if body[10..18] != first_sequence.to_le_bytes() {
        return Err("it was renamed: name and header disagree about its first sequence number".into());
    }
    if &body[18..42] != owner {
        return Err("it belongs to another cluster or node".into());
    }
    read_checkpoint(&body[42..]).ok_or_else(|| "the header is inconsistent".into())
}

fn read_checkpoint(bytes: &[u8]) -> Option<Checkpoint> {
    let (batch, mut rest) = bytes.split_first_chunk::<4>()?;
    let mut checkpoint = Checkpoint { batch: u32::from_le_bytes(*batch), ..Checkpoint::default() };
    let (&has_vote, after) = rest.split_first()?;
    rest = after;
    if has_vote == 1 {
        let (leader, after) = take_leadership(rest)?;
        let (&committed, after) = after.split_first()?;
        checkpoint.vote = Some(Vote { leader, committed: committed == 1 });
        rest = after;
    }
    for id in [&mut checkpoint.purged, &mut checkpoint.committed, &mut checkpoint.last] {
        let (&is_there, after) = rest.split_first()?;
        rest = after;
        if is_there == 1 {
            let (found, after) = take_log_id(rest)?;
            *id = Some(found);
            rest = after;
        }
    }
    Some(checkpoint)
}
