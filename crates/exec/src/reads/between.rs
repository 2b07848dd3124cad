//! Whether an effect changes an answer: what comes to be stands in the effect, what was there in the graph before.

use samyama_graph::{
    Direction, Effect, Graph, KeyId, LabelId, NodeId, RelationshipEnds, RelationshipId, TokenKind, Value,
};

use super::Reads;
use super::lookups::Lookups;

/// What is to be judged; see [`super::ReadSet::changed_by`].
pub(super) struct Between<'g> {
    pub(super) reads: &'g Reads,
    pub(super) before: &'g Graph,
    pub(super) after: &'g Graph,
}

impl Between<'_> {
    /// Does this effect change the answer to any of the reads?
    pub(super) fn touches(&self, effect: &Effect) -> bool {
        let (reads, after) = (self.reads, self.after);
        match effect {
            // A name without anything that bears it changes no answer but that which names there are.
            Effect::CreateToken { kind, .. } => reads.property_keys && *kind == TokenKind::PropertyKey,
            _ if reads.everything => true,
            Effect::CreateNode { id, labels, properties } => {
                let has_label = |name: &str| after.label(name).is_some_and(|label| labels.contains(&label));
                self.node_touched(*id, has_label, |key| among(properties, key))
            }
            // One that came and went in between was seen when it came; so with relationships.
            Effect::DeleteNode { id } => {
                let had_label =
                    |name: &str| after.label(name).is_some_and(|label| self.before.has_label(*id, label));
                self.node_touched(*id, had_label, |key| self.before.node_property(*id, key))
            }
            Effect::CreateRelationship { id, start, end, type_id, properties } => {
                let ends = RelationshipEnds { start: *start, end: *end, type_id: *type_id };
                self.relationship_touched(*id, ends, |key| among(properties, key))
            }
            Effect::DeleteRelationship { id } => self.before.relationship(*id).is_some_and(|ends| {
                self.relationship_touched(*id, ends, |key| self.before.relationship_property(*id, key))
            }),
            Effect::SetNodeProperty { id, key, value } => {
                let before = || self.before.node_property(*id, *key);
                let has_label = |name: &str| {
                    let label = after.label(name);
                    label
                        .is_some_and(|label| self.before.has_label(*id, label) || after.has_label(*id, label))
                };
                reads.nodes.contains(id)
                    || self.property_seen(&reads.by_label, has_label, *key, before, value)
            }
            Effect::SetRelationshipProperty { id, key, value } => {
                let before = || self.before.relationship_property(*id, *key);
                let ends = self.before.relationship(*id).or_else(|| after.relationship(*id));
                let is_type =
                    |name: &str| ends.is_some_and(|ends| after.relationship_type(name) == Some(ends.type_id));
                reads.relationships.contains(id)
                    || self.property_seen(&reads.by_type, is_type, *key, before, value)
            }
            Effect::AddLabel { id, label } | Effect::RemoveLabel { id, label } => {
                self.relabelled(*id, *label)
            }
            Effect::CreateIndex(_)
            | Effect::DropIndex { .. }
            | Effect::CreateConstraint { .. }
            | Effect::DropConstraint { .. } => reads.schema,
        }
    }

    /// It came or went.
    fn node_touched(
        &self,
        id: NodeId,
        has_label: impl Fn(&str) -> bool,
        property: impl Fn(KeyId) -> Value,
    ) -> bool {
        let reads = self.reads;
        reads.all_nodes
            || reads.nodes.contains(&id)
            || reads.labels.iter().any(|name| has_label(name))
            || reads.by_label.iter().any(|one| has_label(&one.of) && one.find(self.after, &property))
    }

    /// It came or went.
    fn relationship_touched(
        &self,
        id: RelationshipId,
        ends: RelationshipEnds,
        property: impl Fn(KeyId) -> Value,
    ) -> bool {
        let (reads, after) = (self.reads, self.after);
        let is_type = |name: &str| after.relationship_type(name) == Some(ends.type_id);
        let sees = |node, direction| {
            reads.sides.get(&(node, direction)).is_some_and(|types| {
                let names = types.as_ref().map(|types| types.iter().flat_map(|names| names.iter()));
                names.is_none_or(|mut names| names.any(|name| is_type(name)))
            })
        };
        reads.relationships.contains(&id)
            || sees(ends.start, Direction::Outgoing)
            || sees(ends.end, Direction::Incoming)
            || reads.types.iter().any(|name| name.as_ref().is_none_or(|name| is_type(name)))
            || reads.by_type.iter().any(|one| is_type(&one.of) && one.find(after, &property))
    }

    fn property_seen(
        &self,
        lookups: &[Lookups],
        is_of: impl Fn(&str) -> bool,
        key: KeyId,
        before: impl FnOnce() -> Value,
        value: &Value,
    ) -> bool {
        if lookups.is_empty() {
            return false;
        }
        let before = before();
        lookups.iter().any(|one| is_of(&one.of) && one.see(self.after, key, &before, value))
    }

    fn relabelled(&self, id: NodeId, label: LabelId) -> bool {
        let reads = self.reads;
        let is_label = |name: &str| self.after.label(name) == Some(label);
        let found = |one: &Lookups, graph: &Graph| one.find(self.after, |key| graph.node_property(id, key));
        reads.nodes.contains(&id)
            || reads.labels.iter().any(|name| is_label(name))
            || reads
                .by_label
                .iter()
                .any(|one| is_label(&one.of) && (found(one, self.before) || found(one, self.after)))
    }
}

fn among(properties: &[(KeyId, Value)], key: KeyId) -> Value {
    properties.iter().find(|(other, _)| *other == key).map_or(Value::Null, |(_, value)| value.clone())
}
