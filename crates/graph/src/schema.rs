//! Indexes and constraints as data, and the bounds of an index look-up.

use std::sync::Arc;

use crate::vector::Similarity;
use crate::{IndexId, KeyId, LabelId, TypeId, Value};

/// What an index or constraint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntityKind {
    Node(LabelId),
    Relationship(TypeId),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IndexKind {
    Range,
    /// An ordered index like `Range`, shown as what it was asked for: it answers no less.
    Text,
    /// Likewise.
    Point,
    /// The words of texts. It may cover more labels (or types) than one, and an entity needs one of the keys only.
    Fulltext {
        others: Vec<EntityKind>,
        analyzer: Arc<str>,
    },
    /// Lists of numbers of one length. Keeps nothing: look-ups scan the label and are exact.
    Vector {
        dimensions: Option<u32>,
        similarity: Similarity,
    },
}

impl IndexKind {
    /// Keeps whole keys in order: equality, ranges and prefixes are looked up in it.
    pub fn is_ordered(&self) -> bool {
        matches!(self, IndexKind::Range | IndexKind::Text | IndexKind::Point)
    }
}

/// An index. Names are unique over indexes and constraints together, but the index of a constraint has its name.
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

impl IndexDefinition {
    /// Every label or type it covers.
    pub fn entities(&self) -> impl Iterator<Item = EntityKind> + '_ {
        let others = match &self.kind {
            IndexKind::Fulltext { others, .. } => &others[..],
            _ => &[],
        };
        std::iter::once(self.entity).chain(others.iter().copied())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConstraintKind {
    /// No two entities of this kind have equal values in all keys (entities that lack one are free).
    Unique,
    /// Every entity of this kind has all keys.
    Exists,
    /// Both.
    Key,
    /// The value, where there is one, is of this type (as [`crate::ValueType`] spells it).
    Type(Arc<str>),
}

impl ConstraintKind {
    /// Whether an index comes with it, which enforces uniqueness.
    pub fn has_index(&self) -> bool {
        matches!(self, ConstraintKind::Unique | ConstraintKind::Key)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstraintDefinition {
    pub name: Arc<str>,
    pub kind: ConstraintKind,
    pub entity: EntityKind,
    pub keys: Vec<KeyId>,
    /// The index that enforces uniqueness.
    pub index: Option<IndexId>,
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
