//! What a transaction does to a graph, as data. The log carries these, never Cypher.

use std::sync::Arc;

use crate::{
    ConstraintDefinition, IndexDefinition, KeyId, LabelId, NodeId, RelationshipId, TokenKind, TypeId, Value,
};

/// One change. Applying the same effects in the same order to equal graphs gives equal graphs.
#[derive(Clone, Debug)]
pub enum Effect {
    /// `id` must be the next free number of its kind.
    CreateToken {
        kind: TokenKind,
        id: u32,
        name: Arc<str>,
    },
    /// `id` must never have been used: the next free node id, one above it, or one that was passed over (open transactions
    /// reserve ids and may use them late or never, `docs/decisions/0502-reserved-ids.md`). Afterwards the next free id is
    /// at least `id` + 1. Labels sorted and unique; no null among the properties.
    CreateNode {
        id: NodeId,
        labels: Vec<LabelId>,
        properties: Vec<(KeyId, Value)>,
    },
    /// The node must have no relationships left.
    DeleteNode {
        id: NodeId,
    },
    /// `id` as for nodes.
    CreateRelationship {
        id: RelationshipId,
        start: NodeId,
        end: NodeId,
        type_id: TypeId,
        properties: Vec<(KeyId, Value)>,
    },
    DeleteRelationship {
        id: RelationshipId,
    },
    /// Null removes the property.
    SetNodeProperty {
        id: NodeId,
        key: KeyId,
        value: Value,
    },
    SetRelationshipProperty {
        id: RelationshipId,
        key: KeyId,
        value: Value,
    },
    AddLabel {
        id: NodeId,
        label: LabelId,
    },
    RemoveLabel {
        id: NodeId,
        label: LabelId,
    },
    /// Builds the index from the graph as it stands.
    CreateIndex(IndexDefinition),
    DropIndex {
        name: Arc<str>,
    },
    /// `index`, for uniqueness and keys, is created with it and owned by it.
    CreateConstraint {
        constraint: ConstraintDefinition,
        index: Option<IndexDefinition>,
    },
    DropConstraint {
        name: Arc<str>,
    },
}

/// Why an effect was refused. The draft is as it was before the call.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApplyError {
    #[error("node {} does not exist", .0.0)]
    NodeMissing(NodeId),
    #[error("relationship {} does not exist", .0.0)]
    RelationshipMissing(RelationshipId),
    #[error("node {} still has relationships", .0.0)]
    NodeHasRelationships(NodeId),
    #[error("constraint `{constraint}` is violated: an entity with id {existing} already has these values")]
    UniquenessViolated { constraint: Arc<str>, existing: u64 },
    /// Only when a constraint is created: see `rules.rs`.
    #[error("constraint `{}` does not hold: an entity with id {} breaks it", .0.constraint, .0.entity)]
    RuleViolated(crate::Violation),
    #[error("`{0}` already exists")]
    NameTaken(Arc<str>),
    #[error("no index or constraint named `{0}`")]
    NameUnknown(Arc<str>),
    #[error("index `{index}` belongs to constraint `{constraint}`: drop the constraint instead")]
    IndexOwned { index: Arc<str>, constraint: Arc<str> },
    #[error("the limit {limit} of {value} is reached")]
    LimitReached { limit: &'static str, value: u64 },
    /// The effects do not belong to this graph: a bug or damage, never the user's doing.
    #[error("effect does not fit the graph: {0}")]
    Inconsistent(String),
}
