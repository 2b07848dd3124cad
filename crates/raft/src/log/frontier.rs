//! Where the pen stands in a segment, and what is being zeroed in front of it.

use std::ops::Range;

use parking_lot::{Condvar, Mutex};

/// How far the pen has come in a segment, and what is being zeroed ahead of it: the two must never write the same bytes, or
/// zeros would fall on records that are acknowledged.
pub(super) struct Frontier {
    state: Mutex<FrontierState>,
    released: Condvar,
}

struct FrontierState {
    /// The pen has written, or is about to write, everything below.
    pen_until: u64,
    /// A piece that is being zeroed; its bytes are not the pen's until it is released.
    zeroing: Range<u64>,
}

impl Frontier {
    pub(super) fn at(offset: u64) -> Self {
        let state = FrontierState { pen_until: offset, zeroing: 0..0 };
        Frontier { state: Mutex::new(state), released: Condvar::new() }
    }

    /// The pen takes everything below `until`; it waits for a piece that is just being zeroed there.
    pub(super) fn advance(&self, until: u64) {
        let mut state = self.state.lock();
        state.pen_until = state.pen_until.max(until);
        while !state.zeroing.is_empty() && state.zeroing.start < state.pen_until {
            self.released.wait(&mut state);
        }
    }

    /// Take a piece to be zeroed, at `from` or behind the pen if that is further; None when nothing is left below `until`.
    pub(super) fn claim(&self, from: u64, until: u64, bytes_max: u64) -> Option<Range<u64>> {
        let mut state = self.state.lock();
        let start = from.max(state.pen_until);
        if start >= until {
            return None;
        }
        state.zeroing = start..until.min(start + bytes_max);
        Some(state.zeroing.clone())
    }

    pub(super) fn release(&self) {
        self.state.lock().zeroing = 0..0;
        self.released.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn zeros_are_never_claimed_below_the_pen() {
        let frontier = Frontier::at(512);
        assert_eq!(frontier.claim(0, 4096, 1024), Some(512..1536));
        frontier.release();
        frontier.advance(9000);
        assert_eq!(frontier.claim(1536, 4096, 1024), None);
        assert_eq!(frontier.claim(1536, 10_000, 4096), Some(9000..10_000));
    }

    #[test]
    fn the_pen_waits_for_a_piece_that_is_being_zeroed_where_it_wants_to_write() {
        let frontier = Arc::new(Frontier::at(512));
        assert_eq!(frontier.claim(1024, 4096, 1024), Some(1024..2048));
        frontier.advance(1024);
        let pen = Arc::clone(&frontier);
        let (sender, receiver) = std::sync::mpsc::channel();
        let writing = std::thread::spawn(move || {
            pen.advance(3000);
            let _ = sender.send(());
        });
        assert!(
            receiver.recv_timeout(Duration::from_millis(50)).is_err(),
            "the pen wrote over a claimed piece"
        );
        frontier.release();
        assert!(receiver.recv_timeout(Duration::from_secs(10)).is_ok());
        assert!(writing.join().is_ok());
    }
}
