//! The full self-check: everything that is kept in step is computed anew from the records and compared.

use std::collections::BTreeMap;

use crate::draft::{constraint_fact, index_fact, label_fact, property_fact, relationship_fact, token_fact};
use crate::fingerprint::{Fact, FactHasher};
use crate::graph::PatternKey;
use crate::indexing::index_keys;
use crate::record::Life;
use crate::{Direction, EntityKind, Graph, NodeId, RelationshipId, TokenKind};

impl Graph {
    /// Recomputes every count, bitmap, index, both adjacencies and the fingerprint, and compares.
    ///
    /// # Errors
    /// The first difference, in words.
    pub fn verify(&self) -> Result<(), String> {
        let mut fingerprint = self.verify_nodes()?;
        fingerprint = fingerprint.wrapping_add(self.verify_relationships()?);
        self.verify_indexes()?;
        self.verify_rules()?;
        for kind in [TokenKind::Label, TokenKind::RelationshipType, TokenKind::PropertyKey] {
            for (id, name) in (0..).zip(self.tokens.of(kind).iter()) {
                fingerprint = fingerprint.wrapping_add(token_fact(kind, id, name));
            }
        }
        let schema = self.indexes().map(index_fact).chain(self.constraints().map(constraint_fact));
        fingerprint = schema.fold(fingerprint, u128::wrapping_add);
        if fingerprint != self.fingerprint {
            return Err(format!("fingerprint {:032x}, recomputed {fingerprint:032x}", self.fingerprint));
        }
        Ok(())
    }

    fn verify_nodes(&self) -> Result<u128, String> {
        let (mut fingerprint, mut nodes) = (0_u128, 0);
        let mut by_label = vec![0_u64; self.by_label.len()];
        let mut problem = None;
        self.nodes.for_each(|id, node| {
            if node.life != Life::Alive {
                return;
            }
            nodes += 1;
            fingerprint = fingerprint.wrapping_add(FactHasher::new(Fact::Node).word(id).finish());
            for label in node.labels.as_slice() {
                by_label[usize::from(label.0)] += 1;
                fingerprint = fingerprint.wrapping_add(label_fact(NodeId(id), *label));
                if !self.by_label[usize::from(label.0)].contains(id) {
                    problem = Some(format!("node {id} has label {} and is not in its bitmap", label.0));
                }
            }
            for (key, value) in node.properties.iter().flat_map(|list| list.iter()) {
                fingerprint = fingerprint.wrapping_add(property_fact(Fact::NodeProperty, id, *key, value));
            }
            if !self.all_nodes.contains(id) {
                problem = Some(format!("node {id} is not in the bitmap of all nodes"));
            }
        });
        if let Some(problem) = problem {
            return Err(problem);
        }
        if nodes != self.node_count() {
            return Err(format!("{} nodes counted, {nodes} found", self.node_count()));
        }
        for (label, found) in by_label.iter().enumerate() {
            if self.by_label[label].len() != *found {
                return Err(format!("label {label}: {} counted, {found} found", self.by_label[label].len()));
            }
        }
        Ok(fingerprint)
    }

    fn verify_relationships(&self) -> Result<u128, String> {
        let (mut fingerprint, mut count) = (0_u128, 0_u64);
        let mut patterns: BTreeMap<PatternKey, u64> = BTreeMap::new();
        let mut by_type = vec![0_u64; self.by_type.len()];
        let mut problem = None;
        self.relationships.for_each(|id, record| {
            if record.life != Life::Alive {
                return;
            }
            let (ends, number) = (record.ends(), RelationshipId(id));
            count += 1;
            by_type[usize::from(ends.type_id.0)] += 1;
            fingerprint = fingerprint.wrapping_add(relationship_fact(number, ends));
            let properties = self.relationship_properties.get(id).and_then(|list| list.as_deref());
            for (key, value) in properties.unwrap_or_default() {
                fingerprint =
                    fingerprint.wrapping_add(property_fact(Fact::RelationshipProperty, id, *key, value));
            }
            let sides =
                [(ends.start, ends.end, Direction::Outgoing), (ends.end, ends.start, Direction::Incoming)];
            for (node, neighbour, direction) in sides {
                let mut entries = self.adjacency(node, direction, Some(ends.type_id)).flatten();
                if !entries.any(|entry| entry.relationship() == number && entry.neighbour() == neighbour) {
                    problem =
                        Some(format!("relationship {id} is missing in the adjacency of node {}", node.0));
                }
                for label in self.labels(node) {
                    *patterns.entry((label, direction, Some(ends.type_id))).or_default() += 1;
                    *patterns.entry((label, direction, None)).or_default() += 1;
                }
            }
        });
        if let Some(problem) = problem {
            return Err(problem);
        }
        if count != self.relationship_count() {
            return Err(format!("{} relationships counted, {count} found", self.relationship_count()));
        }
        for (type_id, found) in by_type.iter().enumerate() {
            if self.by_type[type_id].len() != *found {
                return Err(format!(
                    "type {type_id}: {} counted, {found} found",
                    self.by_type[type_id].len()
                ));
            }
        }
        if !self.pattern_counts.iter().map(|(k, v)| (*k, *v)).eq(patterns) {
            return Err("the counts of (label, side, type) differ from a recount".into());
        }
        self.verify_degrees(count)?;
        Ok(fingerprint)
    }

    /// Nothing stands in an adjacency that has no record.
    fn verify_degrees(&self, relationships: u64) -> Result<(), String> {
        let (mut outgoing, mut incoming) = (0, 0);
        let mut problem = None;
        self.nodes.for_each(|id, node| {
            outgoing += node.outgoing.degree(None);
            incoming += node.incoming.degree(None);
            for side in [&node.outgoing, &node.incoming] {
                let found: u64 = side.chunks(None).map(|chunk| chunk.len() as u64).sum();
                if found != side.degree(None) {
                    problem = Some(format!("node {id}: degree {}, {found} entries", side.degree(None)));
                }
            }
        });
        if let Some(problem) = problem {
            return Err(problem);
        }
        if (outgoing, incoming) != (relationships, relationships) {
            return Err(format!("{relationships} relationships, degrees sum to {outgoing} and {incoming}"));
        }
        Ok(())
    }

    fn verify_indexes(&self) -> Result<(), String> {
        for index in &self.indexes {
            let definition = &index.definition;
            let mut expected = BTreeMap::new();
            for entity in definition.entities() {
                match entity {
                    EntityKind::Node(label) => self.nodes.for_each(|id, node| {
                        if node.life == Life::Alive && node.labels.contains(label) {
                            let keys = index_keys(definition, &node.properties);
                            expected.extend(keys.into_iter().map(|key| ((key, id), ())));
                        }
                    }),
                    EntityKind::Relationship(type_id) => self.relationships.for_each(|id, record| {
                        let properties = self.relationship_properties.get(id).cloned().flatten();
                        if record.life == Life::Alive && record.type_id == type_id.0 {
                            let keys = index_keys(definition, &properties);
                            expected.extend(keys.into_iter().map(|key| ((key, id), ())));
                        }
                    }),
                }
            }
            if !index.entries().eq(expected.keys().map(|(key, id)| (key, *id))) {
                return Err(format!("index `{}` differs from a scan", definition.name));
            }
            let mut keys: Vec<_> = expected.keys().map(|(key, _)| key).collect();
            keys.dedup();
            if index.statistics() != (expected.len() as u64, keys.len() as u64) {
                return Err(format!("the statistics of index `{}` are wrong", definition.name));
            }
            let is_unique = definition.owner.is_none() || keys.len() == expected.len();
            if !is_unique {
                return Err(format!("constraint of index `{}` is violated", definition.name));
            }
        }
        Ok(())
    }
}
