//! Operators that change the graph or its schema.

use std::sync::Arc;

use super::{Builder, slot};
use crate::ExecError;
use crate::expression::Expression;
use crate::operators::Source;
use crate::operators::create::{Create, NewNode, NewRelationship, Pattern};
use crate::operators::delete::Delete;
use crate::operators::foreach::Foreach;
use crate::operators::merge::Merge;
use crate::operators::names::Names;
use crate::operators::rows::Buffer;
use crate::operators::schema::{Command, Schema};
use crate::operators::set::{Item, Set};
use crate::plan::{self, Operator as Plan, SetItem};

impl Builder<'_> {
    pub(super) fn build_write(&mut self, operator: &Plan) -> Result<Source, ExecError> {
        Ok(match operator {
            Plan::Create(o) => Box::new(Create {
                pattern: self.pattern(&o.nodes, &o.relationships)?,
                input: self.build(&o.input)?,
            }),
            Plan::Merge(o) => Box::new(Merge {
                pattern: self.pattern(&o.nodes, &o.relationships)?,
                on_match: self.items(&o.on_match)?,
                on_create: self.items(&o.on_create)?,
                not_null: self.compile_all(&o.not_null)?,
                matches: Buffer::default(),
                input: self.build(&o.input)?,
                right: self.build(&o.right)?,
            }),
            Plan::Set(o) => Box::new(Set { items: self.items(&o.items)?, input: self.build(&o.input)? }),
            Plan::Delete(o) => Box::new(Delete {
                targets: self.compile_all(&o.targets)?,
                detach: o.detach,
                buffer: Buffer::default(),
                is_done: false,
                input: self.build(&o.input)?,
            }),
            Plan::Foreach(o) => Box::new(Foreach {
                slot: slot(o.slot),
                list: self.compile(&o.list)?,
                input: self.build(&o.input)?,
                body: self.build(&o.body)?,
            }),
            other => return Err(ExecError::internal(format!("operator {} does not write", other.name()))),
        })
    }

    fn pattern(
        &mut self,
        nodes: &[plan::CreateNode],
        relationships: &[plan::CreateRelationship],
    ) -> Result<Pattern, ExecError> {
        let mut pattern = Pattern { nodes: Vec::new(), relationships: Vec::new() };
        for node in nodes {
            pattern.nodes.push(NewNode {
                slot: slot(node.slot),
                labels: self.names(&node.labels, &node.label_values)?,
                properties: self.optional(&node.properties)?,
            });
        }
        for relationship in relationships {
            pattern.relationships.push(NewRelationship {
                slot: slot(relationship.slot),
                type_name: self.names(&relationship.type_name, &relationship.type_value)?,
                start: slot(relationship.start),
                end: slot(relationship.end),
                properties: self.optional(&relationship.properties)?,
            });
        }
        Ok(pattern)
    }

    fn names<'p>(
        &mut self,
        plain: impl IntoIterator<Item = &'p Arc<str>>,
        values: impl IntoIterator<Item = &'p plan::Expression>,
    ) -> Result<Names, ExecError> {
        Ok(Names {
            plain: plain.into_iter().cloned().collect(),
            values: values.into_iter().map(|value| self.compile(value)).collect::<Result<_, _>>()?,
        })
    }

    fn items(&mut self, items: &[SetItem]) -> Result<Vec<Item>, ExecError> {
        items.iter().map(|item| self.item(item)).collect()
    }

    fn item(&mut self, item: &SetItem) -> Result<Item, ExecError> {
        Ok(match item {
            SetItem::SetProperty { entity, key, value } => Item::Property {
                entity: self.compile(entity)?,
                key: Arc::clone(key),
                value: self.compile(value)?,
            },
            SetItem::SetProperties { entity, value, replace } => Item::Properties {
                entity: self.compile(entity)?,
                value: self.compile(value)?,
                replace: *replace,
            },
            SetItem::SetLabels { entity, labels, values } => {
                Item::Labels { entity: self.compile(entity)?, labels: self.names(labels, values)? }
            }
            SetItem::RemoveProperty { entity, key } => {
                Item::RemoveProperty { entity: self.compile(entity)?, key: Arc::clone(key) }
            }
            SetItem::RemoveLabels { entity, labels, values } => {
                Item::RemoveLabels { entity: self.compile(entity)?, labels: self.names(labels, values)? }
            }
        })
    }

    pub(super) fn build_schema(&mut self, operator: &Plan) -> Result<Source, ExecError> {
        Ok(match operator {
            Plan::CreateIndex(o) => {
                let (name, options) = (self.optional(&o.name_from)?, self.optional(&o.options)?);
                schema(Command::CreateIndex((**o).clone()), name, options)
            }
            Plan::DropIndex(o) => {
                schema(Command::DropIndex((**o).clone()), self.optional(&o.name_from)?, None)
            }
            Plan::CreateConstraint(o) => {
                schema(Command::CreateConstraint((**o).clone()), self.optional(&o.name_from)?, None)
            }
            Plan::DropConstraint(o) => {
                schema(Command::DropConstraint((**o).clone()), self.optional(&o.name_from)?, None)
            }
            other => return Err(ExecError::internal(format!("operator {} is no command", other.name()))),
        })
    }
}

fn schema(command: Command, name: Option<Expression>, options: Option<Expression>) -> Source {
    Box::new(Schema { command, name, options, is_done: false })
}
