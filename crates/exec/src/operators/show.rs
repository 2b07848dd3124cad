//! SHOW INDEXES and SHOW CONSTRAINTS, with the columns of Neo4j 5.

use std::sync::Arc;

use samyama_graph::{
    ConstraintDefinition, ConstraintKind, EntityKind, Graph, IndexDefinition, IndexKind, KeyId, Value,
};

use super::index_options;
use super::procedure::Answer;
use crate::functions::to_text;

/// Of the token lookup indexes, of labels and of types.
pub(super) const LOOKUP_NAMES: [&str; 2] = ["index_343aff4e", "index_f7700477"];

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

fn kind_name(kind: &IndexKind) -> &'static str {
    match kind {
        IndexKind::Range => "RANGE",
        IndexKind::Text => "TEXT",
        IndexKind::Point => "POINT",
        IndexKind::Fulltext { .. } => "FULLTEXT",
        IndexKind::Vector { .. } => "VECTOR",
    }
}

/// An options map as Cypher writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::Map(map) => {
            let entries: Vec<_> =
                map.iter().map(|(key, value)| format!("{}: {}", quoted(key), literal(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        other => to_text(other),
    }
}

/// None for an index that comes with its constraint.
fn create_index(graph: &Graph, index: &IndexDefinition) -> Option<String> {
    if index.owner.is_some() {
        return None;
    }
    let (name, kind) = (quoted(&index.name), kind_name(&index.kind));
    let (pattern, keys) = target(graph, index.entity, &index.keys);
    let options = literal(&index_options::shown(&index.kind));
    Some(match &index.kind {
        IndexKind::Fulltext { .. } => {
            let labels: Vec<_> = names(graph, index).iter().map(|name| quoted(name)).collect();
            let (labels, keys) = (labels.join("|"), keys.trim_matches(['(', ')']));
            let pattern = match index.entity {
                EntityKind::Node(_) => format!("(n:{labels})"),
                EntityKind::Relationship(_) => format!("()-[r:{labels}]-()"),
            };
            format!("CREATE FULLTEXT INDEX {name} FOR {pattern} ON EACH [{keys}] OPTIONS {options}")
        }
        IndexKind::Vector { .. } => {
            format!("CREATE VECTOR INDEX {name} FOR {pattern} ON {keys} OPTIONS {options}")
        }
        _ => format!("CREATE {kind} INDEX {name} FOR {pattern} ON {keys}"),
    })
}

fn create_constraint(graph: &Graph, constraint: &ConstraintDefinition) -> String {
    let (pattern, keys) = target(graph, constraint.entity, &constraint.keys);
    let what = match (&constraint.kind, constraint.entity) {
        (ConstraintKind::Unique, _) => "IS UNIQUE".to_owned(),
        (ConstraintKind::Exists, _) => "IS NOT NULL".to_owned(),
        (ConstraintKind::Key, EntityKind::Node(_)) => "IS NODE KEY".to_owned(),
        (ConstraintKind::Key, EntityKind::Relationship(_)) => "IS RELATIONSHIP KEY".to_owned(),
        (ConstraintKind::Type(text), _) => format!("IS :: {text}"),
    };
    format!("CREATE CONSTRAINT {} FOR {pattern} REQUIRE {keys} {what}", quoted(&constraint.name))
}

fn constraint_kind(constraint: &ConstraintDefinition) -> &'static str {
    match (&constraint.kind, constraint.entity) {
        (ConstraintKind::Unique, EntityKind::Node(_)) => "UNIQUENESS",
        (ConstraintKind::Unique, EntityKind::Relationship(_)) => "RELATIONSHIP_UNIQUENESS",
        (ConstraintKind::Exists, EntityKind::Node(_)) => "NODE_PROPERTY_EXISTENCE",
        (ConstraintKind::Exists, EntityKind::Relationship(_)) => "RELATIONSHIP_PROPERTY_EXISTENCE",
        (ConstraintKind::Key, EntityKind::Node(_)) => "NODE_KEY",
        (ConstraintKind::Key, EntityKind::Relationship(_)) => "RELATIONSHIP_KEY",
        (ConstraintKind::Type(_), EntityKind::Node(_)) => "NODE_PROPERTY_TYPE",
        (ConstraintKind::Type(_), EntityKind::Relationship(_)) => "RELATIONSHIP_PROPERTY_TYPE",
    }
}

/// The labels or types that an index covers.
fn names(graph: &Graph, index: &IndexDefinition) -> Vec<Arc<str>> {
    let name = |entity| match entity {
        EntityKind::Node(label) => Arc::clone(graph.label_name(label)),
        EntityKind::Relationship(type_id) => Arc::clone(graph.relationship_type_name(type_id)),
    };
    index.entities().map(name).collect()
}

/// The two token lookup indexes that are part of the store, under the names that Neo4j gives them.
fn lookups() -> [Vec<Value>; 2] {
    [("NODE", "(n) ON EACH labels(n)"), ("RELATIONSHIP", "()-[r]-() ON EACH type(r)")].map(
        |(entity, target)| {
            let place = usize::from(entity == "RELATIONSHIP");
            let name = LOOKUP_NAMES[place];
            vec![
                Value::Integer(place as i64 + 1),
                Value::from(name),
                Value::from("ONLINE"),
                Value::Float(100.0),
                Value::from("LOOKUP"),
                Value::from(entity),
                Value::Null,
                Value::Null,
                Value::from("token-lookup-1.0"),
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null,
                index_options::map([
                    ("indexProvider", "token-lookup-1.0".into()),
                    ("indexConfig", index_options::map([])),
                ]),
                Value::from(""),
                Value::from(format!("CREATE LOOKUP INDEX {name} FOR {target}")),
            ]
        },
    )
}

pub(super) fn indexes(graph: &Graph) -> Answer {
    let row = |index: &IndexDefinition| {
        let (entity_type, _) = entity(graph, index.entity);
        let labels: Vec<_> = names(graph, index).into_iter().map(Value::String).collect();
        let options = index_options::shown(&index.kind);
        let provider = match &options {
            Value::Map(options) => options.get("indexProvider").cloned().unwrap_or_default(),
            _ => Value::Null,
        };
        vec![
            Value::Integer(i64::from(index.id.0) + 3),
            Value::String(Arc::clone(&index.name)),
            Value::from("ONLINE"),
            Value::Float(100.0),
            Value::from(kind_name(&index.kind)),
            entity_type,
            labels.into(),
            keys(graph, &index.keys),
            provider,
            optional(index.owner.as_ref()),
            Value::Null,
            Value::Null,
            Value::Null,
            options,
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
    (columns, lookups().into_iter().chain(graph.indexes().map(row)).collect())
}

pub(super) fn constraints(graph: &Graph) -> Answer {
    let row = |(number, constraint): (usize, &ConstraintDefinition)| {
        let (entity_type, labels) = entity(graph, constraint.entity);
        let owned = graph.indexes().find(|index| Some(index.id) == constraint.index).map(|index| &index.name);
        vec![
            Value::Integer(number as i64 + 1),
            Value::String(Arc::clone(&constraint.name)),
            Value::from(constraint_kind(constraint)),
            entity_type,
            labels,
            keys(graph, &constraint.keys),
            optional(owned),
            match &constraint.kind {
                ConstraintKind::Type(text) => Value::String(Arc::clone(text)),
                _ => Value::Null,
            },
            if constraint.kind.has_index() { index_options::shown(&IndexKind::Range) } else { Value::Null },
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
    (columns, graph.constraints().enumerate().map(row).collect())
}
