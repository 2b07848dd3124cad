//! Relationships by an index, with their ends: the look-ups of `seek.rs` on relationships of one type.

use std::sync::Arc;

use samyama_graph::{EntityKind, Graph, IndexRange, KeyId, RelationshipId, TypeId, Value};

use super::seek::{Predicates, fulfils, ordered_index};
use super::{Operate, Source};
use crate::expression::Context;
use crate::plan::PatternDirection;
use crate::{ExecError, Lookup, Read};

pub(super) struct RelationshipIndexSeek {
    pub(super) input: Source,
    pub(super) relationship: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) type_name: Arc<str>,
    pub(super) direction: PatternDirection,
    pub(super) keys: Arc<[Arc<str>]>,
    pub(super) predicates: Predicates,
    /// (relationship, the other way round), last first.
    pub(super) found: Vec<(RelationshipId, bool)>,
}

/// If the index has gone since the plan was made, the type is scanned.
fn find(graph: &Graph, type_id: TypeId, keys: &[KeyId], range: &IndexRange, out: &mut Vec<u64>) {
    let values = |id: RelationshipId| -> Vec<_> {
        keys.iter().map(|key| graph.relationship_property(id, *key)).collect()
    };
    match ordered_index(graph, EntityKind::Relationship(type_id), keys) {
        Some(index) => {
            let before = out.len();
            graph.index_seek(index, range, out);
            if range.equal.iter().any(|value| matches!(value, Value::List(_) | Value::Map(_))) {
                let found = out.split_off(before);
                out.extend(found.into_iter().filter(|id| fulfils(&values(RelationshipId(*id)), range)));
            }
        }
        None => {
            let mut all = Vec::new();
            graph.relationships_from(Some(type_id), RelationshipId(0), usize::MAX, &mut all);
            out.extend(all.into_iter().filter(|id| fulfils(&values(*id), range)).map(|id| id.0));
        }
    }
}

impl RelationshipIndexSeek {
    fn open(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        self.found.clear();
        let ranges = self.predicates.ranges(row, context)?;
        for range in &ranges {
            context.note(|| {
                let lookup = Lookup { keys: Arc::clone(&self.keys), equal: range.equal.clone() };
                Read::RelationshipIndex { type_name: Arc::clone(&self.type_name), lookup }
            });
        }
        let graph = context.access.graph();
        let Some(type_id) = graph.relationship_type(&self.type_name) else { return Ok(()) };
        let keys: Option<Vec<_>> = self.keys.iter().map(|key| graph.property_key(key)).collect();
        let Some(keys) = keys else { return Ok(()) };
        let mut ids = Vec::new();
        for range in &ranges {
            find(graph, type_id, &keys, range, &mut ids);
        }
        for id in ids.into_iter().map(RelationshipId).rev() {
            let is_loop = graph.relationship(id).is_some_and(|ends| ends.start == ends.end);
            match self.direction {
                PatternDirection::Out => self.found.push((id, false)),
                PatternDirection::In => self.found.push((id, true)),
                PatternDirection::Both if is_loop => self.found.push((id, false)),
                PatternDirection::Both => self.found.extend([(id, true), (id, false)]),
            }
        }
        Ok(())
    }
}

impl Operate for RelationshipIndexSeek {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.found.clear();
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            while let Some((id, reversed)) = self.found.pop() {
                let Some(ends) = context.graph().relationship(id) else { continue };
                let (first, second) = if reversed { (ends.end, ends.start) } else { (ends.start, ends.end) };
                context.note(|| Read::Relationship(id));
                context.note(|| Read::Node(first));
                context.note(|| Read::Node(second));
                row[self.relationship] = Value::Relationship(id);
                row[self.start] = Value::Node(first);
                row[self.end] = Value::Node(second);
                return Ok(true);
            }
            context.step()?;
            if !self.input.next(row, context)? {
                return Ok(false);
            }
            self.open(row, context)?;
        }
    }
}
