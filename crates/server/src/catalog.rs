//! What the planner knows of the graph, as MessagePack: names with counts, indexes, constraints.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use samyama_graph::{
    ConstraintKind, Direction, EntityKind, Graph, IndexDefinition, IndexKind, KeyId, LabelId, TypeId,
};
use serde::Serialize;

#[derive(Serialize)]
struct Catalog<'a> {
    epoch: u64,
    nodes: u64,
    relationships: u64,
    labels: BTreeMap<&'a str, u64>,
    types: BTreeMap<&'a str, u64>,
    keys: Vec<&'a str>,
    indexes: Vec<Index<'a>>,
    patterns: BTreeMap<&'a str, BTreeMap<&'a str, (u64, u64)>>,
    constraints: Vec<Constraint<'a>>,
}

/// Pairs of a label and a type whose counts are told; with more names than that, none are.
const PATTERNS_MAX: u32 = 4_096;

#[derive(Serialize)]
struct Index<'a> {
    name: &'a str,
    /// `range`, `text`, `point`, `fulltext` or `vector`.
    kind: &'static str,
    /// `node` or `relationship`.
    entity: &'static str,
    /// The label, or the relationship type.
    label: &'a str,
    keys: Vec<&'a str>,
    unique: bool,
    entries: u64,
    distinct: u64,
}

#[derive(Serialize)]
struct Constraint<'a> {
    name: &'a str,
    kind: &'static str,
    entity: &'static str,
    label: &'a str,
    keys: Vec<&'a str>,
}

/// The catalogue of a graph. `epoch` is handed through.
pub fn encode(graph: &Graph, epoch: u64) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    let (labels, types, keys) = graph.token_counts();
    let patterns = patterns(graph, labels, types);
    let labels = (0..labels)
        .map(|id| LabelId(id as u16))
        .map(|id| (graph.label_name(id).as_ref(), graph.label_count(id)));
    let types = (0..types)
        .map(|id| TypeId(id as u16))
        .map(|id| (graph.relationship_type_name(id).as_ref(), graph.type_count(id)));
    let catalog = Catalog {
        epoch,
        nodes: graph.node_count(),
        relationships: graph.relationship_count(),
        labels: labels.collect(),
        types: types.collect(),
        keys: (0..keys).map(|id| graph.property_key_name(KeyId(id)).as_ref()).collect(),
        patterns,
        indexes: graph.indexes().map(|index| describe_index(graph, index)).collect(),
        constraints: graph
            .constraints()
            .map(|constraint| {
                let (entity, label) = describe_entity(graph, constraint.entity);
                let kind = match constraint.kind {
                    ConstraintKind::Unique => "unique",
                    ConstraintKind::Exists => "exists",
                    ConstraintKind::Key => "key",
                    ConstraintKind::Type(_) => "type",
                };
                Constraint {
                    name: &constraint.name,
                    kind,
                    entity,
                    label,
                    keys: key_names(graph, &constraint.keys),
                }
            })
            .collect(),
    };
    rmp_serde::to_vec_named(&catalog)
}

/// By label and type (empty: any): relationships that start at such nodes, and that end there.
fn patterns(graph: &Graph, labels: u32, types: u32) -> BTreeMap<&str, BTreeMap<&str, (u64, u64)>> {
    let mut found = BTreeMap::new();
    if labels.saturating_mul(types) > PATTERNS_MAX {
        return found;
    }
    for label in (0..labels).map(|id| LabelId(id as u16)) {
        let count = |type_id| {
            let of = |side| graph.pattern_count(label, side, type_id);
            (of(Direction::Outgoing), of(Direction::Incoming))
        };
        let mut by_type = BTreeMap::from([("", count(None))]);
        for type_id in (0..types).map(|id| TypeId(id as u16)) {
            let counts = count(Some(type_id));
            if counts != (0, 0) {
                by_type.insert(graph.relationship_type_name(type_id).as_ref(), counts);
            }
        }
        found.insert(graph.label_name(label).as_ref(), by_type);
    }
    found
}

fn describe_index<'a>(graph: &'a Graph, index: &'a IndexDefinition) -> Index<'a> {
    let (entity, label) = describe_entity(graph, index.entity);
    let (entries, distinct) = graph.index_statistics(index.id);
    let unique = index.owner.is_some();
    let kind = match index.kind {
        IndexKind::Range => "range",
        IndexKind::Text => "text",
        IndexKind::Point => "point",
        IndexKind::Fulltext { .. } => "fulltext",
        IndexKind::Vector { .. } => "vector",
    };
    Index {
        name: &index.name,
        kind,
        entity,
        label,
        keys: key_names(graph, &index.keys),
        unique,
        entries,
        distinct,
    }
}

fn describe_entity(graph: &Graph, entity: EntityKind) -> (&'static str, &str) {
    match entity {
        EntityKind::Node(label) => ("node", graph.label_name(label)),
        EntityKind::Relationship(type_id) => ("relationship", graph.relationship_type_name(type_id)),
    }
}

fn key_names<'a>(graph: &'a Graph, keys: &[KeyId]) -> Vec<&'a str> {
    keys.iter().map(|key| graph.property_key_name(*key).as_ref()).collect()
}

/// Changes when a plan may have become wrong or poor: an index or constraint came or went, or the graph has become eight
/// times as large or small. New names do not count: plans carry names, and the executor binds them.
pub fn plan_epoch(graph: &Graph) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    for index in graph.indexes() {
        (index.id, &index.name, &index.kind, index.entity, &index.keys).hash(&mut hasher);
    }
    for constraint in graph.constraints() {
        (&constraint.name, &constraint.kind, constraint.entity, &constraint.keys).hash(&mut hasher);
    }
    for count in [graph.node_count(), graph.relationship_count()] {
        ((64 - count.leading_zeros()) / 3).hash(&mut hasher);
    }
    hasher.finish()
}
