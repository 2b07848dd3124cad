//! Reads PackStream from a slice.
//!
//! Nothing is believed: every length is compared with the bytes that remain before anything is allocated, nesting is
//! counted, strings are checked, duplicate keys refused. A decoder that has failed is thrown away with its message.

use std::sync::Arc;

use samyama_graph::{Map, Value};
use thiserror::Error;

use super::intern::Interner;
use super::marker;
use super::read_values::EntitySink;
use super::zones::Zones;

/// Elements for which room is made before they have been seen.
const LIST_CAPACITY_FIRST: usize = 1024;

/// Why bytes are not a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    #[error("the message ends in the middle of a value (at byte {at})")]
    Truncated { at: usize },
    #[error("a length of {declared} is declared where {remaining} bytes remain (at byte {at})")]
    LengthBeyondInput { at: usize, declared: usize, remaining: usize },
    #[error("values are nested deeper than {depth_max} levels")]
    TooDeep { depth_max: usize },
    #[error("a string is not valid UTF-8 (at byte {at})")]
    InvalidUtf8 { at: usize },
    #[error("0x{marker:02X} does not begin a value (at byte {at})")]
    UnknownMarker { at: usize, marker: u8 },
    #[error("expected {expected}, found marker 0x{marker:02X} (at byte {at})")]
    Unexpected { at: usize, expected: &'static str, marker: u8 },
    #[error("a dictionary has the key '{key}' twice")]
    DuplicateKey { key: Arc<str> },
    #[error("{remaining} bytes follow the end of the message's last field")]
    TrailingBytes { remaining: usize },
    #[error("{0}")]
    Field(String),
    /// A well-formed structure that stands for no value that a client may send.
    #[error("a structure with tag 0x{tag:02X} and {fields} fields cannot be sent to this server")]
    UnknownStructure { tag: u8, fields: usize },
    #[error("{0}")]
    InvalidValue(String),
}

impl DecodeError {
    /// True when the bytes were in order and only a value in them cannot be taken: the connection can go on.
    pub fn concerns_one_value(&self) -> bool {
        matches!(self, Self::UnknownStructure { .. } | Self::InvalidValue(_))
    }
}

/// A cursor over one message.
pub struct Decoder<'a, 'c> {
    input: &'a [u8],
    at: usize,
    depth: usize,
    depth_max: usize,
    pub(super) interner: &'c mut Interner,
    pub(super) zones: &'c dyn Zones,
    /// Where nodes and relationships go; a server has none and refuses them.
    pub(super) entities: Option<&'c mut dyn EntitySink>,
}

impl<'a, 'c> Decoder<'a, 'c> {
    /// Reads what a client sent to a server.
    pub fn new(input: &'a [u8], depth_max: usize, interner: &'c mut Interner, zones: &'c dyn Zones) -> Self {
        Self { input, at: 0, depth: 0, depth_max, interner, zones, entities: None }
    }

    /// Reads what a server sent to a client.
    pub fn with_entities(mut self, entities: &'c mut dyn EntitySink) -> Self {
        self.entities = Some(entities);
        self
    }

    pub fn remaining(&self) -> &'a [u8] {
        &self.input[self.at..]
    }

    /// Checks that the message ends here.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.remaining().len() {
            0 => Ok(()),
            remaining => Err(DecodeError::TrailingBytes { remaining }),
        }
    }

    pub fn value(&mut self) -> Result<Value, DecodeError> {
        let at = self.at;
        let first = self.byte()?;
        Ok(match first {
            0x00..=0x7F | 0xF0..=0xFF => Value::Integer(i64::from(i8::from_be_bytes([first]))),
            0x80..=0x8F | marker::STRING_8..=marker::STRING_32 => {
                Value::String(Arc::from(self.string_after(first)?))
            }
            0x90..=0x9F | marker::LIST_8..=marker::LIST_32 => self.list_after(first)?,
            0xA0..=0xAF | marker::DICTIONARY_8..=marker::DICTIONARY_32 => {
                Value::Map(Arc::new(self.dictionary_after(first)?))
            }
            0xB0..=0xBF => {
                let tag = self.byte()?;
                self.deeper(|decoder| decoder.structure_value(tag, usize::from(first & 0x0F)))?
            }
            marker::NULL => Value::Null,
            marker::FLOAT_64 => Value::Float(f64::from_be_bytes(self.array()?)),
            marker::FALSE => Value::Boolean(false),
            marker::TRUE => Value::Boolean(true),
            marker::INTEGER_8..=marker::INTEGER_64 => Value::Integer(self.integer_after(first)?),
            marker::BYTES_8..=marker::BYTES_32 => {
                let length = self.length(1 << (first - marker::BYTES_8))?;
                Value::Bytes(Arc::from(self.take(length)?))
            }
            _ => return Err(DecodeError::UnknownMarker { at, marker: first }),
        })
    }

    pub(crate) fn interner_mut(&mut self) -> &mut Interner {
        self.interner
    }

    /// The header of a structure: its tag and number of fields.
    pub fn structure(&mut self) -> Result<(u8, usize), DecodeError> {
        let first = self.expect(|byte| byte & 0xF0 == marker::TINY_STRUCTURE, "a structure")?;
        Ok((self.byte()?, usize::from(first & 0x0F)))
    }

    pub fn integer(&mut self) -> Result<i64, DecodeError> {
        let is_integer =
            |byte| matches!(byte, 0x00..=0x7F | 0xF0..=0xFF | marker::INTEGER_8..=marker::INTEGER_64);
        let first = self.expect(is_integer, "an integer")?;
        self.integer_after(first)
    }

    pub fn float(&mut self) -> Result<f64, DecodeError> {
        self.expect(|byte| byte == marker::FLOAT_64, "a float")?;
        Ok(f64::from_be_bytes(self.array()?))
    }

    pub fn string(&mut self) -> Result<&'a str, DecodeError> {
        let is_string = |byte| matches!(byte, 0x80..=0x8F | marker::STRING_8..=marker::STRING_32);
        let first = self.expect(is_string, "a string")?;
        self.string_after(first)
    }

    /// The header of a list: its length.
    pub fn list(&mut self) -> Result<usize, DecodeError> {
        let is_list = |byte| matches!(byte, 0x90..=0x9F | marker::LIST_8..=marker::LIST_32);
        let first = self.expect(is_list, "a list")?;
        self.list_length(first)
    }

    pub fn dictionary(&mut self) -> Result<Map, DecodeError> {
        let first = self.expect(is_dictionary, "a dictionary")?;
        self.dictionary_after(first)
    }

    /// Reads a dictionary entry by entry; `entry` must read the value that follows its key.
    pub fn entries(
        &mut self,
        mut entry: impl FnMut(&'a str, &mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let first = self.expect(is_dictionary, "a dictionary")?;
        let length = self.dictionary_length(first)?;
        for _ in 0..length {
            let key = self.string()?;
            entry(key, self)?;
        }
        Ok(())
    }

    /// Takes a null if one stands here.
    pub fn take_null(&mut self) -> bool {
        let is_null = self.input.get(self.at) == Some(&marker::NULL);
        self.at += usize::from(is_null);
        is_null
    }

    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if self.depth == self.depth_max {
            return Err(DecodeError::TooDeep { depth_max: self.depth_max });
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn list_after(&mut self, first: u8) -> Result<Value, DecodeError> {
        let length = self.list_length(first)?;
        self.deeper(|decoder| {
            let mut values = Vec::with_capacity(length.min(LIST_CAPACITY_FIRST));
            for _ in 0..length {
                values.push(decoder.value()?);
            }
            Ok(Value::List(Arc::new(values)))
        })
    }

    fn dictionary_after(&mut self, first: u8) -> Result<Map, DecodeError> {
        let length = self.dictionary_length(first)?;
        if length == 0 {
            return Ok(Map::new());
        }
        self.deeper(|decoder| {
            let mut pairs = Vec::with_capacity(length.min(LIST_CAPACITY_FIRST));
            for _ in 0..length {
                let key = decoder.string()?;
                pairs.push((decoder.interner.key(key), decoder.value()?));
            }
            // Sorted first, so that building the map is an append per pair: a client chooses the order.
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            if let Some(twice) = pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(DecodeError::DuplicateKey { key: Arc::clone(&twice[0].0) });
            }
            Ok(Map::from_pairs(pairs))
        })
    }

    fn integer_after(&mut self, first: u8) -> Result<i64, DecodeError> {
        Ok(match first {
            marker::INTEGER_8 => i64::from(i8::from_be_bytes(self.array()?)),
            marker::INTEGER_16 => i64::from(i16::from_be_bytes(self.array()?)),
            marker::INTEGER_32 => i64::from(i32::from_be_bytes(self.array()?)),
            marker::INTEGER_64 => i64::from_be_bytes(self.array()?),
            tiny => i64::from(i8::from_be_bytes([tiny])),
        })
    }

    fn string_after(&mut self, first: u8) -> Result<&'a str, DecodeError> {
        let length = match first {
            0x80..=0x8F => usize::from(first & 0x0F),
            wide => self.length(1 << (wide - marker::STRING_8))?,
        };
        let at = self.at;
        std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::InvalidUtf8 { at })
    }

    fn list_length(&mut self, first: u8) -> Result<usize, DecodeError> {
        let length = match first {
            0x90..=0x9F => usize::from(first & 0x0F),
            wide => self.length(1 << (wide - marker::LIST_8))?,
        };
        self.check_fits(length, 1)
    }

    fn dictionary_length(&mut self, first: u8) -> Result<usize, DecodeError> {
        let length = match first {
            0xA0..=0xAF => usize::from(first & 0x0F),
            wide => self.length(1 << (wide - marker::DICTIONARY_8))?,
        };
        self.check_fits(length, 2)
    }

    /// A list of n elements takes at least n bytes more, a dictionary 2n.
    fn check_fits(&self, declared: usize, bytes_each: usize) -> Result<usize, DecodeError> {
        let remaining = self.input.len() - self.at;
        if declared.saturating_mul(bytes_each) > remaining {
            return Err(DecodeError::LengthBeyondInput { at: self.at, declared, remaining });
        }
        Ok(declared)
    }

    fn length(&mut self, width: usize) -> Result<usize, DecodeError> {
        Ok(match width {
            1 => usize::from(self.byte()?),
            2 => usize::from(u16::from_be_bytes(self.array()?)),
            _ => u32::from_be_bytes(self.array()?) as usize,
        })
    }

    fn expect(&mut self, fits: impl FnOnce(u8) -> bool, expected: &'static str) -> Result<u8, DecodeError> {
        let at = self.at;
        let marker = self.byte()?;
        if fits(marker) { Ok(marker) } else { Err(DecodeError::Unexpected { at, expected, marker }) }
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = *self.input.get(self.at).ok_or(DecodeError::Truncated { at: self.at })?;
        self.at += 1;
        Ok(byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, _) = self.remaining().split_first_chunk().ok_or(DecodeError::Truncated { at: self.at })?;
        self.at += N;
        Ok(*head)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let remaining = self.input.len() - self.at;
        if length > remaining {
            return Err(DecodeError::LengthBeyondInput { at: self.at, declared: length, remaining });
        }
        let bytes = &self.input[self.at..self.at + length];
        self.at += length;
        Ok(bytes)
    }
}

fn is_dictionary(byte: u8) -> bool {
    matches!(byte, 0xA0..=0xAF | marker::DICTIONARY_8..=marker::DICTIONARY_32)
}
