//! Which nodes can be reached, each once: breadth first with a set of visited nodes. For queries that cannot see the
//! paths; a graph of a million trails between a thousand nodes is a thousand steps here.
//!
//! Every node but the start is reached by a trail (no relationship twice) exactly if it is reached at all: take the
//! shortest way. The start itself counts at once with `min` 0. With `min` 1 a relationship has to lead back to it; when
//! relationships are walked both ways, it must not be the one that led away. Then the start counts if a relationship
//! joins two branches of the search, a branch being all that was reached over the same first relationship.

use rustc_hash::FxHashMap;
use samyama_graph::{NodeId, RelationshipId, Value};

use super::var_length::Hop;
use super::walk::{Walk, is_used};
use crate::ExecError;
use crate::expression::Context;
use crate::plan::PatternDirection;

/// Bytes of a visited node in the map and the lists.
const VISITED_BYTES: usize = 72;

pub(super) struct Reach<'a> {
    pub(super) walk: &'a Walk,
    /// 0 or 1.
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) exclude: &'a [usize],
    pub(super) hop: &'a Option<Hop>,
    /// Only this node is asked for.
    pub(super) goal: Option<NodeId>,
}

/// How a node was reached first.
#[derive(Clone, Copy)]
struct Way {
    depth: u64,
    /// The first relationship of the way, and its last; None of the start.
    branch: Option<RelationshipId>,
    last: Option<RelationshipId>,
}

impl Reach<'_> {
    /// The ends, nearest first.
    pub(super) fn ends(
        &self,
        from: NodeId,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<Vec<NodeId>, ExecError> {
        let mut charged = 0;
        let ends = self.search(from, row, context, &mut charged);
        context.memory.release(charged);
        ends
    }

    fn search(
        &self,
        from: NodeId,
        row: &mut [Value],
        context: &mut Context<'_>,
        charged: &mut usize,
    ) -> Result<Vec<NodeId>, ExecError> {
        let mut ends = Vec::new();
        let mut back = self.min > 0;
        if !back {
            ends.push(from);
            if self.goal == Some(from) {
                return Ok(ends);
            }
        }
        let mut ways = FxHashMap::default();
        ways.insert(from, Way { depth: 0, branch: None, last: None });
        let (mut layer, mut next, mut steps) = (vec![from], Vec::new(), Vec::new());
        for depth in 1..=self.max {
            for node in layer.drain(..) {
                let way = ways[&node];
                steps.clear();
                self.walk.steps_from(node, context, &mut steps);
                for step in &steps {
                    context.step()?;
                    let is_used = !self.exclude.is_empty() && is_used(step.relationship, self.exclude, row);
                    if is_used || !Hop::allows(self.hop, step.relationship, row, context)? {
                        continue;
                    }
                    let branch = way.branch.or(Some(step.relationship));
                    let known = ways.get(&step.neighbour).copied();
                    if known.is_none() {
                        context.memory.charge(VISITED_BYTES)?;
                        *charged += VISITED_BYTES;
                        let last = Some(step.relationship);
                        ways.insert(step.neighbour, Way { depth, branch, last });
                        next.push(step.neighbour);
                    }
                    let closes = back
                        && known.is_some_and(|known| {
                            self.closes(way, branch, step.relationship, step.neighbour == from, known)
                        });
                    if closes {
                        back = false;
                        ends.push(from);
                    } else if known.is_none() {
                        ends.push(step.neighbour);
                    } else {
                        continue;
                    }
                    if self.goal.is_some() && self.goal == ends.last().copied() {
                        return Ok(ends);
                    }
                }
            }
            if next.is_empty() {
                break;
            }
            std::mem::swap(&mut layer, &mut next);
        }
        Ok(ends)
    }

    /// Does a relationship to a node that is known already make a trail back to the start, short enough?
    fn closes(
        &self,
        way: Way,
        branch: Option<RelationshipId>,
        relationship: RelationshipId,
        is_start: bool,
        known: Way,
    ) -> bool {
        if self.walk.direction != PatternDirection::Both {
            return is_start;
        }
        let is_other = if is_start {
            // Over the relationship that led here, or, from the start itself, over a loop.
            way.last != Some(relationship)
        } else {
            known.branch != branch
        };
        is_other && way.depth + known.depth < self.max
    }
}
