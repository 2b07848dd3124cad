//! The k nearest vectors of an index, by a scan.

use samyama_graph::{EntityKind, IndexKind, NodeId, RelationshipId, Value, vector};

use super::{Ranked, find, note, rows, sort};
use crate::ExecError;
use crate::expression::Context;

fn invalid(message: impl Into<String>) -> ExecError {
    ExecError::argument_error("InvalidArgumentValue", message)
}

/// Rows of `db.index.vector.queryNodes(index, k, vector)` and its twin for relationships.
pub(crate) fn nearest(
    arguments: &[Value],
    nodes: bool,
    context: &mut Context<'_>,
) -> Result<Vec<Vec<Value>>, ExecError> {
    let [name, count, query] = arguments else {
        return Err(ExecError::internal("a vector query has three arguments"));
    };
    let is_vector = |kind: &IndexKind| matches!(kind, IndexKind::Vector { .. });
    let index = find(context.graph(), name, nodes, is_vector, "vector")?.clone();
    let IndexKind::Vector { dimensions, similarity } = index.kind else {
        return Err(ExecError::internal("a vector index of another kind"));
    };
    let count = match count {
        Value::Integer(count) if *count > 0 => *count as usize,
        _ => return Err(invalid("the number of nearest neighbours is a positive integer")),
    };
    let query = vector::components(query).ok_or_else(|| invalid("the vector is a list of finite numbers"))?;
    if dimensions.is_some_and(|wanted| wanted as usize != query.len()) {
        let wanted = dimensions.unwrap_or_default();
        return Err(invalid(format!("the index has {wanted} dimensions, the vector {}", query.len())));
    }
    note(&index, context);
    let key = index.keys[0];
    let mut found: Ranked = Vec::new();
    let mut offer = |id: u64, value: &Value| {
        if let Some(score) = vector::score_of(similarity, value, &query) {
            found.push((id, score));
            // Keep little more than what is asked for.
            if found.len() >= 2 * count + 1_024 {
                sort(&mut found);
                found.truncate(count);
            }
        }
    };
    match index.entity {
        EntityKind::Node(label) => {
            let mut ids = Vec::new();
            context.graph().nodes_with_label_from(label, NodeId(0), usize::MAX, &mut ids);
            for id in ids {
                context.step()?;
                offer(id.0, &context.graph().node_property(id, key));
            }
        }
        EntityKind::Relationship(type_id) => {
            let mut ids = Vec::new();
            context.graph().relationships_from(Some(type_id), RelationshipId(0), usize::MAX, &mut ids);
            for id in ids {
                context.step()?;
                offer(id.0, &context.graph().relationship_property(id, key));
            }
        }
    }
    sort(&mut found);
    found.truncate(count);
    Ok(rows(found, nodes, context))
}
