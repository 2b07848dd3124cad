//! What a statement did and read so far: effects, counters, the read set. Every change of the graph goes through here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use samyama_graph::{
    ApplyError, ConstraintKind, Effect, EntityKind, KeyId, LabelId, NodeId, RelationshipEnds, RelationshipId,
    TokenKind, TypeId, Value, Violation,
};

use crate::expression::Context;
use crate::{Access, Counters, ExecError, Procedures, Read, ReadSet};

/// Part of the [`Context`] that operators use and expressions do not.
#[derive(Default)]
pub struct Statement<'a> {
    /// None on a read-only graph: nothing is held against it later.
    pub reads: Option<ReadSet>,
    pub effects: Vec<Effect>,
    pub counters: Counters,
    pub procedures: Option<&'a dyn Procedures>,
    /// The file that LOAD CSV has read last, and its line: for file() and linenumber().
    pub csv: Option<(Arc<str>, u64)>,
    /// Relationships that were left behind by a node that was deleted; looked at again when the statement ends.
    pub(crate) dangling: BTreeMap<RelationshipId, Dangling>,
    /// What was changed while constraints speak of single entities: they must hold when the statement ends.
    pub touched_nodes: BTreeSet<NodeId>,
    pub touched_relationships: BTreeSet<RelationshipId>,
    /// Accesses of the store so far, for PROFILE.
    pub hits: u64,
    pub(crate) steps: u32,
    /// By operator number, its children included.
    pub profile: Vec<ProfileEntry>,
}

/// A relationship whose end was deleted before it. It has left the graph with that node, so that no later clause finds it;
/// the statement fails unless it is deleted itself before the end.
pub(crate) struct Dangling {
    pub ends: RelationshipEnds,
    pub deleted: NodeId,
    /// Who still holds it may ask for these.
    pub properties: Vec<(KeyId, Value)>,
}

/// What PROFILE counts of one operator.
#[derive(Clone, Debug, Default)]
pub struct ProfileEntry {
    pub rows: u64,
    pub hits: u64,
    pub time: std::time::Duration,
}

impl Context<'_> {
    /// To be called for every row or step; looks at the clock now and then.
    pub(crate) fn step(&mut self) -> Result<(), ExecError> {
        self.statement.steps += 1;
        if self.statement.steps >= super::STEPS_PER_CHECK {
            self.statement.steps = 0;
            self.check()?;
        }
        Ok(())
    }

    /// A look at the graph, and what the answer depends on for it.
    pub(crate) fn note(&mut self, read: impl FnOnce() -> Read) {
        self.statement.hits += 1;
        self.depend_on(read);
    }

    /// What the answer depends on, without another look.
    pub(crate) fn depend_on(&mut self, read: impl FnOnce() -> Read) {
        if let Some(reads) = &mut self.statement.reads {
            reads.add(read());
        }
    }

    /// Change the graph, and remember how.
    pub(crate) fn apply(&mut self, effect: Effect) -> Result<(), ExecError> {
        let Access::Write(draft) = &mut self.access else {
            return Err(ExecError::internal("a plan that writes was run on a graph that is only read"));
        };
        draft.apply(&effect).map_err(|error| self.refused(&effect, error))?;
        self.statement.hits += 1;
        if self.graph().has_rules() {
            self.remember_touched(&effect);
        }
        self.statement.effects.push(effect);
        Ok(())
    }

    fn remember_touched(&mut self, effect: &Effect) {
        match effect {
            Effect::CreateNode { id, .. }
            | Effect::SetNodeProperty { id, .. }
            | Effect::AddLabel { id, .. } => {
                self.statement.touched_nodes.insert(*id);
            }
            Effect::CreateRelationship { id, .. } | Effect::SetRelationshipProperty { id, .. } => {
                self.statement.touched_relationships.insert(*id);
            }
            _ => {}
        }
    }

    /// When the statement ends: what it changed must fulfil the constraints on single entities.
    fn check_rules(&mut self) -> Result<(), ExecError> {
        if self.statement.reads.is_some() && !self.statement.effects.is_empty() {
            // A constraint that another transaction adds meanwhile would have to see these changes.
            self.note(|| Read::Schema);
        }
        let nodes = std::mem::take(&mut self.statement.touched_nodes);
        let relationships = std::mem::take(&mut self.statement.touched_relationships);
        let graph = self.graph();
        let mut found = nodes.into_iter().filter_map(|id| graph.node_violation(id));
        let violation = found
            .next()
            .or_else(|| relationships.into_iter().filter_map(|id| graph.relationship_violation(id)).next());
        violation.map_or(Ok(()), |violation| Err(self.rule_violated(&violation)))
    }

    fn rule_violated(&self, violation: &Violation) -> ExecError {
        let graph = self.graph();
        let Some(constraint) = graph.constraints().find(|one| one.name == violation.constraint) else {
            // Being created: it is not in the graph.
            return ExecError::constraint_violation(format!(
                "Unable to create constraint `{}`: entity {} does not fulfil it for the property `{}`",
                violation.constraint,
                violation.entity,
                graph.property_key_name(violation.key)
            ));
        };
        let what = match constraint.entity {
            EntityKind::Node(label) => {
                format!("Node({}) with label `{}`", violation.entity, graph.label_name(label))
            }
            EntityKind::Relationship(type_id) => {
                let name = graph.relationship_type_name(type_id);
                format!("Relationship({}) with type `{name}`", violation.entity)
            }
        };
        let key = graph.property_key_name(violation.key);
        ExecError::constraint_violation(match &constraint.kind {
            ConstraintKind::Type(text) => format!("{what} must have the property `{key}` of type {text}"),
            _ => format!("{what} must have the property `{key}`"),
        })
    }

    fn refused(&self, effect: &Effect, error: ApplyError) -> ExecError {
        match error {
            ApplyError::UniquenessViolated { constraint, existing } => {
                self.not_unique(effect, &constraint, existing)
            }
            ApplyError::RuleViolated(violation) => self.rule_violated(&violation),
            ApplyError::NodeHasRelationships(id) => ExecError::node_has_relationships(id.0),
            ApplyError::NodeMissing(id) => ExecError::deleted_entity("Node", id.0),
            ApplyError::RelationshipMissing(id) => ExecError::deleted_entity("Relationship", id.0),
            ApplyError::LimitReached { .. } => ExecError::memory_limit(error.to_string()),
            ApplyError::NameTaken(_) | ApplyError::NameUnknown(_) | ApplyError::IndexOwned { .. } => {
                ExecError::constraint_violation(error.to_string())
            }
            ApplyError::Inconsistent(what) => ExecError::internal(format!("an effect was refused: {what}")),
        }
    }

    fn not_unique(&self, effect: &Effect, constraint: &Arc<str>, existing: u64) -> ExecError {
        let graph = self.graph();
        let found = graph.constraints().find(|one| one.name == *constraint);
        let about = found.map(|one| {
            let keys: Vec<_> =
                one.keys.iter().map(|key| format!("`{}`", graph.property_key_name(*key))).collect();
            let (kind, name) = match one.entity {
                samyama_graph::EntityKind::Node(label) => ("Node", graph.label_name(label)),
                samyama_graph::EntityKind::Relationship(type_id) => {
                    ("Relationship", graph.relationship_type_name(type_id))
                }
            };
            format!("{kind}({existing}) already exists with `{name}` and these values of {}", keys.join(", "))
        });
        let creating = matches!(effect, Effect::CreateConstraint { .. });
        let about = about.unwrap_or_else(|| format!("entity {existing} already has these values"));
        let what = if creating { "Unable to create constraint" } else { "Constraint is violated" };
        ExecError::constraint_violation(format!("{what} (`{constraint}`): {about}"))
    }

    /// The label's id; made if it is new.
    pub(crate) fn label_or_new(&mut self, name: &Arc<str>) -> Result<LabelId, ExecError> {
        if let Some(label) = self.graph().label(name) {
            return Ok(label);
        }
        let id = self.graph().token_counts().0;
        self.apply(Effect::CreateToken { kind: TokenKind::Label, id, name: Arc::clone(name) })?;
        Ok(LabelId(id as u16))
    }

    pub(crate) fn type_or_new(&mut self, name: &Arc<str>) -> Result<TypeId, ExecError> {
        if let Some(type_id) = self.graph().relationship_type(name) {
            return Ok(type_id);
        }
        let id = self.graph().token_counts().1;
        self.apply(Effect::CreateToken { kind: TokenKind::RelationshipType, id, name: Arc::clone(name) })?;
        Ok(TypeId(id as u16))
    }

    pub(crate) fn key_or_new(&mut self, name: &Arc<str>) -> Result<KeyId, ExecError> {
        if let Some(key) = self.graph().property_key(name) {
            return Ok(key);
        }
        let id = self.graph().token_counts().2;
        self.apply(Effect::CreateToken { kind: TokenKind::PropertyKey, id, name: Arc::clone(name) })?;
        Ok(KeyId(id))
    }

    /// What can only be decided when the statement has done all it does.
    pub(crate) fn finish_statement(&mut self) -> Result<(), ExecError> {
        self.finish_deletes()?;
        self.check_rules()
    }

    /// When the statement ends: what a deleted node has left behind must have been deleted too by now.
    fn finish_deletes(&self) -> Result<(), ExecError> {
        match self.statement.dangling.values().map(|left| left.deleted).min() {
            Some(node) => Err(ExecError::node_has_relationships(node.0)),
            None => Ok(()),
        }
    }
}

/// May this value be a property?
pub(crate) fn check_storable(value: &Value) -> Result<(), ExecError> {
    let refuse = |what: String| Err(ExecError::type_error("InvalidPropertyType", what));
    let is_simple = |value: &Value| {
        !matches!(
            value,
            Value::Null
                | Value::List(_)
                | Value::Map(_)
                | Value::Node(_)
                | Value::Relationship(_)
                | Value::Path(_)
        )
    };
    match value {
        Value::Null => Ok(()),
        Value::List(items) => {
            if let Some(bad) = items.iter().find(|item| !is_simple(item)) {
                return refuse(format!(
                    "Property values can only be of primitive types or arrays thereof. Encountered: a list with a {}",
                    bad.type_name()
                ));
            }
            let is_number = |value: &Value| matches!(value, Value::Integer(_) | Value::Float(_));
            let same =
                |a: &Value, b: &Value| a.type_name() == b.type_name() || (is_number(a) && is_number(b));
            if items.windows(2).any(|pair| !same(&pair[0], &pair[1])) {
                return refuse("Property values can only be of primitive types or arrays thereof: the elements of a list must be of one type".into());
            }
            Ok(())
        }
        value if is_simple(value) => Ok(()),
        value => refuse(format!(
            "Property values can only be of primitive types or arrays thereof. Encountered: {}",
            value.type_name()
        )),
    }
}
