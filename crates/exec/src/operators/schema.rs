//! CREATE and DROP of indexes and constraints. Options of indexes are read in `index_options.rs`.
//!
//! Token lookup indexes are part of the store: to make one again says so, and none can be dropped.

use std::sync::Arc;

use samyama_graph::{
    ConstraintDefinition, ConstraintKind, Effect, EntityKind, Graph, IndexDefinition, IndexKind, KeyId, Value,
};

use super::Operate;
use super::index_options;
use super::show::LOOKUP_NAMES;
use crate::expression::{Context, Expression};
use crate::plan::{self, ConstraintType, EntityType, IndexType};
use crate::{ExecError, Read};

pub(super) enum Command {
    CreateIndex(plan::CreateIndex),
    DropIndex(plan::DropIndex),
    CreateConstraint(plan::CreateConstraint),
    DropConstraint(plan::DropConstraint),
}

pub(super) struct Schema {
    pub(super) command: Command,
    /// Gives the name when it is not written.
    pub(super) name: Option<Expression>,
    pub(super) options: Option<Expression>,
    pub(super) is_done: bool,
}

fn schema_error(title: &'static str, code: &'static str, message: String) -> ExecError {
    ExecError { code, ..ExecError::semantic_error(title, message) }
}

fn taken(message: String) -> ExecError {
    schema_error("", "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists", message)
}

fn unknown(what: &str, name: &str) -> ExecError {
    let code = if what == "index" {
        "Neo.ClientError.Schema.IndexDropFailed"
    } else {
        "Neo.ClientError.Schema.ConstraintDropFailed"
    };
    schema_error("", code, format!("Unable to drop {what} called `{name}`. There is no such {what}."))
}

fn name_taken(name: &str) -> ExecError {
    taken(format!("There already exists an index or a constraint with the name `{name}`"))
}

fn name_exists(name: &str, graph: &Graph) -> bool {
    LOOKUP_NAMES.contains(&name)
        || graph.indexes().any(|i| *i.name == *name)
        || graph.constraints().any(|c| *c.name == *name)
}

/// A name for what was given none: stable, readable, free.
fn free_name(prefix: &str, label: &str, keys: &[Arc<str>], graph: &Graph) -> Arc<str> {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for byte in label.bytes().chain(keys.iter().flat_map(|key| std::iter::once(0).chain(key.bytes()))) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    loop {
        let name = format!("{prefix}_{:08x}", hash as u32);
        let is_taken =
            graph.indexes().any(|i| *i.name == *name) || graph.constraints().any(|c| *c.name == *name);
        if !is_taken {
            return name.into();
        }
        hash = hash.wrapping_add(1);
    }
}

fn entity(kind: EntityType, label: &Arc<str>, context: &mut Context<'_>) -> Result<EntityKind, ExecError> {
    Ok(match kind {
        EntityType::Node => EntityKind::Node(context.label_or_new(label)?),
        EntityType::Relationship => EntityKind::Relationship(context.type_or_new(label)?),
    })
}

fn keys_of(names: &[Arc<str>], context: &mut Context<'_>) -> Result<Vec<KeyId>, ExecError> {
    names.iter().map(|key| context.key_or_new(key)).collect()
}

fn same_kind(a: &IndexKind, b: &IndexKind) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

/// With the name and options that were found; without a name it gets one.
fn create_index(
    create: &plan::CreateIndex,
    name: Option<Arc<str>>,
    options: &Value,
    context: &mut Context<'_>,
) -> Result<(), ExecError> {
    if create.kind == IndexType::Lookup {
        let which = LOOKUP_NAMES[usize::from(create.entity == EntityType::Relationship)];
        let message = format!("An equivalent index already exists: `{which}`");
        return if create.if_not_exists { Ok(()) } else { Err(taken(message)) };
    }
    if let Some(name) = name.as_ref().filter(|name| name_exists(name, context.graph())) {
        return if create.if_not_exists { Ok(()) } else { Err(name_taken(name)) };
    }
    let mut others = Vec::new();
    for label in &create.others {
        others.push(entity(create.entity, label, context)?);
    }
    let kind = index_options::kind(create.kind, others, options)?;
    let entity = entity(create.entity, &create.label, context)?;
    let keys = keys_of(&create.keys, context)?;
    let graph = context.graph();
    let covers = |one: &&IndexDefinition| one.entity == entity && one.keys == keys;
    if let Some(same) = graph.indexes().filter(covers).find(|one| same_kind(&one.kind, &kind)) {
        let message = format!("An equivalent index already exists: `{}`", same.name);
        return if create.if_not_exists { Ok(()) } else { Err(taken(message)) };
    }
    let name = name.unwrap_or_else(|| free_name("index", &create.label, &create.keys, graph));
    let id = graph.next_index_id();
    context.apply(Effect::CreateIndex(IndexDefinition { id, name, kind, entity, keys, owner: None }))?;
    context.statement.counters.indexes_added += 1;
    Ok(())
}

/// `db.index.vector.createNodeIndex`, the procedure of before there was CREATE VECTOR INDEX.
pub(super) fn create_vector_index(
    [name, label, key]: [&Arc<str>; 3],
    options: &Value,
    context: &mut Context<'_>,
) -> Result<(), ExecError> {
    let create = plan::CreateIndex {
        info: plan::Info::default(),
        name: None,
        kind: IndexType::Vector,
        entity: EntityType::Node,
        label: Arc::clone(label),
        keys: vec![Arc::clone(key)],
        if_not_exists: false,
        others: Vec::new(),
        options: None,
        name_from: None,
    };
    create_index(&create, Some(Arc::clone(name)), options, context)
}

impl Schema {
    /// The name that was written, or what the expression in its place gives.
    fn name(
        &self,
        written: Option<&Arc<str>>,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<Option<Arc<str>>, ExecError> {
        let Some(expression) = &self.name else { return Ok(written.cloned()) };
        match expression.evaluate(row, context)? {
            Value::String(name) => Ok(Some(name)),
            other => Err(ExecError::type_error(
                "InvalidArgumentType",
                format!("The name of an index or constraint is a String, got {}", other.type_name()),
            )),
        }
    }

    fn create_index(
        &self,
        create: &plan::CreateIndex,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        let name = self.name(create.name.as_ref(), row, context)?;
        let options = match &self.options {
            None => Value::Null,
            Some(options) => options.evaluate(row, context)?,
        };
        create_index(create, name, &options, context)
    }

    fn create_constraint(
        &self,
        create: &plan::CreateConstraint,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        let kind = match (create.kind, &create.value_type) {
            (ConstraintType::Unique, _) => ConstraintKind::Unique,
            (ConstraintType::Exists, _) => ConstraintKind::Exists,
            (ConstraintType::Key, _) => ConstraintKind::Key,
            (ConstraintType::Type, Some(text)) => ConstraintKind::Type(Arc::clone(text)),
            (ConstraintType::Type, None) => {
                return Err(ExecError::internal("a constraint on a type without the type"));
            }
        };
        let name = self.name(create.name.as_ref(), row, context)?;
        if let Some(name) = name.as_ref().filter(|name| name_exists(name, context.graph())) {
            return if create.if_not_exists { Ok(()) } else { Err(name_taken(name)) };
        }
        let entity = entity(create.entity, &create.label, context)?;
        let keys = keys_of(&create.keys, context)?;
        let graph = context.graph();
        let covers = |one: &&ConstraintDefinition| one.entity == entity && one.keys == keys;
        let is_same =
            |one: &&ConstraintDefinition| one.kind == kind || (one.kind.has_index() && kind.has_index());
        if let Some(same) = graph.constraints().filter(covers).find(is_same) {
            let message = format!("An equivalent constraint already exists: `{}`", same.name);
            return if create.if_not_exists { Ok(()) } else { Err(taken(message)) };
        }
        let collides = |one: &&IndexDefinition| {
            kind.has_index() && one.kind == IndexKind::Range && one.entity == entity && one.keys == keys
        };
        if let Some(index) = graph.indexes().find(collides) {
            return Err(taken(format!(
                "There already exists an index `{}` on the same label and properties: drop it first, the constraint brings \
                 its own",
                index.name
            )));
        }
        let name = name.unwrap_or_else(|| free_name("constraint", &create.label, &create.keys, graph));
        let id = graph.next_index_id();
        let index = kind.has_index().then(|| IndexDefinition {
            id,
            name: Arc::clone(&name),
            kind: IndexKind::Range,
            entity,
            keys: keys.clone(),
            owner: Some(Arc::clone(&name)),
        });
        let constraint =
            ConstraintDefinition { name, kind, entity, keys, index: index.as_ref().map(|index| index.id) };
        context.apply(Effect::CreateConstraint { constraint, index })?;
        context.statement.counters.constraints_added += 1;
        Ok(())
    }

    fn drop_index(
        &self,
        drop: &plan::DropIndex,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        let name = self.name(Some(&drop.name), row, context)?.unwrap_or_default();
        if LOOKUP_NAMES.contains(&name.as_ref()) {
            let message = format!("`{name}` is part of the store and cannot be dropped");
            return Err(schema_error("", "Neo.ClientError.Schema.IndexDropFailed", message));
        }
        if !context.graph().indexes().any(|index| index.name == name) {
            return if drop.if_exists { Ok(()) } else { Err(unknown("index", &name)) };
        }
        context.apply(Effect::DropIndex { name })?;
        context.statement.counters.indexes_removed += 1;
        Ok(())
    }

    fn drop_constraint(
        &self,
        drop: &plan::DropConstraint,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        let name = self.name(Some(&drop.name), row, context)?.unwrap_or_default();
        if !context.graph().constraints().any(|constraint| constraint.name == name) {
            return if drop.if_exists { Ok(()) } else { Err(unknown("constraint", &name)) };
        }
        context.apply(Effect::DropConstraint { name })?;
        context.statement.counters.constraints_removed += 1;
        Ok(())
    }
}

impl Operate for Schema {
    fn restart(&mut self, _: &mut Context<'_>) {
        self.is_done = false;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        if !std::mem::replace(&mut self.is_done, true) {
            context.note(|| Read::Schema);
            // An index is built from every node of its label: whatever changes one, changes it.
            context.note(|| Read::AllNodes);
            context.note(|| Read::RelationshipType(None));
            match &self.command {
                Command::CreateIndex(create) => self.create_index(create, row, context)?,
                Command::DropIndex(drop) => self.drop_index(drop, row, context)?,
                Command::CreateConstraint(create) => self.create_constraint(create, row, context)?,
                Command::DropConstraint(drop) => self.drop_constraint(drop, row, context)?,
            }
        }
        Ok(false)
    }
}
