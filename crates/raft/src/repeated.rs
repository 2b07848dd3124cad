//! A line of the log that may have reason to come a thousand times a second: it comes at once, and then rarely, with a count.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

const EVERY: Duration = Duration::from_secs(10);

/// When the line came last, and how often it was held back since.
#[derive(Default)]
pub struct Repeated(Mutex<(Option<Instant>, u64)>);

impl Repeated {
    /// The line is due: with how many were held back since the last. None: hold it back.
    pub fn due(&self) -> Option<u64> {
        self.due_at(Instant::now())
    }

    fn due_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock();
        let (last, held) = &mut *state;
        if last.is_some_and(|last| now.saturating_duration_since(last) < EVERY) {
            *held += 1;
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_comes_at_once_and_the_next_with_a_count() {
        let (line, start) = (Repeated::default(), Instant::now());
        assert_eq!(line.due_at(start), Some(0));
        for _ in 0..4_000 {
            assert_eq!(line.due_at(start + EVERY / 2), None);
        }
        assert_eq!(line.due_at(start + EVERY), Some(4_000));
        assert_eq!(line.due_at(start + EVERY), None);
        assert_eq!(line.due_at(start + EVERY * 3), Some(1));
    }
}
