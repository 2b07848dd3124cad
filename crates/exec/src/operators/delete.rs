//! DELETE: consumes its whole input, then removes relationships, then nodes. A node that keeps relationships is looked at
//! again when the statement ends, and fails it then.

use samyama_graph::{Direction, Effect, NodeId, RelationshipId, Value};

use super::rows::Buffer;
use super::{Operate, Source};
use crate::expression::{Context, Expression};
use crate::{ExecError, Read};

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
                for side in [Direction::Outgoing, Direction::Incoming] {
                    context.note(|| Read::Adjacency(*node, side));
                    let entries = context.graph().adjacency(*node, side, None).flatten();
                    self.relationships.extend(entries.map(|entry| entry.relationship()));
                }
            }
        }
        for id in self.relationships {
            // Named twice, or deleted before: fine.
            if let Some(ends) = context.graph().relationship(id) {
                context.deleted_relationships.insert(id, ends);
                context.apply(Effect::DeleteRelationship { id })?;
                context.statement.counters.relationships_deleted += 1;
            }
        }
        for id in self.nodes {
            let graph = context.graph();
            if !graph.node_exists(id) {
                continue;
            }
            if graph.degree(id, Direction::Outgoing, None) + graph.degree(id, Direction::Incoming, None) > 0 {
                context.statement.doomed.push(id);
            } else {
                context.apply(Effect::DeleteNode { id })?;
                context.statement.counters.nodes_deleted += 1;
            }
        }
        Ok(())
    }
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
