//! Creating nodes and relationships, for CREATE and for the creating half of MERGE.

use std::sync::Arc;

use samyama_graph::{Effect, KeyId, Map, NodeId, RelationshipId, Value};

use super::names::Names;
use super::statement::check_storable;
use super::walk::node_at;
use super::{Operate, Source};
use crate::expression::{Context, Expression, entity_properties};
use crate::{ExecError, Read};

pub(super) struct NewNode {
    pub(super) slot: usize,
    pub(super) labels: Names,
    pub(super) properties: Option<Expression>,
}

pub(super) struct NewRelationship {
    pub(super) slot: usize,
    pub(super) type_name: Names,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) properties: Option<Expression>,
}

/// What one row makes.
pub(super) struct Pattern {
    pub(super) nodes: Vec<NewNode>,
    pub(super) relationships: Vec<NewRelationship>,
}

fn properties_of(
    expression: &Option<Expression>,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Vec<(KeyId, Value)>, ExecError> {
    let Some(expression) = expression else { return Ok(Vec::new()) };
    let value = expression.evaluate(row, context)?;
    let map = map_of(&value, context)?;
    storable(&map, context)
}

/// What properties are taken from: a map, or an entity.
pub(super) fn map_of(value: &Value, context: &Context<'_>) -> Result<Arc<Map>, ExecError> {
    entity_properties(value, context.graph())?.ok_or_else(|| {
        let what =
            format!("Expected a Map, Node or Relationship with properties but got {}", value.type_name());
        ExecError::type_error("InvalidArgumentType", what)
    })
}

/// A map as properties: nulls are left out, names become tokens.
pub(super) fn storable(map: &Map, context: &mut Context<'_>) -> Result<Vec<(KeyId, Value)>, ExecError> {
    let mut properties = Vec::with_capacity(map.len());
    for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        check_storable(value)?;
        properties.push((context.key_or_new(key)?, value.clone()));
    }
    properties.sort_by_key(|(key, _)| *key);
    Ok(properties)
}

impl Pattern {
    pub(super) fn create(&self, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        for node in &self.nodes {
            let properties = properties_of(&node.properties, row, context)?;
            let labels = node.labels.of(row, context)?;
            row[node.slot] = Value::Node(create_node(&labels, properties, context)?);
        }
        for relationship in &self.relationships {
            relationship.create(row, context)?;
        }
        Ok(())
    }
}

pub(super) fn create_node(
    names: &[Arc<str>],
    properties: Vec<(KeyId, Value)>,
    context: &mut Context<'_>,
) -> Result<NodeId, ExecError> {
    let mut labels = Vec::with_capacity(names.len());
    for name in names {
        labels.push(context.label_or_new(name)?);
    }
    labels.sort_unstable();
    labels.dedup();
    let id = context.graph().next_node_id();
    context.statement.counters.nodes_created += 1;
    context.statement.counters.labels_added += labels.len() as u64;
    context.statement.counters.properties_set += properties.len() as u64;
    context.apply(Effect::CreateNode { id, labels, properties })?;
    context.note(|| Read::Node(id));
    Ok(id)
}

pub(super) fn create_relationship(
    (start, end): (NodeId, NodeId),
    type_name: &Arc<str>,
    properties: Vec<(KeyId, Value)>,
    context: &mut Context<'_>,
) -> Result<RelationshipId, ExecError> {
    let type_id = context.type_or_new(type_name)?;
    let id = context.graph().next_relationship_id();
    context.statement.counters.relationships_created += 1;
    context.statement.counters.properties_set += properties.len() as u64;
    context.apply(Effect::CreateRelationship { id, start, end, type_id, properties })?;
    context.note(|| Read::Relationship(id));
    context.note(|| Read::Node(start));
    context.note(|| Read::Node(end));
    Ok(id)
}

impl NewRelationship {
    fn create(&self, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        let properties = properties_of(&self.properties, row, context)?;
        let types = self.type_name.of(row, context)?;
        let [type_name] = &*types else {
            return Err(ExecError::type_error(
                "InvalidArgumentValue",
                format!("A relationship has one type, and the value that is to be it has {}", types.len()),
            ));
        };
        let (Some(start), Some(end)) = (node_at(self.start, row)?, node_at(self.end, row)?) else {
            return Err(ExecError::semantic_error(
                "",
                format!(
                    "Failed to create a relationship of type `{}`: one of its nodes is null. A relationship needs both; \
                     check the pattern that was to find them",
                    type_name
                ),
            ));
        };
        let id = create_relationship((start, end), type_name, properties, context)?;
        row[self.slot] = Value::Relationship(id);
        Ok(())
    }
}

pub(super) struct Create {
    pub(super) input: Source,
    pub(super) pattern: Pattern,
}

impl Operate for Create {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        context.step()?;
        if !self.input.next(row, context)? {
            return Ok(false);
        }
        self.pattern.create(row, context)?;
        Ok(true)
    }
}
