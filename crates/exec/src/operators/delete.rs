//! DELETE: consumes its whole input, then removes relationships, then nodes.
//!
//! A node that keeps relationships takes them out of the graph with it, so that later clauses see neither. The statement
//! fails in the end unless they were deleted too by then ([`Dangling`]).

use samyama_graph::{Direction, Effect, NodeId, RelationshipId, Value};

use super::rows::Buffer;
use super::statement::Dangling;
use super::{Operate, Source};
use crate::expression::{Context, Expression, value_bytes};
use crate::{ExecError, Read, Side};

pub(super) struct Delete {
    pub(super) input: Source,
    pub(super) targets: Vec<Expression>,
    pub(super) detach: bool,
    pub(super) buffer: Buffer,
    pub(super) is_done: bool,
}

#[derive(Default)]
struct Doomed {
    nodes: Vec<NodeId>,
    relationships: Vec<RelationshipId>,
}

impl Doomed {
    fn add(&mut self, value: &Value) -> Result<(), ExecError> {
        match value {
            Value::Null => {}
            Value::Node(id) => self.nodes.push(*id),
            Value::Relationship(id) => self.relationships.push(*id),
            Value::Path(path) => {
                self.nodes.push(path.start);
                for step in &path.steps {
                    self.relationships.push(step.relationship);
                    self.nodes.push(step.node);
                }
            }
            other => {
                return Err(ExecError::type_error(
                    "InvalidArgumentType",
                    format!(
                        "Expected a Node, Relationship or Path to delete, but there was a {}",
                        other.type_name()
                    ),
                ));
            }
        }
        Ok(())
    }

    fn remove(mut self, detach: bool, context: &mut Context<'_>) -> Result<(), ExecError> {
        if detach {
            for node in &self.nodes {
                for direction in [Direction::Outgoing, Direction::Incoming] {
                    context.note(|| Read::Adjacency(Side { node: *node, direction, types: None }));
                    let entries = context.graph().adjacency(*node, direction, None).flatten();
                    self.relationships.extend(entries.map(|entry| entry.relationship()));
                }
                let left = context.statement.dangling.iter();
                let left = left.filter(|(_, one)| one.ends.start == *node || one.ends.end == *node);
                self.relationships.extend(left.map(|(id, _)| *id));
            }
        }
        for id in self.relationships {
            // Named twice, or deleted before: fine.
            if let Some(ends) = context.graph().relationship(id) {
                context.deleted_relationships.insert(id, ends);
                context.apply(Effect::DeleteRelationship { id })?;
                context.statement.counters.relationships_deleted += 1;
            } else if context.statement.dangling.remove(&id).is_some() {
                context.statement.counters.relationships_deleted += 1;
            }
        }
        for id in self.nodes {
            if context.graph().node_exists(id) {
                leave_behind(id, context)?;
                context.apply(Effect::DeleteNode { id })?;
                context.statement.counters.nodes_deleted += 1;
            }
        }
        Ok(())
    }
}

/// Takes the relationships that a node keeps out of the graph, until they are deleted themselves.
fn leave_behind(deleted: NodeId, context: &mut Context<'_>) -> Result<(), ExecError> {
    for direction in [Direction::Outgoing, Direction::Incoming] {
        let entries = context.graph().adjacency(deleted, direction, None).flatten();
        let kept: Vec<_> = entries.map(|entry| entry.relationship()).collect();
        for id in kept {
            // A loop stands on both sides.
            let Some(ends) = context.graph().relationship(id) else { continue };
            let properties: Vec<_> = context.graph().relationship_properties(id).collect();
            context.memory.ensure(properties.iter().map(|(_, value)| value_bytes(value)).sum())?;
            context.deleted_relationships.insert(id, ends);
            context.statement.dangling.insert(id, Dangling { ends, deleted, properties });
            context.apply(Effect::DeleteRelationship { id })?;
        }
    }
    Ok(())
}

impl Delete {
    fn run(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        let mut doomed = Doomed::default();
        while self.input.next(row, context)? {
            context.step()?;
            for target in &self.targets {
                doomed.add(&target.evaluate(row, context)?)?;
            }
            context.memory.ensure(doomed.nodes.len() * 8 + doomed.relationships.len() * 8)?;
            self.buffer.push(row, context)?;
        }
        doomed.remove(self.detach, context)
    }
}

impl Operate for Delete {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.buffer.clear(context);
        self.is_done = false;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        if !std::mem::replace(&mut self.is_done, true) {
            self.run(row, context)?;
        }
        Ok(self.buffer.pop(row))
    }
}
