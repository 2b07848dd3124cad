//! Indexes and constraints of a graph in step with it: made, dropped, and told of every change.

use std::sync::Arc;

use crate::compare::Equivalent;
use crate::draft::{constraint_fact, index_fact};
use crate::fulltext;
use crate::index::{Index, IndexKey};
use crate::limits::{CONSTRAINTS_MAX, INDEXES_MAX};
use crate::record::{Labels, Properties};
use crate::{ApplyError, ConstraintDefinition, EntityKind, Graph, IndexDefinition, IndexKind, KeyId, TypeId};

/// None when a key is absent. Values that equal nothing (NaN) are indexed too: existence look-ups find them.
fn whole_key(keys: &[KeyId], properties: &Properties) -> Option<IndexKey> {
    let list = properties.as_ref()?;
    keys.iter()
        .map(|key| list.iter().find(|(k, _)| k == key).map(|(_, value)| Equivalent(value.clone())))
        .collect()
}

/// What an index keeps of an entity that it covers.
pub(crate) fn index_keys(definition: &IndexDefinition, properties: &Properties) -> Vec<IndexKey> {
    match &definition.kind {
        IndexKind::Range | IndexKind::Text | IndexKind::Point => {
            whole_key(&definition.keys, properties).into_iter().collect()
        }
        IndexKind::Fulltext { analyzer, .. } => fulltext::index_keys(analyzer, &definition.keys, properties),
        IndexKind::Vector { .. } => Vec::new(),
    }
}

fn covers_node(definition: &IndexDefinition, labels: &Labels) -> bool {
    definition.entities().any(|entity| matches!(entity, EntityKind::Node(label) if labels.contains(label)))
}

fn covers_type(definition: &IndexDefinition, type_id: TypeId) -> bool {
    definition.entities().any(|entity| entity == EntityKind::Relationship(type_id))
}

impl Graph {
    fn check_name(&self, name: &Arc<str>) -> Result<(), ApplyError> {
        let is_taken = self.indexes().any(|i| i.name == *name) || self.constraints().any(|c| c.name == *name);
        if is_taken { Err(ApplyError::NameTaken(Arc::clone(name))) } else { Ok(()) }
    }

    pub(crate) fn create_index(
        &mut self,
        definition: &IndexDefinition,
        constraint: Option<&ConstraintDefinition>,
    ) -> Result<(), ApplyError> {
        self.check_name(&definition.name)?;
        if self.indexes.len() >= INDEXES_MAX {
            return Err(ApplyError::LimitReached { limit: "indexes_max", value: INDEXES_MAX as u64 });
        }
        if definition.keys.is_empty() || definition.id.0 < self.next_index {
            return Err(ApplyError::Inconsistent(format!(
                "index `{}` has no keys, or a used id",
                definition.name
            )));
        }
        // Ids of nodes and of relationships are both counted from 0: in one index they could not be told apart.
        let is_node = |entity| matches!(entity, EntityKind::Node(_));
        if definition.entities().any(|entity| is_node(entity) != is_node(definition.entity)) {
            return Err(ApplyError::Inconsistent(format!(
                "index `{}` is about nodes and relationships",
                definition.name
            )));
        }
        definition.keys.iter().try_for_each(|key| self.check_key(*key))?;
        if constraint.map(|constraint| &constraint.name) != definition.owner.as_ref() {
            return Err(ApplyError::Inconsistent(format!(
                "index `{}` and its owner disagree",
                definition.name
            )));
        }
        let index = self.build_index(definition, constraint)?;
        self.indexes.push(index);
        self.note(index_fact(definition), true);
        self.next_index = definition.id.0 + 1;
        self.schema_epoch += 1;
        Ok(())
    }

    pub(crate) fn create_constraint(
        &mut self,
        constraint: &ConstraintDefinition,
        index: Option<&IndexDefinition>,
    ) -> Result<(), ApplyError> {
        self.check_name(&constraint.name)?;
        if self.constraints.len() >= CONSTRAINTS_MAX {
            let value = CONSTRAINTS_MAX as u64;
            return Err(ApplyError::LimitReached { limit: "constraints_max", value });
        }
        let fits = constraint.kind.has_index() == index.is_some()
            && constraint.index == index.map(|index| index.id)
            && !constraint.keys.is_empty();
        if !fits {
            let name = &constraint.name;
            return Err(ApplyError::Inconsistent(format!("constraint `{name}` and its index disagree")));
        }
        constraint.keys.iter().try_for_each(|key| self.check_key(*key))?;
        self.check_rule(constraint)?;
        if let Some(index) = index {
            self.create_index(index, Some(constraint))?;
        }
        Arc::make_mut(&mut self.constraints).push(constraint.clone());
        self.note(constraint_fact(constraint), true);
        self.schema_epoch += 1;
        Ok(())
    }

    /// Scans the graph; with a constraint the first doublet is the error.
    fn build_index(
        &self,
        definition: &IndexDefinition,
        constraint: Option<&ConstraintDefinition>,
    ) -> Result<Index, ApplyError> {
        let mut index = Index::new(definition.clone());
        let mut seen = std::collections::BTreeSet::new();
        let is_shared = definition.entities().nth(1).is_some();
        let mut add = |properties: &Properties, id: u64| {
            if is_shared && !seen.insert(id) {
                return Ok(()); // has two of the labels
            }
            for key in index_keys(definition, properties) {
                if let (Some(constraint), Some(existing)) = (constraint, index.find(&key)) {
                    let constraint = Arc::clone(&constraint.name);
                    return Err(ApplyError::UniquenessViolated { constraint, existing });
                }
                index.insert(key, id);
            }
            Ok(())
        };
        let mut result = Ok(());
        for entity in definition.entities() {
            match entity {
                EntityKind::Node(label) => {
                    let Some(set) = self.by_label.get(usize::from(label.0)) else {
                        return Err(ApplyError::Inconsistent(format!("label {} is unknown", label.0)));
                    };
                    set.scan(0, usize::MAX, |id| {
                        if let (true, Some(node)) = (result.is_ok(), self.nodes.get(id)) {
                            result = add(&node.properties, id);
                        }
                    });
                }
                EntityKind::Relationship(type_id) => {
                    let Some(set) = self.by_type.get(usize::from(type_id.0)) else {
                        return Err(ApplyError::Inconsistent(format!("type {} is unknown", type_id.0)));
                    };
                    set.scan(0, usize::MAX, |id| {
                        if let (true, Some(list)) = (result.is_ok(), self.relationship_properties.get(id)) {
                            result = add(list, id);
                        }
                    });
                }
            }
        }
        result.map(|()| index)
    }

    pub(crate) fn drop_index(&mut self, name: &Arc<str>) -> Result<(), ApplyError> {
        let Some(at) = self.indexes.iter().position(|index| index.definition.name == *name) else {
            return Err(ApplyError::NameUnknown(Arc::clone(name)));
        };
        if let Some(owner) = &self.indexes[at].definition.owner {
            return Err(ApplyError::IndexOwned { index: Arc::clone(name), constraint: Arc::clone(owner) });
        }
        self.forget_index(at);
        Ok(())
    }

    fn forget_index(&mut self, at: usize) {
        let index = self.indexes.remove(at);
        self.note(index_fact(&index.definition), false);
        self.schema_epoch += 1;
    }

    pub(crate) fn drop_constraint(&mut self, name: &Arc<str>) -> Result<(), ApplyError> {
        let Some(at) = self.constraints.iter().position(|constraint| constraint.name == *name) else {
            return Err(ApplyError::NameUnknown(Arc::clone(name)));
        };
        let constraint = Arc::make_mut(&mut self.constraints).remove(at);
        self.note(constraint_fact(&constraint), false);
        self.schema_epoch += 1;
        let owned = |index: &Index| Some(index.definition.id) == constraint.index;
        if let Some(at) = self.indexes.iter().position(owned) {
            self.forget_index(at);
        }
        Ok(())
    }

    /// (place of the index, key) of every entry that a node with these labels and properties has; with `touched`, only in
    /// indexes that hold that key.
    pub(crate) fn index_entries(
        &self,
        labels: &Labels,
        properties: &Properties,
        touched: Option<KeyId>,
    ) -> Vec<(usize, IndexKey)> {
        self.entries_where(properties, touched, |index| covers_node(index, labels))
    }

    /// Of the indexes that cover a node with these labels and not one with those.
    pub(crate) fn entries_between(
        &self,
        with: &Labels,
        without: &Labels,
        properties: &Properties,
    ) -> Vec<(usize, IndexKey)> {
        self.entries_where(properties, None, |index| covers_node(index, with) && !covers_node(index, without))
    }

    pub(crate) fn relationship_entries(
        &self,
        type_id: TypeId,
        properties: &Properties,
        touched: Option<KeyId>,
    ) -> Vec<(usize, IndexKey)> {
        self.entries_where(properties, touched, |index| covers_type(index, type_id))
    }

    fn entries_where(
        &self,
        properties: &Properties,
        touched: Option<KeyId>,
        covers: impl Fn(&IndexDefinition) -> bool,
    ) -> Vec<(usize, IndexKey)> {
        let mut entries = Vec::new();
        for (place, index) in self.indexes.iter().enumerate() {
            let definition = &index.definition;
            let is_touched = touched.is_none_or(|key| definition.keys.contains(&key));
            if is_touched && covers(definition) {
                entries.extend(index_keys(definition, properties).into_iter().map(|key| (place, key)));
            }
        }
        entries
    }

    pub(crate) fn check_unique(&self, entries: &[(usize, IndexKey)], id: u64) -> Result<(), ApplyError> {
        for (place, key) in entries {
            let index = &self.indexes[*place];
            if let Some(constraint) = &index.definition.owner
                && let Some(existing) = index.find(key)
                && existing != id
            {
                return Err(ApplyError::UniquenessViolated { constraint: Arc::clone(constraint), existing });
            }
        }
        Ok(())
    }

    pub(crate) fn insert_entries(&mut self, entries: Vec<(usize, IndexKey)>, id: u64) {
        for (place, key) in entries {
            self.indexes[place].insert(key, id);
        }
    }

    pub(crate) fn remove_entries(&mut self, entries: Vec<(usize, IndexKey)>, id: u64) {
        for (place, key) in entries {
            self.indexes[place].remove(key, id);
        }
    }
}
