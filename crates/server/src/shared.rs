//! What the state machine publishes and everybody else reads: the newest applied view, what became of proposals, the keys
//! of applied transactions, and, the other way round, the views that the leader's lane has built already.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use samyama_graph::View;
use samyama_raft::{Leadership, LogIndex, watch};

use crate::entry::{EntryHeader, Opening};
use crate::host::{Host, Tokio, within};
use crate::keys::{KeyTable, RelayKey, RelayStanding};
use crate::limits::{FINGERPRINTS_MAX, OPENINGS_MAX, PREPARED_MAX};

/// The newest applied view, and what it is a view of.
#[derive(Clone)]
pub struct Published {
    pub view: View,
    pub index: LogIndex,
    /// The leader of the last applied entry.
    pub leader: Option<Leadership>,
}

/// What a result rests on.
#[derive(Clone, Copy, Debug)]
pub struct Basis {
    pub index: LogIndex,
    pub leader: Option<Leadership>,
}

impl Published {
    pub fn basis(&self) -> Basis {
        Basis { index: self.index, leader: self.leader }
    }
}

/// The transactions of one opening of a lane that were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedRange {
    pub opening: Opening,
    pub first: u64,
    pub last: u64,
    /// The log index of the entry that carried `last`: at or above that of every number in the range.
    pub index: LogIndex,
}

/// What is needed to say what became of a proposal. Part of the replicated state, and of snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    pub last_leader: Option<Leadership>,
    /// Oldest first; at most `OPENINGS_MAX`.
    pub ranges: VecDeque<AppliedRange>,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Applied, at this log index or before.
    Applied(LogIndex),
    /// Not applied, and never will be.
    Never,
    /// No entry of a later leader is applied here yet.
    Open,
}

impl Outcomes {
    /// Note an entry's leader; leaders never go back along the committed log.
    pub fn note_leader(&mut self, leader: Leadership, index: LogIndex) {
        assert!(
            self.last_leader.is_none_or(|last| last <= leader),
            "entry {index} comes from leader {leader:?}, after one from {:?}: the log is not one log",
            self.last_leader
        );
        self.last_leader = Some(leader);
    }

    pub fn note_applied(&mut self, header: &EntryHeader, index: LogIndex) {
        match self.ranges.back_mut() {
            Some(range) if range.opening == header.opening => {
                range.last = header.last();
                range.index = index;
            }
            _ => {
                if self.ranges.len() == OPENINGS_MAX {
                    self.ranges.pop_front();
                }
                let (first, last) = (header.first, header.last());
                self.ranges.push_back(AppliedRange { opening: header.opening, first, last, index });
            }
        }
    }

    /// What became of transaction `number` of `opening`.
    pub fn fate(&self, opening: Opening, number: u64) -> Fate {
        let applied =
            self.ranges.iter().find(|r| r.opening == opening && (r.first..=r.last).contains(&number));
        match (applied, self.last_leader) {
            (Some(range), _) => Fate::Applied(range.index),
            (None, Some(last)) if last > opening.leader => {
                // Ranges are forgotten oldest first: one as old as the oldest kept may have been among them.
                match self.ranges.front() {
                    Some(oldest)
                        if self.ranges.len() == OPENINGS_MAX && opening.leader < oldest.opening.leader =>
                    {
                        Fate::Open
                    }
                    _ => Fate::Never,
                }
            }
            _ => Fate::Open,
        }
    }
}

/// A view that the lane built for an entry it is about to propose.
pub struct Prepared {
    pub header: EntryHeader,
    /// Of the payload, or of the last part: the proof that the entry that came back is the one the view was built for.
    pub crc: u32,
    pub view: View,
}

/// Shared by the state machine (which writes), the lane and the sessions.
pub struct Shared {
    published: ArcSwap<Published>,
    outcomes: Mutex<Outcomes>,
    /// Replicated state. Only the state machine changes it, right before it publishes the view that goes with it.
    pub keys: Mutex<KeyTable>,
    prepared: Mutex<VecDeque<Prepared>>,
    fingerprints: Mutex<VecDeque<(LogIndex, u128)>>,
    changed: watch::Sender<LogIndex>,
    host: Arc<dyn Host>,
}

impl Shared {
    pub fn new() -> Arc<Self> {
        Self::on(Arc::new(Tokio))
    }

    pub fn on(host: Arc<dyn Host>) -> Arc<Self> {
        Arc::new(Self {
            host,
            published: ArcSwap::from_pointee(Published { view: View::default(), index: 0, leader: None }),
            outcomes: Mutex::default(),
            keys: Mutex::default(),
            prepared: Mutex::default(),
            fingerprints: Mutex::default(),
            changed: watch::Sender::new(0),
        })
    }

    /// Whose time and tasks it is that wait here.
    pub fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    pub fn published(&self) -> Arc<Published> {
        self.published.load_full()
    }

    /// A look at what is published that keeps nothing of it: this counts no reference, which all threads would share.
    pub fn with_published<T>(&self, look: impl FnOnce(&Published) -> T) -> T {
        look(&self.published.load())
    }

    pub fn outcomes(&self) -> Outcomes {
        self.outcomes.lock().clone()
    }

    /// Only the state machine calls this, after each batch.
    pub fn publish(&self, view: View, index: LogIndex, outcomes: &Outcomes) {
        *self.outcomes.lock() = outcomes.clone();
        self.published.store(Arc::new(Published { view, index, leader: outcomes.last_leader }));
        self.changed.send_replace(index);
    }

    /// Log index of the published view.
    pub fn changed(&self) -> watch::Receiver<LogIndex> {
        self.changed.subscribe()
    }

    /// Wait until at least `index` is published. False: not within `timeout`.
    pub async fn wait_for(&self, index: LogIndex, timeout: Duration) -> bool {
        if self.published.load().index >= index {
            return true;
        }
        let mut changed = self.changed.subscribe();
        matches!(within(&*self.host, timeout, changed.wait_for(|now| *now >= index)).await, Some(Ok(_)))
    }

    /// Wait until it is certain what became of a transaction; `Open` when that is not known within `timeout`.
    pub async fn resolve(&self, opening: Opening, number: u64, timeout: Duration) -> Fate {
        let mut changed = self.changed.subscribe();
        let search = async {
            loop {
                changed.mark_seen();
                match self.outcomes.lock().fate(opening, number) {
                    Fate::Open => {}
                    fate => return fate,
                }
                if changed.changed().await.is_err() {
                    return Fate::Open;
                }
            }
        };
        within(&*self.host, timeout, search).await.unwrap_or(Fate::Open)
    }

    /// What the graph was after each of these entries.
    pub fn note_fingerprints(&self, newest: &[(LogIndex, u128)]) {
        let mut kept = self.fingerprints.lock();
        kept.extend(newest);
        let superfluous = kept.len().saturating_sub(FINGERPRINTS_MAX);
        kept.drain(..superfluous);
    }

    /// Of the newest entries, oldest first: two nodes whose lists meet can be compared while writes go on.
    pub fn fingerprints(&self) -> Vec<(LogIndex, u128)> {
        self.fingerprints.lock().iter().copied().collect()
    }

    /// What is known here of a relay key. `New` says nothing more than that it was not applied here yet.
    pub fn relay_key(&self, key: &RelayKey) -> RelayStanding {
        self.keys.lock().relay(key)
    }

    /// The lane hands over the view of an entry before it proposes it.
    pub fn prepare(&self, prepared: Prepared) {
        let mut queue = self.prepared.lock();
        if queue.len() >= PREPARED_MAX {
            queue.pop_front();
        }
        queue.push_back(prepared);
    }

    /// The view that was prepared for this very entry, if there is one. Older ones are dropped.
    pub fn take_prepared(&self, header: &EntryHeader, crc: u32) -> Option<View> {
        let mut queue = self.prepared.lock();
        let at = queue.iter().position(|p| p.header == *header && p.crc == crc)?;
        queue.drain(..=at).next_back().map(|p| p.view)
    }

    /// Has the lane built a view for this entry?
    pub fn is_prepared(&self, header: &EntryHeader) -> bool {
        self.prepared.lock().iter().any(|prepared| prepared.header == *header)
    }

    /// The lane has closed: what it built rests on nothing now.
    pub fn clear_prepared(&self) {
        self.prepared.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(term: u64, opened_at: LogIndex) -> Opening {
        Opening { leader: Leadership { term, node: 1 }, opened_at }
    }

    fn header(opening: Opening, first: u64, count: u32) -> EntryHeader {
        EntryHeader { opening, first, count, has_keys: false, parts: 1 }
    }

    #[test]
    fn a_fate_is_known_only_after_a_later_leader() {
        let mut outcomes = Outcomes::default();
        let mine = opening(1, 1);
        outcomes.note_leader(mine.leader, 2);
        outcomes.note_applied(&header(mine, 1, 3), 2);
        assert_eq!(outcomes.fate(mine, 3), Fate::Applied(2));
        assert_eq!(outcomes.fate(mine, 4), Fate::Open);
        outcomes.note_leader(Leadership { term: 1, node: 2 }, 3);
        assert_eq!(outcomes.fate(mine, 4), Fate::Never);
        assert_eq!(
            outcomes.fate(opening(1, 5), 4),
            Fate::Never,
            "another opening under the same leader is another name"
        );
    }

    #[test]
    fn a_forgotten_opening_is_not_called_never() {
        let mut outcomes = Outcomes::default();
        for term in 1..=(OPENINGS_MAX as u64 + 1) {
            let opening = opening(term, term);
            outcomes.note_leader(opening.leader, term);
            outcomes.note_applied(&header(opening, term, 1), term);
        }
        assert_eq!(outcomes.fate(opening(1, 1), 1), Fate::Open);
        assert_eq!(outcomes.fate(opening(2, 2), 2), Fate::Applied(2));
    }
}
