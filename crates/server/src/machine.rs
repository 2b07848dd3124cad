//! The replicated state machine: entries in, views out.
//!
//! Followers decode effects and apply them. The leader's lane has built the view of its entries already; they are
//! published as they are, nothing is applied twice (`SAMYAMA_VERIFY=all` applies all the same and compares
//! fingerprints). Deterministic: what an entry comes to depends on the log alone.
//!
//! A large entry comes in parts. They are kept ([`Parts`]), and applied to a draft of their own as they come, so that no
//! single one takes long; the last one makes it visible. Anything else than the next part ends it: another entry that passes
//! the fence, a part that is missing, any entry of another leader.

use std::io::{self, Read, Write};
use std::sync::Arc;

use bytes::Bytes;
use samyama_graph::{Draft, View};
use samyama_raft::{Applied, CommittedEntry, LogIndex, SnapshotSource, StagedState, StateMachine};

use crate::entry::{BodyReader, Entry, EntryError, EntryHeader, Piece};
use crate::keys::{KeyTable, Keyed};
use crate::shared::{Outcomes, Shared};
use crate::snapshot;

pub struct Machine {
    shared: Arc<Shared>,
    state: State,
    gathering: Option<Gathering>,
    /// Keys of the batch that is being applied.
    keyed: Vec<(Keyed, LogIndex, u64)>,
    verify: bool,
}

/// Everything that the log determines, but for the keys, which live in [`Shared`].
#[derive(Clone, Default)]
pub struct State {
    pub view: View,
    /// The last entry applied; a log begins with index 0.
    pub applied: Option<LogIndex>,
    pub outcomes: Outcomes,
    /// Parts of an entry whose last part has not come.
    pub parts: Option<Parts>,
}

/// The first parts of a large entry, as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    pub header: EntryHeader,
    pub bodies: Vec<Bytes>,
}

/// A snapshot's content.
pub struct Content {
    pub state: State,
    pub keys: KeyTable,
}

/// The work on [`State::parts`] that is done already.
struct Gathering {
    reader: BodyReader,
    draft: Box<Draft>,
    keyed: Vec<(Keyed, u64)>,
    /// How many of the parts.
    read: usize,
}

impl Machine {
    /// `verify`: apply on the leader too, and compare.
    pub fn new(shared: Arc<Shared>, verify: bool) -> Self {
        Self { shared, state: State::default(), gathering: None, keyed: Vec::new(), verify }
    }

    fn publish(&mut self) {
        if !self.keyed.is_empty() {
            let mut keys = self.shared.keys.lock();
            for (keyed, index, number) in self.keyed.drain(..) {
                keys.note(keyed, index, number);
            }
        }
        let State { view, applied, outcomes, .. } = &self.state;
        self.shared.publish(view.clone(), applied.unwrap_or(0), outcomes);
    }

    fn apply_entry(&mut self, work: &mut Work, entry: &CommittedEntry) -> Applied {
        self.state.outcomes.note_leader(entry.leader, entry.index);
        if self.state.parts.as_ref().is_some_and(|parts| parts.header.opening.leader != entry.leader) {
            // Whoever proposed them leads no more: the rest cannot come.
            self.drop_parts();
        }
        if entry.payload.is_empty() {
            return Applied::Done;
        }
        let parsed = match Entry::parse(&entry.payload) {
            Ok(parsed) => parsed,
            Err(error) => unreadable(entry.index, &error),
        };
        let header = parsed.header;
        if header.opening.leader != entry.leader || header.first != work.transaction_number() + 1 {
            return Applied::Fenced;
        }
        let crc = crc_of(&entry.payload);
        if header.parts == 1 {
            self.drop_parts();
            let prepared = self.shared.take_prepared(&header, crc);
            self.apply_whole(work, entry.index, &parsed, prepared);
            return Applied::Done;
        }
        if !self.collect(parsed) {
            return Applied::Fenced;
        }
        let is_complete = self.is_complete();
        if !is_complete && (self.verify || !self.shared.is_prepared(&header)) {
            self.gather(work, entry.index);
        }
        if is_complete {
            let prepared = self.shared.take_prepared(&header, crc);
            self.apply_parts(work, entry.index, prepared);
        }
        Applied::Done
    }

    /// An entry in one piece.
    fn apply_whole(&mut self, work: &mut Work, index: LogIndex, entry: &Entry, prepared: Option<View>) {
        let header = entry.header;
        let reads_effects = prepared.is_none() || self.verify;
        if reads_effects || header.has_keys {
            let mut reader = BodyReader::new(&header, !reads_effects);
            let draft = reads_effects.then(|| work.draft());
            let mut keyed = Vec::new();
            let read = feed(&mut reader, &entry.body, draft, index, &mut keyed);
            if let Err(error) = read.and_then(|()| reader.finish()) {
                unreadable(index, &error);
            }
            self.keyed.extend(keyed.into_iter().map(|(keyed, number)| (keyed, index, number)));
        }
        self.take_over(work, index, &header, prepared);
    }

    /// Publish what the lane has built, if it has, and note that the entry was applied.
    fn take_over(&mut self, work: &mut Work, index: LogIndex, header: &EntryHeader, prepared: Option<View>) {
        if let Some(view) = prepared {
            if self.verify {
                let (built, applied) = (view.fingerprint(), work.draft().fingerprint());
                assert!(
                    built == applied,
                    "log entry {index}: the lane built {built:032x}, applying gives {applied:032x}"
                );
            }
            work.replace(view);
        }
        let number = work.transaction_number();
        assert!(
            number == header.last(),
            "log entry {index} ends at transaction {number}, not {}",
            header.last()
        );
        self.state.outcomes.note_applied(header, index);
    }

    // ------------------------------------------------------------------------------------------------ parts

    fn drop_parts(&mut self) {
        self.state.parts = None;
        self.gathering = None;
    }

    /// Keep a part. False: it is not the one that must come now, and what it belongs to can not be completed.
    fn collect(&mut self, entry: Entry) -> bool {
        if entry.part == 0 {
            self.drop_parts();
            self.state.parts = Some(Parts { header: entry.header, bodies: Vec::new() });
        }
        let parts = self.state.parts.as_mut();
        let Some(parts) =
            parts.filter(|parts| parts.header == entry.header && parts.bodies.len() == entry.part as usize)
        else {
            self.drop_parts();
            return false;
        };
        parts.bodies.push(entry.body);
        true
    }

    fn is_complete(&self) -> bool {
        self.state.parts.as_ref().is_some_and(|parts| parts.bodies.len() == parts.header.parts as usize)
    }

    /// Apply what has been collected and not applied yet, to a draft that nobody sees.
    fn gather(&mut self, work: &Work, index: LogIndex) {
        let Some(parts) = &self.state.parts else { return };
        let gathering = self.gathering.get_or_insert_with(|| Gathering {
            reader: BodyReader::new(&parts.header, false),
            draft: Box::new(work.copy()),
            keyed: Vec::new(),
            read: 0,
        });
        let Gathering { reader, draft, keyed, read } = gathering;
        for body in &parts.bodies[*read..] {
            if let Err(error) = feed(reader, body, Some(&mut *draft), index, keyed) {
                unreadable(index, &error);
            }
            *read += 1;
        }
    }

    /// The last part has come.
    fn apply_parts(&mut self, work: &mut Work, index: LogIndex, prepared: Option<View>) {
        if prepared.is_none() || self.verify {
            self.gather(work, index);
        }
        let Some(parts) = self.state.parts.take() else { return };
        let (reader, keyed) = match self.gathering.take() {
            Some(Gathering { reader, draft, keyed, .. }) => {
                *work = Work::Draft(draft);
                (reader, keyed)
            }
            None => {
                let (mut reader, mut keyed) = (BodyReader::new(&parts.header, true), Vec::new());
                for body in &parts.bodies {
                    if let Err(error) = feed(&mut reader, body, None, index, &mut keyed) {
                        unreadable(index, &error);
                    }
                }
                (reader, keyed)
            }
        };
        if let Err(error) = reader.finish() {
            unreadable(index, &error);
        }
        self.keyed.extend(keyed.into_iter().map(|(keyed, number)| (keyed, index, number)));
        self.take_over(work, index, &parts.header, prepared);
    }
}

/// Read on in a body: effects go to the draft, if there is one, and keys are taken down.
fn feed(
    reader: &mut BodyReader,
    body: &[u8],
    mut draft: Option<&mut Draft>,
    index: LogIndex,
    all_keyed: &mut Vec<(Keyed, u64)>,
) -> Result<(), EntryError> {
    reader.feed(body, &mut |piece| match piece {
        Piece::Effect(number, effect) => {
            let applied = draft.as_mut().map_or(Ok(()), |draft| draft.apply(&effect));
            if let Err(error) = applied {
                panic!("transaction {number} in log entry {index} does not fit the graph: {error}");
            }
        }
        Piece::End(number, keyed) => {
            if let Some(draft) = &mut draft {
                draft.finish_transaction(number);
            }
            all_keyed.extend(keyed.map(|keyed| (keyed, number)));
        }
    })
}

fn unreadable(index: LogIndex, error: &EntryError) -> ! {
    panic!("log entry {index} cannot be read: {error}")
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

    /// A draft on top of what it is now; this one stays as it is.
    fn copy(&self) -> Draft {
        match self {
            Work::View(view) => Draft::new(view),
            Work::Draft(draft) => (**draft).clone(),
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
        Box::new(Source(Content { state: self.state.clone(), keys: self.shared.keys.lock().clone() }))
    }

    fn decode_snapshot(&self) -> fn(&mut dyn Read) -> io::Result<StagedState> {
        |input| Ok(Box::new(snapshot::read(input)?) as StagedState)
    }

    fn install(&mut self, staged: StagedState, last: Option<LogIndex>) {
        let Ok(content) = staged.downcast::<Content>() else {
            panic!("a snapshot was staged that this state machine did not decode");
        };
        let Content { state, keys } = *content;
        assert!(
            state.applied <= last,
            "the snapshot's content ends at {:?} and its header says {last:?}",
            state.applied
        );
        self.state = state;
        self.state.applied = last;
        self.shared.note_fingerprints(&[(last.unwrap_or(0), self.state.view.fingerprint())]);
        self.gathering = None;
        *self.shared.keys.lock() = keys;
        self.shared.clear_prepared();
        self.publish();
    }
}

struct Source(Content);

impl SnapshotSource for Source {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        snapshot::write(&self.0, out)
    }
}
