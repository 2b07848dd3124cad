//! What a statement read, precise enough to say whether another transaction's effects change its answer.
//!
//! Used for optimistic transactions and claims (`docs/decisions/0501-reads-against-effects.md`): the effects of the
//! transactions that came between are held against this set, instead of version stamps in the store.

use std::sync::Arc;

use samyama_graph::compare::equals;
use samyama_graph::{Direction, Effect, Graph, KeyId, LabelId, NodeId, RelationshipId, Value};

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
    IndexEqual {
        label: Arc<str>,
        key: Arc<str>,
        value: Value,
    },
    /// Any other look-up in an index on these.
    Index {
        label: Arc<str>,
        key: Arc<str>,
    },
    /// A look-up in an index on relationships of this type and key.
    RelationshipIndex {
        type_name: Arc<str>,
        key: Arc<str>,
    },
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

    /// Would `effects` have changed what was read? `graph` is the graph with the effects in it.
    ///
    /// Never a false no. A false yes where an effect does not say what was there before: a deleted relationship counts for
    /// every adjacency and type, a deleted node for every label and index.
    pub fn changed_by(&self, effects: &[Effect], graph: &Graph) -> bool {
        if effects.is_empty() || (self.reads.is_empty() && !self.everything) {
            return false;
        }
        self.everything
            || effects.iter().any(|effect| self.reads.iter().any(|read| touches(effect, read, graph)))
    }
}

/// Does this effect change the answer to this read?
fn touches(effect: &Effect, read: &Read, graph: &Graph) -> bool {
    match effect {
        // A name without anything that bears it changes no answer.
        Effect::CreateToken { .. } => false,
        Effect::CreateNode { id, labels, properties } => created(*id, labels, properties, read, graph),
        Effect::DeleteNode { id } => match read {
            Read::Node(node) => node == id,
            Read::AllNodes | Read::Label(_) | Read::IndexEqual { .. } | Read::Index { .. } => true,
            _ => false,
        },
        Effect::CreateRelationship { id, start, end, type_id, .. } => match read {
            Read::Relationship(relationship) => relationship == id,
            Read::Adjacency(node, Direction::Outgoing) => node == start,
            Read::Adjacency(node, Direction::Incoming) => node == end,
            Read::RelationshipType(None) => true,
            Read::RelationshipType(Some(name)) | Read::RelationshipIndex { type_name: name, .. } => {
                graph.relationship_type(name) == Some(*type_id)
            }
            _ => false,
        },
        Effect::DeleteRelationship { id } => match read {
            Read::Relationship(relationship) => relationship == id,
            Read::Adjacency(..) | Read::RelationshipType(_) | Read::RelationshipIndex { .. } => true,
            _ => false,
        },
        Effect::SetNodeProperty { id, key, .. } => match read {
            Read::Node(node) => node == id,
            Read::IndexEqual { key: name, .. } | Read::Index { key: name, .. } => {
                graph.property_key(name) == Some(*key)
            }
            _ => false,
        },
        Effect::SetRelationshipProperty { id, key, .. } => match read {
            Read::Relationship(read) => read == id,
            Read::RelationshipIndex { key: name, .. } => graph.property_key(name) == Some(*key),
            _ => false,
        },
        Effect::AddLabel { id, label } | Effect::RemoveLabel { id, label } => {
            relabelled(*id, *label, read, graph)
        }
        Effect::CreateIndex(_)
        | Effect::DropIndex { .. }
        | Effect::CreateConstraint { .. }
        | Effect::DropConstraint { .. } => matches!(read, Read::Schema),
    }
}

fn created(
    id: NodeId,
    labels: &[LabelId],
    properties: &[(KeyId, Value)],
    read: &Read,
    graph: &Graph,
) -> bool {
    let has_label = |name: &str| graph.label(name).is_some_and(|label| labels.contains(&label));
    let property = |name: &str| {
        let key = graph.property_key(name)?;
        properties.iter().find(|(k, _)| *k == key).map(|(_, value)| value)
    };
    match read {
        Read::Node(node) => *node == id,
        Read::AllNodes => true,
        Read::Label(name) => has_label(name),
        Read::IndexEqual { label, key, value } => {
            has_label(label) && property(key).is_some_and(|own| may_equal(own, value))
        }
        Read::Index { label, key } => has_label(label) && property(key).is_some(),
        _ => false,
    }
}

fn relabelled(id: NodeId, label: LabelId, read: &Read, graph: &Graph) -> bool {
    let is_label = |name: &str| graph.label(name) == Some(label);
    let property =
        |name: &str| graph.property_key(name).map_or(Value::Null, |key| graph.node_property(id, key));
    match read {
        Read::Node(node) => *node == id,
        Read::Label(name) => is_label(name),
        Read::IndexEqual { label, key, value } => is_label(label) && may_equal(&property(key), value),
        Read::Index { label, .. } => is_label(label),
        _ => false,
    }
}

/// Could Cypher call these equal? Yes in doubt (a null inside a list).
fn may_equal(one: &Value, other: &Value) -> bool {
    !one.is_null() && !other.is_null() && equals(one, other) != Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use samyama_graph::{Draft, TokenKind, View};

    /// A graph with label L (0), key k (0), and a node 0 of that label with k = 1.
    fn graph() -> Draft {
        let mut draft = Draft::new(&View::default());
        for (kind, name) in
            [(TokenKind::Label, "L"), (TokenKind::PropertyKey, "k"), (TokenKind::RelationshipType, "T")]
        {
            draft
                .apply(&Effect::CreateToken { kind, id: 0, name: Arc::from(name) })
                .expect("the first token of its kind");
        }
        draft.apply(&create(0, Value::Integer(1))).expect("the first node");
        draft
    }

    fn create(id: u64, value: Value) -> Effect {
        Effect::CreateNode { id: NodeId(id), labels: vec![LabelId(0)], properties: vec![(KeyId(0), value)] }
    }

    fn changed(read: Read, effect: Effect) -> bool {
        let mut set = ReadSet::default();
        set.add(read);
        set.changed_by(&[effect], &graph())
    }

    fn equal(value: i64) -> Read {
        Read::IndexEqual { label: Arc::from("L"), key: Arc::from("k"), value: Value::Integer(value) }
    }

    #[test]
    fn an_exact_look_up_is_changed_by_its_own_value_only() {
        assert!(changed(equal(7), create(1, Value::Integer(7))));
        assert!(!changed(equal(7), create(1, Value::Integer(8))));
        assert!(changed(equal(7), create(1, Value::Float(7.0))), "7 = 7.0 in Cypher");
        assert!(changed(equal(1), Effect::RemoveLabel { id: NodeId(0), label: LabelId(0) }));
        assert!(!changed(equal(2), Effect::RemoveLabel { id: NodeId(0), label: LabelId(0) }));
        let set = Effect::SetNodeProperty { id: NodeId(0), key: KeyId(0), value: Value::Integer(9) };
        assert!(changed(equal(1), set), "what the property was before is not known");
    }

    #[test]
    fn nodes_labels_and_sides_are_told_apart() {
        assert!(changed(Read::Label(Arc::from("L")), create(1, Value::Null)));
        assert!(!changed(Read::Label(Arc::from("M")), create(1, Value::Null)));
        assert!(!changed(Read::Node(NodeId(0)), create(1, Value::Null)));
        let relationship = Effect::CreateRelationship {
            id: RelationshipId(0),
            start: NodeId(0),
            end: NodeId(1),
            type_id: samyama_graph::TypeId(0),
            properties: Vec::new(),
        };
        assert!(changed(Read::Adjacency(NodeId(0), Direction::Outgoing), relationship.clone()));
        assert!(!changed(Read::Adjacency(NodeId(0), Direction::Incoming), relationship.clone()));
        assert!(changed(Read::RelationshipType(Some(Arc::from("T"))), relationship.clone()));
        assert!(!changed(Read::Node(NodeId(0)), relationship), "a relationship is no property of its ends");
    }

    #[test]
    fn too_many_reads_become_everything() {
        let mut set = ReadSet::default();
        for id in 0..=ReadSet::READS_MAX as u64 {
            set.add(Read::Node(NodeId(id)));
        }
        assert!(set.is_everything());
        assert!(set.changed_by(&[create(1 << 30, Value::Null)], &graph()));
        assert!(!set.changed_by(&[], &graph()));
    }
}
