//! Properties, labels, and what has become of deleted entities; indexing and slices.

use std::sync::Arc;

use samyama_graph::{Graph, Map, NodeId, RelationshipId, Value};

use super::{Context, KeyRef, Labels};
use crate::ExecError;
use crate::functions::temporal;

pub(crate) fn deleted_node(id: NodeId) -> ExecError {
    ExecError::deleted_entity("Node", id.0)
}

pub(crate) fn deleted_relationship(id: RelationshipId) -> ExecError {
    ExecError::deleted_entity("Relationship", id.0)
}

/// `value.key`.
pub(super) fn property(value: &Value, key: KeyRef, context: &mut Context<'_>) -> Result<Value, ExecError> {
    let graph = context.access.graph();
    // For PROFILE: an addition is cheaper than asking whether anybody counts.
    context.statement.hits += u64::from(matches!(value, Value::Node(_) | Value::Relationship(_)));
    match value {
        Value::Node(id) => {
            let found =
                context.tokens.key(key, graph).map_or(Value::Null, |key| graph.node_property(*id, key));
            // Absent is the only answer a deleted node gives, so only then is it asked whether it exists.
            if found.is_null() && !graph.node_exists(*id) { Err(deleted_node(*id)) } else { Ok(found) }
        }
        Value::Relationship(id) => {
            let key = context.tokens.key(key, graph);
            let found = key.map_or(Value::Null, |key| graph.relationship_property(*id, key));
            if !found.is_null() || graph.relationship(*id).is_some() {
                return Ok(found);
            }
            let left = context.statement.dangling.get(id).ok_or_else(|| deleted_relationship(*id))?;
            let kept = left.properties.iter().find(|(one, _)| Some(*one) == key);
            Ok(kept.map_or(Value::Null, |(_, value)| value.clone()))
        }
        other => {
            let name = context.tokens.key_name(key).clone();
            property_of_value(other, &name)
        }
    }
}

/// `value[name]` and `value.name` where the name is known only now.
pub(crate) fn property_by_name(value: &Value, name: &str, graph: &Graph) -> Result<Value, ExecError> {
    match value {
        Value::Node(id) if !graph.node_exists(*id) => Err(deleted_node(*id)),
        Value::Node(id) => {
            Ok(graph.property_key(name).map_or(Value::Null, |key| graph.node_property(*id, key)))
        }
        Value::Relationship(id) if graph.relationship(*id).is_none() => Err(deleted_relationship(*id)),
        Value::Relationship(id) => {
            Ok(graph.property_key(name).map_or(Value::Null, |key| graph.relationship_property(*id, key)))
        }
        other => property_of_value(other, name),
    }
}

fn property_of_value(value: &Value, name: &str) -> Result<Value, ExecError> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Map(map) => Ok(map.get(name).cloned().unwrap_or_default()),
        Value::Point(point) => Ok(crate::functions::point_component(point, name)),
        other => match temporal::component(other, name) {
            Some(found) => found,
            None => Err(ExecError::type_error(
                "InvalidArgumentType",
                format!("Type mismatch: expected a map, node or relationship but was {}", other.type_name()),
            )),
        },
    }
}

/// All properties of a node, relationship or map as a map; None for other values.
pub(crate) fn entity_properties(value: &Value, graph: &Graph) -> Result<Option<Arc<Map>>, ExecError> {
    let pairs: Vec<(Arc<str>, Value)> = match value {
        Value::Map(map) => return Ok(Some(map.clone())),
        Value::Node(id) if !graph.node_exists(*id) => return Err(deleted_node(*id)),
        Value::Node(id) => {
            graph.node_properties(*id).map(|(key, v)| (graph.property_key_name(key).clone(), v)).collect()
        }
        Value::Relationship(id) if graph.relationship(*id).is_none() => {
            return Err(deleted_relationship(*id));
        }
        Value::Relationship(id) => graph
            .relationship_properties(*id)
            .map(|(key, v)| (graph.property_key_name(key).clone(), v))
            .collect(),
        _ => return Ok(None),
    };
    Ok(Some(Arc::new(Map::from_pairs(pairs))))
}

/// `value:A|B`, null for null.
pub(super) fn has_labels(
    value: &Value,
    labels: &Labels,
    context: &mut Context<'_>,
) -> Result<Value, ExecError> {
    let exists = match value {
        Value::Null => return Ok(Value::Null),
        Value::Node(id) if !context.graph().node_exists(*id) => return Err(deleted_node(*id)),
        Value::Relationship(id) => relationship_type(*id, context).is_some(),
        Value::Node(_) => true,
        other => {
            return Err(ExecError::type_error(
                "InvalidArgumentType",
                format!("Type mismatch: expected Node or Relationship but was {}", other.type_name()),
            ));
        }
    };
    if !exists {
        return Ok(Value::Boolean(false));
    }
    Ok(Value::Boolean(test_labels(value, labels, context)))
}

fn relationship_type(id: RelationshipId, context: &Context<'_>) -> Option<samyama_graph::TypeId> {
    let ends = context.graph().relationship(id);
    ends.or_else(|| context.deleted_relationships.get(&id).copied()).map(|ends| ends.type_id)
}

fn test_labels(value: &Value, labels: &Labels, context: &mut Context<'_>) -> bool {
    match labels {
        Labels::Name(label, type_ref) => match value {
            Value::Node(id) => {
                let graph = context.access.graph();
                context.tokens.label(*label, graph).is_some_and(|label| graph.has_label(*id, label))
            }
            Value::Relationship(id) => {
                let wanted = context.tokens.relationship_type(*type_ref, context.access.graph());
                wanted.is_some() && wanted == relationship_type(*id, context)
            }
            _ => false,
        },
        Labels::Any => match value {
            Value::Node(id) => context.graph().labels(*id).next().is_some(),
            _ => true,
        },
        Labels::Not(operand) => !test_labels(value, operand, context),
        Labels::And(operands) => operands.iter().all(|operand| test_labels(value, operand, context)),
        Labels::Or(operands) => operands.iter().any(|operand| test_labels(value, operand, context)),
    }
}

/// `container[index]`.
pub(super) fn index(container: &Value, index: &Value, graph: &Graph) -> Result<Value, ExecError> {
    match (container, index) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::List(items), Value::Integer(i)) => {
            Ok(position(*i, items.len()).and_then(|i| items.get(i)).cloned().unwrap_or_default())
        }
        (Value::List(_), other) => Err(ExecError::type_error(
            "InvalidArgumentType",
            format!("Expected an integer as the index of a list, but got {}", other.type_name()),
        )),
        (Value::Map(_) | Value::Node(_) | Value::Relationship(_), Value::String(name)) => {
            property_by_name(container, name, graph)
        }
        (Value::Map(_) | Value::Node(_) | Value::Relationship(_), other) => Err(ExecError::type_error(
            "MapElementAccessByNonString",
            format!("Expected a string as the key of a map, but got {}", other.type_name()),
        )),
        (other, _) => Err(ExecError::type_error(
            "InvalidArgumentType",
            format!("`{}` is no list, map, node or relationship: it cannot be indexed", other.type_name()),
        )),
    }
}

/// A position counted from the end when negative; None in front of the list.
fn position(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(length as i64)? } else { index };
    usize::try_from(index).ok()
}

/// `list[start..end]`: bounds are clamped, a null bound gives null.
pub(super) fn slice(
    list: &Value,
    start: Option<Value>,
    end: Option<Value>,
    context: &Context<'_>,
) -> Result<Value, ExecError> {
    let items = match list {
        Value::Null => return Ok(Value::Null),
        Value::List(items) => items,
        other => {
            return Err(ExecError::type_error(
                "InvalidArgumentType",
                format!("Type mismatch: expected List but was {}", other.type_name()),
            ));
        }
    };
    let bound = |value: Option<Value>, missing: usize| match value {
        None => Ok(Some(missing)),
        Some(Value::Null) => Ok(None),
        Some(Value::Integer(i)) => Ok(Some(position(i, items.len()).unwrap_or(0).min(items.len()))),
        Some(other) => Err(ExecError::type_error(
            "InvalidArgumentType",
            format!("Expected an integer as the bound of a slice, but got {}", other.type_name()),
        )),
    };
    match (bound(start, 0)?, bound(end, items.len())?) {
        (Some(start), Some(end)) if start < end => {
            context.memory.ensure_list(end - start)?;
            Ok(Value::from(items[start..end].to_vec()))
        }
        (Some(_), Some(_)) => Ok(Value::from(Vec::new())),
        _ => Ok(Value::Null),
    }
}
