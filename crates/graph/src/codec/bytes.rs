//! The primitives: varints, zigzag, length-prefixed bytes. Reading checks every length against what is left.

use std::sync::Arc;

/// Bytes that are not what they should be.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(pub String);

pub(super) fn fail<T>(what: impl Into<String>) -> Result<T, CodecError> {
    Err(CodecError(what.into()))
}

/// LEB128: seven bits a byte, least significant first.
pub(super) fn put_uint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Zigzag, so that small negative numbers are short.
pub(super) fn put_int(out: &mut Vec<u8>, value: i64) {
    put_uint(out, (value << 1 ^ value >> 63) as u64);
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

pub(super) fn take_byte(bytes: &mut &[u8]) -> Result<u8, CodecError> {
    match bytes.split_first() {
        Some((first, rest)) => {
            *bytes = rest;
            Ok(*first)
        }
        None => fail("cut short"),
    }
}

pub(super) fn take_uint(bytes: &mut &[u8]) -> Result<u64, CodecError> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take_byte(bytes)?;
        let part = u64::from(byte & 0x7F);
        if shift == 63 && part > 1 {
            return fail("a number of more than 64 bits");
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    fail("a number of more than 64 bits")
}

pub(super) fn take_int(bytes: &mut &[u8]) -> Result<i64, CodecError> {
    let raw = take_uint(bytes)?;
    Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

pub(super) fn take_fixed<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], CodecError> {
    match bytes.split_first_chunk::<N>() {
        Some((first, rest)) => {
            *bytes = rest;
            Ok(*first)
        }
        None => fail("cut short"),
    }
}

/// A count of things of which each takes at least one byte.
pub(super) fn take_count(bytes: &mut &[u8]) -> Result<usize, CodecError> {
    let count = take_uint(bytes)?;
    if count > bytes.len() as u64 {
        return fail(format!("{count} items announced, {} bytes left", bytes.len()));
    }
    Ok(count as usize)
}

pub(super) fn take_slice<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], CodecError> {
    let len = take_count(bytes)?;
    let (first, rest) = bytes.split_at(len);
    *bytes = rest;
    Ok(first)
}

pub(super) fn take_text(bytes: &mut &[u8]) -> Result<Arc<str>, CodecError> {
    match std::str::from_utf8(take_slice(bytes)?) {
        Ok(text) => Ok(Arc::from(text)),
        Err(error) => fail(format!("text that is not UTF-8: {error}")),
    }
}

/// A number that must fit a smaller type.
pub(super) fn take_small<T: TryFrom<u64>>(bytes: &mut &[u8]) -> Result<T, CodecError> {
    let value = take_uint(bytes)?;
    T::try_from(value).or_else(|_| fail(format!("{value} is too large here")))
}
