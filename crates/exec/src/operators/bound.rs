//! A pattern over a relationship, or a list of relationships, that is bound already: checked, and its ends bound.

use samyama_graph::{NodeId, RelationshipId, Value};

use super::walk::{Walk, is_used, node_at};
use super::{Operate, Source};
use crate::expression::Context;
use crate::plan::PatternDirection;
use crate::{ExecError, Read};

pub(super) struct Bound {
    pub(super) input: Source,
    pub(super) relationship: usize,
    pub(super) is_list: bool,
    pub(super) start: usize,
    pub(super) start_bound: bool,
    pub(super) end: usize,
    pub(super) end_bound: bool,
    pub(super) walk: Walk,
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) exclude: Vec<usize>,
    /// (start, end) pairs of the present row that have not been given yet.
    pub(super) pairs: Vec<(NodeId, NodeId)>,
}

impl Bound {
    fn ids(&self, row: &[Value]) -> Option<Vec<RelationshipId>> {
        match &row[self.relationship] {
            Value::Relationship(id) if !self.is_list => Some(vec![*id]),
            Value::List(items) if self.is_list => items
                .iter()
                .map(|item| if let Value::Relationship(id) = item { Some(*id) } else { None })
                .collect(),
            _ => None,
        }
    }

    fn open(&mut self, row: &[Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        self.pairs.clear();
        let Some(ids) = self.ids(row) else { return Ok(()) };
        let length = ids.len() as u64;
        let repeated = ids.iter().enumerate().any(|(at, id)| ids[..at].contains(id));
        let used = ids.iter().any(|id| is_used(*id, &self.exclude, row));
        if repeated || used || (self.is_list && !(self.min..=self.max).contains(&length)) {
            return Ok(());
        }
        for start in self.candidates(&ids, row, context)? {
            if let Some(end) = self.walk_along(start, &ids, context)
                && (!self.end_bound || node_at(self.end, row)? == Some(end))
            {
                self.pairs.push((start, end));
            }
        }
        self.pairs.reverse();
        Ok(())
    }

    fn candidates(
        &self,
        ids: &[RelationshipId],
        row: &[Value],
        context: &mut Context<'_>,
    ) -> Result<Vec<NodeId>, ExecError> {
        if self.start_bound {
            return Ok(node_at(self.start, row)?.into_iter().collect());
        }
        let Some(ends) = ids.first().and_then(|id| context.graph().relationship(*id)) else {
            return Ok(Vec::new());
        };
        Ok(match self.walk.direction {
            PatternDirection::Out => vec![ends.start],
            PatternDirection::In => vec![ends.end],
            PatternDirection::Both if ends.start == ends.end => vec![ends.start],
            PatternDirection::Both => vec![ends.start, ends.end],
        })
    }

    fn walk_along(&self, start: NodeId, ids: &[RelationshipId], context: &mut Context<'_>) -> Option<NodeId> {
        let mut at = start;
        for id in ids {
            context.note(|| Read::Relationship(*id));
            let ends = context.graph().relationship(*id)?;
            if !self.walk.takes(at, ends, context) {
                return None;
            }
            at = self.walk.other_end(at, ends)?;
        }
        Some(at)
    }
}

impl Operate for Bound {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.pairs.clear();
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            if let Some((start, end)) = self.pairs.pop() {
                context.note(|| Read::Node(start));
                context.note(|| Read::Node(end));
                row[self.start] = Value::Node(start);
                row[self.end] = Value::Node(end);
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
