//! Entries that were proposed and are not settled: in their order, with who waits for them.
//!
//! An entry's fate is looked at in the order of proposal, as each rests on those before it. Two things do not wait for that. A
//! refusal is certain whatever becomes of the others. And an entry that has had no outcome for too long is given up: a leader
//! that is cut off is never told of one. Its place stays taken until the outcome comes.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use samyama_raft::{Applied, LogIndex, ProposeError};

use super::open::Waiter;
use crate::entry::{EntryHeader, Opening};
use crate::limits::LANE_TICK;

pub type Outcome = Result<(LogIndex, Applied), ProposeError>;
pub type Proposal = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// The outcome of the proposal with this number.
pub type Arrival = (u64, Outcome);

pub struct Entry {
    pub header: EntryHeader,
    pub proposed: Instant,
    bytes: usize,
    pub waiters: Vec<Waiter>,
    /// What [`InFlight::awake`] was when it was proposed.
    since: Duration,
    state: State,
}

enum State {
    Awaited,
    /// Nobody waits for it any more; its outcome is to come.
    GivenUp,
    Arrived(Outcome),
    Refused,
}

pub struct InFlight {
    entries: VecDeque<Entry>,
    /// Number of the first of `entries`.
    first: u64,
    outcomes: FuturesUnordered<Pin<Box<dyn Future<Output = Arrival> + Send>>>,
    bytes: usize,
    /// How long the lane has run, by its ticks: a process that was stopped, and its log with it, has not waited.
    awake: Duration,
    ticked: Instant,
}

impl InFlight {
    pub fn new(now: Instant) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            outcomes: FuturesUnordered::new(),
            bytes: 0,
            awake: Duration::ZERO,
            ticked: now,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn newest(&self) -> Option<&Entry> {
        self.entries.back()
    }

    pub fn newest_mut(&mut self) -> Option<&mut Entry> {
        self.entries.back_mut()
    }

    pub fn push(
        &mut self,
        header: EntryHeader,
        bytes: usize,
        waiters: Vec<Waiter>,
        proposal: Proposal,
        now: Instant,
    ) {
        let number = self.first + self.entries.len() as u64;
        let (since, state) = (self.awake, State::Awaited);
        self.entries.push_back(Entry { header, proposed: now, bytes, waiters, since, state });
        self.bytes += bytes;
        self.outcomes.push(Box::pin(async move { (number, proposal.await) }));
    }

    /// None: nothing is on its way.
    pub async fn arrival(&mut self) -> Option<Arrival> {
        self.outcomes.next().await
    }

    /// Take note of an outcome. Some: it is a refusal, with who waited for what was refused.
    pub fn note(&mut self, (number, outcome): Arrival) -> Option<(Opening, Vec<Waiter>, ProposeError)> {
        let entry = self.entries.get_mut((number - self.first) as usize)?;
        match outcome {
            Err(
                error @ (ProposeError::NotLeader { .. } | ProposeError::NoQuorum | ProposeError::NoRoom(_)),
            ) => {
                entry.state = State::Refused;
                Some((entry.header.opening, std::mem::take(&mut entry.waiters), error))
            }
            outcome => {
                entry.state = State::Arrived(outcome);
                None
            }
        }
    }

    /// The next entry whose outcome is known, like that of all before it.
    pub fn settled(&mut self) -> Option<(Entry, Outcome)> {
        while let Some(mut entry) = self.entries.pop_front() {
            match std::mem::replace(&mut entry.state, State::Refused) {
                state @ (State::Awaited | State::GivenUp) => {
                    entry.state = state;
                    self.entries.push_front(entry);
                    return None;
                }
                State::Arrived(outcome) => {
                    self.leave(&entry);
                    return Some((entry, outcome));
                }
                State::Refused => self.leave(&entry),
            }
        }
        None
    }

    fn leave(&mut self, entry: &Entry) {
        self.first += 1;
        self.bytes -= entry.bytes;
    }

    /// Time has passed. Returns what has been on its way for `limit`, oldest first, with who waits for it; each once.
    pub fn tick(&mut self, now: Instant, limit: Duration) -> Vec<(EntryHeader, Vec<Waiter>)> {
        self.awake += now.saturating_duration_since(self.ticked).min(4 * LANE_TICK);
        self.ticked = now;
        let mut overdue = Vec::new();
        for entry in &mut self.entries {
            if matches!(entry.state, State::Awaited) && self.awake - entry.since >= limit {
                entry.state = State::GivenUp;
                overdue.push((entry.header, std::mem::take(&mut entry.waiters)));
            }
        }
        overdue
    }

    /// All who wait, oldest entry first.
    pub fn into_waiters(self) -> impl Iterator<Item = Waiter> {
        self.entries.into_iter().flat_map(|entry| entry.waiters)
    }
}
