//! When an entry passed which station: proposed, on this disk, on each follower's disk, committed, applied.
//!
//! Kept by the leader for its newest entries, in a ring, so that people can ask where the time of a write goes (`/log/INDEX`,
//! `make demo`). A station is noted once for a whole batch: the cost does not grow with the entries in it. Times are of this
//! node's clock only; a follower's station is when its answer arrived here, after its own flush.

use std::collections::VecDeque;
use std::time::Instant;

use parking_lot::Mutex;

use crate::{LogIndex, NodeId};

/// Batches remembered; at full load some seconds.
const BATCHES_MAX: usize = 4_096;

/// Microseconds since the entry was handed to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    pub index: LogIndex,
    pub term: u64,
    /// When that was, by this node's clock.
    pub proposed: Instant,
    pub flushed_us: Option<u64>,
    /// By follower: it has the entry on its disk.
    pub followers_us: Vec<(NodeId, u64)>,
    pub committed_us: Option<u64>,
    pub applied_us: Option<u64>,
}

struct Batch {
    first: LogIndex,
    last: LogIndex,
    term: u64,
    proposed: Instant,
    flushed: Option<Instant>,
    followers: Vec<(NodeId, Instant)>,
    committed: Option<Instant>,
    applied: Option<Instant>,
}

/// The ring.
pub(crate) struct Journeys {
    batches: Mutex<VecDeque<Batch>>,
    clock: fn() -> Instant,
}

impl Journeys {
    pub(crate) fn new(clock: fn() -> Instant) -> Self {
        Journeys { batches: Mutex::default(), clock }
    }

    pub(crate) fn note_appended(&self, first: LogIndex, last: LogIndex, term: u64) {
        let mut batches = self.batches.lock();
        // What a new leader replaced has no journey any more.
        while batches.back().is_some_and(|batch| batch.last >= first) {
            batches.pop_back();
        }
        if batches.len() == BATCHES_MAX {
            batches.pop_front();
        }
        let proposed = (self.clock)();
        let (flushed, committed, applied) = (None, None, None);
        batches.push_back(Batch {
            first,
            last,
            term,
            proposed,
            flushed,
            followers: Vec::new(),
            committed,
            applied,
        });
    }

    pub(crate) fn note_flushed(&self, last: LogIndex) {
        self.note(last, |batch| batch.flushed.is_some(), |batch, now| batch.flushed = Some(now));
    }

    pub(crate) fn note_follower(&self, follower: NodeId, last: LogIndex) {
        self.note(
            last,
            |batch| batch.followers.iter().any(|(id, _)| *id == follower),
            |batch, now| batch.followers.push((follower, now)),
        );
    }

    pub(crate) fn note_committed(&self, last: LogIndex) {
        self.note(last, |batch| batch.committed.is_some(), |batch, now| batch.committed = Some(now));
    }

    pub(crate) fn note_applied(&self, last: LogIndex) {
        self.note(last, |batch| batch.applied.is_some(), |batch, now| batch.applied = Some(now));
    }

    /// Stations are passed in the order of the log: whatever ends at `last` or before and was not there yet, is now.
    fn note(&self, last: LogIndex, is_noted: impl Fn(&Batch) -> bool, note: impl Fn(&mut Batch, Instant)) {
        let now = (self.clock)();
        let mut batches = self.batches.lock();
        for batch in batches.iter_mut().rev().skip_while(|batch| batch.last > last) {
            if is_noted(batch) {
                break;
            }
            note(batch, now);
        }
    }

    /// None: too old, or not from here.
    pub(crate) fn of(&self, index: LogIndex) -> Option<Journey> {
        let batches = self.batches.lock();
        let batch = batches.iter().rev().find(|batch| batch.first <= index && index <= batch.last)?;
        let since = |then: Instant| then.duration_since(batch.proposed).as_micros() as u64;
        Some(Journey {
            index,
            term: batch.term,
            proposed: batch.proposed,
            flushed_us: batch.flushed.map(since),
            followers_us: batch.followers.iter().map(|(id, then)| (*id, since(*then))).collect(),
            committed_us: batch.committed.map(since),
            applied_us: batch.applied.map(since),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_is_noted_for_all_that_lies_before_it_and_only_once() {
        let journeys = Journeys::new(Instant::now);
        journeys.note_appended(1, 2, 1);
        journeys.note_appended(3, 3, 1);
        journeys.note_follower(2, 3);
        let first = journeys.of(1);
        journeys.note_follower(2, 3);
        assert_eq!(journeys.of(1), first);
        assert_eq!(first.map(|journey| journey.followers_us.len()), Some(1));
        assert_eq!(journeys.of(3).map(|journey| journey.followers_us.len()), Some(1));
        assert_eq!(journeys.of(4), None);
    }

    #[test]
    fn a_replaced_entry_has_the_journey_of_its_successor() {
        let journeys = Journeys::new(Instant::now);
        journeys.note_appended(1, 5, 1);
        journeys.note_appended(4, 4, 2);
        assert_eq!(journeys.of(4).map(|journey| journey.term), Some(2));
        assert_eq!(journeys.of(5), None);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let journeys = Journeys::new(Instant::now);
        for index in 1..=BATCHES_MAX as u64 + 1 {
            journeys.note_appended(index, index, 1);
        }
        assert_eq!(journeys.of(1), None);
        assert!(journeys.of(2).is_some());
    }
}
