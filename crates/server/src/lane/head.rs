//! The head: the newest graph on the leader, ahead of what is committed, and the entry being filled on top of it.
//!
//! Statements change the head in place. When one fails half way the head is built again from the last sealed view and
//! the transactions since: failures are rare, copies before every statement would not be. Once one has failed in an entry,
//! or while claims are held, copies are made all the same, so that many failures cost no more than one copy each.

use std::sync::Arc;

use bytes::Bytes;
use samyama_graph::{ApplyError, Draft, Effect, NodeId, RelationshipId, View};

use crate::entry::{EntryBuilder, EntryHeader, Opening};
use crate::keys::Keyed;
use crate::shared::{Prepared, Shared};

pub struct Head {
    opening: Opening,
    draft: Draft,
    /// The head as of the last sealed entry.
    sealed: View,
    /// The transactions since, as effects and encoded.
    batch: Vec<Arc<[Effect]>>,
    builder: EntryBuilder,
    /// Ids below these are given or reserved.
    reserved: (NodeId, RelationshipId),
    failed_in_batch: bool,
}

/// Why a transaction could not be put on the head; nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    #[error("it takes {0} bytes of the log")]
    TooLarge(usize),
    #[error("{0}")]
    Apply(ApplyError),
}

/// What to go back to when a statement fails.
pub struct Mark(Option<Draft>);

impl Head {
    pub fn new(opening: Opening, view: &View) -> Self {
        let draft = Draft::new(view);
        Self {
            opening,
            sealed: view.clone(),
            batch: Vec::new(),
            builder: EntryBuilder::new(opening, draft.transaction_number() + 1),
            reserved: (draft.next_node_id(), draft.next_relationship_id()),
            failed_in_batch: false,
            draft,
        }
    }

    pub fn opening(&self) -> Opening {
        self.opening
    }

    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// For the executor, between `mark` and `commit` or `rollback`.
    pub fn draft_mut(&mut self) -> &mut Draft {
        &mut self.draft
    }

    /// Number of the last transaction on the head.
    pub fn number(&self) -> u64 {
        self.draft.transaction_number()
    }

    pub fn batch_is_empty(&self) -> bool {
        self.builder.is_empty()
    }

    pub fn batch_bytes(&self) -> usize {
        self.builder.len()
    }

    /// `copy`: a failure is likely enough to pay for a copy now.
    pub fn mark(&self, copy: bool) -> Mark {
        Mark((copy || self.failed_in_batch).then(|| self.draft.clone()))
    }

    /// Undo what was done to the draft since `mark`.
    pub fn rollback(&mut self, mark: Mark) {
        self.failed_in_batch = true;
        self.draft = match mark.0 {
            Some(draft) => draft,
            None => self.rebuild(),
        };
        self.draft.reserve_ids(self.reserved.0, self.reserved.1);
    }

    fn rebuild(&self) -> Draft {
        let mut draft = Draft::new(&self.sealed);
        for (number, effects) in (self.builder.first()..).zip(&self.batch) {
            for effect in effects.iter() {
                if let Err(error) = draft.apply(effect) {
                    panic!(
                        "transaction {number} was executed on the head and cannot be applied to it again: {error}"
                    );
                }
            }
            draft.finish_transaction(number);
        }
        draft
    }

    /// The effects since `mark` are the next transaction. Too large: everything is as it was at `mark`.
    pub fn commit(
        &mut self,
        mark: Mark,
        effects: Arc<[Effect]>,
        keyed: Option<&Keyed>,
    ) -> Result<u64, HeadError> {
        let number = self.number() + 1;
        if let Err(bytes) = self.builder.push(&effects, keyed) {
            self.rollback(mark);
            return Err(HeadError::TooLarge(bytes));
        }
        self.draft.finish_transaction(number);
        self.batch.push(effects);
        let (node, relationship) = (self.draft.next_node_id(), self.draft.next_relationship_id());
        self.reserved = (self.reserved.0.max(node), self.reserved.1.max(relationship));
        Ok(number)
    }

    /// Apply a transaction that was computed elsewhere. On failure nothing has changed.
    pub fn apply(&mut self, effects: Arc<[Effect]>, keyed: Option<&Keyed>) -> Result<u64, HeadError> {
        let mark = self.mark(true);
        for effect in effects.iter() {
            if let Err(error) = self.draft.apply(effect) {
                self.rollback(mark);
                return Err(HeadError::Apply(error));
            }
        }
        self.commit(mark, effects, keyed)
    }

    /// The ids below these belong to an open transaction, or are given: skip them from now on.
    pub fn reserve(&mut self, node: NodeId, relationship: RelationshipId) {
        self.reserved = (self.reserved.0.max(node), self.reserved.1.max(relationship));
        self.draft.reserve_ids(self.reserved.0, self.reserved.1);
    }

    /// Close the entry: its payloads are ready to be proposed, its view to be published when the last of them is applied.
    pub fn seal(&mut self, shared: &Shared) -> Option<(EntryHeader, Vec<Bytes>)> {
        if self.builder.is_empty() {
            return None;
        }
        let next = EntryBuilder::new(self.opening, self.number() + 1);
        let builder = std::mem::replace(&mut self.builder, next);
        let (header, payloads) = builder.finish();
        assert!(
            header.last() == self.number(),
            "the entry ends at {}, the head at {}",
            header.last(),
            self.number()
        );
        let crc = payloads
            .last()
            .and_then(|payload| payload.last_chunk::<4>())
            .map_or(0, |crc| u32::from_le_bytes(*crc));
        self.batch.clear();
        self.failed_in_batch = false;
        self.sealed = self.draft.view();
        shared.prepare(Prepared { header, crc, view: self.sealed.clone() });
        Some((header, payloads))
    }
}
