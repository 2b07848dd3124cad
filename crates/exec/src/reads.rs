//! What a statement read, precise enough to say whether another transaction's effects change its answer.
//!
//! Used for optimistic transactions and claims (`docs/decisions/0002-reads-against-effects.md`): the effects of the
//! transactions that came between are held against this set, instead of version stamps in the store.

use std::sync::Arc;

use samyama_graph::{Direction, Effect, NodeId, RelationshipId, Value};

/// One thing read.
#[derive(Clone, Debug)]
pub enum Read {
    /// Existence, labels or properties of a node.
    Node(NodeId),
    Relationship(RelationshipId),
    /// The relationships of a node on one side.
    Adjacency(NodeId, Direction),
    AllNodes,
    /// Which nodes have a label.
    Label(Arc<str>),
    /// Which relationships of a type there are; None = all.
    RelationshipType(Option<Arc<str>>),
    /// Which nodes with the label have `key` equal to `value`.
    IndexEqual { label: Arc<str>, key: Arc<str>, value: Value },
    /// Any other look-up in an index on these.
    Index { label: Arc<str>, key: Arc<str> },
    Schema,
}

/// A set of reads, bounded: past `READS_MAX` it becomes "everything", which any effect changes.
#[derive(Clone, Debug, Default)]
pub struct ReadSet {
    reads: Vec<Read>,
    everything: bool,
}

impl ReadSet {
    pub const READS_MAX: usize = 16_384;

    pub fn add(&mut self, read: Read) {
        if self.reads.len() >= Self::READS_MAX {
            self.everything = true;
            self.reads.clear();
        }
        if !self.everything {
            self.reads.push(read);
        }
    }

    pub fn is_everything(&self) -> bool {
        self.everything
    }

    pub fn iter(&self) -> impl Iterator<Item = &Read> {
        self.reads.iter()
    }

    pub fn extend(&mut self, other: &ReadSet) {
        self.everything |= other.everything;
        for read in &other.reads {
            self.add(read.clone());
        }
    }

    /// Would `effects` have changed what was read?
    pub fn changed_by(&self, effects: &[Effect], graph: &samyama_graph::Graph) -> bool {
        let _ = (effects, graph);
        self.everything // CONTRACT STUB
    }
}
