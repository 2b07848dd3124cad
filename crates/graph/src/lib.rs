//! The property graph as a persistent (copy-on-write) value.
//!
//! A [`View`] is an immutable graph at one applied log index: cheap to clone, readable without locks from any thread.
//! A [`Draft`] is a view being changed; [`Draft::apply`] is the one function in the whole program that changes a graph.
//! Both dereference to [`Graph`], which holds every reading function. This crate is deterministic: no clock, no
//! randomness, no I/O, no threads, and no hash-map order that reaches a result.

mod adjacency;
mod codec;
pub mod compare;
mod draft;
mod effect;
mod fingerprint;
pub mod fulltext;
mod graph;
mod id_set;
mod ids;
mod index;
mod indexing;
pub mod limits;
mod pages;
mod record;
mod rules;
mod schema;
mod tokens;
mod value;
mod value_type;
pub mod vector;
mod verify;

pub use codec::{
    CodecError, decode_effect, decode_value, encode_effect, encode_value, read_snapshot, write_snapshot,
};
pub use compare::Equivalent;
pub use draft::{Draft, View};
pub use effect::{ApplyError, Effect};
pub use fingerprint::Digest;
pub use graph::{Adjacent, Graph, RelationshipEnds};
pub use ids::{Direction, IndexId, KeyId, LabelId, NodeId, RelationshipId, TokenKind, TypeId};
pub use index::{FieldStatistics, Occurrence};
pub use rules::Violation;
pub use schema::{
    Bound, ConstraintDefinition, ConstraintKind, EntityKind, IndexDefinition, IndexKind, IndexRange,
};
pub use value::{
    Date, DateTime, Duration, LocalDateTime, LocalTime, Map, Path, PathStep, Point, Time, Value, Zone,
};
pub use value_type::{ValueType, simple_type};
