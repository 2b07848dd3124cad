//! The incremental fingerprint of a graph: a sum (modulo 2^128) of one hash per fact.
//!
//! A sum does not depend on order, and a change adds the new fact and takes away the old one. The hash is our own and fixed
//! for ever: it must be the same on every machine and in every version, because nodes compare it. It finds mistakes and
//! damage; it is no defence against somebody who builds collisions.

use crate::{NodeId, RelationshipId, Value, Zone};

/// What a fact is about; part of its hash.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(crate) enum Fact {
    Node = 1,
    Label,
    NodeProperty,
    Relationship,
    RelationshipProperty,
    Token,
    Index,
    Constraint,
    Said,
}

/// Two independent 64-bit mixers over the same words.
pub(crate) struct FactHasher {
    low: u64,
    high: u64,
}

const LOW_FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
const HIGH_FACTOR: u64 = 0xC2B2_AE3D_27D4_EB4F;

impl FactHasher {
    pub(crate) fn new(fact: Fact) -> Self {
        let mut hasher = FactHasher { low: 0x243F_6A88_85A3_08D3, high: 0x1319_8A2E_0370_7344 };
        hasher.word(fact as u64);
        hasher
    }

    pub(crate) fn word(&mut self, word: u64) -> &mut Self {
        self.low = (self.low ^ word).wrapping_mul(LOW_FACTOR);
        self.low ^= self.low >> 29;
        self.high = (self.high.rotate_left(23) ^ word).wrapping_mul(HIGH_FACTOR);
        self.high ^= self.high >> 32;
        self
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        self
    }

    pub(crate) fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.word(0),
            Value::Boolean(x) => self.word(1).word(u64::from(*x)),
            Value::Integer(x) => self.word(2).word(*x as u64),
            Value::Float(x) => self.word(3).word(x.to_bits()),
            Value::String(x) => self.word(4).bytes(x.as_bytes()),
            Value::Bytes(x) => self.word(5).bytes(x),
            Value::List(items) => {
                self.word(6).word(items.len() as u64);
                items.iter().fold(self, |hasher, item| hasher.value(item))
            }
            Value::Map(map) => {
                self.word(7).word(map.len() as u64);
                map.iter().fold(self, |hasher, (key, value)| hasher.bytes(key.as_bytes()).value(value))
            }
            Value::Node(NodeId(id)) => self.word(8).word(*id),
            Value::Relationship(RelationshipId(id)) => self.word(9).word(*id),
            Value::Path(path) => {
                self.word(10).word(path.start.0);
                path.steps
                    .iter()
                    .fold(self, |h, s| h.word(s.relationship.0).word(u64::from(s.forward)).word(s.node.0))
            }
            Value::Date(x) => self.word(11).word(x.days as u64),
            Value::LocalTime(x) => self.word(12).word(x.nanoseconds),
            Value::Time(x) => self.word(13).word(x.nanoseconds).word(x.offset_seconds as u64),
            Value::LocalDateTime(x) => self.word(14).word(x.seconds as u64).word(u64::from(x.nanoseconds)),
            Value::DateTime(x) => {
                self.word(15).word(x.seconds as u64).word(u64::from(x.nanoseconds));
                match &x.zone {
                    Zone::Offset(seconds) => self.word(0).word(*seconds as u64),
                    Zone::Named { name, offset_seconds } => {
                        self.bytes(name.as_bytes()).word(*offset_seconds as u64)
                    }
                }
            }
            Value::Duration(x) => self
                .word(16)
                .word(x.months as u64)
                .word(x.days as u64)
                .word(x.seconds as u64)
                .word(x.nanoseconds as u64),
            Value::Point(x) => {
                self.word(17).word(u64::from(x.srid)).word(x.x.to_bits()).word(x.y.to_bits());
                self.word(x.z.map_or(0, f64::to_bits))
            }
        }
    }

    pub(crate) fn finish(&self) -> u128 {
        let mix = |mut x: u64| {
            x ^= x >> 33;
            x = x.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
            x ^= x >> 33;
            x = x.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
            x ^ x >> 33
        };
        u128::from(mix(self.high ^ self.low.rotate_left(32))) << 64 | u128::from(mix(self.low))
    }
}

/// A hash of anything that was said, to tell later whether it was said again. As stable as the fingerprint, and no more of a
/// defence.
pub struct Digest(FactHasher);

impl Default for Digest {
    fn default() -> Self {
        Digest(FactHasher::new(Fact::Said))
    }
}

impl Digest {
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.bytes(bytes);
        self
    }

    pub fn value(&mut self, value: &Value) -> &mut Self {
        self.0.value(value);
        self
    }

    pub fn finish(&self) -> u128 {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fixed_for_ever() {
        let mut hasher = FactHasher::new(Fact::NodeProperty);
        hasher.word(42).word(7).value(&Value::from("Alice"));
        assert_eq!(format!("{:032x}", hasher.finish()), include_str!("fingerprint_fixture.txt").trim());
    }
}
