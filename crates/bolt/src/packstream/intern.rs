//! A small cache of strings that a client repeats: property keys, parameter names, query texts.
//!
//! The same bytes give the same `Arc`, without an allocation. Direct-mapped: a new string throws out the one in its
//! slot, so memory is bounded and a hostile client gains nothing but misses.

use std::sync::Arc;

const KEY_SLOTS: usize = 64;
const KEY_BYTES_MAX: usize = 32;
const TEXT_SLOTS: usize = 16;
const TEXT_BYTES_MAX: usize = 2048;

/// Strings seen lately on one connection.
#[derive(Default)]
pub struct Interner {
    keys: Vec<Option<Arc<str>>>,
    texts: Vec<Option<Arc<str>>>,
}

impl Interner {
    pub fn new() -> Self {
        Self::default()
    }

    /// The shared form of a dictionary key.
    pub fn key(&mut self, text: &str) -> Arc<str> {
        intern(&mut self.keys, KEY_SLOTS, KEY_BYTES_MAX, text)
    }

    /// The shared form of a query's text.
    pub fn text(&mut self, text: &str) -> Arc<str> {
        intern(&mut self.texts, TEXT_SLOTS, TEXT_BYTES_MAX, text)
    }
}

fn intern(slots: &mut Vec<Option<Arc<str>>>, slot_count: usize, bytes_max: usize, text: &str) -> Arc<str> {
    if text.len() > bytes_max {
        return Arc::from(text);
    }
    if slots.is_empty() {
        slots.resize(slot_count, None);
    }
    let slot = &mut slots[fingerprint(text.as_bytes()) as usize % slot_count];
    match slot {
        Some(known) if known.as_ref() == text => Arc::clone(known),
        _ => {
            let fresh: Arc<str> = Arc::from(text);
            *slot = Some(Arc::clone(&fresh));
            fresh
        }
    }
}

/// Mixes the length and three samples of eight bytes: enough to spread what one client repeats.
fn fingerprint(bytes: &[u8]) -> u64 {
    let sample = |at: usize| {
        let mut word = [0; 8];
        let part = &bytes[at.min(bytes.len())..(at + 8).min(bytes.len())];
        word[..part.len()].copy_from_slice(part);
        u64::from_le_bytes(word)
    };
    let mut hash = bytes.len() as u64;
    for word in [sample(0), sample(bytes.len() / 2), sample(bytes.len().saturating_sub(8))] {
        hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
    }
    hash >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_the_same_allocation() {
        let mut interner = Interner::new();
        let first = interner.key("name");
        assert!(Arc::ptr_eq(&first, &interner.key("name")), "a repeated key is shared");
        assert_eq!(interner.key("age").as_ref(), "age");
        let long = "x".repeat(KEY_BYTES_MAX + 1);
        assert!(!Arc::ptr_eq(&interner.key(&long), &interner.key(&long)), "long strings are not kept");
    }

    #[test]
    fn a_collision_never_returns_another_text() {
        let mut interner = Interner::new();
        for i in 0..10_000 {
            let text = format!("RETURN {i} AS n");
            assert_eq!(interner.text(&text).as_ref(), text);
        }
    }
}
