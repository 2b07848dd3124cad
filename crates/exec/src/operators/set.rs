//! SET and REMOVE: items of one clause apply left to right on each row.

use std::sync::Arc;

use samyama_graph::{Effect, Map, NodeId, RelationshipId, Value};

use super::create::map_of;
use super::names::Names;
use super::statement::check_storable;
use super::{Operate, Source};
use crate::expression::{Context, Expression, deleted_node, deleted_relationship};
use crate::{ExecError, Read};

pub(super) enum Item {
    Property { entity: Expression, key: Arc<str>, value: Expression },
    Properties { entity: Expression, value: Expression, replace: bool },
    Labels { entity: Expression, labels: Names },
    RemoveProperty { entity: Expression, key: Arc<str> },
    RemoveLabels { entity: Expression, labels: Names },
}

/// What an item changes.
#[derive(Clone, Copy)]
pub(super) enum Entity {
    Node(NodeId),
    Relationship(RelationshipId),
}

/// None for null, on which SET does nothing.
fn entity_of(
    expression: &Expression,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Option<Entity>, ExecError> {
    match expression.evaluate(row, context)? {
        Value::Null => Ok(None),
        Value::Node(id) if context.graph().node_exists(id) => {
            context.note(|| Read::Node(id));
            Ok(Some(Entity::Node(id)))
        }
        Value::Node(id) => Err(deleted_node(id)),
        Value::Relationship(id) if context.graph().relationship(id).is_some() => {
            context.note(|| Read::Relationship(id));
            Ok(Some(Entity::Relationship(id)))
        }
        // Its end is gone, and it is to follow: what is set on it now nobody will see.
        Value::Relationship(id) if context.statement.dangling.contains_key(&id) => Ok(None),
        Value::Relationship(id) => Err(deleted_relationship(id)),
        other => Err(ExecError::type_error(
            "InvalidArgumentType",
            format!(
                "Expected a Node or a Relationship to set something on, but there was a {}",
                other.type_name()
            ),
        )),
    }
}

fn node_of(
    expression: &Expression,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Option<NodeId>, ExecError> {
    match entity_of(expression, row, context)? {
        None => Ok(None),
        Some(Entity::Node(id)) => Ok(Some(id)),
        Some(Entity::Relationship(_)) => Err(ExecError::type_error(
            "InvalidArgumentType",
            "Labels can only be set on a Node, and this is a Relationship",
        )),
    }
}

fn set_property(
    entity: Entity,
    key: &Arc<str>,
    value: Value,
    context: &mut Context<'_>,
) -> Result<(), ExecError> {
    check_storable(&value)?;
    let is_removal = value.is_null();
    let before = match context.graph().property_key(key) {
        None => Value::Null,
        Some(key) => match entity {
            Entity::Node(id) => context.graph().node_property(id, key),
            Entity::Relationship(id) => context.graph().relationship_property(id, key),
        },
    };
    if is_removal && before.is_null() {
        return Ok(());
    }
    context.statement.counters.properties_set += 1;
    // The same value again changes nothing, and then the log need not hear of it.
    if before.type_name() == value.type_name() && before == value {
        return Ok(());
    }
    let key = context.key_or_new(key)?;
    context.apply(match entity {
        Entity::Node(id) => Effect::SetNodeProperty { id, key, value },
        Entity::Relationship(id) => Effect::SetRelationshipProperty { id, key, value },
    })
}

pub(super) fn set_all(
    entity: Entity,
    map: &Map,
    replace: bool,
    context: &mut Context<'_>,
) -> Result<(), ExecError> {
    if replace {
        let graph = context.graph();
        let present: Vec<_> = match entity {
            Entity::Node(id) => graph.node_properties(id).map(|(key, _)| key).collect(),
            Entity::Relationship(id) => graph.relationship_properties(id).map(|(key, _)| key).collect(),
        };
        let names: Vec<_> = present.iter().map(|key| Arc::clone(graph.property_key_name(*key))).collect();
        for name in names.iter().filter(|name| !map.contains_key(name)) {
            set_property(entity, name, Value::Null, context)?;
        }
    }
    for (key, value) in map.iter() {
        set_property(entity, key, value.clone(), context)?;
    }
    Ok(())
}

pub(super) fn add_labels(id: NodeId, names: &[Arc<str>], context: &mut Context<'_>) -> Result<(), ExecError> {
    for name in names {
        let label = context.label_or_new(name)?;
        if !context.graph().has_label(id, label) {
            context.statement.counters.labels_added += 1;
            context.apply(Effect::AddLabel { id, label })?;
        }
    }
    Ok(())
}

impl Item {
    pub(super) fn apply(&self, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        match self {
            Item::Property { entity, key, value } => {
                // A map of the query is no entity; only its own copies could be changed, so that is an error too.
                let entity = entity_of(entity, row, context)?;
                let value = value.evaluate(row, context)?;
                entity.map_or(Ok(()), |entity| set_property(entity, key, value, context))
            }
            Item::Properties { entity, value, replace } => {
                let Some(entity) = entity_of(entity, row, context)? else { return Ok(()) };
                let value = value.evaluate(row, context)?;
                let map = map_of(&value, context)?;
                set_all(entity, &map, *replace, context)
            }
            Item::RemoveProperty { entity, key } => match entity_of(entity, row, context)? {
                Some(entity) => set_property(entity, key, Value::Null, context),
                None => Ok(()),
            },
            Item::Labels { entity, labels } => {
                let Some(id) = node_of(entity, row, context)? else { return Ok(()) };
                let labels = labels.of(row, context)?;
                add_labels(id, &labels, context)
            }
            Item::RemoveLabels { entity, labels } => {
                let Some(id) = node_of(entity, row, context)? else { return Ok(()) };
                for name in labels.of(row, context)?.iter() {
                    let label = context.graph().label(name);
                    if let Some(label) = label.filter(|label| context.graph().has_label(id, *label)) {
                        context.statement.counters.labels_removed += 1;
                        context.apply(Effect::RemoveLabel { id, label })?;
                    }
                }
                Ok(())
            }
        }
    }
}

pub(super) struct Set {
    pub(super) input: Source,
    pub(super) items: Vec<Item>,
}

impl Operate for Set {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        context.step()?;
        if !self.input.next(row, context)? {
            return Ok(false);
        }
        for item in &self.items {
            item.apply(row, context)?;
        }
        Ok(true)
    }
}
