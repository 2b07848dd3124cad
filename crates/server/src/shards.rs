//! Counting without waiting: each thread counts in a place of its own, or nearly, since cores that count in one place wait
//! for each other's cache line.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Places to count in. More threads than these share some.
pub const SHARDS: usize = 16;

thread_local! {
    static OWN: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS
    };
}

/// The number of the place where this thread counts.
pub fn own_shard() -> usize {
    OWN.with(|shard| *shard)
}

/// A counter that every thread may add to at any rate.
#[derive(Default)]
pub struct Sharded([Place; SHARDS]);

#[derive(Default)]
#[repr(align(128))]
struct Place(AtomicU64);

impl Sharded {
    pub fn add(&self, number: u64) {
        self.0[own_shard()].0.fetch_add(number, Ordering::Relaxed);
    }

    /// Over all threads.
    pub fn sum(&self) -> u64 {
        self.0.iter().fold(0, |sum, place| sum.wrapping_add(place.0.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_threads_add_is_there_in_the_sum() {
        let counter = Sharded::default();
        std::thread::scope(|scope| {
            for _ in 0..2 * SHARDS {
                scope.spawn(|| (0..100).for_each(|_| counter.add(1)));
            }
        });
        assert_eq!(counter.sum(), 2 * SHARDS as u64 * 100);
    }
}
