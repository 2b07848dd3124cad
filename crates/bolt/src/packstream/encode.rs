//! Writes the PackStream types that need no knowledge of the graph, each in its shortest form.

use super::marker;

/// Appends encoded values to a buffer.
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Encoder<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    pub fn null(&mut self) {
        self.out.push(marker::NULL);
    }

    pub fn boolean(&mut self, value: bool) {
        self.out.push(if value { marker::TRUE } else { marker::FALSE });
    }

    pub fn integer(&mut self, value: i64) {
        if let Ok(tiny) = i8::try_from(value) {
            if tiny < -16 {
                self.out.push(marker::INTEGER_8);
            }
            self.out.push(tiny.to_be_bytes()[0]);
        } else if let Ok(short) = i16::try_from(value) {
            self.out.push(marker::INTEGER_16);
            self.out.extend_from_slice(&short.to_be_bytes());
        } else if let Ok(word) = i32::try_from(value) {
            self.out.push(marker::INTEGER_32);
            self.out.extend_from_slice(&word.to_be_bytes());
        } else {
            self.out.push(marker::INTEGER_64);
            self.out.extend_from_slice(&value.to_be_bytes());
        }
    }

    pub fn float(&mut self, value: f64) {
        self.out.push(marker::FLOAT_64);
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    pub fn string(&mut self, value: &str) {
        self.string_header(value.len());
        self.out.extend_from_slice(value.as_bytes());
    }

    /// The header of a string whose bytes the caller appends with [`Encoder::raw`].
    pub fn string_header(&mut self, length: usize) {
        let markers = [marker::STRING_8, marker::STRING_16, marker::STRING_32];
        self.header(length, Some(marker::TINY_STRING), markers);
    }

    pub fn bytes(&mut self, value: &[u8]) {
        self.header(value.len(), None, [marker::BYTES_8, marker::BYTES_16, marker::BYTES_32]);
        self.out.extend_from_slice(value);
    }

    /// The header of a list; the caller appends as many values.
    pub fn list(&mut self, length: usize) {
        self.header(length, Some(marker::TINY_LIST), [marker::LIST_8, marker::LIST_16, marker::LIST_32]);
    }

    /// The header of a dictionary; the caller appends as many pairs of a string and a value.
    pub fn dictionary(&mut self, length: usize) {
        let markers = [marker::DICTIONARY_8, marker::DICTIONARY_16, marker::DICTIONARY_32];
        self.header(length, Some(marker::TINY_DICTIONARY), markers);
    }

    /// The header of a structure; the caller appends as many fields (at most 15).
    pub fn structure(&mut self, tag: u8, fields: u8) {
        debug_assert!(fields < 16, "a structure has at most 15 fields");
        self.out.push(marker::TINY_STRUCTURE | fields);
        self.out.push(tag);
    }

    /// Bytes that are PackStream already.
    pub fn raw(&mut self, encoded: &[u8]) {
        self.out.extend_from_slice(encoded);
    }

    fn header(&mut self, length: usize, tiny: Option<u8>, [eight, sixteen, thirty_two]: [u8; 3]) {
        match (tiny, length) {
            (Some(tiny), 0..=15) => self.out.push(tiny | length as u8),
            (_, 0..=0xFF) => self.out.extend_from_slice(&[eight, length as u8]),
            (_, 0x100..=0xFFFF) => {
                self.out.push(sixteen);
                self.out.extend_from_slice(&(length as u16).to_be_bytes());
            }
            _ => {
                // Longer than u32 cannot be: the executor's memory limit is far below 4 GiB for one value.
                debug_assert!(u32::try_from(length).is_ok(), "a value is shorter than 4 GiB");
                self.out.push(thirty_two);
                self.out.extend_from_slice(&(length as u32).to_be_bytes());
            }
        }
    }
}
