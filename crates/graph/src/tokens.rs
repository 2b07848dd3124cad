//! The names of labels, relationship types and property keys, numbered in the order in which they first appear.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::TokenKind;

/// The names of one kind. The map is only looked up, never iterated.
#[derive(Clone, Default)]
pub(crate) struct Names {
    names: Vec<Arc<str>>,
    by_name: FxHashMap<Arc<str>, u32>,
}

impl Names {
    pub(crate) fn id(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn name(&self, id: u32) -> Option<&Arc<str>> {
        self.names.get(id as usize)
    }

    pub(crate) fn len(&self) -> u32 {
        self.names.len() as u32
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.names.iter()
    }

    fn push(&mut self, name: &Arc<str>) {
        self.by_name.insert(Arc::clone(name), self.len());
        self.names.push(Arc::clone(name));
    }
}

/// All three kinds, shared between versions until one of them grows.
#[derive(Clone, Default)]
pub(crate) struct Tokens {
    pub(crate) labels: Arc<Names>,
    pub(crate) types: Arc<Names>,
    pub(crate) keys: Arc<Names>,
}

impl Tokens {
    pub(crate) fn of(&self, kind: TokenKind) -> &Names {
        match kind {
            TokenKind::Label => &self.labels,
            TokenKind::RelationshipType => &self.types,
            TokenKind::PropertyKey => &self.keys,
        }
    }

    pub(crate) fn push(&mut self, kind: TokenKind, name: &Arc<str>) {
        let names = match kind {
            TokenKind::Label => &mut self.labels,
            TokenKind::RelationshipType => &mut self.types,
            TokenKind::PropertyKey => &mut self.keys,
        };
        Arc::make_mut(names).push(name);
    }
}
