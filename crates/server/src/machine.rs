//! The replicated state machine: entries in, views out.
//!
//! Followers decode effects and apply them. The leader's lane has built the view of its entries already; they are
//! published as they are, nothing is applied twice (`SAMYAMA_VERIFY=all` applies all the same and compares
//! fingerprints). Deterministic: what an entry comes to depends on the log alone.

use std::io::{self, Read, Write};
use std::sync::Arc;

use samyama_graph::{Draft, View};
use samyama_raft::{Applied, CommittedEntry, LogIndex, SnapshotSource, StagedState, StateMachine};

use crate::entry::Entry;
use crate::shared::{Outcomes, Shared};
use crate::snapshot;

pub struct Machine {
    shared: Arc<Shared>,
    state: State,
    verify: bool,
}

/// Everything that the log determines.
#[derive(Clone, Default)]
pub struct State {
    pub view: View,
    /// The last entry applied; a log begins with index 0.
    pub applied: Option<LogIndex>,
    pub outcomes: Outcomes,
}

impl Machine {
    /// `verify`: apply on the leader too, and compare.
    pub fn new(shared: Arc<Shared>, verify: bool) -> Self {
        Self { shared, state: State::default(), verify }
    }

    fn publish(&self) {
        let State { view, applied, outcomes } = &self.state;
        self.shared.publish(view.clone(), applied.unwrap_or(0), outcomes);
    }

    fn apply_entry(&mut self, work: &mut Work, entry: &CommittedEntry) -> Applied {
        self.state.outcomes.note_leader(entry.leader, entry.index);
        if entry.payload.is_empty() {
            return Applied::Done;
        }
        let parsed = match Entry::parse(&entry.payload) {
            Ok(parsed) => parsed,
            Err(error) => panic!("log entry {} cannot be read: {error}", entry.index),
        };
        let header = parsed.header;
        if header.opening.leader != entry.leader || header.first != work.transaction_number() + 1 {
            return Applied::Fenced;
        }
        let crc = crc_of(&entry.payload);
        let prepared = self.shared.take_prepared(&header, crc);
        if prepared.is_none() || self.verify {
            let draft = work.draft();
            let applied = parsed.for_each(|number, effects| {
                for effect in &effects {
                    if let Err(error) = draft.apply(effect) {
                        panic!(
                            "transaction {number} in log entry {} does not fit the graph: {error}",
                            entry.index
                        );
                    }
                }
                draft.finish_transaction(number);
            });
            if let Err(error) = applied {
                panic!("log entry {} cannot be read: {error}", entry.index);
            }
        }
        if let Some(view) = prepared {
            if self.verify {
                let (built, applied) = (view.fingerprint(), work.draft().fingerprint());
                assert!(
                    built == applied,
                    "log entry {}: the lane built {built:032x}, applying gives {applied:032x}",
                    entry.index
                );
            }
            work.replace(view);
        }
        let number = work.transaction_number();
        assert!(
            number == header.last(),
            "log entry {} ends at transaction {number}, not {}",
            entry.index,
            header.last()
        );
        self.state.outcomes.note_applied(&header, entry.index);
        Applied::Done
    }
}

/// The trailing CRC32C of a payload that has been checked.
fn crc_of(payload: &[u8]) -> u32 {
    payload.last_chunk::<4>().map_or(0, |crc| u32::from_le_bytes(*crc))
}

/// The graph while a batch is applied: a view that was published or prepared, or a draft on top of it.
enum Work {
    View(View),
    Draft(Box<Draft>),
}

impl Work {
    fn transaction_number(&self) -> u64 {
        match self {
            Work::View(view) => view.transaction_number(),
            Work::Draft(draft) => draft.transaction_number(),
        }
    }

    fn fingerprint(&self) -> u128 {
        match self {
            Work::View(view) => view.fingerprint(),
            Work::Draft(draft) => draft.fingerprint(),
        }
    }

    fn draft(&mut self) -> &mut Draft {
        if let Work::View(view) = self {
            *self = Work::Draft(Box::new(Draft::new(view)));
        }
        match self {
            Work::Draft(draft) => draft,
            Work::View(_) => unreachable!("a view has just been replaced by a draft"),
        }
    }

    fn replace(&mut self, view: View) {
        *self = Work::View(view);
    }

    fn freeze(self) -> View {
        match self {
            Work::View(view) => view,
            Work::Draft(draft) => draft.freeze(),
        }
    }
}

impl StateMachine for Machine {
    fn apply(&mut self, entries: Vec<CommittedEntry>) -> Vec<Applied> {
        let mut work = Work::View(self.state.view.clone());
        let mut results = Vec::with_capacity(entries.len());
        let mut fingerprints = Vec::with_capacity(entries.len());
        for entry in &entries {
            assert!(
                self.state.applied.is_none_or(|last| entry.index > last),
                "log entry {} comes after {:?}: entries are applied in order, once",
                entry.index,
                self.state.applied
            );
            results.push(self.apply_entry(&mut work, entry));
            self.state.applied = Some(entry.index);
            fingerprints.push((entry.index, work.fingerprint()));
        }
        self.state.view = work.freeze();
        self.shared.note_fingerprints(&fingerprints);
        self.publish();
        results
    }

    fn snapshot_source(&self) -> Box<dyn SnapshotSource> {
        Box::new(Source(self.state.clone()))
    }

    fn decode_snapshot(&self) -> fn(&mut dyn Read) -> io::Result<StagedState> {
        |input| Ok(Box::new(snapshot::read(input)?) as StagedState)
    }

    fn install(&mut self, staged: StagedState, last: Option<LogIndex>) {
        let Ok(state) = staged.downcast::<State>() else {
            panic!("a snapshot was staged that this state machine did not decode");
        };
        assert!(
            state.applied <= last,
            "the snapshot's content ends at {:?} and its header says {last:?}",
            state.applied
        );
        self.state = *state;
        self.state.applied = last;
        self.shared.note_fingerprints(&[(last.unwrap_or(0), self.state.view.fingerprint())]);
        self.shared.clear_prepared();
        self.publish();
    }
}

struct Source(State);

impl SnapshotSource for Source {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        snapshot::write(&self.0, out)
    }
}
