//! SHOW INDEXES and SHOW CONSTRAINTS, with the columns of Neo4j 5.

use std::sync::Arc;

use samyama_graph::{ConstraintDefinition, EntityKind, Graph, IndexDefinition, KeyId, Map, Value};

use super::procedure::Answer;

fn entity(graph: &Graph, kind: EntityKind) -> (Value, Value) {
    let (what, name) = match kind {
        EntityKind::Node(label) => ("NODE", graph.label_name(label)),
        EntityKind::Relationship(type_id) => ("RELATIONSHIP", graph.relationship_type_name(type_id)),
    };
    (Value::from(what), Value::from(vec![Value::String(Arc::clone(name))]))
}

fn keys(graph: &Graph, keys: &[KeyId]) -> Value {
    Value::from(
        keys.iter().map(|key| Value::String(Arc::clone(graph.property_key_name(*key)))).collect::<Vec<_>>(),
    )
}

fn optional(text: Option<&Arc<str>>) -> Value {
    text.map_or(Value::Null, |text| Value::String(Arc::clone(text)))
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// `(n:Label)` or `()-[r:TYPE]-()`, and the properties of it.
fn target(graph: &Graph, kind: EntityKind, keys: &[KeyId]) -> (String, String) {
    let (pattern, variable) = match kind {
        EntityKind::Node(label) => (format!("(n:{})", quoted(graph.label_name(label))), 'n'),
        EntityKind::Relationship(type_id) => {
            (format!("()-[r:{}]-()", quoted(graph.relationship_type_name(type_id))), 'r')
        }
    };
    let keys: Vec<_> =
        keys.iter().map(|key| format!("{variable}.{}", quoted(graph.property_key_name(*key)))).collect();
    (pattern, format!("({})", keys.join(", ")))
}

/// None for an index that comes with its constraint.
fn create_index(graph: &Graph, index: &IndexDefinition) -> Option<String> {
    let (pattern, keys) = target(graph, index.entity, &index.keys);
    let name = quoted(&index.name);
    index.owner.is_none().then(|| format!("CREATE RANGE INDEX {name} FOR {pattern} ON {keys}"))
}

fn create_constraint(graph: &Graph, constraint: &ConstraintDefinition) -> String {
    let (pattern, keys) = target(graph, constraint.entity, &constraint.keys);
    format!("CREATE CONSTRAINT {} FOR {pattern} REQUIRE {keys} IS UNIQUE", quoted(&constraint.name))
}

fn options() -> Value {
    let entries = [("indexConfig", Map::new().into()), ("indexProvider", Value::from("range-1.0"))];
    Value::from(Map::from_pairs(entries.map(|(key, value)| (Arc::from(key), value))))
}

pub(super) fn indexes(graph: &Graph) -> Answer {
    let row = |index: &IndexDefinition| {
        let (entity_type, labels) = entity(graph, index.entity);
        vec![
            Value::Integer(i64::from(index.id.0) + 1),
            Value::String(Arc::clone(&index.name)),
            Value::from("ONLINE"),
            Value::Float(100.0),
            Value::from("RANGE"),
            entity_type,
            labels,
            keys(graph, &index.keys),
            Value::from("range-1.0"),
            optional(index.owner.as_ref()),
            Value::Null,
            Value::Null,
            Value::Null,
            options(),
            Value::from(""),
            create_index(graph, index).map_or(Value::Null, Value::from),
        ]
    };
    let columns = vec![
        "id",
        "name",
        "state",
        "populationPercent",
        "type",
        "entityType",
        "labelsOrTypes",
        "properties",
        "indexProvider",
        "owningConstraint",
        "lastRead",
        "readCount",
        "trackedSince",
        "options",
        "failureMessage",
        "createStatement",
    ];
    (columns, graph.indexes().map(row).collect())
}

pub(super) fn constraints(graph: &Graph) -> Answer {
    let row = |constraint: &ConstraintDefinition| {
        let (entity_type, labels) = entity(graph, constraint.entity);
        let kind = match constraint.entity {
            EntityKind::Node(_) => "UNIQUENESS",
            EntityKind::Relationship(_) => "RELATIONSHIP_UNIQUENESS",
        };
        let owned = graph.indexes().find(|index| index.id == constraint.index).map(|index| &index.name);
        vec![
            Value::Integer(i64::from(constraint.index.0) + 1),
            Value::String(Arc::clone(&constraint.name)),
            Value::from(kind),
            entity_type,
            labels,
            keys(graph, &constraint.keys),
            optional(owned),
            Value::Null,
            options(),
            create_constraint(graph, constraint).into(),
        ]
    };
    let columns = vec![
        "id",
        "name",
        "type",
        "entityType",
        "labelsOrTypes",
        "properties",
        "ownedIndex",
        "propertyType",
        "options",
        "createStatement",
    ];
    (columns, graph.constraints().map(row).collect())
}
