//! What a proposal carries: the effects of one or many transactions (`docs/format/entry.md`).
//!
//! The lane appends each transaction to an [`EntryBuilder`] as it is executed, so that effects are encoded once; the same
//! bytes then go to the log, the peers and apply.

use bytes::Bytes;
use samyama_graph::Effect;
use samyama_raft::{Leadership, LogIndex};

use crate::limits::ENTRY_BYTES_MAX;

const MAGIC: &[u8; 4] = b"SMYE";
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 48;
const CRC_BYTES: usize = 4;

/// Which opening of which leader's lane computed an entry. With a transaction number it names a transaction for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    pub leader: Leadership,
    pub opened_at: LogIndex,
}

/// The fixed part of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryHeader {
    pub opening: Opening,
    pub first: u64,
    pub count: u32,
}

impl EntryHeader {
    pub fn last(&self) -> u64 {
        self.first + u64::from(self.count) - 1
    }
}

/// Why bytes are no entry.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it has version {0}, this program knows {VERSION}: update this node")]
    Version(u8),
}

/// An entry being filled.
#[derive(Debug)]
pub struct EntryBuilder {
    header: EntryHeader,
    bytes: Vec<u8>,
}

impl EntryBuilder {
    pub fn new(opening: Opening, first: u64) -> Self {
        Self { header: EntryHeader { opening, first, count: 0 }, bytes: vec![0; HEADER_BYTES] }
    }

    pub fn is_empty(&self) -> bool {
        self.header.count == 0
    }

    pub fn header(&self) -> EntryHeader {
        self.header
    }

    pub fn len(&self) -> usize {
        self.bytes.len() + CRC_BYTES
    }

    /// Append the next transaction. Refused, with its size and without a trace, if it is larger than an entry may be.
    pub fn push(&mut self, effects: &[Effect]) -> Result<(), usize> {
        let head = self.bytes.len();
        self.bytes.extend_from_slice(&(effects.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(&[0; 4]);
        for effect in effects {
            samyama_graph::encode_effect(effect, &mut self.bytes);
        }
        let length = self.bytes.len() - head - 8;
        if length > ENTRY_BYTES_MAX {
            self.bytes.truncate(head);
            return Err(length);
        }
        self.bytes[head + 4..head + 8].copy_from_slice(&(length as u32).to_le_bytes());
        self.header.count += 1;
        Ok(())
    }

    pub fn finish(mut self) -> Bytes {
        assert!(self.header.count > 0, "an entry carries at least one transaction");
        let body = (self.bytes.len() - HEADER_BYTES) as u32;
        let header = &mut self.bytes[..HEADER_BYTES];
        header[..4].copy_from_slice(MAGIC);
        header[4] = VERSION;
        header[8..16].copy_from_slice(&self.header.opening.leader.term.to_le_bytes());
        header[16..24].copy_from_slice(&self.header.opening.leader.node.to_le_bytes());
        header[24..32].copy_from_slice(&self.header.opening.opened_at.to_le_bytes());
        header[32..40].copy_from_slice(&self.header.first.to_le_bytes());
        header[40..44].copy_from_slice(&self.header.count.to_le_bytes());
        header[44..48].copy_from_slice(&body.to_le_bytes());
        let crc = crc32c::crc32c(&self.bytes);
        self.bytes.extend_from_slice(&crc.to_le_bytes());
        Bytes::from(self.bytes)
    }
}

/// A checked entry.
pub struct Entry<'a> {
    pub header: EntryHeader,
    body: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Check magic, version, length and CRC.
    pub fn parse(payload: &'a [u8]) -> Result<Self, EntryError> {
        let damaged = |what: &str| EntryError::Damaged(what.to_owned());
        if payload.len() < HEADER_BYTES + CRC_BYTES {
            return Err(damaged("it is too short"));
        }
        if &payload[..4] != MAGIC {
            return Err(damaged("it does not begin with SMYE"));
        }
        if payload[4] != VERSION {
            return Err(EntryError::Version(payload[4]));
        }
        let (content, crc) = payload.split_at(payload.len() - CRC_BYTES);
        if crc32c::crc32c(content).to_le_bytes() != crc {
            return Err(damaged("its CRC does not fit"));
        }
        let word = |at: usize| u64::from_le_bytes(content[at..at + 8].try_into().unwrap_or_default());
        let half = |at: usize| u32::from_le_bytes(content[at..at + 4].try_into().unwrap_or_default());
        let body = &content[HEADER_BYTES..];
        if half(44) as usize != body.len() {
            return Err(damaged("its length does not fit"));
        }
        let opening = Opening { leader: Leadership { term: word(8), node: word(16) }, opened_at: word(24) };
        let header = EntryHeader { opening, first: word(32), count: half(40) };
        if header.count == 0 {
            return Err(damaged("it holds no transaction"));
        }
        Ok(Self { header, body })
    }

    /// Hand out each transaction's effects, in order.
    pub fn for_each(&self, mut each: impl FnMut(u64, Vec<Effect>)) -> Result<(), EntryError> {
        let mut rest = self.body;
        for number in self.header.first..=self.header.last() {
            let (effects, tail) = read_transaction(rest)?;
            each(number, effects);
            rest = tail;
        }
        if !rest.is_empty() {
            return Err(EntryError::Damaged("bytes are left behind the last transaction".into()));
        }
        Ok(())
    }
}

fn read_transaction(bytes: &[u8]) -> Result<(Vec<Effect>, &[u8]), EntryError> {
    let damaged = |what: &str| EntryError::Damaged(what.to_owned());
    let Some((head, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(damaged("a transaction is cut off"));
    };
    let [a, b, c, d, e, f, g, h] = *head;
    let count = u32::from_le_bytes([a, b, c, d]) as usize;
    let length = u32::from_le_bytes([e, f, g, h]) as usize;
    if length > rest.len() || count > length {
        return Err(damaged("a transaction's length does not fit"));
    }
    let (mut encoded, tail) = rest.split_at(length);
    let mut effects = Vec::with_capacity(count);
    for _ in 0..count {
        effects.push(
            samyama_graph::decode_effect(&mut encoded)
                .map_err(|error| EntryError::Damaged(error.to_string()))?,
        );
    }
    if !encoded.is_empty() {
        return Err(damaged("bytes are left behind a transaction's effects"));
    }
    Ok((effects, tail))
}
