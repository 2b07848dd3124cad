//! The records in the pages: nodes, relationships, and their property lists.

use std::sync::Arc;

use crate::adjacency::Adjacency;
use crate::{KeyId, LabelId, NodeId, RelationshipEnds, TypeId, Value};

/// Whether an id was ever used. Ids are given once: what was deleted stays deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Life {
    #[default]
    Never,
    Alive,
    Deleted,
}

/// The properties of one entity: sorted by key, without nulls; None when there are none.
pub(crate) type Properties = Option<Arc<[(KeyId, Value)]>>;

pub(crate) fn property(properties: &Properties, key: KeyId) -> Value {
    let Some(list) = properties else { return Value::Null };
    list.iter().find(|(k, _)| *k == key).map_or(Value::Null, |(_, value)| value.clone())
}

/// The list with one property set, or removed by null.
pub(crate) fn with_property(properties: &Properties, key: KeyId, value: &Value) -> Properties {
    let rest = properties.iter().flat_map(|list| list.iter()).filter(|(k, _)| *k != key).cloned();
    let mut list: Vec<_> = rest.collect();
    if !value.is_null() {
        list.insert(list.partition_point(|(k, _)| *k < key), (key, value.clone()));
    }
    (!list.is_empty()).then(|| list.into())
}

/// The labels of a node, sorted. Up to three need no allocation.
#[derive(Clone, Debug)]
pub(crate) enum Labels {
    Few(u8, [LabelId; 3]),
    Many(Arc<Vec<LabelId>>),
}

impl Default for Labels {
    fn default() -> Self {
        Labels::Few(0, [LabelId(0); 3])
    }
}

impl Labels {
    pub(crate) fn as_slice(&self) -> &[LabelId] {
        match self {
            Labels::Few(len, ids) => &ids[..usize::from(*len)],
            Labels::Many(ids) => ids,
        }
    }

    pub(crate) fn from_sorted(ids: &[LabelId]) -> Self {
        match ids {
            [] | [_] | [_, _] | [_, _, _] => {
                let mut few = [LabelId(0); 3];
                few[..ids.len()].copy_from_slice(ids);
                Labels::Few(ids.len() as u8, few)
            }
            _ => Labels::Many(Arc::new(ids.to_vec())),
        }
    }

    pub(crate) fn contains(&self, label: LabelId) -> bool {
        self.as_slice().contains(&label)
    }

    pub(crate) fn with(&self, label: LabelId) -> Self {
        let mut ids = self.as_slice().to_vec();
        ids.insert(ids.partition_point(|l| *l < label), label);
        Self::from_sorted(&ids)
    }

    pub(crate) fn without(&self, label: LabelId) -> Self {
        let ids: Vec<_> = self.as_slice().iter().copied().filter(|l| *l != label).collect();
        Self::from_sorted(&ids)
    }
}

#[derive(Clone, Default)]
pub(crate) struct NodeRecord {
    pub(crate) life: Life,
    pub(crate) labels: Labels,
    pub(crate) outgoing: Adjacency,
    pub(crate) incoming: Adjacency,
    pub(crate) properties: Properties,
}

/// Twelve bytes. `Life` is part of it so that a gap in the ids is not taken for relationship (0)-[0]->(0).
#[derive(Clone, Copy, Default)]
pub(crate) struct RelationshipRecord {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) type_id: u16,
    pub(crate) life: Life,
}

impl RelationshipRecord {
    pub(crate) fn ends(&self) -> RelationshipEnds {
        RelationshipEnds {
            start: NodeId(u64::from(self.start)),
            end: NodeId(u64::from(self.end)),
            type_id: TypeId(self.type_id),
        }
    }
}
