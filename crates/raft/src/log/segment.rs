//! Segment files: `<first sequence number, 16 hex digits>.wal`, a header, then records; zeros behind the pen.
//!
//! A segment begins as `spare.tmp`: space for all of it is reserved, its first part is zeros. Its turn comes when the one
//! before is sealed and durable: it is given a header, synced, renamed, and the directory is synced. So only the newest
//! segment can have a torn tail, and only making a spare needs space. Zeros are written ahead of the pen: a sync that need not grow
//! the file is nearly twice as fast.

use std::io;
use std::sync::Arc;

use super::checkpoint::Checkpoint;
use crate::disk::{Disk, DiskFile};

const MAGIC: &[u8; 8] = b"SAMYAWAL";
const VERSION: u16 = 1;
const SPARE: &str = "spare.tmp";
/// The header's room; records begin behind it.
pub(super) const HEADER_BYTES: u64 = 512;
/// Zeros that a segment begins with; more follow ahead of the pen.
const ZEROS_FIRST_BYTES: u64 = 128 * 1024;

pub(super) fn name(first_sequence: u64) -> String {
    format!("{first_sequence:016x}.wal")
}

/// The first sequence number that a file name says; None for other files.
pub(super) fn sequence_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".wal")?;
    (digits.len() == 16).then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

/// The file for the next segment. One that is there already is taken: its space is reserved.
///
/// # Errors
/// Whatever the disk says; what had been made of a new file is removed, so that it takes no space from others.
pub(super) fn make_spare(disk: &dyn Disk, segment_bytes: u64) -> io::Result<Arc<dyn DiskFile>> {
    let zeros = segment_bytes.clamp(HEADER_BYTES, ZEROS_FIRST_BYTES);
    let is_there = disk.list()?.iter().any(|name| name == SPARE);
    let file = disk.open(SPARE)?;
    let prepare = || {
        file.reserve(segment_bytes)?;
        file.write_all_at(&vec![0; zeros as usize], 0)?;
        file.sync_data()?;
        disk.sync_directory()
    };
    match prepare() {
        Ok(()) => Ok(file),
        Err(error) => {
            if !is_there {
                // The error that counts is the first one.
                let _ = disk.remove(SPARE);
            }
            Err(error)
        }
    }
}

/// Make the spare file a segment.
pub(super) fn begin(
    disk: &dyn Disk,
    spare: &dyn DiskFile,
    first_sequence: u64,
    owner: &[u8; 24],
    checkpoint: &Checkpoint,
) -> io::Result<()> {
    spare.write_all_at(&encode_header(first_sequence, owner, checkpoint), 0)?;
    spare.sync_data()?;
    disk.rename(SPARE, &name(first_sequence))?;
    disk.sync_directory()
}

fn encode_header(first_sequence: u64, owner: &[u8; 24], checkpoint: &Checkpoint) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES as usize);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&first_sequence.to_le_bytes());
    out.extend_from_slice(owner);
    checkpoint.write(&mut out);
    assert!(out.len() <= HEADER_BYTES as usize - 4, "a segment header of {} bytes has no room", out.len());
    out.resize(HEADER_BYTES as usize - 4, 0);
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

/// What a header says, or what is wrong with it.
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
    if crc32c::crc32c(body).to_le_bytes() != crc {
        return Err("the header's checksum is wrong".into());
    }
    let version = u16::from_le_bytes([body[8], body[9]]);
    if version != VERSION {
        return Err(format!("format version {version}; this program reads {VERSION}"));
    }
    let mut number = [0; 8];
    number.copy_from_slice(&body[10..18]);
    let number = u64::from_le_bytes(number);
    if number != first_sequence {
        return Err(format!(
            "it was renamed: its first sequence number is {number}, the name says {first_sequence}"
        ));
    }
    if &body[18..42] != owner {
        return Err("it belongs to another cluster or node".into());
    }
    Checkpoint::read(&body[42..]).ok_or_else(|| "the header is inconsistent".into())
}
