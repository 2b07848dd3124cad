//! Nodes, relationships, paths and maps: ids, labels, types, keys, ends.

use std::sync::Arc;

use samyama_graph::{NodeId, Path, RelationshipEnds, RelationshipId, Value};

use super::{Function, lenient, strict, string_argument, wrong_type};
use crate::expression::{Context, deleted_node, deleted_relationship, entity_properties, property_by_name};
use crate::{ExecError, Read, schema_graph};

pub(super) static FUNCTIONS: &[Function] = &[
    strict("id", 1..=1, |a, _| match &a[0] {
        Value::Node(id) => Ok(Value::Integer(id.0 as i64)),
        Value::Relationship(id) => Ok(Value::Integer(id.0 as i64)),
        other => Err(wrong_type("id", "a Node or Relationship", other)),
    }),
    strict("elementid", 1..=1, |a, c| {
        element_id(&a[0], &c.database_uuid())
            .ok_or_else(|| wrong_type("elementId", "a Node or Relationship", &a[0]))
    }),
    strict("labels", 1..=1, labels),
    // `n:$all(names)` and `n:$any(names)`: of a node its labels, of a relationship its type.
    lenient("has all labels", 2..=2, |a, c| has_labels(a, c, |mut names, is_one| names.all(is_one))),
    lenient("has any label", 2..=2, |a, c| has_labels(a, c, |mut names, is_one| names.any(is_one))),
    strict("apoc.any.property", 2..=2, |a, c| {
        let key = string_argument("apoc.any.property", &a[1])?;
        match schema_graph::property(&a[0], key, c.graph()) {
            Some(value) => Ok(value),
            None => property_by_name(&a[0], key, c.graph()),
        }
    }),
    strict("type", 1..=1, |a, c| match &a[0] {
        Value::Relationship(id) => {
            let type_id = ends(*id, c)?.type_id;
            Ok(Value::String(c.graph().relationship_type_name(type_id).clone()))
        }
        other => Err(wrong_type("type", "a Relationship", other)),
    }),
    strict("startnode", 1..=1, |a, c| match &a[0] {
        Value::Relationship(id) => ends(*id, c).map(|ends| end_node(ends.start, c)),
        other => Err(wrong_type("startNode", "a Relationship", other)),
    }),
    strict("endnode", 1..=1, |a, c| match &a[0] {
        Value::Relationship(id) => ends(*id, c).map(|ends| end_node(ends.end, c)),
        other => Err(wrong_type("endNode", "a Relationship", other)),
    }),
    strict("keys", 1..=1, |a, c| match entity_properties(&a[0], c.graph())? {
        Some(map) => {
            Ok(Value::from(map.iter().map(|(key, _)| Value::String(key.clone())).collect::<Vec<_>>()))
        }
        None => Err(wrong_type("keys", "a Node, Relationship or Map", &a[0])),
    }),
    strict("properties", 1..=1, |a, c| match entity_properties(&a[0], c.graph())? {
        Some(map) => Ok(Value::Map(map)),
        None => Err(wrong_type("properties", "a Node, Relationship or Map", &a[0])),
    }),
    strict("nodes", 1..=1, |a, _| {
        let path = path("nodes", &a[0])?;
        let nodes = std::iter::once(path.start).chain(path.steps.iter().map(|step| step.node));
        Ok(Value::from(nodes.map(Value::Node).collect::<Vec<_>>()))
    }),
    strict("relationships", 1..=1, |a, _| {
        let steps = path("relationships", &a[0])?.steps.iter();
        Ok(Value::from(steps.map(|step| Value::Relationship(step.relationship)).collect::<Vec<_>>()))
    }),
    strict("length", 1..=1, |a, _| Ok(Value::Integer(path("length", &a[0])?.steps.len() as i64))),
];

fn path<'v>(function: &str, value: &'v Value) -> Result<&'v Arc<Path>, ExecError> {
    if let Value::Path(path) = value { Ok(path) } else { Err(wrong_type(function, "a Path", value)) }
}

/// The type and the ends of a relationship are known even after this statement deleted it.
fn ends(id: RelationshipId, context: &Context<'_>) -> Result<RelationshipEnds, ExecError> {
    let deleted = || context.deleted_relationships.get(&id).copied();
    context.graph().relationship(id).or_else(deleted).ok_or_else(|| deleted_relationship(id))
}

/// Nobody may have looked at the node before: the relationship may lie in the middle of a path.
fn end_node(id: NodeId, context: &mut Context<'_>) -> Value {
    context.depend_on(|| Read::Node(id));
    Value::Node(id)
}

fn labels(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, ExecError> {
    let Value::Node(id) = &arguments[0] else { return Err(wrong_type("labels", "a Node", &arguments[0])) };
    let graph = context.graph();
    if !graph.node_exists(*id) {
        return Err(deleted_node(*id));
    }
    let names = graph.labels(*id).map(|label| Value::String(graph.label_name(label).clone()));
    Ok(Value::from(names.collect::<Vec<_>>()))
}

type OfThem = fn(std::slice::Iter<'_, Arc<str>>, &dyn Fn(&Arc<str>) -> bool) -> bool;

fn has_labels(arguments: &[Value], context: &mut Context<'_>, of_them: OfThem) -> Result<Value, ExecError> {
    let names = names_in(&arguments[1])?;
    let graph = context.graph();
    let found = match &arguments[0] {
        Value::Null => return Ok(Value::Null),
        Value::Node(id) if !graph.node_exists(*id) => return Err(deleted_node(*id)),
        Value::Node(id) => {
            of_them(names.iter(), &|name| graph.label(name).is_some_and(|label| graph.has_label(*id, label)))
        }
        Value::Relationship(id) => {
            let type_name = graph.relationship_type_name(ends(*id, context)?.type_id);
            of_them(names.iter(), &|name| name == type_name)
        }
        other => return Err(wrong_type("a test of labels", "a Node or Relationship", other)),
    };
    Ok(Value::Boolean(found))
}

/// A value as labels or types: a name, or a list of names; none of them null or empty.
pub(crate) fn names_in(value: &Value) -> Result<Vec<Arc<str>>, ExecError> {
    let name = |value: &Value| match value {
        Value::String(name) if !name.is_empty() => Ok(Arc::clone(name)),
        Value::String(_) => Err(ExecError::type_error(
            "InvalidArgumentValue",
            "Labels and types are names, and the empty string is none",
        )),
        other => Err(ExecError::type_error(
            "InvalidArgumentType",
            format!("Expected a label or type, a String or a list of them, but got {}", other.type_name()),
        )),
    };
    match value {
        Value::List(items) => items.iter().map(name).collect(),
        single => name(single).map(|name| vec![name]),
    }
}

/// `4:<database uuid>:<id>` of a node, `5:...` of a relationship, as Bolt sends them.
pub fn element_id(value: &Value, database_uuid: &str) -> Option<Value> {
    match value {
        Value::Node(id) => Some(Value::from(format!("4:{database_uuid}:{}", id.0))),
        Value::Relationship(id) => Some(Value::from(format!("5:{database_uuid}:{}", id.0))),
        _ => None,
    }
}

/// The id in an element id of this database; `kind` is '4' for nodes, '5' for relationships.
pub fn id_of_element_id(text: &str, kind: char, database_uuid: &str) -> Option<u64> {
    let rest = text.strip_prefix(kind)?.strip_prefix(':')?;
    rest.strip_prefix(database_uuid)?.strip_prefix(':')?.parse().ok()
}
