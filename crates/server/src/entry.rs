//! What a proposal carries: the effects of one or many transactions (`docs/format/entry.md`).
//!
//! The lane appends each transaction to an [`EntryBuilder`] as it is executed, so that effects are encoded once; the same
//! bytes then go to the log, the peers and apply. What is too large for one log entry goes out in numbered parts, of which only
//! the last makes it visible (`machine.rs`); the cuts fall anywhere, and a [`BodyReader`] puts the pieces together again.

use bytes::Bytes;
use samyama_graph::Effect;
use samyama_raft::{Leadership, LogIndex};

use crate::keys::Keyed;
use crate::limits::{PART_BYTES_MAX, TRANSACTION_BYTES_MAX};

const MAGIC: &[u8; 4] = b"SMYE";
const VERSION: u8 = 2;
const HEADER_BYTES: usize = 56;
const CRC_BYTES: usize = 4;
/// Number of effects, length of the effects, length of the keys.
const TRANSACTION_HEAD_BYTES: usize = 12;
const HAS_KEYS: u8 = 1;

/// Which opening of which leader's lane computed an entry. With a transaction number it names a transaction for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    pub leader: Leadership,
    pub opened_at: LogIndex,
}

/// What the parts of an entry have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryHeader {
    pub opening: Opening,
    pub first: u64,
    pub count: u32,
    /// Some of its transactions have keys.
    pub has_keys: bool,
    /// How many log entries carry it.
    pub parts: u32,
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
    #[error(
        "it has version {0}, this program knows {VERSION}: it was written by a newer one, or before the first release"
    )]
    Version(u8),
}

fn damaged(what: &str) -> EntryError {
    EntryError::Damaged(what.to_owned())
}

/// An entry being filled.
#[derive(Debug)]
pub struct EntryBuilder {
    header: EntryHeader,
    bytes: Vec<u8>,
}

impl EntryBuilder {
    pub fn new(opening: Opening, first: u64) -> Self {
        let header = EntryHeader { opening, first, count: 0, has_keys: false, parts: 1 };
        Self { header, bytes: vec![0; HEADER_BYTES] }
    }

    pub fn is_empty(&self) -> bool {
        self.header.count == 0
    }

    pub fn first(&self) -> u64 {
        self.header.first
    }

    pub fn len(&self) -> usize {
        self.bytes.len() + CRC_BYTES
    }

    /// Append the next transaction. Refused, with its size and without a trace, if it is larger than a transaction may be.
    pub fn push(&mut self, effects: &[Effect], keyed: Option<&Keyed>) -> Result<(), usize> {
        let head = self.bytes.len();
        self.bytes.resize(head + TRANSACTION_HEAD_BYTES, 0);
        if let Some(keyed) = keyed {
            keyed.encode(&mut self.bytes);
        }
        let keys = self.bytes.len() - head - TRANSACTION_HEAD_BYTES;
        for effect in effects {
            samyama_graph::encode_effect(effect, &mut self.bytes);
        }
        let length = self.bytes.len() - head - TRANSACTION_HEAD_BYTES - keys;
        if length > TRANSACTION_BYTES_MAX {
            self.bytes.truncate(head);
            return Err(length);
        }
        for (i, word) in [effects.len(), length, keys].into_iter().enumerate() {
            self.bytes[head + 4 * i..head + 4 * i + 4].copy_from_slice(&(word as u32).to_le_bytes());
        }
        self.header.count += 1;
        self.header.has_keys |= keyed.is_some();
        Ok(())
    }

    /// What to propose, in order: one payload, or the parts of a large one.
    pub fn finish(mut self) -> (EntryHeader, Vec<Bytes>) {
        assert!(self.header.count > 0, "an entry carries at least one transaction");
        let body = self.bytes.len() - HEADER_BYTES;
        self.header.parts = body.div_ceil(PART_BYTES_MAX) as u32;
        let header = self.header;
        if header.parts == 1 {
            return (header, vec![seal(self.bytes, &header, 0)]);
        }
        let pieces = self.bytes[HEADER_BYTES..].chunks(PART_BYTES_MAX).zip(0..);
        let part = |(piece, part): (&[u8], u32)| {
            let mut bytes = Vec::with_capacity(HEADER_BYTES + piece.len() + CRC_BYTES);
            bytes.resize(HEADER_BYTES, 0);
            bytes.extend_from_slice(piece);
            seal(bytes, &header, part)
        };
        (header, pieces.map(part).collect())
    }
}

/// Fill in the header in front of a body, and the CRC behind it.
fn seal(mut bytes: Vec<u8>, entry: &EntryHeader, part: u32) -> Bytes {
    let body = (bytes.len() - HEADER_BYTES) as u32;
    let header = &mut bytes[..HEADER_BYTES];
    header[..4].copy_from_slice(MAGIC);
    header[4] = VERSION;
    header[5] = if entry.has_keys { HAS_KEYS } else { 0 };
    header[8..16].copy_from_slice(&entry.opening.leader.term.to_le_bytes());
    header[16..24].copy_from_slice(&entry.opening.leader.node.to_le_bytes());
    header[24..32].copy_from_slice(&entry.opening.opened_at.to_le_bytes());
    header[32..40].copy_from_slice(&entry.first.to_le_bytes());
    header[40..44].copy_from_slice(&entry.count.to_le_bytes());
    header[44..48].copy_from_slice(&body.to_le_bytes());
    header[48..52].copy_from_slice(&part.to_le_bytes());
    header[52..56].copy_from_slice(&entry.parts.to_le_bytes());
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    Bytes::from(bytes)
}

/// A checked payload: a whole entry, or a part of one.
pub struct Entry {
    pub header: EntryHeader,
    /// Which of the header's parts this is; they are numbered from 0.
    pub part: u32,
    pub body: Bytes,
}

impl Entry {
    /// Check magic, version, lengths and CRC.
    pub fn parse(payload: &Bytes) -> Result<Self, EntryError> {
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
        let body = payload.slice(HEADER_BYTES..payload.len() - CRC_BYTES);
        if half(44) as usize != body.len() {
            return Err(damaged("its length does not fit"));
        }
        let opening = Opening { leader: Leadership { term: word(8), node: word(16) }, opened_at: word(24) };
        let header = EntryHeader {
            opening,
            first: word(32),
            count: half(40),
            has_keys: content[5] & HAS_KEYS != 0,
            parts: half(52),
        };
        let part = half(48);
        if header.count == 0 {
            return Err(damaged("it holds no transaction"));
        }
        if part >= header.parts {
            return Err(damaged("there are fewer parts than its number says"));
        }
        Ok(Self { header, part, body })
    }
}

/// What a body consists of, in order.
pub enum Piece {
    Effect(u64, Effect),
    /// The transaction is complete.
    End(u64, Option<Keyed>),
}

/// Reads the transactions out of a body that comes in pieces, cut anywhere.
pub struct BodyReader {
    next: u64,
    last: u64,
    /// Only keys and ends are wanted.
    skips_effects: bool,
    /// The transaction that has been begun.
    open: Option<OpenTransaction>,
    /// Bytes that make no whole thing yet.
    rest: Vec<u8>,
}

struct OpenTransaction {
    effects_left: usize,
    bytes_left: usize,
    keyed: Option<Keyed>,
}

impl BodyReader {
    /// `skips_effects`: hand out ends alone.
    pub fn new(header: &EntryHeader, skips_effects: bool) -> Self {
        Self { next: header.first, last: header.last(), skips_effects, open: None, rest: Vec::new() }
    }

    /// The next bytes of the body. Hands out what they complete.
    pub fn feed(&mut self, bytes: &[u8], each: &mut impl FnMut(Piece)) -> Result<(), EntryError> {
        let mut joined = std::mem::take(&mut self.rest);
        let mut rest = if joined.is_empty() {
            bytes
        } else {
            joined.extend_from_slice(bytes);
            joined.as_slice()
        };
        while self.step(&mut rest, each)? {}
        self.rest = rest.to_vec();
        Ok(())
    }

    /// All bytes were fed: they must have been exactly enough.
    pub fn finish(self) -> Result<(), EntryError> {
        if !self.rest.is_empty() {
            return Err(damaged("bytes are left behind the last transaction"));
        }
        if self.next != self.last + 1 {
            return Err(damaged("a transaction is cut off"));
        }
        Ok(())
    }

    /// False: more bytes are needed, or none.
    fn step(&mut self, bytes: &mut &[u8], each: &mut impl FnMut(Piece)) -> Result<bool, EntryError> {
        let Some(open) = &mut self.open else { return self.begin(bytes) };
        if open.bytes_left == 0 {
            if open.effects_left != 0 && !self.skips_effects {
                return Err(damaged("a transaction has fewer effects than it says"));
            }
            let keyed = open.keyed.take();
            self.open = None;
            each(Piece::End(self.next, keyed));
            self.next += 1;
            return Ok(true);
        }
        if self.skips_effects {
            let skipped = open.bytes_left.min(bytes.len());
            *bytes = &bytes[skipped..];
            open.bytes_left -= skipped;
            return Ok(skipped > 0);
        }
        if open.effects_left == 0 {
            return Err(damaged("bytes are left behind a transaction's effects"));
        }
        let (mut encoded, is_whole) = match bytes.split_at_checked(open.bytes_left) {
            Some((encoded, _)) => (encoded, true),
            None => (*bytes, false),
        };
        let before = encoded.len();
        match samyama_graph::decode_effect(&mut encoded) {
            Ok(effect) => {
                let used = before - encoded.len();
                *bytes = &bytes[used..];
                open.bytes_left -= used;
                open.effects_left -= 1;
                each(Piece::Effect(self.next, effect));
                Ok(true)
            }
            Err(error) if is_whole => Err(EntryError::Damaged(error.to_string())),
            // Its other bytes are in a later part.
            Err(_) => Ok(false),
        }
    }

    fn begin(&mut self, bytes: &mut &[u8]) -> Result<bool, EntryError> {
        if self.next > self.last {
            return Ok(false);
        }
        let Some((head, rest)) = bytes.split_first_chunk::<TRANSACTION_HEAD_BYTES>() else {
            return Ok(false);
        };
        let word =
            |at: usize| u32::from_le_bytes(head[4 * at..4 * at + 4].try_into().unwrap_or_default()) as usize;
        let (effects_left, bytes_left, keys) = (word(0), word(1), word(2));
        if effects_left > bytes_left || bytes_left > TRANSACTION_BYTES_MAX {
            return Err(damaged("a transaction's length does not fit"));
        }
        let Some((keys, rest)) = rest.split_at_checked(keys) else { return Ok(false) };
        let keyed = if keys.is_empty() {
            None
        } else {
            Some(Keyed::decode(keys).ok_or_else(|| damaged("a transaction's keys cannot be read"))?)
        };
        *bytes = rest;
        self.open = Some(OpenTransaction { effects_left, bytes_left, keyed });
        Ok(true)
    }
}
