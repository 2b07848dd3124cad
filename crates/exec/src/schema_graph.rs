//! The schema as a graph: a node for each label, and a relationship for each type from each label it starts at to each that
//! it ends at, by the counts of the store.
//!
//! Its entities stand in no graph; their ids say what they stand for ([`NodeId::of_label`], [`RelationshipId::of_pattern`]).
//! That a type starts at one label and ends at another does not prove that one relationship does both; Neo4j's procedure
//! says the same.

use std::sync::Arc;

use samyama_graph::{
    Direction, EntityKind, Graph, IndexDefinition, LabelId, NodeId, RelationshipId, TypeId, Value,
};

type Properties = Vec<(Arc<str>, Value)>;

/// Its nodes and its relationships, two lists.
pub(crate) fn parts(graph: &Graph) -> (Value, Value) {
    let (labels, types, _) = graph.token_counts();
    let labels: Vec<_> =
        (0..labels).map(|id| LabelId(id as u16)).filter(|id| graph.label_count(*id) > 0).collect();
    let mut relationships = Vec::new();
    for type_id in (0..types).map(|id| TypeId(id as u16)) {
        let with = |direction| {
            let count = move |label: &&LabelId| graph.pattern_count(**label, direction, Some(type_id)) > 0;
            labels.iter().filter(count)
        };
        for start in with(Direction::Outgoing) {
            for end in with(Direction::Incoming) {
                relationships.push(Value::Relationship(RelationshipId::of_pattern(*start, type_id, *end)));
            }
        }
    }
    let nodes: Vec<_> = labels.iter().map(|label| Value::Node(NodeId::of_label(*label))).collect();
    (nodes.into(), relationships.into())
}

/// Of the node that stands for a label: its name, how many nodes have it, its indexes and constraints.
pub fn node_properties(graph: &Graph, label: LabelId) -> Properties {
    let entity = EntityKind::Node(label);
    let keys = |index: &IndexDefinition| {
        let keys: Vec<_> = index.keys.iter().map(|key| graph.property_key_name(*key).as_ref()).collect();
        Value::from(keys.join(","))
    };
    let indexes: Vec<_> = graph.indexes().filter(|one| one.entity == entity).map(keys).collect();
    let constraints: Vec<_> = graph
        .constraints()
        .filter(|one| one.entity == entity)
        .map(|one| Value::String(Arc::clone(&one.name)))
        .collect();
    vec![
        (Arc::from("name"), Value::String(Arc::clone(graph.label_name(label)))),
        (Arc::from("count"), Value::Integer(graph.label_count(label) as i64)),
        (Arc::from("indexes"), indexes.into()),
        (Arc::from("constraints"), constraints.into()),
    ]
}

/// Of the relationship that stands for a type between labels: the type, and how many of it start at the one.
pub fn relationship_properties(graph: &Graph, start: LabelId, type_id: TypeId) -> Properties {
    let count = graph.pattern_count(start, Direction::Outgoing, Some(type_id));
    vec![
        (Arc::from("type"), Value::String(Arc::clone(graph.relationship_type_name(type_id)))),
        (Arc::from("count"), Value::Integer(count as i64)),
    ]
}

/// A property of an entity of the schema; None of other values.
pub(crate) fn property(value: &Value, name: &str, graph: &Graph) -> Option<Value> {
    let properties = match value {
        Value::Node(id) => node_properties(graph, id.as_label()?),
        Value::Relationship(id) => {
            let (start, type_id, _) = id.as_pattern()?;
            relationship_properties(graph, start, type_id)
        }
        _ => return None,
    };
    let found = properties.into_iter().find(|(key, _)| &**key == name);
    Some(found.map_or(Value::Null, |(_, value)| value))
}
