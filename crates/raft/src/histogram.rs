//! How long something takes, counted in buckets, without locks: for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper ends of the buckets but the last, which has none.
pub const BOUNDS_US: [u64; 15] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

/// Durations by size.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    pub fn observe(&self, took: Duration) {
        let us = took.as_micros().min(u128::from(u64::MAX)) as u64;
        let bucket = BOUNDS_US.partition_point(|bound| *bound < us);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// How many there were up to each bound, all of them last; not all of one moment while others observe.
    pub fn cumulative(&self) -> [u64; BOUNDS_US.len() + 1] {
        let mut sum = 0;
        std::array::from_fn(|i| {
            sum += self.buckets[i].load(Ordering::Relaxed);
            sum
        })
    }

    pub fn sum_us(&self) -> u64 {
        self.sum_us.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_in_every_bucket_that_holds_it() {
        let histogram = Histogram::default();
        for us in [0, 50, 51, 5_000_000, 5_000_001] {
            histogram.observe(Duration::from_micros(us));
        }
        let counts = histogram.cumulative();
        assert_eq!((counts[0], counts[1]), (2, 3), "a bound belongs to its bucket");
        assert_eq!((counts[BOUNDS_US.len() - 1], counts[BOUNDS_US.len()]), (4, 5));
        assert_eq!(histogram.sum_us(), 10_000_102);
    }
}
