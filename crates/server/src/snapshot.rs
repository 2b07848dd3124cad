//! The content of a snapshot: what the log determines besides the graph, then the graph in its own format
//! (`docs/format/snapshot_state.md`). Which log index and membership it belongs to is kept around it, in the raft room.

use std::collections::VecDeque;
use std::io::{self, Read, Write};

use samyama_graph::View;
use samyama_raft::Leadership;

use crate::entry::Opening;
use crate::limits::OPENINGS_MAX;
use crate::machine::State;
use crate::shared::{AppliedRange, Outcomes};

const MAGIC: &[u8; 4] = b"SMYC";
const VERSION: u8 = 1;
const RANGE_BYTES: usize = 48;

pub fn write(state: &State, out: &mut dyn Write) -> io::Result<()> {
    let mut head = Vec::with_capacity(64 + state.outcomes.ranges.len() * RANGE_BYTES);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&[VERSION, 0, 0, 0]);
    let last = state.outcomes.last_leader.unwrap_or(Leadership { term: 0, node: 0 });
    let mut words = vec![
        state.applied.map_or(0, |index| index + 1),
        u64::from(state.outcomes.last_leader.is_some()),
        last.term,
        last.node,
        state.outcomes.ranges.len() as u64,
    ];
    for range in &state.outcomes.ranges {
        let Opening { leader, opened_at } = range.opening;
        words.extend([leader.term, leader.node, opened_at, range.first, range.last, range.index]);
    }
    for word in words {
        head.extend_from_slice(&word.to_le_bytes());
    }
    let crc = crc32c::crc32c(&head);
    head.extend_from_slice(&crc.to_le_bytes());
    out.write_all(&head)?;
    samyama_graph::write_snapshot(&state.view, out)
}

pub fn read(input: &mut dyn Read) -> io::Result<State> {
    let mut head = vec![0; 8 + 5 * 8];
    input.read_exact(&mut head)?;
    if &head[..4] != MAGIC {
        return Err(bad("it does not begin with SMYC"));
    }
    if head[4] != VERSION {
        return Err(bad(&format!("it has version {}, this program knows {VERSION}", head[4])));
    }
    let count = word(&head, 40) as usize;
    if count > OPENINGS_MAX {
        return Err(bad("it lists too many openings"));
    }
    let fixed = head.len();
    head.resize(fixed + count * RANGE_BYTES, 0);
    input.read_exact(&mut head[fixed..])?;
    let mut crc = [0; 4];
    input.read_exact(&mut crc)?;
    if crc32c::crc32c(&head) != u32::from_le_bytes(crc) {
        return Err(bad("the CRC of its head does not fit"));
    }
    let ranges: VecDeque<AppliedRange> = head[fixed..]
        .chunks_exact(RANGE_BYTES)
        .map(|range| AppliedRange {
            opening: Opening {
                leader: Leadership { term: word(range, 0), node: word(range, 8) },
                opened_at: word(range, 16),
            },
            first: word(range, 24),
            last: word(range, 32),
            index: word(range, 40),
        })
        .collect();
    let last_leader =
        (word(&head, 16) == 1).then(|| Leadership { term: word(&head, 24), node: word(&head, 32) });
    let view: View = samyama_graph::read_snapshot(input)?;
    Ok(State { view, applied: word(&head, 8).checked_sub(1), outcomes: Outcomes { last_leader, ranges } })
}

fn word(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].try_into().map_or(0, u64::from_le_bytes)
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("snapshot content: {what}"))
}
