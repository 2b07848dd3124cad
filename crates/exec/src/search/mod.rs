//! Look-ups that rank: full-text search and nearest vectors, behind the procedures `db.index.fulltext.*` and
//! `db.index.vector.*`. The query language is the part of Lucene's that `query.rs` reads; ranking is BM25. Nearest vectors
//! are found by scanning the label: exact, and linear in its size.

mod fulltext;
mod query;
mod vector;

use std::sync::Arc;

use samyama_graph::{EntityKind, Graph, IndexDefinition, IndexKind, NodeId, RelationshipId, Value};

use crate::expression::Context;
use crate::{ExecError, Lookup, Read};

pub(crate) use fulltext::search as fulltext_search;
pub(crate) use vector::nearest;

/// Entities with their scores, best first; equal scores by id.
type Ranked = Vec<(u64, f64)>;

fn sort(found: &mut Ranked) {
    found.sort_by(|(one, a), (other, b)| b.total_cmp(a).then(one.cmp(other)));
}

/// The index of this name, if it is of the kind that the procedure looks up.
fn find<'g>(
    graph: &'g Graph,
    name: &Value,
    nodes: bool,
    wanted: fn(&IndexKind) -> bool,
    what: &str,
) -> Result<&'g IndexDefinition, ExecError> {
    let Value::String(name) = name else {
        let got = name.type_name();
        return Err(ExecError::type_error(
            "InvalidArgumentType",
            format!("The name of an index is a String, got {got}"),
        ));
    };
    let is_node = |index: &IndexDefinition| matches!(index.entity, EntityKind::Node(_));
    let entities = if nodes { "nodes" } else { "relationships" };
    let missing = |why: String| ExecError {
        code: "Neo.ClientError.Procedure.ProcedureCallFailed",
        ..ExecError::argument_error("InvalidArgumentValue", why)
    };
    match graph.indexes().find(|index| index.name == *name) {
        None => Err(missing(format!("There is no such {what} index: {name}"))),
        Some(index) if !wanted(&index.kind) => Err(missing(format!("`{name}` is not a {what} index"))),
        Some(index) if is_node(index) != nodes => {
            Err(missing(format!("`{name}` is an index on the other kind of entity, not on {entities}")))
        }
        Some(index) => Ok(index),
    }
}

/// The answer depends on every entity that the index covers.
fn note(index: &IndexDefinition, context: &mut Context<'_>) {
    let mut reads = Vec::new();
    let graph = context.graph();
    for entity in index.entities() {
        for key in &index.keys {
            let lookup = Lookup::of_key(Arc::clone(graph.property_key_name(*key)));
            reads.push(match entity {
                EntityKind::Node(label) => Read::Index { label: Arc::clone(graph.label_name(label)), lookup },
                EntityKind::Relationship(type_id) => {
                    let type_name = Arc::clone(graph.relationship_type_name(type_id));
                    Read::RelationshipIndex { type_name, lookup }
                }
            });
        }
    }
    reads.into_iter().for_each(|read| context.note(|| read));
}

/// What was found is seen as a whole, not by its indexed properties alone.
fn rows(found: Ranked, nodes: bool, context: &mut Context<'_>) -> Vec<Vec<Value>> {
    let mut entity = |id| {
        if nodes {
            context.note(|| Read::Node(NodeId(id)));
            Value::Node(NodeId(id))
        } else {
            context.note(|| Read::Relationship(RelationshipId(id)));
            Value::Relationship(RelationshipId(id))
        }
    };
    found.into_iter().map(|(id, score)| vec![entity(id), Value::Float(score)]).collect()
}
