//! A cache bounded by bytes that keeps what was used lately: two generations instead of a list per use.
//!
//! New and used entries live in the young generation. When that holds half of the bytes it becomes the old one, and what
//! was old and unused goes. A hit costs one look-up, and a move at most once per generation.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use rustc_hash::FxBuildHasher;

pub struct Generations<K, V> {
    young: HashMap<K, (V, usize), FxBuildHasher>,
    old: HashMap<K, (V, usize), FxBuildHasher>,
    young_bytes: usize,
    old_bytes: usize,
    bytes_max: usize,
    pub evicted: u64,
}

impl<K: Hash + Eq, V: Clone> Generations<K, V> {
    pub fn new(bytes_max: usize) -> Self {
        Self {
            young: HashMap::default(),
            old: HashMap::default(),
            young_bytes: 0,
            old_bytes: 0,
            bytes_max,
            evicted: 0,
        }
    }

    pub fn get<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some((value, _)) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, (value, bytes)) = self.old.remove_entry(key)?;
        self.old_bytes -= bytes;
        self.insert(key, value.clone(), bytes);
        Some(value)
    }

    pub fn insert(&mut self, key: K, value: V, bytes: usize) {
        if let Some((_, replaced)) = self.young.insert(key, (value, bytes)) {
            self.young_bytes -= replaced;
        }
        self.young_bytes += bytes;
        if self.young_bytes > self.bytes_max / 2 {
            self.evicted += self.old.len() as u64;
            self.old = std::mem::take(&mut self.young);
            self.old_bytes = std::mem::take(&mut self.young_bytes);
        }
    }

    pub fn bytes(&self) -> usize {
        self.young_bytes + self.old_bytes
    }

    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_bytes_are_bounded() {
        let mut cache = Generations::new(100);
        cache.insert("kept", 0, 10);
        for i in 0..1_000 {
            cache.insert(Box::leak(i.to_string().into_boxed_str()) as &str, i, 10);
            assert_eq!(cache.get("kept"), Some(0), "used between any two others, after {i}");
            assert!(cache.bytes() <= 120, "{} bytes are held", cache.bytes());
        }
        assert_eq!(cache.get("0"), None);
        assert!(cache.evicted > 900);
    }
}
