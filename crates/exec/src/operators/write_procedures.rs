//! Procedures that write: MERGE and SET with labels and types that are values (`apoc.merge.*`, `apoc.create.addLabels`), as
//! graph libraries call them, and the old way to make a vector index. An index on any of the labels and identifying keys is
//! used; else the smallest label is scanned.

use std::sync::Arc;

use samyama_graph::compare::equals;
use samyama_graph::{
    Bound, Direction, EntityKind, Graph, IndexRange, KeyId, LabelId, Map, NodeId, RelationshipId, Value,
};

use super::create::{create_node, create_relationship, storable};
use super::procedure::Answer;
use super::schema::create_vector_index;
use super::set::{Entity, add_labels, set_all};
use super::walk::Step;
use crate::expression::Context;
use crate::functions::names_in;
use crate::{ExecError, Lookup, Read, Side};

/// None: no procedure that writes.
pub(super) fn call(
    name: &str,
    arguments: &[Value],
    context: &mut Context<'_>,
) -> Option<Result<Answer, ExecError>> {
    Some(match (name, arguments) {
        ("apoc.merge.node", [labels, ident, on_create, on_match]) => {
            merge_node(labels, ident, on_create, on_match, context)
        }
        ("apoc.merge.relationship", [start, kind, ident, on_create, end, on_match]) => {
            merge_relationship([start, end], kind, ident, [on_create, on_match], context)
        }
        ("db.index.vector.createnodeindex", arguments) => vector_index(arguments, context),
        ("apoc.create.addlabels", [nodes, labels]) => create_labels(nodes, labels, context),
        _ => return None,
    })
}

fn wrong(what: &str, value: &Value) -> ExecError {
    ExecError::type_error("InvalidArgumentValue", format!("expected {what}, got {}", value.type_name()))
}

fn map(value: &Value) -> Result<Map, ExecError> {
    match value {
        Value::Null => Ok(Map::new()),
        Value::Map(map) => Ok((**map).clone()),
        other => Err(wrong("a Map of properties", other)),
    }
}

fn identifying(value: &Value) -> Result<Map, ExecError> {
    let map = map(value)?;
    if let Some((key, _)) = map.iter().find(|(_, value)| value.is_null()) {
        let what = format!("Cannot merge using null as the value of the identifying property `{key}`");
        return Err(ExecError::semantic_error("MergeReadOwnWrites", what));
    }
    Ok(map)
}

/// `ident` and what comes on top when something is made.
fn with(ident: &Map, more: &Map) -> Map {
    let mut all = ident.clone();
    more.iter().for_each(|(key, value)| all.insert(Arc::clone(key), value.clone()));
    all
}

fn merge_node(
    labels: &Value,
    ident: &Value,
    on_create: &Value,
    on_match: &Value,
    context: &mut Context<'_>,
) -> Result<Answer, ExecError> {
    let (labels, ident) = (names_in(labels)?, identifying(ident)?);
    let mut found = find_nodes(&labels, &ident, context)?;
    if found.is_empty() {
        let properties = storable(&with(&ident, &map(on_create)?), context)?;
        found.push(create_node(&labels, properties, context)?);
    } else {
        let on_match = map(on_match)?;
        for id in &found {
            set_all(Entity::Node(*id), &on_match, false, context)?;
        }
    }
    Ok((vec!["node"], found.into_iter().map(|id| vec![Value::Node(id)]).collect()))
}

fn find_nodes(labels: &[Arc<str>], ident: &Map, context: &mut Context<'_>) -> Result<Vec<NodeId>, ExecError> {
    let graph = context.graph();
    let ids: Option<Vec<LabelId>> = labels.iter().map(|name| graph.label(name)).collect();
    let keys: Option<Vec<(KeyId, &Value)>> =
        ident.iter().map(|(key, value)| Some((graph.property_key(key)?, value))).collect();
    let indexed = ids.as_ref().zip(keys.as_ref()).and_then(|(ids, keys)| by_index(graph, ids, keys));
    let (candidates, read) = match indexed {
        Some(found) => found,
        None => {
            let smallest =
                labels.iter().min_by_key(|name| graph.label(name).map_or(0, |id| graph.label_count(id)));
            let mut found = Vec::new();
            match smallest.map(|name| graph.label(name)) {
                Some(Some(id)) => drop(graph.nodes_with_label_from(id, NodeId(0), usize::MAX, &mut found)),
                Some(None) => {}
                None => drop(graph.nodes_from(NodeId(0), usize::MAX, &mut found)),
            }
            (found, smallest.map_or(Read::AllNodes, |name| Read::Label(Arc::clone(name))))
        }
    };
    context.note(|| read);
    // Those that do not fit may come to fit, be it by a key that nothing has yet.
    candidates.iter().for_each(|id| context.note(|| Read::Node(*id)));
    let (Some(ids), Some(keys)) = (ids, keys) else { return Ok(Vec::new()) };
    let keys: Vec<_> = keys.into_iter().map(|(key, value)| (key, value.clone())).collect();
    let mut found = Vec::new();
    for id in candidates {
        context.step()?;
        let graph = context.graph();
        let fits = ids.iter().all(|label| graph.has_label(id, *label))
            && keys.iter().all(|(key, value)| equals(&graph.node_property(id, *key), value) == Some(true));
        if fits {
            found.push(id);
        }
    }
    Ok(found)
}

/// What the first index finds all of whose keys are given.
fn by_index(graph: &Graph, labels: &[LabelId], keys: &[(KeyId, &Value)]) -> Option<(Vec<NodeId>, Read)> {
    for index in graph.indexes().filter(|index| index.kind.is_ordered()) {
        let EntityKind::Node(label) = index.entity else { continue };
        let value =
            |key: &KeyId| keys.iter().find(|(given, _)| given == key).map(|(_, value)| (*value).clone());
        let values: Option<Vec<Value>> = index.keys.iter().map(value).collect();
        let (true, Some(equal)) = (labels.contains(&label), values) else { continue };
        let (lower, upper) = (Bound::Unbounded, Bound::Unbounded);
        let range = IndexRange { equal: equal.clone(), lower, upper, prefix: None };
        let mut found = Vec::new();
        graph.index_seek(index.id, &range, &mut found);
        let keys = index.keys.iter().map(|key| Arc::clone(graph.property_key_name(*key))).collect();
        let read = Read::Index { label: Arc::clone(graph.label_name(label)), lookup: Lookup { keys, equal } };
        return Some((found.into_iter().map(NodeId).collect(), read));
    }
    None
}

fn node(value: &Value) -> Result<NodeId, ExecError> {
    if let Value::Node(id) = value { Ok(*id) } else { Err(wrong("a Node", value)) }
}

fn merge_relationship(
    [start, end]: [&Value; 2],
    kind: &Value,
    ident: &Value,
    [on_create, on_match]: [&Value; 2],
    context: &mut Context<'_>,
) -> Result<Answer, ExecError> {
    let (start, end, ident) = (node(start)?, node(end)?, identifying(ident)?);
    let kind = names_in(kind)?;
    let [kind] = &kind[..] else {
        return Err(ExecError::type_error("InvalidArgumentValue", "a relationship has exactly one type"));
    };
    let mut found = find_relationships(start, end, kind, &ident, context)?;
    if found.is_empty() {
        let properties = storable(&with(&ident, &map(on_create)?), context)?;
        found.push(create_relationship((start, end), kind, properties, context)?);
    } else {
        let on_match = map(on_match)?;
        for id in &found {
            set_all(Entity::Relationship(*id), &on_match, false, context)?;
        }
    }
    Ok((vec!["rel"], found.into_iter().map(|id| vec![Value::Relationship(id)]).collect()))
}

fn find_relationships(
    start: NodeId,
    end: NodeId,
    kind: &str,
    ident: &Map,
    context: &mut Context<'_>,
) -> Result<Vec<RelationshipId>, ExecError> {
    let types = Some(Arc::from([Arc::from(kind)]));
    context.note(|| Read::Adjacency(Side { node: start, direction: Direction::Outgoing, types }));
    let graph = context.graph();
    let Some(kind) = graph.relationship_type(kind) else { return Ok(Vec::new()) };
    let steps: Vec<Step> = graph
        .adjacency(start, Direction::Outgoing, Some(kind))
        .flatten()
        .filter(|entry| entry.neighbour() == end)
        .map(|entry| Step { relationship: entry.relationship(), neighbour: end })
        .collect();
    let mut found = Vec::new();
    for Step { relationship, .. } in steps {
        context.step()?;
        context.note(|| Read::Relationship(relationship));
        let graph = context.graph();
        let fits = ident.iter().all(|(key, value)| {
            let stored = graph.property_key(key).map(|key| graph.relationship_property(relationship, key));
            stored.is_some_and(|stored| equals(&stored, value) == Some(true))
        });
        if fits {
            found.push(relationship);
        }
    }
    Ok(found)
}

fn create_labels(nodes: &Value, labels: &Value, context: &mut Context<'_>) -> Result<Answer, ExecError> {
    let labels = names_in(labels)?;
    let ids: Vec<NodeId> = match nodes {
        Value::Null => Vec::new(),
        Value::List(items) => items.iter().map(node).collect::<Result<_, _>>()?,
        single => vec![node(single)?],
    };
    for id in &ids {
        add_labels(*id, &labels, context)?;
    }
    Ok((vec!["node"], ids.into_iter().map(|id| vec![Value::Node(id)]).collect()))
}

fn vector_index(arguments: &[Value], context: &mut Context<'_>) -> Result<Answer, ExecError> {
    let [Value::String(name), Value::String(label), Value::String(key), dimensions, similarity] = arguments
    else {
        let what = "db.index.vector.createNodeIndex takes a name, a label, a property key, dimensions and a similarity";
        return Err(ExecError::type_error("InvalidArgumentValue", what));
    };
    let mut config = Map::new();
    config.insert(Arc::from("vector.dimensions"), dimensions.clone());
    config.insert(Arc::from("vector.similarity_function"), similarity.clone());
    let mut options = Map::new();
    options.insert(Arc::from("indexConfig"), Value::from(config));
    create_vector_index([name, label, key], &Value::from(options), context)?;
    Ok((Vec::new(), Vec::new()))
}
