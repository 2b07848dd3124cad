//! Paths of variable length: every trail (no relationship twice) of `min` to `max` hops, depth first; or, where the query
//! cannot see the paths, every end that can be reached, breadth first with a set of visited nodes.

use samyama_graph::{NodeId, RelationshipId, Value};

use super::reach::Reach;
use super::walk::{Step, Walk, is_used, node_at, relationship_list};
use super::{Operate, Source};
use crate::expression::{Context, Expression};
use crate::{ExecError, Read};

/// A predicate over each hop, with the hop's relationship in a slot of its own.
pub(super) struct Hop {
    pub(super) slot: usize,
    pub(super) predicate: Expression,
}

impl Hop {
    pub(super) fn allows(
        hop: &Option<Hop>,
        relationship: RelationshipId,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<bool, ExecError> {
        let Some(hop) = hop else { return Ok(true) };
        context.note(|| Read::Relationship(relationship));
        row[hop.slot] = Value::Relationship(relationship);
        hop.predicate.holds(row, context)
    }
}

pub(super) struct VarLength {
    pub(super) input: Source,
    pub(super) from: usize,
    pub(super) relationships: usize,
    pub(super) to: usize,
    pub(super) walk: Walk,
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) into: bool,
    pub(super) exclude: Vec<usize>,
    pub(super) hop: Option<Hop>,
    pub(super) distinct_ends: bool,
    pub(super) search: Search,
}

/// The search under way for one input row.
#[derive(Default)]
pub(super) struct Search {
    /// One frame per depth: the steps from the node there, and which comes next.
    frames: Vec<(Vec<Step>, usize)>,
    trail: Vec<RelationshipId>,
    /// The start itself is an answer that has not been given yet (`min` 0).
    start: Option<NodeId>,
    /// Distinct ends, found all at once.
    ends: Vec<NodeId>,
    ends_at: usize,
}

impl VarLength {
    fn open(&mut self, from: NodeId, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        self.search = Search::default();
        if self.distinct_ends && self.min <= 1 {
            let reach = Reach {
                walk: &self.walk,
                min: self.min,
                max: self.max,
                exclude: &self.exclude,
                hop: &self.hop,
                goal: if self.into { node_at(self.to, row)? } else { None },
            };
            self.search.ends = reach.ends(from, row, context)?;
            return Ok(());
        }
        self.search.start = (self.min == 0).then_some(from);
        if self.max > 0 && self.min <= self.max {
            self.push_frame(from, context);
        }
        Ok(())
    }

    fn push_frame(&mut self, from: NodeId, context: &mut Context<'_>) {
        let mut steps = Vec::new();
        self.walk.steps_from(from, context, &mut steps);
        self.search.frames.push((steps, 0));
    }

    /// Depth first, to the next trail that is long enough; its end.
    fn next_trail(
        &mut self,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<Option<NodeId>, ExecError> {
        if let Some(start) = self.search.start.take() {
            return Ok(Some(start));
        }
        loop {
            context.step()?;
            let depth = self.search.frames.len();
            let Some((steps, at)) = self.search.frames.last_mut() else { return Ok(None) };
            // The trail holds what led here; a frame is the fan of what may come next.
            self.search.trail.truncate(depth - 1);
            let Some(step) = steps.get(*at).copied() else {
                self.search.frames.pop();
                continue;
            };
            *at += 1;
            let again = self.search.trail.contains(&step.relationship)
                || (!self.exclude.is_empty() && is_used(step.relationship, &self.exclude, row));
            if again || !Hop::allows(&self.hop, step.relationship, row, context)? {
                continue;
            }
            self.search.trail.push(step.relationship);
            let length = self.search.trail.len() as u64;
            if length < self.max {
                context.memory.ensure(length as usize * 64)?;
                self.push_frame(step.neighbour, context);
            } else {
                // A leaf: keep the frame count one ahead, so that truncation above drops this relationship.
                self.search.frames.push((Vec::new(), 0));
            }
            if length >= self.min {
                return Ok(Some(step.neighbour));
            }
        }
    }

    fn next_end(
        &mut self,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<Option<NodeId>, ExecError> {
        if let Some(end) = self.search.ends.get(self.search.ends_at) {
            self.search.ends_at += 1;
            return Ok(Some(*end));
        }
        self.next_trail(row, context)
    }
}

impl Operate for VarLength {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.search = Search::default();
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            while let Some(end) = self.next_end(row, context)? {
                if self.into {
                    if node_at(self.to, row)? != Some(end) {
                        continue;
                    }
                } else {
                    context.note(|| Read::Node(end));
                    row[self.to] = Value::Node(end);
                }
                self.search.trail.iter().for_each(|id| context.depend_on(|| Read::Relationship(*id)));
                row[self.relationships] = relationship_list(&self.search.trail);
                return Ok(true);
            }
            if !self.input.next(row, context)? {
                return Ok(false);
            }
            match node_at(self.from, row)? {
                None => self.search = Search::default(),
                Some(from) => self.open(from, row, context)?,
            }
        }
    }
}
