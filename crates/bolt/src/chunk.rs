//! Framing: a message is a run of chunks (length, bytes) ended by an empty chunk.
//!
//! [`Dechunker`] cuts messages out of the bytes that have arrived, however they were cut on the way. A message in one
//! chunk, nearly all of them, is handed out where it lies; others are put together first. An empty chunk between
//! messages is a keep-alive and is skipped.

use bytes::{Buf, BytesMut};

/// The longest chunk that is written.
pub const CHUNK_BYTES_MAX: usize = u16::MAX as usize;

/// Room that is made for the next read.
const READ_BYTES_MIN: usize = 8 * 1024;

/// A message was longer than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageTooLong {
    pub bytes_max: usize,
}

/// Takes bytes in, gives messages out.
#[derive(Default)]
pub struct Dechunker {
    received: BytesMut,
    /// Chunks of the message that is being put together.
    assembled: Vec<u8>,
    in_message: bool,
    /// Bytes at the front of `received` that belong to the message handed out last.
    handed_out: usize,
}

impl Dechunker {
    pub fn new() -> Self {
        Self::default()
    }

    /// Where received bytes are to be appended.
    pub fn buffer(&mut self) -> &mut BytesMut {
        self.release();
        &mut self.received
    }

    /// The same with room for a good read: what there is by chance may hold one message where eight have arrived.
    pub fn roomy_buffer(&mut self) -> &mut BytesMut {
        let buffer = self.buffer();
        if buffer.capacity() - buffer.len() < READ_BYTES_MIN / 2 {
            buffer.reserve(READ_BYTES_MIN.max(buffer.len()));
        }
        buffer
    }

    /// Bytes that have arrived and were not handed out yet.
    pub fn pending_bytes(&self) -> usize {
        self.received.len() - self.handed_out + self.assembled.len()
    }

    /// The next whole message, or None until more bytes arrive.
    pub fn next_message(&mut self, bytes_max: usize) -> Result<Option<&[u8]>, MessageTooLong> {
        self.release();
        if !self.in_message && !self.assembled.is_empty() {
            self.assembled.clear();
        }
        loop {
            let Some((head, rest)) = self.received.split_first_chunk::<2>() else {
                return Ok(None);
            };
            let length = usize::from(u16::from_be_bytes(*head));
            if length == 0 {
                self.received.advance(2);
                if self.in_message {
                    self.in_message = false;
                    return Ok(Some(&self.assembled));
                }
                continue;
            }
            if self.assembled.len() + length > bytes_max {
                return Err(MessageTooLong { bytes_max });
            }
            if rest.len() < length + 2 {
                // The end marker of a message in one chunk has to be seen before it can be handed out in place.
                if rest.len() < length {
                    return Ok(None);
                }
            } else if !self.in_message && rest[length..length + 2] == [0, 0] {
                self.handed_out = length + 4;
                return Ok(Some(&self.received[2..2 + length]));
            }
            self.in_message = true;
            self.assembled.extend_from_slice(&rest[..length]);
            self.received.advance(2 + length);
        }
    }

    fn release(&mut self) {
        if self.handed_out > 0 {
            self.received.advance(self.handed_out);
            self.handed_out = 0;
        }
    }

    /// Gives back the memory of a burst.
    pub fn shrink(&mut self, bytes_kept: usize) {
        if self.received.is_empty() && self.received.capacity() > bytes_kept {
            self.received = BytesMut::new();
        }
        if !self.in_message && self.assembled.capacity() > bytes_kept {
            self.assembled = Vec::new();
        }
    }
}

/// Begins a message in `out`; the result goes to [`end_message`].
pub fn begin_message(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0, 0]);
    start
}

/// Ends the message that began at `start`: writes the chunk headers and the end mark.
pub fn end_message(out: &mut Vec<u8>, start: usize) {
    let length = out.len() - start - 2;
    debug_assert!(length > 0, "a message has at least its two bytes of header");
    if let Ok(short) = u16::try_from(length) {
        out[start..start + 2].copy_from_slice(&short.to_be_bytes());
    } else {
        split_into_chunks(out, start, length);
    }
    out.extend_from_slice(&[0, 0]);
}

/// Makes room for the headers of the later chunks, moving the last chunk first.
fn split_into_chunks(out: &mut Vec<u8>, start: usize, length: usize) {
    let chunks = length.div_ceil(CHUNK_BYTES_MAX);
    out.resize(out.len() + 2 * (chunks - 1), 0);
    let body = start + 2;
    for chunk in (0..chunks).rev() {
        let from = body + chunk * CHUNK_BYTES_MAX;
        let chunk_length = CHUNK_BYTES_MAX.min(length - chunk * CHUNK_BYTES_MAX);
        let to = from + 2 * chunk;
        out.copy_within(from..from + chunk_length, to);
        out[to - 2..to].copy_from_slice(&(chunk_length as u16).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let start = begin_message(&mut out);
        out.extend_from_slice(body);
        end_message(&mut out, start);
        out
    }

    fn messages(stream: &[u8], piece: usize) -> Vec<Vec<u8>> {
        let mut dechunker = Dechunker::new();
        let mut found = Vec::new();
        for part in stream.chunks(piece) {
            dechunker.buffer().extend_from_slice(part);
            while let Some(message) = dechunker.next_message(1 << 20).expect("no message here is too long") {
                found.push(message.to_vec());
            }
        }
        found
    }

    #[test]
    fn messages_at_the_edges_of_a_chunk_survive() {
        for length in [1usize, 2, 65_534, 65_535, 65_536, 65_537, 131_070, 131_071, 200_000] {
            let body: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let stream = framed(&body);
            let chunks = length.div_ceil(CHUNK_BYTES_MAX);
            assert_eq!(stream.len(), length + 2 * chunks + 2, "one header per chunk and the end mark");
            assert_eq!(messages(&stream, usize::MAX), std::slice::from_ref(&body));
            assert_eq!(messages(&stream, 1000), [body]);
        }
    }

    #[test]
    fn a_stream_split_at_every_byte_gives_the_same_messages() {
        let mut stream = vec![0, 0];
        stream.extend(framed(b"first"));
        stream.extend([0, 0, 0, 0]);
        stream.extend([0, 2, b's', b'e', 0, 4, b'c', b'o', b'n', b'd', 0, 0]);
        stream.extend(framed(&[0, 0, 0, 0]));
        let expected = [b"first".to_vec(), b"second".to_vec(), vec![0, 0, 0, 0]];
        for cut in 1..=stream.len() {
            assert_eq!(messages(&stream, cut), expected, "pieces of {cut} bytes");
        }
    }

    #[test]
    fn a_message_may_have_the_greatest_length_and_no_more() {
        for (length, fits) in [(99, true), (100, true), (101, false)] {
            let mut dechunker = Dechunker::new();
            dechunker.buffer().extend_from_slice(&framed(&vec![7; length]));
            assert_eq!(dechunker.next_message(100).is_ok(), fits, "{length} bytes of 100");
        }
        // The declared length alone is refused, before its bytes arrive.
        let mut dechunker = Dechunker::new();
        dechunker.buffer().extend_from_slice(&[0xFF, 0xFF]);
        assert_eq!(dechunker.next_message(100), Err(MessageTooLong { bytes_max: 100 }));
        // Small chunks without an end add up.
        let mut dechunker = Dechunker::new();
        for _ in 0..34 {
            dechunker.buffer().extend_from_slice(&[0, 3, 1, 2, 3]);
        }
        assert_eq!(dechunker.next_message(100), Err(MessageTooLong { bytes_max: 100 }));
    }
}
