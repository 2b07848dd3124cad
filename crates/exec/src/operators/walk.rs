//! What all expansions share: types bound to tokens, the relationships of a node on the wanted sides, and those that the
//! same MATCH has used already.

use std::sync::Arc;

use samyama_graph::{Direction, NodeId, RelationshipEnds, RelationshipId, TypeId, Value};

use crate::expression::{Context, Tokens, TypeRef};
use crate::plan::PatternDirection;
use crate::{ExecError, Read, Side};

/// The types of a pattern; none means any.
#[derive(Clone)]
pub(super) struct Types {
    refs: Vec<TypeRef>,
    /// None: any type.
    names: Option<Arc<[Arc<str>]>>,
}

impl Types {
    pub(super) fn new(names: &[Arc<str>], tokens: &mut Tokens) -> Self {
        let refs = names.iter().map(|name| tokens.add_type(name)).collect();
        Self { refs, names: (!names.is_empty()).then(|| names.into()) }
    }

    /// Which relationships of these types there are: that is the answer.
    pub(super) fn note_all(&self, context: &mut Context<'_>) {
        match &self.names {
            None => context.note(|| Read::RelationshipType(None)),
            Some(names) => {
                for name in names.iter() {
                    context.note(|| Read::RelationshipType(Some(Arc::clone(name))));
                }
            }
        }
    }

    /// None: any type. An empty list: none of the names exists, nothing can match.
    pub(super) fn resolve(&self, context: &mut Context<'_>) -> Option<Vec<TypeId>> {
        if self.refs.is_empty() {
            return None;
        }
        let graph = context.access.graph();
        let mut ids: Vec<_> =
            self.refs.iter().filter_map(|name| context.tokens.relationship_type(*name, graph)).collect();
        ids.sort_unstable();
        ids.dedup();
        Some(ids)
    }
}

/// One relationship seen from a node.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) relationship: RelationshipId,
    pub(super) neighbour: NodeId,
}

/// Which way, and which types: filled into a buffer, one node at a time.
#[derive(Clone)]
pub(super) struct Walk {
    pub(super) types: Types,
    pub(super) direction: PatternDirection,
}

impl Walk {
    fn sides(&self) -> &'static [Direction] {
        match self.direction {
            PatternDirection::Out => &[Direction::Outgoing],
            PatternDirection::In => &[Direction::Incoming],
            PatternDirection::Both => &[Direction::Outgoing, Direction::Incoming],
        }
    }

    /// Append the node's relationships; a self-loop stands once when both sides are wanted.
    pub(super) fn steps_from(&self, from: NodeId, context: &mut Context<'_>, steps: &mut Vec<Step>) {
        let types = self.types.resolve(context);
        for &side in self.sides() {
            context.note(|| self.read_of(from, side));
            let graph = context.access.graph();
            let both = self.direction == PatternDirection::Both;
            let mut add = |type_id: Option<TypeId>| {
                for chunk in graph.adjacency(from, side, type_id) {
                    let found = chunk
                        .iter()
                        .filter(|entry| !(both && side == Direction::Incoming && entry.neighbour() == from))
                        .map(|entry| Step {
                            relationship: entry.relationship(),
                            neighbour: entry.neighbour(),
                        });
                    steps.extend(found);
                }
            };
            match &types {
                None => add(None),
                Some(ids) => ids.iter().for_each(|id| add(Some(*id))),
            }
        }
    }

    fn read_of(&self, node: NodeId, direction: Direction) -> Read {
        Read::Adjacency(Side { node, direction, types: self.types.names.clone() })
    }

    /// How many there are, without looking at them.
    pub(super) fn degree(&self, from: NodeId, context: &mut Context<'_>) -> Option<u64> {
        if self.direction != PatternDirection::Both {
            context.note(|| self.read_of(from, self.sides()[0]));
        }
        self.expected_steps(from, context)
    }

    /// How many there are, for a choice of ways that leaves the answer as it is: nothing is read.
    pub(super) fn expected_steps(&self, from: NodeId, context: &mut Context<'_>) -> Option<u64> {
        if self.direction == PatternDirection::Both {
            return None; // self-loops would count twice
        }
        let types = self.types.resolve(context);
        let side = self.sides()[0];
        let graph = context.access.graph();
        Some(match &types {
            None => graph.degree(from, side, None),
            Some(ids) => ids.iter().map(|id| graph.degree(from, side, Some(*id))).sum(),
        })
    }

    /// Would this relationship be among the steps from `from`?
    pub(super) fn takes(&self, from: NodeId, ends: RelationshipEnds, context: &mut Context<'_>) -> bool {
        let types = self.types.resolve(context);
        types.is_none_or(|ids| ids.contains(&ends.type_id)) && self.other_end(from, ends).is_some()
    }

    /// Where a relationship leads from `from` in the wanted direction.
    pub(super) fn other_end(&self, from: NodeId, ends: RelationshipEnds) -> Option<NodeId> {
        let out = (ends.start == from).then_some(ends.end);
        let into = (ends.end == from).then_some(ends.start);
        match self.direction {
            PatternDirection::Out => out,
            PatternDirection::In => into,
            PatternDirection::Both => out.or(into),
        }
    }
}

/// The relationships in these slots (single ones, or lists) are used up in this row.
pub(super) fn is_used(relationship: RelationshipId, exclude: &[usize], row: &[Value]) -> bool {
    exclude.iter().any(|slot| holds(&row[*slot], relationship))
}

fn holds(value: &Value, relationship: RelationshipId) -> bool {
    match value {
        Value::Relationship(id) => *id == relationship,
        Value::List(items) => items.iter().any(|item| holds(item, relationship)),
        _ => false,
    }
}

/// A node out of a slot; None for null.
///
/// # Errors
/// When something else stands there.
pub(super) fn node_at(slot: usize, row: &[Value]) -> Result<Option<NodeId>, ExecError> {
    match &row[slot] {
        Value::Node(id) => Ok(Some(*id)),
        Value::Null => Ok(None),
        other => Err(ExecError::type_error(
            "InvalidArgumentType",
            format!("Expected a Node in a pattern, but there was a {}", other.type_name()),
        )),
    }
}

pub(super) fn relationship_list(ids: &[RelationshipId]) -> Value {
    Value::List(Arc::new(ids.iter().map(|id| Value::Relationship(*id)).collect()))
}
