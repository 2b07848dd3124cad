//! The graph itself: what can be read from a view or a draft, and how a draft changes.
//! CONTRACT STUB: signatures are agreed; bodies are being written.

use std::ops::Deref;
use std::sync::Arc;

use crate::{
    ApplyError, ConstraintDefinition, Direction, Effect, IndexDefinition, IndexId, IndexRange, KeyId, LabelId,
    NodeId, RelationshipId, TypeId, Value,
};

/// One entry of an adjacency chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjacent {
    neighbour: u32,
    relationship: u32,
}

impl Adjacent {
    pub fn neighbour(self) -> NodeId {
        NodeId(u64::from(self.neighbour))
    }
    pub fn relationship(self) -> RelationshipId {
        RelationshipId(u64::from(self.relationship))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelationshipEnds {
    pub start: NodeId,
    pub end: NodeId,
    pub type_id: TypeId,
}

/// A whole graph. Cloning is cheap: a few reference counts.
#[derive(Clone, Default)]
pub struct Graph {}

#[allow(unused_variables, clippy::todo)]
impl Graph {
    // Transactions.
    /// Number of the last transaction applied; 0 for an empty graph.
    pub fn transaction_number(&self) -> u64 {
        todo!()
    }
    /// Changes whenever a token, index or constraint comes or goes: plans made under another epoch are re-bound.
    pub fn schema_epoch(&self) -> u64 {
        todo!()
    }
    /// Incremental fingerprint of the whole content (not of the next free ids): equal graphs have equal fingerprints on every node.
    pub fn fingerprint(&self) -> u128 {
        todo!()
    }

    // Tokens.
    pub fn label(&self, name: &str) -> Option<LabelId> {
        todo!()
    }
    pub fn relationship_type(&self, name: &str) -> Option<TypeId> {
        todo!()
    }
    pub fn property_key(&self, name: &str) -> Option<KeyId> {
        todo!()
    }
    /// Panics if the token was never made: ids come from this graph.
    pub fn label_name(&self, id: LabelId) -> &Arc<str> {
        todo!()
    }
    pub fn relationship_type_name(&self, id: TypeId) -> &Arc<str> {
        todo!()
    }
    pub fn property_key_name(&self, id: KeyId) -> &Arc<str> {
        todo!()
    }
    /// How many tokens of each kind there are (labels, types, keys): the next free numbers.
    pub fn token_counts(&self) -> (u32, u32, u32) {
        todo!()
    }

    // Nodes.
    pub fn next_node_id(&self) -> NodeId {
        todo!()
    }
    pub fn node_exists(&self, id: NodeId) -> bool {
        todo!()
    }
    /// In ascending order; empty for a node that does not exist.
    pub fn labels(&self, id: NodeId) -> impl Iterator<Item = LabelId> + '_ {
        std::iter::empty()
    }
    pub fn has_label(&self, id: NodeId, label: LabelId) -> bool {
        todo!()
    }
    /// Null when absent.
    pub fn node_property(&self, id: NodeId, key: KeyId) -> Value {
        todo!()
    }
    /// In ascending order of key ids.
    pub fn node_properties(&self, id: NodeId) -> impl Iterator<Item = (KeyId, Value)> + '_ {
        std::iter::empty()
    }

    // Relationships.
    pub fn next_relationship_id(&self) -> RelationshipId {
        todo!()
    }
    pub fn relationship(&self, id: RelationshipId) -> Option<RelationshipEnds> {
        todo!()
    }
    pub fn relationship_property(&self, id: RelationshipId, key: KeyId) -> Value {
        todo!()
    }
    pub fn relationship_properties(&self, id: RelationshipId) -> impl Iterator<Item = (KeyId, Value)> + '_ {
        std::iter::empty()
    }

    // Adjacency. A self-loop stands once on each side.
    /// The chunks of a node's relationships of one direction, of one type or (None) of all; order is deterministic.
    pub fn adjacency(
        &self,
        id: NodeId,
        direction: Direction,
        type_id: Option<TypeId>,
    ) -> impl Iterator<Item = &[Adjacent]> + '_ {
        std::iter::empty()
    }
    pub fn degree(&self, id: NodeId, direction: Direction, type_id: Option<TypeId>) -> u64 {
        todo!()
    }

    // Scans: append at most `limit` ids >= `from` in ascending order; the id to go on from, or None at the end.
    pub fn nodes_from(&self, from: NodeId, limit: usize, out: &mut Vec<NodeId>) -> Option<NodeId> {
        todo!()
    }
    pub fn nodes_with_label_from(
        &self,
        label: LabelId,
        from: NodeId,
        limit: usize,
        out: &mut Vec<NodeId>,
    ) -> Option<NodeId> {
        todo!()
    }
    pub fn relationships_from(
        &self,
        type_id: Option<TypeId>,
        from: RelationshipId,
        limit: usize,
        out: &mut Vec<RelationshipId>,
    ) -> Option<RelationshipId> {
        todo!()
    }

    // Counts, exact.
    pub fn node_count(&self) -> u64 {
        todo!()
    }
    pub fn relationship_count(&self) -> u64 {
        todo!()
    }
    pub fn label_count(&self, label: LabelId) -> u64 {
        todo!()
    }
    pub fn type_count(&self, type_id: TypeId) -> u64 {
        todo!()
    }
    /// Relationships of `type_id` (None = any) that have a node with `label` on the side `direction` names:
    /// Outgoing counts those that start there.
    pub fn pattern_count(&self, label: LabelId, direction: Direction, type_id: Option<TypeId>) -> u64 {
        todo!()
    }

    // Schema.
    pub fn indexes(&self) -> impl Iterator<Item = &IndexDefinition> + '_ {
        std::iter::empty()
    }
    pub fn constraints(&self) -> impl Iterator<Item = &ConstraintDefinition> + '_ {
        std::iter::empty()
    }
    pub fn next_index_id(&self) -> IndexId {
        todo!()
    }
    /// Append the entities (node or relationship ids) found, in index order.
    /// Only values equal under Cypher's `=` or inside the range of the same type are found.
    pub fn index_seek(&self, index: IndexId, range: &IndexRange, out: &mut Vec<u64>) {
        todo!()
    }
    /// Entities in the index, and how many distinct keys: for the planner.
    pub fn index_statistics(&self, index: IndexId) -> (u64, u64) {
        todo!()
    }

    /// Recomputes every count, index, adjacency and the fingerprint and compares; the first difference in words.
    pub fn verify(&self) -> Result<(), String> {
        todo!()
    }
}

/// An immutable graph.
#[derive(Clone, Default)]
pub struct View(Arc<Graph>);

impl Deref for View {
    type Target = Graph;
    fn deref(&self) -> &Graph {
        &self.0
    }
}

/// A graph being changed. Cloning is cheap, which is how a statement is rolled back inside a transaction.
#[derive(Clone)]
pub struct Draft {
    graph: Graph,
}

impl Deref for Draft {
    type Target = Graph;
    fn deref(&self) -> &Graph {
        &self.graph
    }
}

#[allow(unused_variables, clippy::todo)]
impl Draft {
    pub fn new(view: &View) -> Self {
        Draft { graph: (**view).clone() }
    }
    /// The one function that changes a graph.
    pub fn apply(&mut self, effect: &Effect) -> Result<(), ApplyError> {
        todo!()
    }
    /// Raise the next free ids to at least these: what lies between is reserved for an open transaction and skipped by
    /// others. Never in the log and not part of the fingerprint; a gap that is never filled is legal.
    pub fn reserve_ids(&mut self, next_node: NodeId, next_relationship: RelationshipId) {
        todo!()
    }
    /// Closes one transaction: `number` must be the last one + 1.
    pub fn finish_transaction(&mut self, number: u64) {
        todo!()
    }
    pub fn freeze(self) -> View {
        View(Arc::new(self.graph))
    }
    /// A view of the draft as it stands; the draft goes on.
    pub fn view(&self) -> View {
        View(Arc::new(self.graph.clone()))
    }
}
