//! CREATE and DROP of indexes and constraints. TEXT and POINT indexes are range indexes, which answer no less.

use std::sync::Arc;

use samyama_graph::{
    ConstraintDefinition, ConstraintKind, Effect, EntityKind, Graph, IndexDefinition, IndexKind, Value,
};

use super::Operate;
use crate::expression::Context;
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
    pub(super) is_done: bool,
}

fn schema_error(title: &'static str, code: &'static str, message: String) -> ExecError {
    ExecError { code, ..ExecError::semantic_error(title, message) }
}

fn taken(message: String) -> ExecError {
    schema_error("", "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists", message)
}

fn unknown(message: String) -> ExecError {
    schema_error("", "Neo.ClientError.Schema.ConstraintDropFailed", message)
}

fn not_yet(what: &str) -> ExecError {
    ExecError::semantic_error("", format!("{what} is not supported yet"))
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

impl Schema {
    fn entity(
        kind: EntityType,
        label: &Arc<str>,
        context: &mut Context<'_>,
    ) -> Result<EntityKind, ExecError> {
        Ok(match kind {
            EntityType::Node => EntityKind::Node(context.label_or_new(label)?),
            EntityType::Relationship => EntityKind::Relationship(context.type_or_new(label)?),
        })
    }

    fn name_exists(name: &Arc<str>, graph: &Graph) -> bool {
        graph.indexes().any(|i| i.name == *name) || graph.constraints().any(|c| c.name == *name)
    }

    fn create_index(create: &plan::CreateIndex, context: &mut Context<'_>) -> Result<(), ExecError> {
        match create.kind {
            IndexType::Range | IndexType::Text | IndexType::Point => {}
            IndexType::Lookup => return Ok(()),
            IndexType::Fulltext => return Err(not_yet("CREATE FULLTEXT INDEX")),
            IndexType::Vector => return Err(not_yet("CREATE VECTOR INDEX")),
        }
        let named = create.name.as_ref().is_some_and(|name| Self::name_exists(name, context.graph()));
        if named && create.if_not_exists {
            return Ok(());
        }
        if named {
            let name = create.name.as_deref().unwrap_or_default();
            return Err(taken(format!(
                "There already exists an index or a constraint with the name `{name}`"
            )));
        }
        let entity = Self::entity(create.entity, &create.label, context)?;
        let mut keys = Vec::new();
        for key in &create.keys {
            keys.push(context.key_or_new(key)?);
        }
        let graph = context.graph();
        if let Some(same) = graph.indexes().find(|index| index.entity == entity && index.keys == keys) {
            if create.if_not_exists {
                return Ok(());
            }
            return Err(taken(format!("An equivalent index already exists: `{}`", same.name)));
        }
        let name =
            create.name.clone().unwrap_or_else(|| free_name("index", &create.label, &create.keys, graph));
        let id = graph.next_index_id();
        let definition = IndexDefinition { id, name, kind: IndexKind::Range, entity, keys, owner: None };
        context.apply(Effect::CreateIndex(definition))?;
        context.statement.counters.indexes_added += 1;
        Ok(())
    }

    fn create_constraint(
        create: &plan::CreateConstraint,
        context: &mut Context<'_>,
    ) -> Result<(), ExecError> {
        match create.kind {
            ConstraintType::Unique => {}
            ConstraintType::Exists => return Err(not_yet("A constraint IS NOT NULL")),
            ConstraintType::Key => return Err(not_yet("A constraint IS NODE KEY")),
            ConstraintType::Type => return Err(not_yet("A constraint on a property's type")),
        }
        let named = create.name.as_ref().is_some_and(|name| Self::name_exists(name, context.graph()));
        if named && create.if_not_exists {
            return Ok(());
        }
        if named {
            let name = create.name.as_deref().unwrap_or_default();
            return Err(taken(format!(
                "There already exists an index or a constraint with the name `{name}`"
            )));
        }
        let entity = Self::entity(create.entity, &create.label, context)?;
        let mut keys = Vec::new();
        for key in &create.keys {
            keys.push(context.key_or_new(key)?);
        }
        let graph = context.graph();
        if let Some(same) = graph.constraints().find(|one| one.entity == entity && one.keys == keys) {
            if create.if_not_exists {
                return Ok(());
            }
            return Err(taken(format!("An equivalent constraint already exists: `{}`", same.name)));
        }
        if let Some(index) = graph.indexes().find(|index| index.entity == entity && index.keys == keys) {
            return Err(taken(format!(
                "There already exists an index `{}` on the same label and properties: drop it first, the constraint brings \
                 its own",
                index.name
            )));
        }
        let name = create
            .name
            .clone()
            .unwrap_or_else(|| free_name("constraint", &create.label, &create.keys, graph));
        let id = graph.next_index_id();
        // The index goes by the constraint's name in Neo4j; names are one space here, so it gets a suffix.
        let index_name: Arc<str> = format!("{name}_index").into();
        let owner = Some(Arc::clone(&name));
        let index = IndexDefinition {
            id,
            name: index_name,
            kind: IndexKind::Range,
            entity,
            keys: keys.clone(),
            owner,
        };
        let constraint = ConstraintDefinition { name, kind: ConstraintKind::Unique, entity, keys, index: id };
        context.apply(Effect::CreateConstraint { constraint, index })?;
        context.statement.counters.constraints_added += 1;
        Ok(())
    }

    fn drop_index(drop: &plan::DropIndex, context: &mut Context<'_>) -> Result<(), ExecError> {
        if !context.graph().indexes().any(|index| index.name == drop.name) {
            if drop.if_exists {
                return Ok(());
            }
            return Err(unknown(format!(
                "Unable to drop index called `{}`. There is no such index.",
                drop.name
            )));
        }
        context.apply(Effect::DropIndex { name: Arc::clone(&drop.name) })?;
        context.statement.counters.indexes_removed += 1;
        Ok(())
    }

    fn drop_constraint(drop: &plan::DropConstraint, context: &mut Context<'_>) -> Result<(), ExecError> {
        if !context.graph().constraints().any(|constraint| constraint.name == drop.name) {
            if drop.if_exists {
                return Ok(());
            }
            return Err(unknown(format!(
                "Unable to drop constraint called `{}`. There is no such constraint.",
                drop.name
            )));
        }
        context.apply(Effect::DropConstraint { name: Arc::clone(&drop.name) })?;
        context.statement.counters.constraints_removed += 1;
        Ok(())
    }
}

impl Operate for Schema {
    fn restart(&mut self, _: &mut Context<'_>) {
        self.is_done = false;
    }

    fn next(&mut self, _: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        if !std::mem::replace(&mut self.is_done, true) {
            context.note(|| Read::Schema);
            // An index is built from every node of its label: whatever changes one, changes it.
            context.note(|| Read::AllNodes);
            context.note(|| Read::RelationshipType(None));
            match &self.command {
                Command::CreateIndex(create) => Self::create_index(create, context)?,
                Command::DropIndex(drop) => Self::drop_index(drop, context)?,
                Command::CreateConstraint(create) => Self::create_constraint(create, context)?,
                Command::DropConstraint(drop) => Self::drop_constraint(drop, context)?,
            }
        }
        Ok(false)
    }
}
