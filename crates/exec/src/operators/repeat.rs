//! Quantified paths: a pattern walked over and over, depth first, no relationship twice in one path.

use std::sync::Arc;

use samyama_graph::{NodeId, Value};

use super::walk::node_at;
use super::{Operate, Source};
use crate::expression::Context;
use crate::{ExecError, Read};

pub(super) struct Repeat {
    pub(super) input: Source,
    pub(super) body: Source,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) into: bool,
    pub(super) inner_start: usize,
    pub(super) inner_end: usize,
    pub(super) inner_relationships: Vec<usize>,
    pub(super) used: usize,
    pub(super) relationships: usize,
    pub(super) inner: Vec<usize>,
    pub(super) groups: Vec<usize>,
    pub(super) min: u64,
    pub(super) max: u64,
    /// Paths that have not been looked at, the next one last.
    pub(super) waiting: Vec<Partial>,
    pub(super) charged_bytes: usize,
}

/// A path so far.
pub(super) struct Partial {
    node: NodeId,
    rounds: u64,
    relationships: Vec<Value>,
    groups: Vec<Vec<Value>>,
}

impl Partial {
    fn bytes(&self) -> usize {
        let values = self.relationships.len() + self.groups.iter().map(Vec::len).sum::<usize>();
        96 + values * size_of::<Value>()
    }
}

fn list(values: &[Value]) -> Value {
    Value::List(Arc::new(values.to_vec()))
}

fn append(value: &Value, out: &mut Vec<Value>) {
    match value {
        Value::List(items) => out.extend(items.iter().cloned()),
        single => out.push(single.clone()),
    }
}

impl Repeat {
    /// One round more, every way there is.
    fn extend(
        &mut self,
        partial: &Partial,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        row[self.inner_start] = Value::Node(partial.node);
        row[self.used] = list(&partial.relationships);
        self.body.restart(context);
        let first = self.waiting.len();
        while self.body.next(row, context)? {
            context.step()?;
            let Some(node) = node_at(self.inner_end, row)? else { continue };
            let mut relationships = partial.relationships.clone();
            self.inner_relationships.iter().for_each(|slot| append(&row[*slot], &mut relationships));
            let mut groups = partial.groups.clone();
            for (group, slot) in groups.iter_mut().zip(&self.inner) {
                group.push(row[*slot].clone());
            }
            let longer = Partial { node, rounds: partial.rounds + 1, relationships, groups };
            let bytes = longer.bytes();
            context.memory.charge(bytes)?;
            self.charged_bytes += bytes;
            self.waiting.push(longer);
        }
        // The first way found is walked first.
        self.waiting[first..].reverse();
        Ok(())
    }

    fn release(&mut self, bytes: usize, context: &mut Context<'_>) {
        self.charged_bytes -= bytes;
        context.memory.release(bytes);
    }
}

impl Operate for Repeat {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.waiting.clear();
        context.memory.release(std::mem::take(&mut self.charged_bytes));
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            while let Some(partial) = self.waiting.pop() {
                context.step()?;
                if partial.rounds > 0 {
                    self.release(partial.bytes(), context);
                }
                // What the body writes must not be seen in the row that is given.
                let wanted = if self.into { node_at(self.to, row)? } else { None };
                if partial.rounds < self.max {
                    self.extend(&partial, row, context)?;
                }
                if partial.rounds < self.min || (self.into && wanted != Some(partial.node)) {
                    continue;
                }
                context.note(|| Read::Node(partial.node));
                if !self.into {
                    row[self.to] = Value::Node(partial.node);
                }
                row[self.relationships] = list(&partial.relationships);
                for (slot, values) in self.groups.iter().zip(&partial.groups) {
                    row[*slot] = list(values);
                }
                return Ok(true);
            }
            context.step()?;
            if !self.input.next(row, context)? {
                return Ok(false);
            }
            if let Some(node) = node_at(self.from, row)? {
                let groups = vec![Vec::new(); self.groups.len()];
                self.waiting.push(Partial { node, rounds: 0, relationships: Vec::new(), groups });
            }
        }
    }
}
