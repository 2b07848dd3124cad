//! Paths from the slots of their parts.

use std::sync::Arc;

use samyama_graph::{NodeId, Path, PathStep, RelationshipEnds, RelationshipId, Value};

use super::{Context, deleted_relationship};
use crate::{ExecError, Read};

/// Node, relationship (or list of relationships), node, ...; null if a part is. The direction of each step, and the nodes
/// inside a list of relationships, are found by walking. Whoever has a path sees all that it is made of.
pub(super) fn build(slots: &[usize], row: &[Value], context: &mut Context<'_>) -> Result<Value, ExecError> {
    let Some(start) = slots.first().map(|slot| &row[*slot]) else {
        return Err(ExecError::internal("a path without parts"));
    };
    let start = match start {
        Value::Null => return Ok(Value::Null),
        other => node(other)?,
    };
    let mut steps = Vec::with_capacity(slots.len() / 2);
    let mut here = start;
    for pair in slots[1..].chunks(2) {
        let [relationship, end] = pair else {
            return Err(ExecError::internal("a path that ends with a relationship"));
        };
        let (relationship, end) = (&row[*relationship], &row[*end]);
        match (relationship, end) {
            (Value::Null, _) | (_, Value::Null) => return Ok(Value::Null),
            (Value::Relationship(id), _) => here = step(&mut steps, here, *id, context)?,
            (Value::List(ids), _) => {
                for id in ids.iter() {
                    let Value::Relationship(id) = id else { return Err(no_part(id)) };
                    here = step(&mut steps, here, *id, context)?;
                }
            }
            (other, _) => return Err(no_part(other)),
        }
        if here != node(end)? {
            return Err(ExecError::internal("the parts of a path do not meet"));
        }
    }
    context.depend_on(|| Read::Node(start));
    for step in &steps {
        context.depend_on(|| Read::Relationship(step.relationship));
        context.depend_on(|| Read::Node(step.node));
    }
    Ok(Value::Path(Arc::new(Path { start, steps })))
}

fn step(
    steps: &mut Vec<PathStep>,
    here: NodeId,
    id: RelationshipId,
    context: &Context<'_>,
) -> Result<NodeId, ExecError> {
    let ends: Option<RelationshipEnds> =
        context.graph().relationship(id).or_else(|| context.deleted_relationships.get(&id).copied());
    let ends = ends.ok_or_else(|| deleted_relationship(id))?;
    let forward = ends.start == here;
    if !forward && ends.end != here {
        return Err(ExecError::internal("the parts of a path do not meet"));
    }
    let next = if forward { ends.end } else { ends.start };
    steps.push(PathStep { relationship: id, forward, node: next });
    Ok(next)
}

fn node(value: &Value) -> Result<NodeId, ExecError> {
    if let Value::Node(id) = value { Ok(*id) } else { Err(no_part(value)) }
}

fn no_part(value: &Value) -> ExecError {
    ExecError::internal(format!("{} as a part of a path", value.type_name()))
}
