//! Shortest paths between two bound nodes: breadth first from the start, remembering every way into each node on its first
//! layer, then the paths back. Not bidirectional yet.

use rustc_hash::FxHashMap;
use samyama_graph::{NodeId, RelationshipId, Value};

use super::var_length::Hop;
use super::walk::{Walk, node_at, relationship_list};
use super::{Operate, Source};
use crate::ExecError;
use crate::expression::Context;

pub(super) struct Shortest {
    pub(super) input: Source,
    pub(super) from: usize,
    pub(super) relationships: usize,
    pub(super) to: usize,
    pub(super) walk: Walk,
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) all: bool,
    /// A path may lead back to where it began.
    pub(super) cycles: bool,
    pub(super) hop: Option<Hop>,
    pub(super) paths: Vec<Vec<RelationshipId>>,
}

/// For each node reached: on which layer, and from where.
type Reached = FxHashMap<NodeId, (u64, Vec<(RelationshipId, NodeId)>)>;

impl Shortest {
    fn search(
        &mut self,
        from: NodeId,
        to: NodeId,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        self.paths.clear();
        if from != to {
            return self.between(from, to, None, row, context);
        }
        if self.min == 0 {
            self.paths.push(Vec::new());
        } else if self.cycles {
            self.around(from, row, context)?;
        }
        Ok(())
    }

    /// The shortest ways back to where they begin: over each first relationship, then on without it.
    fn around(
        &mut self,
        from: NodeId,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        let mut first = Vec::new();
        self.walk.steps_from(from, context, &mut first);
        let mut best: Vec<Vec<RelationshipId>> = Vec::new();
        for step in first {
            if !Hop::allows(&self.hop, step.relationship, row, context)? {
                continue;
            }
            self.paths.clear();
            if step.neighbour == from {
                self.paths.push(Vec::new());
            } else {
                self.between(step.neighbour, from, Some(step.relationship), row, context)?;
            }
            for rest in std::mem::take(&mut self.paths) {
                let path: Vec<_> = std::iter::once(step.relationship).chain(rest).collect();
                let known = best.first().map_or(usize::MAX, Vec::len);
                if path.len() as u64 > self.max || path.len() > known {
                    continue;
                }
                if path.len() < known {
                    best.clear();
                }
                if self.all || best.is_empty() {
                    best.push(path);
                }
            }
        }
        self.paths = best;
        Ok(())
    }

    /// Breadth first between two different nodes, without one relationship.
    fn between(
        &mut self,
        from: NodeId,
        to: NodeId,
        without: Option<RelationshipId>,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        let mut reached = Reached::default();
        reached.insert(from, (0, Vec::new()));
        let (mut layer, mut steps) = (vec![from], Vec::new());
        for depth in 1..=self.max {
            let mut next = Vec::new();
            for node in layer.drain(..) {
                steps.clear();
                self.walk.steps_from(node, context, &mut steps);
                for step in &steps {
                    context.step()?;
                    if without == Some(step.relationship)
                        || !Hop::allows(&self.hop, step.relationship, row, context)?
                    {
                        continue;
                    }
                    let entry = reached.entry(step.neighbour).or_insert_with(|| {
                        next.push(step.neighbour);
                        (depth, Vec::new())
                    });
                    if entry.0 == depth && (self.all || entry.1.is_empty()) {
                        entry.1.push((step.relationship, node));
                    }
                }
                context.memory.ensure(reached.len() * 72)?;
            }
            if reached.contains_key(&to) || next.is_empty() {
                break;
            }
            layer = next;
        }
        // What comes before the relationship left out counts too.
        let min = if without.is_some() { 0 } else { self.min };
        self.trace(to, from, min, &reached, context)
    }

    /// Every way back from the end to the start.
    fn trace(
        &mut self,
        to: NodeId,
        from: NodeId,
        min: u64,
        reached: &Reached,
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        let mut stack = vec![(to, Vec::new())];
        while let Some((node, tail)) = stack.pop() {
            context.step()?;
            if node == from {
                if tail.len() as u64 >= min {
                    self.paths.push(tail.into_iter().rev().collect());
                }
                continue;
            }
            for (relationship, before) in reached.get(&node).map_or(&[][..], |(_, ways)| &ways[..]) {
                let mut longer = tail.clone();
                longer.push(*relationship);
                stack.push((*before, longer));
            }
        }
        Ok(())
    }
}

impl Operate for Shortest {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.paths.clear();
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            if let Some(path) = self.paths.pop() {
                row[self.relationships] = relationship_list(&path);
                return Ok(true);
            }
            if !self.input.next(row, context)? {
                return Ok(false);
            }
            if let (Some(from), Some(to)) = (node_at(self.from, row)?, node_at(self.to, row)?) {
                self.search(from, to, row, context)?;
            }
        }
    }
}
