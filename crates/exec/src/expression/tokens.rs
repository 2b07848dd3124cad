//! Names of a plan as tokens of the graph it runs on.
//!
//! Expressions and operators hold references into these tables. They are filled from the graph when first asked, and again
//! whenever its schema epoch has changed: a draft makes tokens while a statement runs, and a name that meant nothing may
//! mean something a row later.

use std::sync::Arc;

use samyama_graph::{Graph, KeyId, LabelId, TypeId};

/// A property key by its place in [`Tokens`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRef(u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelRef(u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeRef(u32);

#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// The epoch the tables were filled under; None before the first time and after a new name.
    epoch: Option<u64>,
    keys: Vec<(Arc<str>, Option<KeyId>)>,
    labels: Vec<(Arc<str>, Option<LabelId>)>,
    types: Vec<(Arc<str>, Option<TypeId>)>,
}

fn place<T>(table: &mut Vec<(Arc<str>, Option<T>)>, name: &Arc<str>) -> u32 {
    let found = table.iter().position(|(known, _)| known == name);
    let at = found.unwrap_or_else(|| {
        table.push((name.clone(), None));
        table.len() - 1
    });
    at as u32
}

impl Tokens {
    pub fn add_key(&mut self, name: &Arc<str>) -> KeyRef {
        self.epoch = None;
        KeyRef(place(&mut self.keys, name))
    }

    pub fn add_label(&mut self, name: &Arc<str>) -> LabelRef {
        self.epoch = None;
        LabelRef(place(&mut self.labels, name))
    }

    pub fn add_type(&mut self, name: &Arc<str>) -> TypeRef {
        self.epoch = None;
        TypeRef(place(&mut self.types, name))
    }

    pub fn key(&mut self, key: KeyRef, graph: &Graph) -> Option<KeyId> {
        self.refresh(graph);
        self.keys[key.0 as usize].1
    }

    pub fn label(&mut self, label: LabelRef, graph: &Graph) -> Option<LabelId> {
        self.refresh(graph);
        self.labels[label.0 as usize].1
    }

    pub fn relationship_type(&mut self, type_ref: TypeRef, graph: &Graph) -> Option<TypeId> {
        self.refresh(graph);
        self.types[type_ref.0 as usize].1
    }

    pub fn key_name(&self, key: KeyRef) -> &Arc<str> {
        &self.keys[key.0 as usize].0
    }

    pub fn label_name(&self, label: LabelRef) -> &Arc<str> {
        &self.labels[label.0 as usize].0
    }

    pub fn type_name(&self, type_ref: TypeRef) -> &Arc<str> {
        &self.types[type_ref.0 as usize].0
    }

    fn refresh(&mut self, graph: &Graph) {
        let epoch = graph.schema_epoch();
        if self.epoch == Some(epoch) {
            return;
        }
        self.keys.iter_mut().for_each(|(name, id)| *id = graph.property_key(name));
        self.labels.iter_mut().for_each(|(name, id)| *id = graph.label(name));
        self.types.iter_mut().for_each(|(name, id)| *id = graph.relationship_type(name));
        self.epoch = Some(epoch);
    }
}
