//! Shortest paths between two bound nodes: breadth first from both, always on the side with the smaller layer, remembering
//! every way into each node on its first layer; then the paths from where the sides met to either end.

use rustc_hash::FxHashMap;
use samyama_graph::{NodeId, RelationshipId, Value};

use super::var_length::Hop;
use super::walk::{Walk, node_at, relationship_list};
use super::{Operate, Source};
use crate::expression::Context;
use crate::{ExecError, Read};

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

/// Bytes of a reached node with one way into it.
const WAY_BYTES: usize = 88;

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

    /// Breadth first from both of two different nodes, without one relationship, until the layers touch.
    fn between(
        &mut self,
        from: NodeId,
        to: NodeId,
        without: Option<RelationshipId>,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        let mut ahead = Side::new(from, self.walk.clone());
        let reverse = Walk { types: self.walk.types.clone(), direction: self.walk.direction.reversed() };
        let mut behind = Side::new(to, reverse);
        let mut charged = 0;
        let mut found = Ok(Vec::new());
        while ahead.depth + behind.depth < self.max && !ahead.layer.is_empty() && !behind.layer.is_empty() {
            let (near, far) = if ahead.layer.len() <= behind.layer.len() {
                (&mut ahead, &behind)
            } else {
                (&mut behind, &ahead)
            };
            let search = Search { all: self.all, without, hop: &self.hop };
            found = search.grow(near, far, row, context, &mut charged);
            if found.as_ref().map_or(true, |meeting| !meeting.is_empty()) {
                break;
            }
        }
        // What comes before the relationship left out counts too.
        let min = if without.is_some() { 0 } else { self.min };
        let traced = found.and_then(|meeting| {
            if ahead.depth + behind.depth >= min {
                self.join(&meeting, &ahead, &behind, context)
            } else {
                Ok(())
            }
        });
        context.memory.release(charged);
        traced
    }

    /// Every way from the start to where the sides met, with every way from there to the end.
    fn join(
        &mut self,
        meeting: &[NodeId],
        ahead: &Side,
        behind: &Side,
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        // Met once, one way in: that is the path that was asked for.
        let meeting = if self.all { meeting } else { meeting.get(..1).unwrap_or_default() };
        for &node in meeting {
            let tails = behind.ways(node, context)?;
            for head in ahead.ways(node, context)? {
                for tail in &tails {
                    context.step()?;
                    let path: Vec<_> = head.iter().rev().chain(tail).copied().collect();
                    context.memory.ensure((self.paths.len() + 1) * (24 + path.len() * 8))?;
                    self.paths.push(path);
                }
            }
        }
        Ok(())
    }
}

/// What one step of the search has to know beside its side.
struct Search<'a> {
    all: bool,
    without: Option<RelationshipId>,
    hop: &'a Option<Hop>,
}

impl Search<'_> {
    /// One more layer; the nodes of it that the other side has reached too. A shorter way would have been met before, so
    /// these stand on the other side's newest layer, and each shortest path leads through exactly one of them.
    fn grow(
        &self,
        near: &mut Side,
        far: &Side,
        row: &mut [Value],
        context: &mut Context<'_>,
        charged: &mut usize,
    ) -> Result<Vec<NodeId>, ExecError> {
        near.depth += 1;
        let (mut next, mut meeting, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for node in std::mem::take(&mut near.layer) {
            steps.clear();
            near.walk.steps_from(node, context, &mut steps);
            for step in &steps {
                context.step()?;
                if self.without == Some(step.relationship)
                    || !Hop::allows(self.hop, step.relationship, row, context)?
                {
                    continue;
                }
                let depth = near.depth;
                let entry = near.reached.entry(step.neighbour).or_insert_with(|| {
                    next.push(step.neighbour);
                    if far.reached.contains_key(&step.neighbour) {
                        meeting.push(step.neighbour);
                    }
                    (depth, Vec::new())
                });
                if entry.0 == depth && (self.all || entry.1.is_empty()) {
                    context.memory.charge(WAY_BYTES)?;
                    *charged += WAY_BYTES;
                    entry.1.push((step.relationship, node));
                }
            }
        }
        near.layer = next;
        Ok(meeting)
    }
}

/// The search from one of the two nodes.
struct Side {
    root: NodeId,
    walk: Walk,
    reached: Reached,
    /// The nodes reached last, `depth` relationships away.
    layer: Vec<NodeId>,
    depth: u64,
}

impl Side {
    fn new(root: NodeId, walk: Walk) -> Self {
        let mut reached = Reached::default();
        reached.insert(root, (0, Vec::new()));
        Side { root, walk, reached, layer: vec![root], depth: 0 }
    }

    /// Every shortest way from a node back to the root, in the order in which it is walked.
    fn ways(&self, node: NodeId, context: &mut Context<'_>) -> Result<Vec<Vec<RelationshipId>>, ExecError> {
        let mut stack = vec![(node, Vec::new())];
        let mut ways = Vec::new();
        while let Some((node, way)) = stack.pop() {
            context.step()?;
            context.memory.ensure((ways.len() + stack.len() + 1) * (32 + way.len() * 8))?;
            if node == self.root {
                ways.push(way);
                continue;
            }
            for (relationship, before) in self.reached.get(&node).map_or(&[][..], |(_, ways)| &ways[..]) {
                let mut longer = way.clone();
                longer.push(*relationship);
                stack.push((*before, longer));
            }
        }
        Ok(ways)
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
                path.iter().for_each(|id| context.depend_on(|| Read::Relationship(*id)));
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
