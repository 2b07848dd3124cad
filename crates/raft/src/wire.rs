//! Primitives of the peer protocol: fixed-width little-endian numbers and length-prefixed bytes. Reading checks every length
//! against what is left and never copies a payload: it is a slice of the frame.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};

#[derive(Default)]
pub(crate) struct Writer {
    buffer: BytesMut,
}

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) {
        self.buffer.put_u8(value);
    }
    pub(crate) fn u32(&mut self, value: u32) {
        self.buffer.put_u32_le(value);
    }
    pub(crate) fn u64(&mut self, value: u64) {
        self.buffer.put_u64_le(value);
    }
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.u32(bytes.len() as u32);
        self.buffer.put_slice(bytes);
    }
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }
    pub(crate) fn finish(self) -> Bytes {
        self.buffer.freeze()
    }
}

pub(crate) struct Reader {
    bytes: Bytes,
}

fn cut_short() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a message from a peer is cut short")
}

impl Reader {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Reader { bytes }
    }

    fn take(&mut self, len: usize) -> io::Result<Bytes> {
        if len > self.bytes.len() {
            return Err(cut_short());
        }
        Ok(self.bytes.split_to(len))
    }

    pub(crate) fn u8(&mut self) -> io::Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn u32(&mut self) -> io::Result<u32> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    pub(crate) fn u64(&mut self) -> io::Result<u64> {
        let (low, high) = (self.u32()?, self.u32()?);
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    /// A number of things that take at least `each` bytes.
    pub(crate) fn count(&mut self, each: usize) -> io::Result<usize> {
        let count = self.u32()? as usize;
        if count.saturating_mul(each) > self.bytes.len() {
            return Err(cut_short());
        }
        Ok(count)
    }

    pub(crate) fn bytes(&mut self) -> io::Result<Bytes> {
        let len = self.u32()? as usize;
        self.take(len)
    }

    pub(crate) fn text(&mut self) -> io::Result<String> {
        String::from_utf8(self.bytes()?.to_vec())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a text from a peer is not UTF-8"))
    }
}
