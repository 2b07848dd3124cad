//! Scans: all nodes, nodes with a label, nodes by id, relationships.

use std::sync::Arc;

use samyama_graph::{NodeId, RelationshipId, Value};

use super::walk::Types;
use super::{Operate, Source};
use crate::expression::{Context, Expression};
use crate::plan::PatternDirection;
use crate::{ExecError, Read};

/// Ids read from the store at once.
const CHUNK: usize = 256;

/// What a node scan goes over.
pub(super) enum Nodes {
    All,
    Label(Arc<str>),
    ByIds(Expression),
}

pub(super) struct NodeScan {
    pub(super) input: Source,
    pub(super) slot: usize,
    pub(super) nodes: Nodes,
    pub(super) found: Vec<NodeId>,
    pub(super) at: usize,
    /// Where the scan goes on; None when it is at its end.
    pub(super) next: Option<NodeId>,
}

impl NodeScan {
    pub(super) fn new(input: Source, slot: usize, nodes: Nodes) -> Self {
        NodeScan { input, slot, nodes, found: Vec::new(), at: 0, next: None }
    }

    /// A new input row: from the beginning.
    fn open(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        self.found.clear();
        self.at = 0;
        match &self.nodes {
            Nodes::All => {
                context.note(|| Read::AllNodes);
                self.next = Some(NodeId(0));
            }
            Nodes::Label(name) => {
                context.note(|| Read::Label(Arc::clone(name)));
                self.next = Some(NodeId(0));
            }
            Nodes::ByIds(ids) => {
                self.next = None;
                let ids = ids.evaluate(row, context)?;
                match &ids {
                    Value::List(items) => items.iter().for_each(|item| self.add_id(item, context)),
                    single => self.add_id(single, context),
                }
            }
        }
        Ok(())
    }

    fn add_id(&mut self, value: &Value, context: &mut Context<'_>) {
        let id = match value {
            Value::Integer(id) => u64::try_from(*id).ok(),
            Value::String(text) => text.rsplit(':').next().and_then(|digits| digits.parse().ok()),
            _ => None,
        };
        if let Some(id) = id.map(NodeId) {
            context.note(|| Read::Node(id));
            if context.graph().node_exists(id) && !self.found.contains(&id) {
                self.found.push(id);
            }
        }
    }

    /// The next chunk; false when there is none.
    fn refill(&mut self, context: &mut Context<'_>) -> Result<bool, ExecError> {
        let Some(from) = self.next else { return Ok(false) };
        context.check()?;
        self.found.clear();
        self.at = 0;
        let graph = context.access.graph();
        self.next = match &self.nodes {
            Nodes::All => graph.nodes_from(from, CHUNK, &mut self.found),
            Nodes::Label(name) => match graph.label(name) {
                Some(label) => graph.nodes_with_label_from(label, from, CHUNK, &mut self.found),
                None => None,
            },
            Nodes::ByIds(_) => None,
        };
        Ok(!self.found.is_empty())
    }
}

impl Operate for NodeScan {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.found.clear();
        self.at = 0;
        self.next = None;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            if let Some(id) = self.found.get(self.at) {
                self.at += 1;
                let id = *id;
                context.note(|| Read::Node(id));
                row[self.slot] = Value::Node(id);
                return Ok(true);
            }
            if !self.refill(context)? {
                if !self.input.next(row, context)? {
                    return Ok(false);
                }
                self.open(row, context)?;
            }
        }
    }
}

pub(super) struct RelationshipScan {
    pub(super) input: Source,
    pub(super) relationship: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) types: Types,
    pub(super) direction: PatternDirection,
    found: Vec<RelationshipId>,
    at: usize,
    /// (place in the list of types, where the scan goes on).
    next: Option<(usize, RelationshipId)>,
    /// The same relationship once more, the other way round.
    again: Option<RelationshipId>,
}

impl RelationshipScan {
    pub(super) fn new(input: Source, slots: [usize; 3], types: Types, direction: PatternDirection) -> Self {
        let [relationship, start, end] = slots;
        let (found, at, next, again) = (Vec::new(), 0, None, None);
        RelationshipScan { input, relationship, start, end, types, direction, found, at, next, again }
    }

    fn refill(&mut self, context: &mut Context<'_>) -> Result<bool, ExecError> {
        while let Some((place, from)) = self.next {
            context.check()?;
            self.found.clear();
            self.at = 0;
            let types = self.types.resolve(context);
            let type_id = types.as_ref().and_then(|ids| ids.get(place).copied());
            let count = types.as_ref().map_or(1, Vec::len);
            if place >= count {
                self.next = None;
                break;
            }
            let more = context.graph().relationships_from(type_id, from, CHUNK, &mut self.found);
            self.next = match more {
                Some(from) => Some((place, from)),
                None => (place + 1 < count).then_some((place + 1, RelationshipId(0))),
            };
            if !self.found.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn write(
        &self,
        id: RelationshipId,
        reversed: bool,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> bool {
        let Some(ends) = context.graph().relationship(id) else { return false };
        let reversed = reversed != (self.direction == PatternDirection::In);
        let (first, second) = if reversed { (ends.end, ends.start) } else { (ends.start, ends.end) };
        context.note(|| Read::Relationship(id));
        context.note(|| Read::Node(first));
        context.note(|| Read::Node(second));
        row[self.relationship] = Value::Relationship(id);
        row[self.start] = Value::Node(first);
        row[self.end] = Value::Node(second);
        true
    }
}

impl Operate for RelationshipScan {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.found.clear();
        self.at = 0;
        (self.next, self.again) = (None, None);
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            if let Some(id) = self.again.take()
                && self.write(id, true, row, context)
            {
                return Ok(true);
            }
            if let Some(id) = self.found.get(self.at).copied() {
                self.at += 1;
                if self.write(id, false, row, context) {
                    let is_loop = context.graph().relationship(id).is_some_and(|ends| ends.start == ends.end);
                    self.again = (self.direction == PatternDirection::Both && !is_loop).then_some(id);
                    return Ok(true);
                }
                continue;
            }
            if !self.refill(context)? {
                if !self.input.next(row, context)? {
                    return Ok(false);
                }
                self.types.note_all(context);
                self.next = Some((0, RelationshipId(0)));
            }
        }
    }
}
