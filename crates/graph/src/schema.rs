//! Indexes and constraints as data, and the bounds of an index look-up.

use std::sync::Arc;

use crate::{IndexId, KeyId, LabelId, TypeId, Value};

/// What an index or constraint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntityKind {
    Node(LabelId),
    Relationship(TypeId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    Range,
}

/// An index. Names are unique over indexes and constraints together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexDefinition {
    pub id: IndexId,
    pub name: Arc<str>,
    pub kind: IndexKind,
    pub entity: EntityKind,
    /// One key, or several for a composite index.
    pub keys: Vec<KeyId>,
    /// The constraint that owns this index, by name; such an index is dropped with its constraint only.
    pub owner: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    /// No two entities of this kind have equal values in all keys (entities that lack one are free).
    Unique,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstraintDefinition {
    pub name: Arc<str>,
    pub kind: ConstraintKind,
    pub entity: EntityKind,
    pub keys: Vec<KeyId>,
    /// The index that enforces it.
    pub index: IndexId,
}

#[derive(Clone, Debug)]
pub enum Bound {
    Unbounded,
    Included(Value),
    Excluded(Value),
}

/// A look-up in an index: equality on a prefix of the keys, then at most one range on the next key.
#[derive(Clone, Debug)]
pub struct IndexRange {
    /// Values that the first keys must equal (Cypher equality; a null or NaN here finds nothing).
    pub equal: Vec<Value>,
    /// Bounds on the key after those; `Unbounded` on both sides finds every entity that has the keys.
    pub lower: Bound,
    pub upper: Bound,
    /// A string prefix on the key after those; excludes `lower` and `upper`.
    pub prefix: Option<Arc<str>>,
}
