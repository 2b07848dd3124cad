//! A persistent set of ids as a sparse bitmap: which nodes have a label, which relationships have a type.

use crate::pages::Pages;

#[derive(Clone, Default)]
pub(crate) struct IdSet {
    words: Pages<u64>,
    len: u64,
}

impl IdSet {
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        self.words.get(id / 64).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }

    /// True if it was not there.
    pub(crate) fn insert(&mut self, id: u64) -> bool {
        let word = self.words.get_mut(id / 64);
        let bit = 1 << (id % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        self.len += u64::from(is_new);
        is_new
    }

    /// True if it was there.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        if !self.contains(id) {
            return false;
        }
        *self.words.get_mut(id / 64) &= !(1 << (id % 64));
        self.len -= 1;
        true
    }

    /// Hand ids `>= from` in ascending order to `take`, at most `limit`; the id to go on from, or None at the end.
    pub(crate) fn scan(&self, from: u64, limit: usize, mut take: impl FnMut(u64)) -> Option<u64> {
        let mut taken = 0;
        let mut at = from;
        loop {
            let (number, &word) = self.words.find_from(at / 64, |word| *word != 0)?;
            let mut rest = if number == at / 64 { word & (u64::MAX << (at % 64)) } else { word };
            while rest != 0 {
                let id = number * 64 + u64::from(rest.trailing_zeros());
                if taken == limit {
                    return Some(id);
                }
                take(id);
                taken += 1;
                rest &= rest - 1;
            }
            at = (number + 1) * 64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_go_on_where_they_stopped() {
        let mut set = IdSet::default();
        let ids = [0, 1, 63, 64, 100, 9_999, 1_000_000];
        for id in ids {
            assert!(set.insert(id));
            assert!(!set.insert(id));
        }
        assert!(set.remove(100) && !set.remove(100));
        for limit in 1..8 {
            let (mut seen, mut next) = (Vec::new(), Some(0));
            while let Some(from) = next {
                next = set.scan(from, limit, |id| seen.push(id));
            }
            assert_eq!(seen, [0, 1, 63, 64, 9_999, 1_000_000]);
        }
        assert_eq!(set.len(), 6);
    }
}
