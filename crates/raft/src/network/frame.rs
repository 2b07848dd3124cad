//! Frames: `length u32 | crc32c u32 | group u32 | kind u8 | version u8 | flags u16 | request u64 | body`, little endian; the
//! length counts what follows it, the checksum covers what follows it. Lengths are checked before anything is allocated.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::limits::FRAME_BYTES_MAX;

const HEAD_BYTES: usize = 24;
const VERSION: u8 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Request = 1,
    Answer = 2,
}

#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: FrameKind,
    pub(crate) request: u64,
    pub(crate) body: Bytes,
}

/// The head of a frame; the body follows it on the wire.
pub(crate) fn put_frame(out: &mut BytesMut, kind: FrameKind, request: u64, body: &Bytes) {
    let start = out.len();
    out.put_u32_le((HEAD_BYTES - 4 + body.len()) as u32);
    out.put_u32_le(0);
    out.put_u32_le(0);
    out.put_u8(kind as u8);
    out.put_u8(VERSION);
    out.put_u16_le(0);
    out.put_u64_le(request);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&out[start + 8..]), body);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    out.put_slice(body);
}

fn bad(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// The next frame; None at a clean end.
///
/// # Errors
/// When the peer sends something else, or the connection breaks.
pub(crate) async fn read_frame(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let mut head = [0; HEAD_BYTES];
    if input.read(&mut head[..1]).await? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut head[1..]).await?;
    let u32_at = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let len = u32_at(0) as usize;
    if !(HEAD_BYTES - 4..=FRAME_BYTES_MAX).contains(&len) {
        return Err(bad(format!("a frame of {len} bytes")));
    }
    if head[13] != VERSION {
        return Err(bad(format!("frame version {}; this program reads {VERSION}", head[13])));
    }
    let mut body = BytesMut::new();
    let mut missing = len + 4 - HEAD_BYTES;
    // Grows with what arrives, not with what was announced.
    while missing > 0 {
        body.reserve(missing.min(1 << 20));
        let read = (&mut *input).take(missing as u64).read_buf(&mut body).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        missing -= read;
    }
    let crc = crc32c::crc32c_append(crc32c::crc32c(&head[8..]), &body);
    if crc != u32_at(4) {
        return Err(bad("a frame has the wrong checksum"));
    }
    let kind = match head[12] {
        1 => FrameKind::Request,
        2 => FrameKind::Answer,
        kind => return Err(bad(format!("a frame of the unknown kind {kind}"))),
    };
    let mut request = [0; 8];
    request.copy_from_slice(&head[16..24]);
    Ok(Some(Frame { kind, request: u64::from_le_bytes(request), body: body.freeze() }))
}
