//! The content of a snapshot: what the log determines besides the graph, then the graph in its own format
//! (`docs/format/snapshot_state.md`). Which log index and membership it belongs to is kept around it, in the raft room.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use bytes::Bytes;
use samyama_graph::View;
use samyama_raft::Leadership;

use crate::entry::{EntryHeader, Opening};
use crate::keys::KeyTable;
use crate::limits::{OPENINGS_MAX, PART_BYTES_MAX};
use crate::machine::{Content, Parts, State};
use crate::shared::{AppliedRange, Outcomes};

const MAGIC: &[u8; 4] = b"SMYC";
const VERSION: u8 = 2;
const FIXED_BYTES: usize = 8 + 6 * 8;
const RANGE_BYTES: usize = 48;
const PARTS_BYTES: usize = 48;

pub fn write(content: &Content, out: &mut dyn Write) -> io::Result<()> {
    let Content { state, keys } = content;
    let mut head = Vec::with_capacity(FIXED_BYTES + state.outcomes.ranges.len() * RANGE_BYTES);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&[VERSION, 0, 0, 0]);
    let last = state.outcomes.last_leader.unwrap_or(Leadership { term: 0, node: 0 });
    let mut words = vec![
        state.applied.map_or(0, |index| index + 1),
        u64::from(state.outcomes.last_leader.is_some()),
        last.term,
        last.node,
        state.outcomes.ranges.len() as u64,
        state.parts.as_ref().map_or(0, |parts| parts.bodies.len() as u64),
    ];
    for range in &state.outcomes.ranges {
        let Opening { leader, opened_at } = range.opening;
        words.extend([leader.term, leader.node, opened_at, range.first, range.last, range.index]);
    }
    for word in words {
        head.extend_from_slice(&word.to_le_bytes());
    }
    write_checked(&head, out)?;
    if let Some(parts) = &state.parts {
        write_parts(parts, out)?;
    }
    keys.write(out)?;
    samyama_graph::write_snapshot(&state.view, out)
}

fn write_checked(bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(bytes)?;
    out.write_all(&crc32c::crc32c(bytes).to_le_bytes())
}

fn write_parts(parts: &Parts, out: &mut dyn Write) -> io::Result<()> {
    let EntryHeader { opening, first, count, has_keys, parts: total } = parts.header;
    let mut head = Vec::with_capacity(PARTS_BYTES);
    for word in [opening.leader.term, opening.leader.node, opening.opened_at, first] {
        head.extend_from_slice(&word.to_le_bytes());
    }
    for half in [count, u32::from(has_keys), total, 0] {
        head.extend_from_slice(&half.to_le_bytes());
    }
    write_checked(&head, out)?;
    for body in &parts.bodies {
        out.write_all(&(body.len() as u32).to_le_bytes())?;
        write_checked(body, out)?;
    }
    Ok(())
}

pub fn read(input: &mut dyn Read) -> io::Result<Content> {
    let mut head = vec![0; FIXED_BYTES];
    input.read_exact(&mut head)?;
    if &head[..4] != MAGIC {
        return Err(bad("it does not begin with SMYC"));
    }
    if head[4] != VERSION {
        return Err(bad(&format!("it has version {}, this program knows {VERSION}", head[4])));
    }
    let (count, bodies) = (word(&head, 40) as usize, word(&head, 48));
    if count > OPENINGS_MAX {
        return Err(bad("it lists too many openings"));
    }
    head.resize(FIXED_BYTES + count * RANGE_BYTES, 0);
    input.read_exact(&mut head[FIXED_BYTES..])?;
    read_crc(&head, input)?;
    let parts = if bodies > 0 { Some(read_parts(bodies, input)?) } else { None };
    let keys = KeyTable::read(input)?;
    let view: View = samyama_graph::read_snapshot(input)?;
    let ranges = read_ranges(&head[FIXED_BYTES..]);
    let last_leader =
        (word(&head, 16) == 1).then(|| Leadership { term: word(&head, 24), node: word(&head, 32) });
    let outcomes = Outcomes { last_leader, ranges };
    let state = State { view, applied: word(&head, 8).checked_sub(1), outcomes, parts };
    Ok(Content { state, keys })
}

fn read_ranges(bytes: &[u8]) -> VecDeque<AppliedRange> {
    let range = |range: &[u8]| AppliedRange {
        opening: Opening {
            leader: Leadership { term: word(range, 0), node: word(range, 8) },
            opened_at: word(range, 16),
        },
        first: word(range, 24),
        last: word(range, 32),
        index: word(range, 40),
    };
    bytes.chunks_exact(RANGE_BYTES).map(range).collect()
}

fn read_parts(bodies: u64, input: &mut dyn Read) -> io::Result<Parts> {
    let mut head = [0; PARTS_BYTES];
    input.read_exact(&mut head)?;
    read_crc(&head, input)?;
    let opening = Opening {
        leader: Leadership { term: word(&head, 0), node: word(&head, 8) },
        opened_at: word(&head, 16),
    };
    let (count, has_keys, parts) = (half(&head, 32), half(&head, 36) == 1, half(&head, 40));
    let header = EntryHeader { opening, first: word(&head, 24), count, has_keys, parts };
    if bodies >= u64::from(parts) {
        return Err(bad("it holds all parts of an entry that was not applied"));
    }
    let mut read = Vec::new();
    for _ in 0..bodies {
        let mut length = [0; 4];
        input.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > PART_BYTES_MAX {
            return Err(bad("a part is larger than one may be"));
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body)?;
        read_crc(&body, input)?;
        read.push(Bytes::from(body));
    }
    Ok(Parts { header, bodies: read })
}

fn read_crc(bytes: &[u8], input: &mut dyn Read) -> io::Result<()> {
    let mut crc = [0; 4];
    input.read_exact(&mut crc)?;
    if crc32c::crc32c(bytes) != u32::from_le_bytes(crc) {
        return Err(bad("a CRC of its head does not fit"));
    }
    Ok(())
}

fn word(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].try_into().map_or(0, u64::from_le_bytes)
}

fn half(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].try_into().map_or(0, u32::from_le_bytes)
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("snapshot content: {what}"))
}
