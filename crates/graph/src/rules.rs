//! Constraints that speak of one entity: existence and type of properties.
//!
//! They hold at the end of a statement, not after each effect (`CREATE (n:P) SET n.name = 'x'` is fine), so `Draft::apply`
//! does not enforce them on entities: whoever computes effects asks [`Graph::node_violation`] about what it has changed,
//! before it hands them on. A new constraint is checked against the whole graph when it is applied.

use std::sync::Arc;

use crate::record::{self, Life};
use crate::{
    ApplyError, ConstraintDefinition, ConstraintKind, EntityKind, Graph, KeyId, NodeId, RelationshipId,
    Value, ValueType,
};

/// A constraint that an entity does not fulfil.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub constraint: Arc<str>,
    /// The id of the node or relationship.
    pub entity: u64,
    pub key: KeyId,
}

impl ConstraintDefinition {
    /// The first key whose value breaks this constraint.
    fn broken_by(&self, property: impl Fn(KeyId) -> Value) -> Option<KeyId> {
        let is_broken: Box<dyn Fn(&Value) -> bool> = match &self.kind {
            ConstraintKind::Unique => return None,
            ConstraintKind::Exists | ConstraintKind::Key => Box::new(Value::is_null),
            ConstraintKind::Type(text) => {
                let kind = ValueType::parse(text);
                Box::new(move |value| {
                    kind.as_ref().is_some_and(|kind| !value.is_null() && !kind.includes(value))
                })
            }
        };
        self.keys.iter().copied().find(|key| is_broken(&property(*key)))
    }

    fn violation(&self, entity: u64, property: impl Fn(KeyId) -> Value) -> Option<Violation> {
        let constraint = || Arc::clone(&self.name);
        self.broken_by(property).map(|key| Violation { constraint: constraint(), entity, key })
    }
}

impl Graph {
    /// Whether there is any constraint besides uniqueness.
    pub fn has_rules(&self) -> bool {
        self.constraints.iter().any(|constraint| constraint.kind != ConstraintKind::Unique)
    }

    /// The first constraint on single entities that this node does not fulfil.
    pub fn node_violation(&self, id: NodeId) -> Option<Violation> {
        let node = self.node(id)?;
        let covers = |one: &&ConstraintDefinition| matches!(one.entity, EntityKind::Node(label) if node.labels.contains(label));
        let mut ours = self.constraints.iter().filter(covers);
        ours.find_map(|one| one.violation(id.0, |key| record::property(&node.properties, key)))
    }

    pub fn relationship_violation(&self, id: RelationshipId) -> Option<Violation> {
        let type_id = self.relationship(id)?.type_id;
        let mut ours = self.constraints.iter().filter(|one| one.entity == EntityKind::Relationship(type_id));
        ours.find_map(|one| one.violation(id.0, |key| self.relationship_property(id, key)))
    }

    /// Does everything that is there fulfil a new constraint?
    pub(crate) fn check_rule(&self, constraint: &ConstraintDefinition) -> Result<(), ApplyError> {
        let mut found = None;
        match constraint.entity {
            EntityKind::Node(label) => {
                let Some(set) = self.by_label.get(usize::from(label.0)) else {
                    return Err(ApplyError::Inconsistent(format!("label {} is unknown", label.0)));
                };
                set.scan(0, usize::MAX, |id| {
                    if found.is_none() {
                        found = constraint.violation(id, |key| self.node_property(NodeId(id), key));
                    }
                });
            }
            EntityKind::Relationship(type_id) => {
                let Some(set) = self.by_type.get(usize::from(type_id.0)) else {
                    return Err(ApplyError::Inconsistent(format!("type {} is unknown", type_id.0)));
                };
                set.scan(0, usize::MAX, |id| {
                    if found.is_none() {
                        let id = RelationshipId(id);
                        found = constraint.violation(id.0, |key| self.relationship_property(id, key));
                    }
                });
            }
        }
        found.map_or(Ok(()), |violation| Err(ApplyError::RuleViolated(violation)))
    }

    /// Everything fulfils every constraint: part of the self-check.
    pub(crate) fn verify_rules(&self) -> Result<(), String> {
        for constraint in self.constraints.iter() {
            self.check_rule(constraint).map_err(|error| error.to_string())?;
        }
        let mut problem = None;
        self.nodes.for_each(|id, node| {
            if node.life == Life::Alive
                && let Some(violation) = self.node_violation(NodeId(id))
            {
                problem = Some(format!("node {id} breaks constraint `{}`", violation.constraint));
            }
        });
        problem.map_or(Ok(()), Err)
    }
}
