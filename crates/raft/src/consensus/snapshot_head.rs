//! What stands in a snapshot's file before the state machine's own stream, checked by a checksum of its own.

use std::io::{self, Read};

use bytes::Bytes;

use crate::Leadership;
use crate::log::LogId;
use crate::wire::{Reader, Writer};

const MAGIC: &[u8; 8] = b"SAMYSNAP";
const VERSION: u8 = 2;
const HEADER_BYTES_MAX: usize = 1 << 20;

/// What a snapshot covers.
#[derive(Clone, Debug)]
pub(crate) struct SnapshotHead {
    pub(crate) last: Option<LogId>,
    /// The log id of the membership, and its bytes.
    pub(crate) membership_id: Option<LogId>,
    pub(crate) membership: Bytes,
    /// The highest id that was ever a member's.
    pub(crate) ids_max: u64,
}

pub(crate) fn encode_head(head: &SnapshotHead, cluster: &[u8; 16]) -> Vec<u8> {
    let mut body = Writer::default();
    body.u8(VERSION);
    cluster.iter().for_each(|byte| body.u8(*byte));
    put_log_id(&mut body, head.last.as_ref());
    put_log_id(&mut body, head.membership_id.as_ref());
    body.bytes(&head.membership);
    body.u64(head.ids_max);
    let body = body.finish();
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    out.extend_from_slice(&body);
    out
}

pub(crate) fn decode_head(input: &mut dyn Read) -> io::Result<([u8; 16], SnapshotHead)> {
    let damaged = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut start = [0; 16];
    input.read_exact(&mut start)?;
    if &start[..8] != MAGIC {
        return Err(damaged("it does not begin with a snapshot's magic".into()));
    }
    let len = u32::from_le_bytes([start[8], start[9], start[10], start[11]]) as usize;
    if len > HEADER_BYTES_MAX {
        return Err(damaged("its header is too long".into()));
    }
    let mut body = vec![0; len];
    input.read_exact(&mut body)?;
    if crc32c::crc32c(&body).to_le_bytes() != start[12..] {
        return Err(damaged("its header has the wrong checksum".into()));
    }
    let mut body = Reader::new(body.into());
    let version = body.u8()?;
    if version != VERSION {
        return Err(damaged(format!("format version {version}; this program reads {VERSION}")));
    }
    let mut cluster = [0; 16];
    for byte in &mut cluster {
        *byte = body.u8()?;
    }
    let head = SnapshotHead {
        last: take_log_id(&mut body)?,
        membership_id: take_log_id(&mut body)?,
        membership: body.bytes()?,
        ids_max: body.u64()?,
    };
    Ok((cluster, head))
}

fn put_log_id(out: &mut Writer, id: Option<&LogId>) {
    out.u8(u8::from(id.is_some()));
    if let Some(id) = id {
        out.u64(id.leader.term);
        out.u64(id.leader.node);
        out.u64(id.index);
    }
}

fn take_log_id(input: &mut Reader) -> io::Result<Option<LogId>> {
    if input.u8()? == 0 {
        return Ok(None);
    }
    let leader = Leadership { term: input.u64()?, node: input.u64()? };
    Ok(Some(LogId { leader, index: input.u64()? }))
}
