//! How a graph changes: views, drafts, and `Draft::apply`, the one function in the whole program that changes a graph.
//!
//! Each effect is checked completely before anything is touched, so a refused effect leaves the draft as it was. Every
//! change keeps in step: records, both sides of adjacency, bitmaps, counts, indexes, fingerprint (`verify.rs` recomputes all
//! of them). Dropping the last view of a large graph walks what only it holds: do that on a thread nobody waits for.

use std::ops::Deref;
use std::sync::Arc;

use crate::fingerprint::{Fact, FactHasher};
use crate::id_set::IdSet;
use crate::limits::{IDS_MAX, KEYS_MAX, LABELS_MAX, TYPES_MAX};
use crate::record::{Labels, Life, NodeRecord, Properties, RelationshipRecord, with_property};
use crate::{
    Adjacent, ApplyError, ConstraintDefinition, ConstraintKind, Direction, Effect, EntityKind, Graph,
    IndexDefinition, IndexKind, KeyId, LabelId, NodeId, RelationshipEnds, RelationshipId, TokenKind, TypeId,
    Value,
};

/// An immutable graph.
#[derive(Clone, Default)]
pub struct View(Arc<Graph>);

impl Deref for View {
    type Target = Graph;
    fn deref(&self) -> &Graph {
        &self.0
    }
}

impl View {
    pub(crate) fn from_graph(graph: Graph) -> Self {
        View(Arc::new(graph))
    }
}

/// A graph being changed. Cloning is cheap, which is how a statement is rolled back inside a transaction.
#[derive(Clone, Default)]
pub struct Draft {
    graph: Graph,
}

impl Deref for Draft {
    type Target = Graph;
    fn deref(&self) -> &Graph {
        &self.graph
    }
}

impl Draft {
    pub fn new(view: &View) -> Self {
        Draft { graph: (**view).clone() }
    }

    /// The one function that changes a graph.
    ///
    /// # Errors
    /// When the effect does not fit or violates a constraint; the draft is then as it was before the call.
    pub fn apply(&mut self, effect: &Effect) -> Result<(), ApplyError> {
        let graph = &mut self.graph;
        match effect {
            Effect::CreateToken { kind, id, name } => graph.create_token(*kind, *id, name),
            Effect::CreateNode { id, labels, properties } => graph.create_node(*id, labels, properties),
            Effect::DeleteNode { id } => graph.delete_node(*id),
            Effect::CreateRelationship { id, start, end, type_id, properties } => {
                let ends = RelationshipEnds { start: *start, end: *end, type_id: *type_id };
                graph.create_relationship(*id, ends, properties)
            }
            Effect::DeleteRelationship { id } => graph.delete_relationship(*id),
            Effect::SetNodeProperty { id, key, value } => graph.set_node_property(*id, *key, value),
            Effect::SetRelationshipProperty { id, key, value } => {
                graph.set_relationship_property(*id, *key, value)
            }
            Effect::AddLabel { id, label } => graph.add_label(*id, *label),
            Effect::RemoveLabel { id, label } => graph.remove_label(*id, *label),
            Effect::CreateIndex(definition) => graph.create_index(definition, None),
            Effect::DropIndex { name } => graph.drop_index(name),
            Effect::CreateConstraint { constraint, index } => {
                graph.create_constraint(constraint, index.as_ref())
            }
            Effect::DropConstraint { name } => graph.drop_constraint(name),
        }
    }

    /// Raise the next free ids to at least these: what lies between is reserved for an open transaction and skipped by
    /// others. Never in the log and not part of the fingerprint; a gap that is never filled is legal.
    pub fn reserve_ids(&mut self, next_node: NodeId, next_relationship: RelationshipId) {
        self.graph.next_node = self.graph.next_node.max(next_node.0);
        self.graph.next_relationship = self.graph.next_relationship.max(next_relationship.0);
    }

    /// Closes one transaction.
    ///
    /// # Panics
    /// If `number` is not the last one + 1: the log has a hole or was applied twice.
    pub fn finish_transaction(&mut self, number: u64) {
        let last = self.graph.transaction_number;
        assert!(
            number == last + 1,
            "transaction {number} applied after {last}: the log has a hole or was applied twice"
        );
        self.graph.transaction_number = number;
    }

    /// For snapshots: an id that was used and deleted, so that it is not given again.
    pub(crate) fn mark_deleted_node(&mut self, id: NodeId) -> Result<(), ApplyError> {
        check_id(id.0, "nodes_max")?;
        self.graph.nodes.get_mut(id.0).life = Life::Deleted;
        self.graph.next_node = self.graph.next_node.max(id.0 + 1);
        Ok(())
    }

    pub(crate) fn mark_deleted_relationship(&mut self, id: RelationshipId) -> Result<(), ApplyError> {
        check_id(id.0, "relationships_max")?;
        self.graph.relationships.get_mut(id.0).life = Life::Deleted;
        self.graph.next_relationship = self.graph.next_relationship.max(id.0 + 1);
        Ok(())
    }

    pub(crate) fn freeze_graph(self) -> Graph {
        self.graph
    }

    pub fn freeze(self) -> View {
        View(Arc::new(self.graph))
    }

    /// A view of the draft as it stands; the draft goes on.
    pub fn view(&self) -> View {
        View(Arc::new(self.graph.clone()))
    }
}

impl Graph {
    pub(crate) fn note(&mut self, hash: u128, is_there: bool) {
        let change = if is_there { u128::wrapping_add } else { u128::wrapping_sub };
        self.fingerprint = change(self.fingerprint, hash);
    }

    fn create_token(&mut self, kind: TokenKind, id: u32, name: &Arc<str>) -> Result<(), ApplyError> {
        let (limit, value) = match kind {
            TokenKind::Label => ("labels_max", LABELS_MAX),
            TokenKind::RelationshipType => ("relationship_types_max", TYPES_MAX),
            TokenKind::PropertyKey => ("property_keys_max", KEYS_MAX),
        };
        let names = self.tokens.of(kind);
        if names.len() >= value {
            return Err(ApplyError::LimitReached { limit, value: u64::from(value) });
        }
        if id != names.len() {
            return Err(ApplyError::Inconsistent(format!("{kind:?} {id} after {} others", names.len())));
        }
        if names.id(name).is_some() {
            return Err(ApplyError::Inconsistent(format!("{kind:?} `{name}` exists already")));
        }
        self.tokens.push(kind, name);
        match kind {
            TokenKind::Label => self.by_label.push(IdSet::default()),
            TokenKind::RelationshipType => self.by_type.push(IdSet::default()),
            TokenKind::PropertyKey => {}
        }
        self.schema_epoch += 1;
        self.note(token_fact(kind, id, name), true);
        Ok(())
    }

    fn create_node(
        &mut self,
        id: NodeId,
        labels: &[LabelId],
        properties: &[(KeyId, Value)],
    ) -> Result<(), ApplyError> {
        check_id(id.0, "nodes_max")?;
        if self.nodes.get(id.0).is_some_and(|node| node.life != Life::Never) {
            return Err(ApplyError::Inconsistent(format!("node {} was used before", id.0)));
        }
        if !labels.is_sorted_by(|a, b| a < b)
            || labels.iter().any(|l| usize::from(l.0) >= self.by_label.len())
        {
            return Err(ApplyError::Inconsistent(format!(
                "labels of node {} are not sorted, or unknown",
                id.0
            )));
        }
        let properties = self.check_properties(properties)?;
        let labels = Labels::from_sorted(labels);
        let entries = self.index_entries(&labels, &properties, None);
        self.check_unique(&entries, id.0)?;
        for label in labels.as_slice() {
            self.by_label[usize::from(label.0)].insert(id.0);
            self.note(label_fact(id, *label), true);
        }
        self.insert_entries(entries, id.0);
        self.note_properties(Fact::NodeProperty, id.0, &properties, true);
        self.note(FactHasher::new(Fact::Node).word(id.0).finish(), true);
        self.all_nodes.insert(id.0);
        *self.nodes.get_mut(id.0) =
            NodeRecord { life: Life::Alive, labels, properties, ..NodeRecord::default() };
        self.next_node = self.next_node.max(id.0 + 1);
        Ok(())
    }

    fn delete_node(&mut self, id: NodeId) -> Result<(), ApplyError> {
        let node = self.node(id).ok_or(ApplyError::NodeMissing(id))?;
        if node.outgoing.degree(None) + node.incoming.degree(None) > 0 {
            return Err(ApplyError::NodeHasRelationships(id));
        }
        let (labels, properties) = (node.labels.clone(), node.properties.clone());
        let entries = self.index_entries(&labels, &properties, None);
        self.remove_entries(entries, id.0);
        for label in labels.as_slice() {
            self.by_label[usize::from(label.0)].remove(id.0);
            self.note(label_fact(id, *label), false);
        }
        self.note_properties(Fact::NodeProperty, id.0, &properties, false);
        self.note(FactHasher::new(Fact::Node).word(id.0).finish(), false);
        self.all_nodes.remove(id.0);
        *self.nodes.get_mut(id.0) = NodeRecord { life: Life::Deleted, ..NodeRecord::default() };
        Ok(())
    }

    fn create_relationship(
        &mut self,
        id: RelationshipId,
        ends: RelationshipEnds,
        properties: &[(KeyId, Value)],
    ) -> Result<(), ApplyError> {
        check_id(id.0, "relationships_max")?;
        if self.relationships.get(id.0).is_some_and(|record| record.life != Life::Never) {
            return Err(ApplyError::Inconsistent(format!("relationship {} was used before", id.0)));
        }
        if usize::from(ends.type_id.0) >= self.by_type.len() {
            return Err(ApplyError::Inconsistent(format!("relationship type {} is unknown", ends.type_id.0)));
        }
        for node in [ends.start, ends.end] {
            if !self.node_exists(node) {
                return Err(ApplyError::NodeMissing(node));
            }
        }
        let properties = self.check_properties(properties)?;
        let entries = self.relationship_entries(ends.type_id, &properties, None);
        self.check_unique(&entries, id.0)?;
        self.insert_entries(entries, id.0);
        self.note_properties(Fact::RelationshipProperty, id.0, &properties, true);
        if properties.is_some() {
            *self.relationship_properties.get_mut(id.0) = properties;
        }
        *self.relationships.get_mut(id.0) = RelationshipRecord {
            start: ends.start.0 as u32,
            end: ends.end.0 as u32,
            type_id: ends.type_id.0,
            life: Life::Alive,
        };
        let (at_start, at_end) = adjacents(id, ends);
        self.nodes.get_mut(ends.start.0).outgoing.insert(ends.type_id, at_start);
        self.nodes.get_mut(ends.end.0).incoming.insert(ends.type_id, at_end);
        self.count_relationship(id, ends, true);
        self.next_relationship = self.next_relationship.max(id.0 + 1);
        Ok(())
    }

    fn delete_relationship(&mut self, id: RelationshipId) -> Result<(), ApplyError> {
        let ends = self.relationship(id).ok_or(ApplyError::RelationshipMissing(id))?;
        let properties = self.relationship_properties.get(id.0).cloned().flatten();
        let entries = self.relationship_entries(ends.type_id, &properties, None);
        self.remove_entries(entries, id.0);
        self.note_properties(Fact::RelationshipProperty, id.0, &properties, false);
        if properties.is_some() {
            *self.relationship_properties.get_mut(id.0) = None;
        }
        self.relationships.get_mut(id.0).life = Life::Deleted;
        let (at_start, at_end) = adjacents(id, ends);
        let left = self.nodes.get_mut(ends.start.0).outgoing.remove(ends.type_id, at_start);
        let entered = self.nodes.get_mut(ends.end.0).incoming.remove(ends.type_id, at_end);
        assert!(left && entered, "relationship {} stood in its record but not in both adjacencies", id.0);
        self.count_relationship(id, ends, false);
        Ok(())
    }

    /// Bitmaps, counts and fingerprint of one relationship that came or went.
    fn count_relationship(&mut self, id: RelationshipId, ends: RelationshipEnds, is_there: bool) {
        let by_type = &mut self.by_type[usize::from(ends.type_id.0)];
        if is_there {
            self.all_relationships.insert(id.0);
            by_type.insert(id.0);
        } else {
            self.all_relationships.remove(id.0);
            by_type.remove(id.0);
        }
        self.note(relationship_fact(id, ends), is_there);
        for (node, direction) in [(ends.start, Direction::Outgoing), (ends.end, Direction::Incoming)] {
            let labels = self.node(node).map(|node| node.labels.clone()).unwrap_or_default();
            for label in labels.as_slice() {
                self.count_pattern(*label, direction, ends.type_id, 1, is_there);
            }
        }
    }

    fn count_pattern(
        &mut self,
        label: LabelId,
        direction: Direction,
        type_id: TypeId,
        by: u64,
        is_more: bool,
    ) {
        for key in [(label, direction, Some(type_id)), (label, direction, None)] {
            let count = self.pattern_count(key.0, key.1, key.2);
            let changed = if is_more { count.checked_add(by) } else { count.checked_sub(by) };
            match changed {
                Some(0) => {
                    self.pattern_counts.remove(&key);
                }
                Some(count) => {
                    self.pattern_counts.insert(key, count);
                }
                None => panic!("the count of {key:?} is {count} and was to lose {by}"),
            }
        }
    }

    fn set_node_property(&mut self, id: NodeId, key: KeyId, value: &Value) -> Result<(), ApplyError> {
        let node = self.node(id).ok_or(ApplyError::NodeMissing(id))?;
        let (labels, before) = (node.labels.clone(), node.properties.clone());
        self.check_key(key)?;
        let after = with_property(&before, key, value);
        let gone = self.index_entries(&labels, &before, Some(key));
        let new = self.index_entries(&labels, &after, Some(key));
        self.check_unique(&new, id.0)?;
        self.remove_entries(gone, id.0);
        self.insert_entries(new, id.0);
        self.note_change(Fact::NodeProperty, id.0, key, &before, value);
        self.nodes.get_mut(id.0).properties = after;
        Ok(())
    }

    fn set_relationship_property(
        &mut self,
        id: RelationshipId,
        key: KeyId,
        value: &Value,
    ) -> Result<(), ApplyError> {
        let ends = self.relationship(id).ok_or(ApplyError::RelationshipMissing(id))?;
        let before = self.relationship_properties.get(id.0).cloned().flatten();
        self.check_key(key)?;
        let after = with_property(&before, key, value);
        let gone = self.relationship_entries(ends.type_id, &before, Some(key));
        let new = self.relationship_entries(ends.type_id, &after, Some(key));
        self.check_unique(&new, id.0)?;
        self.remove_entries(gone, id.0);
        self.insert_entries(new, id.0);
        self.note_change(Fact::RelationshipProperty, id.0, key, &before, value);
        if before.is_some() || after.is_some() {
            *self.relationship_properties.get_mut(id.0) = after;
        }
        Ok(())
    }

    fn add_label(&mut self, id: NodeId, label: LabelId) -> Result<(), ApplyError> {
        let node = self.node(id).ok_or(ApplyError::NodeMissing(id))?;
        if usize::from(label.0) >= self.by_label.len() {
            return Err(ApplyError::Inconsistent(format!("label {} is unknown", label.0)));
        }
        if node.labels.contains(label) {
            return Err(ApplyError::Inconsistent(format!("node {} has label {} already", id.0, label.0)));
        }
        let all = node.labels.with(label);
        let entries = self.entries_between(&all, &node.labels, &node.properties);
        self.check_unique(&entries, id.0)?;
        self.insert_entries(entries, id.0);
        self.relabel(id, label, all, true);
        Ok(())
    }

    fn remove_label(&mut self, id: NodeId, label: LabelId) -> Result<(), ApplyError> {
        let node = self.node(id).ok_or(ApplyError::NodeMissing(id))?;
        if !node.labels.contains(label) {
            return Err(ApplyError::Inconsistent(format!("node {} has no label {}", id.0, label.0)));
        }
        let rest = node.labels.without(label);
        let entries = self.entries_between(&node.labels, &rest, &node.properties);
        self.remove_entries(entries, id.0);
        self.relabel(id, label, rest, false);
        Ok(())
    }

    fn relabel(&mut self, id: NodeId, label: LabelId, labels: Labels, is_there: bool) {
        let node = self.nodes.get_mut(id.0);
        node.labels = labels;
        let sides =
            [(Direction::Outgoing, node.outgoing.clone()), (Direction::Incoming, node.incoming.clone())];
        for (direction, adjacency) in sides {
            for (type_id, degree) in adjacency.types() {
                self.count_pattern(label, direction, type_id, degree, is_there);
            }
        }
        let set = &mut self.by_label[usize::from(label.0)];
        if is_there {
            set.insert(id.0)
        } else {
            set.remove(id.0)
        };
        self.note(label_fact(id, label), is_there);
    }

    // --------------------------------------------------------------------------------------------- properties

    pub(crate) fn check_key(&self, key: KeyId) -> Result<(), ApplyError> {
        if key.0 < self.tokens.keys.len() {
            Ok(())
        } else {
            Err(ApplyError::Inconsistent(format!("property key {} is unknown", key.0)))
        }
    }

    fn check_properties(&self, properties: &[(KeyId, Value)]) -> Result<Properties, ApplyError> {
        let mut list = properties.to_vec();
        list.sort_by_key(|(key, _)| *key);
        for (key, value) in &list {
            self.check_key(*key)?;
            if value.is_null() {
                return Err(ApplyError::Inconsistent(format!("property {} is null", key.0)));
            }
        }
        if list.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(ApplyError::Inconsistent("a property key stands twice".into()));
        }
        Ok((!list.is_empty()).then(|| list.into()))
    }

    fn note_properties(&mut self, fact: Fact, id: u64, properties: &Properties, is_there: bool) {
        for (key, value) in properties.iter().flat_map(|list| list.iter()) {
            self.note(property_fact(fact, id, *key, value), is_there);
        }
    }

    fn note_change(&mut self, fact: Fact, id: u64, key: KeyId, before: &Properties, value: &Value) {
        let old = crate::record::property(before, key);
        if !old.is_null() {
            self.note(property_fact(fact, id, key, &old), false);
        }
        if !value.is_null() {
            self.note(property_fact(fact, id, key, value), true);
        }
    }
}

fn check_id(id: u64, limit: &'static str) -> Result<(), ApplyError> {
    if id < IDS_MAX { Ok(()) } else { Err(ApplyError::LimitReached { limit, value: IDS_MAX }) }
}

fn adjacents(id: RelationshipId, ends: RelationshipEnds) -> (Adjacent, Adjacent) {
    let entry = |neighbour: NodeId| Adjacent { neighbour: neighbour.0 as u32, relationship: id.0 as u32 };
    (entry(ends.end), entry(ends.start))
}

pub(crate) fn token_fact(kind: TokenKind, id: u32, name: &str) -> u128 {
    FactHasher::new(Fact::Token).word(kind as u64).word(u64::from(id)).bytes(name.as_bytes()).finish()
}

pub(crate) fn label_fact(id: NodeId, label: LabelId) -> u128 {
    FactHasher::new(Fact::Label).word(id.0).word(u64::from(label.0)).finish()
}

pub(crate) fn relationship_fact(id: RelationshipId, ends: RelationshipEnds) -> u128 {
    let mut hasher = FactHasher::new(Fact::Relationship);
    hasher.word(id.0).word(ends.start.0).word(ends.end.0).word(u64::from(ends.type_id.0)).finish()
}

pub(crate) fn property_fact(fact: Fact, id: u64, key: KeyId, value: &Value) -> u128 {
    FactHasher::new(fact).word(id).word(u64::from(key.0)).value(value).finish()
}

fn entity_words(hasher: &mut FactHasher, entity: EntityKind, keys: &[KeyId]) {
    match entity {
        EntityKind::Node(label) => hasher.word(0).word(u64::from(label.0)),
        EntityKind::Relationship(type_id) => hasher.word(1).word(u64::from(type_id.0)),
    };
    keys.iter().for_each(|key| {
        hasher.word(u64::from(key.0));
    });
}

pub(crate) fn index_fact(index: &IndexDefinition) -> u128 {
    let mut hasher = FactHasher::new(Fact::Index);
    hasher.word(u64::from(index.id.0)).bytes(index.name.as_bytes());
    entity_words(&mut hasher, index.entity, &index.keys);
    index.entities().skip(1).for_each(|entity| entity_words(&mut hasher, entity, &[]));
    match &index.kind {
        IndexKind::Range => &mut hasher,
        IndexKind::Text => hasher.word(1),
        IndexKind::Point => hasher.word(2),
        IndexKind::Fulltext { analyzer, .. } => hasher.word(3).bytes(analyzer.as_bytes()),
        IndexKind::Vector { dimensions, similarity } => {
            hasher.word(4).word(u64::from(dimensions.unwrap_or(0))).word(*similarity as u64)
        }
    };
    hasher.finish()
}

pub(crate) fn constraint_fact(constraint: &ConstraintDefinition) -> u128 {
    let mut hasher = FactHasher::new(Fact::Constraint);
    let index = constraint.index.map_or(u64::MAX, |index| u64::from(index.0));
    hasher.word(index).bytes(constraint.name.as_bytes());
    entity_words(&mut hasher, constraint.entity, &constraint.keys);
    match &constraint.kind {
        ConstraintKind::Unique => &mut hasher,
        ConstraintKind::Exists => hasher.word(1),
        ConstraintKind::Key => hasher.word(2),
        ConstraintKind::Type(text) => hasher.word(3).bytes(text.as_bytes()),
    };
    hasher.finish()
}
