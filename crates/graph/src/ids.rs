//! Identifiers. Ids of nodes and relationships are dense, given in order, and never reused.

/// A node. Dense from 0; the store refuses to go beyond `u32::MAX` nodes over the life of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

/// A relationship. Dense from 0; the same bound as for nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelationshipId(pub u64);

/// The number of a label name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelId(pub u16);

/// The number of a relationship type's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u16);

/// The number of a property key's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// The number of an index; given in order, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexId(pub u32);

/// What a token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    Label,
    RelationshipType,
    PropertyKey,
}

/// The side of a node on which a relationship hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    Outgoing,
    Incoming,
}

/// Set in the ids of things that stand in no graph: the nodes and relationships of the schema as a graph.
const SCHEMA_BIT: u64 = 1 << 63;

impl NodeId {
    /// The node that stands for a label in the schema as a graph.
    pub fn of_label(label: LabelId) -> Self {
        NodeId(SCHEMA_BIT | u64::from(label.0))
    }

    pub fn as_label(self) -> Option<LabelId> {
        (self.0 & SCHEMA_BIT != 0).then_some(LabelId(self.0 as u16))
    }
}

impl RelationshipId {
    /// The relationship that stands for a type between two labels.
    pub fn of_pattern(start: LabelId, type_id: TypeId, end: LabelId) -> Self {
        let word = |id: u16, place: u32| u64::from(id) << (16 * place);
        RelationshipId(SCHEMA_BIT | word(start.0, 2) | word(type_id.0, 1) | word(end.0, 0))
    }

    pub fn as_pattern(self) -> Option<(LabelId, TypeId, LabelId)> {
        let word = |place: u32| (self.0 >> (16 * place)) as u16;
        (self.0 & SCHEMA_BIT != 0).then(|| (LabelId(word(2)), TypeId(word(1)), LabelId(word(0))))
    }
}
