//! The graph itself: everything that can be read from a view or a draft. How it changes stands in `draft.rs`.
//!
//! Pages of node and relationship records, both sides' adjacency in the node record, a bitmap of ids per label and per
//! type, indexes as ordered sets, exact counts. All of it is shared between versions; cloning a graph clones a few pointers
//! per label, type and index.

use std::sync::Arc;

use imbl::OrdMap;

use crate::id_set::IdSet;
use crate::index::{FieldStatistics, Index, Occurrence};
use crate::pages::Pages;
use crate::record::{self, Life, NodeRecord, Properties, RelationshipRecord};
use crate::tokens::Tokens;
use crate::{
    ConstraintDefinition, Direction, IndexDefinition, IndexId, IndexRange, KeyId, LabelId, NodeId,
    RelationshipId, TokenKind, TypeId, Value,
};

/// One entry of an adjacency chunk. Ordered by neighbour, then relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Adjacent {
    pub(crate) neighbour: u32,
    pub(crate) relationship: u32,
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

/// (label, side, type or any): how many relationships.
pub(crate) type PatternKey = (LabelId, Direction, Option<TypeId>);

/// A whole graph.
#[derive(Clone, Default)]
pub struct Graph {
    pub(crate) tokens: Tokens,
    pub(crate) nodes: Pages<NodeRecord>,
    pub(crate) relationships: Pages<RelationshipRecord>,
    /// Apart from the records, because most relationships have none.
    pub(crate) relationship_properties: Pages<Properties>,
    pub(crate) all_nodes: IdSet,
    pub(crate) all_relationships: IdSet,
    /// By label id.
    pub(crate) by_label: Vec<IdSet>,
    /// By type id.
    pub(crate) by_type: Vec<IdSet>,
    pub(crate) pattern_counts: OrdMap<PatternKey, u64>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) constraints: Arc<Vec<ConstraintDefinition>>,
    pub(crate) next_node: u64,
    pub(crate) next_relationship: u64,
    pub(crate) next_index: u32,
    pub(crate) transaction_number: u64,
    pub(crate) schema_epoch: u64,
    pub(crate) fingerprint: u128,
}

impl Graph {
    // ------------------------------------------------------------------------------------------ transactions

    /// Number of the last transaction applied; 0 for an empty graph.
    pub fn transaction_number(&self) -> u64 {
        self.transaction_number
    }

    /// Changes whenever a token, index or constraint comes or goes: plans made under another epoch are re-bound.
    pub fn schema_epoch(&self) -> u64 {
        self.schema_epoch
    }

    /// Incremental fingerprint of the whole content (not of the next free ids): equal graphs have equal fingerprints on
    /// every node.
    pub fn fingerprint(&self) -> u128 {
        self.fingerprint
    }

    // ------------------------------------------------------------------------------------------------ tokens

    pub fn label(&self, name: &str) -> Option<LabelId> {
        self.tokens.labels.id(name).map(|id| LabelId(id as u16))
    }

    pub fn relationship_type(&self, name: &str) -> Option<TypeId> {
        self.tokens.types.id(name).map(|id| TypeId(id as u16))
    }

    pub fn property_key(&self, name: &str) -> Option<KeyId> {
        self.tokens.keys.id(name).map(KeyId)
    }

    /// # Panics
    /// If the label was never made: ids come from this graph.
    pub fn label_name(&self, id: LabelId) -> &Arc<str> {
        self.name(TokenKind::Label, u32::from(id.0))
    }

    /// # Panics
    /// If the type was never made.
    pub fn relationship_type_name(&self, id: TypeId) -> &Arc<str> {
        self.name(TokenKind::RelationshipType, u32::from(id.0))
    }

    /// # Panics
    /// If the key was never made.
    pub fn property_key_name(&self, id: KeyId) -> &Arc<str> {
        self.name(TokenKind::PropertyKey, id.0)
    }

    fn name(&self, kind: TokenKind, id: u32) -> &Arc<str> {
        match self.tokens.of(kind).name(id) {
            Some(name) => name,
            None => panic!("{kind:?} {id} was never made in this graph: an id of another graph was used"),
        }
    }

    /// How many tokens of each kind there are (labels, types, keys): the next free numbers.
    pub fn token_counts(&self) -> (u32, u32, u32) {
        (self.tokens.labels.len(), self.tokens.types.len(), self.tokens.keys.len())
    }

    // ------------------------------------------------------------------------------------------------- nodes

    pub fn next_node_id(&self) -> NodeId {
        NodeId(self.next_node)
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<&NodeRecord> {
        self.nodes.get(id.0).filter(|node| node.life == Life::Alive)
    }

    pub fn node_exists(&self, id: NodeId) -> bool {
        self.node(id).is_some()
    }

    /// In ascending order; empty for a node that does not exist.
    pub fn labels(&self, id: NodeId) -> impl Iterator<Item = LabelId> + '_ {
        self.node(id).map_or(&[][..], |node| node.labels.as_slice()).iter().copied()
    }

    pub fn has_label(&self, id: NodeId, label: LabelId) -> bool {
        self.node(id).is_some_and(|node| node.labels.contains(label))
    }

    /// Null when absent.
    pub fn node_property(&self, id: NodeId, key: KeyId) -> Value {
        self.node(id).map_or(Value::Null, |node| record::property(&node.properties, key))
    }

    /// In ascending order of key ids.
    pub fn node_properties(&self, id: NodeId) -> impl Iterator<Item = (KeyId, Value)> + '_ {
        self.node(id)
            .into_iter()
            .flat_map(|node| node.properties.iter())
            .flat_map(|list| list.iter().cloned())
    }

    // ----------------------------------------------------------------------------------------- relationships

    pub fn next_relationship_id(&self) -> RelationshipId {
        RelationshipId(self.next_relationship)
    }

    pub fn relationship(&self, id: RelationshipId) -> Option<RelationshipEnds> {
        self.relationships.get(id.0).filter(|record| record.life == Life::Alive).map(RelationshipRecord::ends)
    }

    pub fn relationship_property(&self, id: RelationshipId, key: KeyId) -> Value {
        self.relationship_properties.get(id.0).map_or(Value::Null, |list| record::property(list, key))
    }

    pub fn relationship_properties(&self, id: RelationshipId) -> impl Iterator<Item = (KeyId, Value)> + '_ {
        let list = self.relationship_properties.get(id.0).and_then(|list| list.as_ref());
        list.into_iter().flat_map(|list| list.iter().cloned())
    }

    // --------------------------------------------------------------------------------------------- adjacency

    /// The chunks of a node's relationships of one direction, of one type or (None) of all. A self-loop stands once on
    /// each side. Within a type entries are ordered by neighbour, then relationship.
    pub fn adjacency(
        &self,
        id: NodeId,
        direction: Direction,
        type_id: Option<TypeId>,
    ) -> impl Iterator<Item = &[Adjacent]> + '_ {
        self.node(id).into_iter().flat_map(move |node| node.side(direction).chunks(type_id))
    }

    pub fn degree(&self, id: NodeId, direction: Direction, type_id: Option<TypeId>) -> u64 {
        self.node(id).map_or(0, |node| node.side(direction).degree(type_id))
    }

    // ------------------------------------------------------------------------------------------------- scans

    /// Append at most `limit` node ids `>= from` in ascending order; the id to go on from, or None at the end.
    pub fn nodes_from(&self, from: NodeId, limit: usize, out: &mut Vec<NodeId>) -> Option<NodeId> {
        self.all_nodes.scan(from.0, limit, |id| out.push(NodeId(id))).map(NodeId)
    }

    pub fn nodes_with_label_from(
        &self,
        label: LabelId,
        from: NodeId,
        limit: usize,
        out: &mut Vec<NodeId>,
    ) -> Option<NodeId> {
        let set = self.by_label.get(usize::from(label.0))?;
        set.scan(from.0, limit, |id| out.push(NodeId(id))).map(NodeId)
    }

    pub fn relationships_from(
        &self,
        type_id: Option<TypeId>,
        from: RelationshipId,
        limit: usize,
        out: &mut Vec<RelationshipId>,
    ) -> Option<RelationshipId> {
        let set = match type_id {
            None => &self.all_relationships,
            Some(type_id) => self.by_type.get(usize::from(type_id.0))?,
        };
        set.scan(from.0, limit, |id| out.push(RelationshipId(id))).map(RelationshipId)
    }

    // ------------------------------------------------------------------------------------------------ counts

    pub fn node_count(&self) -> u64 {
        self.all_nodes.len()
    }

    pub fn relationship_count(&self) -> u64 {
        self.all_relationships.len()
    }

    pub fn label_count(&self, label: LabelId) -> u64 {
        self.by_label.get(usize::from(label.0)).map_or(0, IdSet::len)
    }

    pub fn type_count(&self, type_id: TypeId) -> u64 {
        self.by_type.get(usize::from(type_id.0)).map_or(0, IdSet::len)
    }

    /// Relationships of `type_id` (None = any) that have a node with `label` on the side `direction` names: Outgoing counts
    /// those that start there.
    pub fn pattern_count(&self, label: LabelId, direction: Direction, type_id: Option<TypeId>) -> u64 {
        self.pattern_counts.get(&(label, direction, type_id)).copied().unwrap_or(0)
    }

    // ------------------------------------------------------------------------------------------------ schema

    pub fn indexes(&self) -> impl Iterator<Item = &IndexDefinition> + '_ {
        self.indexes.iter().map(|index| &index.definition)
    }

    pub fn constraints(&self) -> impl Iterator<Item = &ConstraintDefinition> + '_ {
        self.constraints.iter()
    }

    pub fn next_index_id(&self) -> IndexId {
        IndexId(self.next_index)
    }

    pub(crate) fn index(&self, id: IndexId) -> Option<&Index> {
        self.indexes.iter().find(|index| index.definition.id == id)
    }

    /// Append the entities (node or relationship ids) found, in index order. Only values equal under Cypher's `=` or inside
    /// the range of the same type are found (a list that holds nulls may need a second look by the caller).
    pub fn index_seek(&self, index: IndexId, range: &IndexRange, out: &mut Vec<u64>) {
        if let Some(index) = self.index(index) {
            index.seek(range, out);
        }
    }

    /// Occurrences of words of a full-text index, by word, from `from` on, until the visitor says stop (false).
    pub fn fulltext_words(&self, index: IndexId, from: &str, mut visit: impl FnMut(Occurrence<'_>) -> bool) {
        if let Some(index) = self.index(index) {
            index.words_from(from, &mut visit);
        }
    }

    /// Of each key of a full-text index: how many entities have words in it, and how many words.
    pub fn fulltext_fields(&self, index: IndexId) -> &[FieldStatistics] {
        self.index(index).map_or(&[], Index::fields)
    }

    /// Entities in the index, and how many distinct keys: for the planner.
    pub fn index_statistics(&self, index: IndexId) -> (u64, u64) {
        self.index(index).map_or((0, 0), Index::statistics)
    }
}

impl NodeRecord {
    pub(crate) fn side(&self, direction: Direction) -> &crate::adjacency::Adjacency {
        match direction {
            Direction::Outgoing => &self.outgoing,
            Direction::Incoming => &self.incoming,
        }
    }
}
