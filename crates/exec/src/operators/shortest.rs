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
        if from == to {
            if self.min == 0 {
                self.paths.push(Vec::new());
            }
            return Ok(());
        }
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
                    if !Hop::allows(&self.hop, step.relationship, row, context)? {
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
        self.trace(to, from, &reached, context)
    }

    /// Every way back from the end to the start.
    fn trace(
        &mut self,
        to: NodeId,
        from: NodeId,
        reached: &Reached,
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        let mut stack = vec![(to, Vec::new())];
        while let Some((node, tail)) = stack.pop() {
            context.step()?;
            if node == from {
                if tail.len() as u64 >= self.min {
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
