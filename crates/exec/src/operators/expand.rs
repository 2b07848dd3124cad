//! One hop: from a bound node over its relationships to the nodes at their other ends, or into a node that is bound too.

use samyama_graph::{NodeId, Value};

use super::walk::{Step, Walk, is_used, node_at};
use super::{Operate, Source};
use crate::expression::Context;
use crate::{ExecError, Read};

pub(super) struct Expand {
    pub(super) input: Source,
    pub(super) from: usize,
    pub(super) relationship: usize,
    pub(super) to: usize,
    pub(super) walk: Walk,
    pub(super) into: bool,
    pub(super) exclude: Vec<usize>,
    pub(super) steps: Vec<Step>,
    pub(super) at: usize,
}

impl Expand {
    /// The next input row's node; None when there are no more rows.
    fn pull(
        &mut self,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<Option<Option<NodeId>>, ExecError> {
        context.step()?;
        if !self.input.next(row, context)? {
            return Ok(None);
        }
        node_at(self.from, row).map(Some)
    }

    fn open(&mut self, from: NodeId, row: &[Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        self.steps.clear();
        self.at = 0;
        if !self.into {
            self.walk.steps_from(from, context, &mut self.steps);
            return Ok(());
        }
        let Some(to) = node_at(self.to, row)? else { return Ok(()) };
        self.steps_into(from, to, context);
        Ok(())
    }

    /// Walk from the end with fewer relationships.
    fn steps_into(&mut self, from: NodeId, to: NodeId, context: &mut Context<'_>) {
        let reverse = Walk { types: self.walk.types.clone(), direction: self.walk.direction.reversed() };
        let forward = self.walk.expected_steps(from, context).unwrap_or(0);
        let backward = reverse.expected_steps(to, context).unwrap_or(u64::MAX);
        if forward <= backward {
            self.walk.steps_from(from, context, &mut self.steps);
            self.steps.retain(|step| step.neighbour == to);
        } else {
            reverse.steps_from(to, context, &mut self.steps);
            self.steps.retain(|step| step.neighbour == from);
            self.steps.iter_mut().for_each(|step| step.neighbour = to);
        }
    }
}

impl Operate for Expand {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.steps.clear();
        self.at = 0;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            while let Some(step) = self.steps.get(self.at).copied() {
                self.at += 1;
                context.step()?;
                if !self.exclude.is_empty() && is_used(step.relationship, &self.exclude, row) {
                    continue;
                }
                context.depend_on(|| Read::Relationship(step.relationship));
                context.depend_on(|| Read::Node(step.neighbour));
                row[self.relationship] = Value::Relationship(step.relationship);
                if !self.into {
                    row[self.to] = Value::Node(step.neighbour);
                }
                return Ok(true);
            }
            match self.pull(row, context)? {
                None => return Ok(false),
                Some(None) => self.steps.clear(),
                Some(Some(from)) => self.open(from, row, context)?,
            }
        }
    }

    /// The sum of the degrees, less the relationships that are used up.
    fn count(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<u64, ExecError> {
        if self.into
            || self.at < self.steps.len()
            || self.walk.direction == crate::plan::PatternDirection::Both
        {
            let mut rows = 0;
            while self.next(row, context)? {
                rows += 1;
            }
            return Ok(rows);
        }
        let mut rows = 0;
        while let Some(from) = self.pull(row, context)? {
            let Some(from) = from else { continue };
            let degree = self.walk.degree(from, context).unwrap_or(0);
            rows += degree - self.used_from(from, row, context);
        }
        Ok(rows)
    }
}

impl Expand {
    /// How many of the excluded relationships would be steps from here.
    fn used_from(&self, from: NodeId, row: &[Value], context: &mut Context<'_>) -> u64 {
        let mut used = Vec::new();
        for slot in &self.exclude {
            match &row[*slot] {
                Value::Relationship(id) => used.push(*id),
                Value::List(items) => used.extend(items.iter().filter_map(|item| match item {
                    Value::Relationship(id) => Some(*id),
                    _ => None,
                })),
                _ => {}
            }
        }
        used.sort_unstable();
        used.dedup();
        let mut count = 0;
        for id in used {
            if let Some(ends) = context.graph().relationship(id) {
                count += u64::from(self.walk.takes(from, ends, context));
            }
        }
        count
    }
}
