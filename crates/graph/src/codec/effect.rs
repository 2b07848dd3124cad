//! One effect: a tag byte, then its fields in order.

use super::bytes::*;
use super::value::{decode_value, encode_value};
use crate::vector::Similarity;
use crate::{
    ConstraintDefinition, ConstraintKind, Effect, EntityKind, IndexDefinition, IndexId, IndexKind, KeyId,
    LabelId, NodeId, RelationshipId, TokenKind, TypeId, Value,
};

/// Append one effect.
pub fn encode_effect(effect: &Effect, out: &mut Vec<u8>) {
    match effect {
        Effect::CreateToken { kind, id, name } => {
            out.extend([1, token_kind_tag(*kind)]);
            put_uint(out, u64::from(*id));
            put_text(out, name);
        }
        Effect::CreateNode { id, labels, properties } => {
            out.push(2);
            put_uint(out, id.0);
            put_uint(out, labels.len() as u64);
            labels.iter().for_each(|label| put_uint(out, u64::from(label.0)));
            put_properties(out, properties);
        }
        Effect::DeleteNode { id } => put_ids(out, 3, &[id.0]),
        Effect::CreateRelationship { id, start, end, type_id, properties } => {
            put_ids(out, 4, &[id.0, start.0, end.0, u64::from(type_id.0)]);
            put_properties(out, properties);
        }
        Effect::DeleteRelationship { id } => put_ids(out, 5, &[id.0]),
        Effect::SetNodeProperty { id, key, value } => {
            put_ids(out, 6, &[id.0, u64::from(key.0)]);
            encode_value(value, out);
        }
        Effect::SetRelationshipProperty { id, key, value } => {
            put_ids(out, 7, &[id.0, u64::from(key.0)]);
            encode_value(value, out);
        }
        Effect::AddLabel { id, label } => put_ids(out, 8, &[id.0, u64::from(label.0)]),
        Effect::RemoveLabel { id, label } => put_ids(out, 9, &[id.0, u64::from(label.0)]),
        Effect::CreateIndex(definition) => {
            out.push(10);
            put_index(out, definition);
        }
        Effect::DropIndex { name } => {
            out.push(11);
            put_text(out, name);
        }
        Effect::CreateConstraint { constraint, index } => {
            out.push(12);
            put_constraint(out, constraint, index.as_ref());
        }
        Effect::DropConstraint { name } => {
            out.push(13);
            put_text(out, name);
        }
    }
}

/// Read one effect and move `bytes` behind it. Never panics, never allocates by an unchecked length.
///
/// # Errors
/// When the bytes are cut short, unknown, or nested too deep.
pub fn decode_effect(bytes: &mut &[u8]) -> Result<Effect, CodecError> {
    Ok(match take_byte(bytes)? {
        1 => Effect::CreateToken {
            kind: take_token_kind(bytes)?,
            id: take_small(bytes)?,
            name: take_text(bytes)?,
        },
        2 => {
            let id = take_node(bytes)?;
            let mut labels = Vec::new();
            for _ in 0..take_count(bytes)? {
                labels.push(LabelId(take_small(bytes)?));
            }
            Effect::CreateNode { id, labels, properties: take_properties(bytes)? }
        }
        3 => Effect::DeleteNode { id: take_node(bytes)? },
        4 => Effect::CreateRelationship {
            id: take_relationship(bytes)?,
            start: take_node(bytes)?,
            end: take_node(bytes)?,
            type_id: TypeId(take_small(bytes)?),
            properties: take_properties(bytes)?,
        },
        5 => Effect::DeleteRelationship { id: take_relationship(bytes)? },
        6 => Effect::SetNodeProperty {
            id: take_node(bytes)?,
            key: take_key(bytes)?,
            value: decode_value(bytes)?,
        },
        7 => Effect::SetRelationshipProperty {
            id: take_relationship(bytes)?,
            key: take_key(bytes)?,
            value: decode_value(bytes)?,
        },
        8 => Effect::AddLabel { id: take_node(bytes)?, label: LabelId(take_small(bytes)?) },
        9 => Effect::RemoveLabel { id: take_node(bytes)?, label: LabelId(take_small(bytes)?) },
        10 => Effect::CreateIndex(take_index(bytes)?),
        11 => Effect::DropIndex { name: take_text(bytes)? },
        12 => {
            let (constraint, index) = take_constraint(bytes)?;
            Effect::CreateConstraint { constraint, index }
        }
        13 => Effect::DropConstraint { name: take_text(bytes)? },
        tag => return fail(format!("unknown effect tag {tag}")),
    })
}

fn put_ids(out: &mut Vec<u8>, tag: u8, ids: &[u64]) {
    out.push(tag);
    ids.iter().for_each(|id| put_uint(out, *id));
}

pub(super) fn put_properties(out: &mut Vec<u8>, properties: &[(KeyId, Value)]) {
    put_uint(out, properties.len() as u64);
    for (key, value) in properties {
        put_uint(out, u64::from(key.0));
        encode_value(value, out);
    }
}

pub(super) fn take_properties(bytes: &mut &[u8]) -> Result<Vec<(KeyId, Value)>, CodecError> {
    let count = take_count(bytes)?;
    (0..count).map(|_| Ok((take_key(bytes)?, decode_value(bytes)?))).collect()
}

pub(super) fn token_kind_tag(kind: TokenKind) -> u8 {
    match kind {
        TokenKind::Label => 0,
        TokenKind::RelationshipType => 1,
        TokenKind::PropertyKey => 2,
    }
}

pub(super) fn take_token_kind(bytes: &mut &[u8]) -> Result<TokenKind, CodecError> {
    match take_byte(bytes)? {
        0 => Ok(TokenKind::Label),
        1 => Ok(TokenKind::RelationshipType),
        2 => Ok(TokenKind::PropertyKey),
        tag => fail(format!("unknown token kind {tag}")),
    }
}

fn take_node(bytes: &mut &[u8]) -> Result<NodeId, CodecError> {
    take_uint(bytes).map(NodeId)
}

fn take_relationship(bytes: &mut &[u8]) -> Result<RelationshipId, CodecError> {
    take_uint(bytes).map(RelationshipId)
}

fn take_key(bytes: &mut &[u8]) -> Result<KeyId, CodecError> {
    take_small(bytes).map(KeyId)
}

fn put_entity(out: &mut Vec<u8>, entity: EntityKind, keys: &[KeyId]) {
    put_one_entity(out, entity);
    put_uint(out, keys.len() as u64);
    keys.iter().for_each(|key| put_uint(out, u64::from(key.0)));
}

fn take_entity(bytes: &mut &[u8]) -> Result<(EntityKind, Vec<KeyId>), CodecError> {
    let entity = take_one_entity(bytes)?;
    let count = take_count(bytes)?;
    let keys: Result<Vec<_>, _> = (0..count).map(|_| take_key(bytes)).collect();
    Ok((entity, keys?))
}

fn put_one_entity(out: &mut Vec<u8>, entity: EntityKind) {
    match entity {
        EntityKind::Node(label) => put_ids(out, 0, &[u64::from(label.0)]),
        EntityKind::Relationship(type_id) => put_ids(out, 1, &[u64::from(type_id.0)]),
    }
}

fn take_one_entity(bytes: &mut &[u8]) -> Result<EntityKind, CodecError> {
    Ok(match take_byte(bytes)? {
        0 => EntityKind::Node(LabelId(take_small(bytes)?)),
        1 => EntityKind::Relationship(TypeId(take_small(bytes)?)),
        tag => return fail(format!("unknown kind of entity {tag}")),
    })
}

fn put_index_kind(out: &mut Vec<u8>, kind: &IndexKind) {
    match kind {
        IndexKind::Range => out.push(0),
        IndexKind::Text => out.push(1),
        IndexKind::Point => out.push(2),
        IndexKind::Fulltext { others, analyzer } => {
            out.push(3);
            put_uint(out, others.len() as u64);
            others.iter().for_each(|entity| put_one_entity(out, *entity));
            put_text(out, analyzer);
        }
        IndexKind::Vector { dimensions, similarity } => {
            out.push(4);
            put_uint(out, u64::from(dimensions.unwrap_or(0)));
            out.push(match similarity {
                Similarity::Cosine => 0,
                Similarity::Euclidean => 1,
            });
        }
    }
}

fn take_index_kind(bytes: &mut &[u8]) -> Result<IndexKind, CodecError> {
    Ok(match take_byte(bytes)? {
        0 => IndexKind::Range,
        1 => IndexKind::Text,
        2 => IndexKind::Point,
        3 => {
            let count = take_count(bytes)?;
            let others: Result<Vec<_>, _> = (0..count).map(|_| take_one_entity(bytes)).collect();
            IndexKind::Fulltext { others: others?, analyzer: take_text(bytes)? }
        }
        4 => {
            let dimensions: u32 = take_small(bytes)?;
            let similarity = match take_byte(bytes)? {
                0 => Similarity::Cosine,
                1 => Similarity::Euclidean,
                tag => return fail(format!("unknown similarity {tag}")),
            };
            IndexKind::Vector { dimensions: (dimensions > 0).then_some(dimensions), similarity }
        }
        tag => return fail(format!("unknown kind of index {tag}")),
    })
}

pub(super) fn put_index(out: &mut Vec<u8>, index: &IndexDefinition) {
    put_index_kind(out, &index.kind);
    put_uint(out, u64::from(index.id.0));
    put_text(out, &index.name);
    put_entity(out, index.entity, &index.keys);
    match &index.owner {
        None => out.push(0),
        Some(owner) => {
            out.push(1);
            put_text(out, owner);
        }
    }
}

pub(super) fn take_index(bytes: &mut &[u8]) -> Result<IndexDefinition, CodecError> {
    let kind = take_index_kind(bytes)?;
    let id = IndexId(take_small(bytes)?);
    let name = take_text(bytes)?;
    let (entity, keys) = take_entity(bytes)?;
    let owner = match take_byte(bytes)? {
        0 => None,
        1 => Some(take_text(bytes)?),
        tag => return fail(format!("unknown owner tag {tag}")),
    };
    Ok(IndexDefinition { id, name, kind, entity, keys, owner })
}

/// The constraint, and behind it the index that comes with its kind.
pub(super) fn put_constraint(
    out: &mut Vec<u8>,
    constraint: &ConstraintDefinition,
    index: Option<&IndexDefinition>,
) {
    match &constraint.kind {
        ConstraintKind::Unique => out.push(0),
        ConstraintKind::Exists => out.push(1),
        ConstraintKind::Key => out.push(2),
        ConstraintKind::Type(text) => {
            out.push(3);
            put_text(out, text);
        }
    }
    put_text(out, &constraint.name);
    put_entity(out, constraint.entity, &constraint.keys);
    if let (Some(id), Some(index)) = (constraint.index, index) {
        put_uint(out, u64::from(id.0));
        put_index(out, index);
    }
}

pub(super) fn take_constraint(
    bytes: &mut &[u8],
) -> Result<(ConstraintDefinition, Option<IndexDefinition>), CodecError> {
    let kind = match take_byte(bytes)? {
        0 => ConstraintKind::Unique,
        1 => ConstraintKind::Exists,
        2 => ConstraintKind::Key,
        3 => ConstraintKind::Type(take_text(bytes)?),
        tag => return fail(format!("unknown kind of constraint {tag}")),
    };
    let name = take_text(bytes)?;
    let (entity, keys) = take_entity(bytes)?;
    let (index, definition) = if kind.has_index() {
        (Some(IndexId(take_small(bytes)?)), Some(take_index(bytes)?))
    } else {
        (None, None)
    };
    Ok((ConstraintDefinition { name, kind, entity, keys, index }, definition))
}
