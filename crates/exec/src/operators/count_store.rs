//! A count that the store keeps.

use std::sync::Arc;

use samyama_graph::{Direction, Value};

use super::walk::Types;
use super::{Operate, Source};
use crate::expression::Context;
use crate::plan::CountKind;
use crate::{ExecError, Read};

pub(super) struct CountStore {
    pub(super) input: Source,
    pub(super) slot: usize,
    pub(super) kind: CountKind,
    pub(super) label: Option<Arc<str>>,
    pub(super) types: Types,
    /// A label on one end of the relationships.
    pub(super) end: Option<(Arc<str>, Direction)>,
}

impl CountStore {
    fn stored(&self, context: &mut Context<'_>) -> u64 {
        if self.kind == CountKind::Nodes {
            return match &self.label {
                None => {
                    context.note(|| Read::AllNodes);
                    context.graph().node_count()
                }
                Some(name) => {
                    context.note(|| Read::Label(Arc::clone(name)));
                    let graph = context.graph();
                    graph.label(name).map_or(0, |label| graph.label_count(label))
                }
            };
        }
        self.types.note_all(context);
        if let Some((name, _)) = &self.end {
            context.note(|| Read::Label(Arc::clone(name)));
        }
        let types = self.types.resolve(context);
        let graph = context.graph();
        let of_type = |type_id| match &self.end {
            Some((name, side)) => {
                graph.label(name).map_or(0, |label| graph.pattern_count(label, *side, type_id))
            }
            None => type_id.map_or_else(|| graph.relationship_count(), |type_id| graph.type_count(type_id)),
        };
        match types {
            None => of_type(None),
            Some(ids) => ids.into_iter().map(|id| of_type(Some(id))).sum(),
        }
    }
}

impl Operate for CountStore {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        if !self.input.next(row, context)? {
            return Ok(false);
        }
        row[self.slot] = Value::Integer(self.stored(context) as i64);
        Ok(true)
    }
}
