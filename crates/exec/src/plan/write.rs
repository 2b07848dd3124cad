//! Operators that change the graph.

use std::sync::Arc;

use serde::Deserialize;

use super::{Expression, Info, Operator};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateNode {
    pub slot: u32,
    pub labels: Vec<Arc<str>>,
    pub properties: Option<Expression>,
    /// Labels that are values: each a name or a list of names.
    #[serde(default)]
    pub label_values: Vec<Expression>,
}

impl CreateNode {
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.label_values.iter().chain(&self.properties)
    }
}

/// `type_name` or `type_value`, a name or a list of one name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRelationship {
    pub slot: u32,
    #[serde(rename = "type")]
    pub type_name: Option<Arc<str>>,
    pub start: u32,
    pub end: u32,
    pub properties: Option<Expression>,
    #[serde(default)]
    pub type_value: Option<Expression>,
}

impl CreateRelationship {
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.type_value.iter().chain(&self.properties)
    }
}

/// Per row: the nodes in order, then the relationships in order; properties see what was created before them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub nodes: Vec<CreateNode>,
    pub relationships: Vec<CreateRelationship>,
}

/// One item of SET or REMOVE.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", deny_unknown_fields)]
pub enum SetItem {
    SetProperty {
        entity: Expression,
        key: Arc<str>,
        value: Expression,
    },
    /// `entity = map` (replace) or `entity += map`.
    SetProperties {
        entity: Expression,
        value: Expression,
        replace: bool,
    },
    SetLabels {
        entity: Expression,
        labels: Vec<Arc<str>>,
        #[serde(default)]
        values: Vec<Expression>,
    },
    RemoveProperty {
        entity: Expression,
        key: Arc<str>,
    },
    RemoveLabels {
        entity: Expression,
        labels: Vec<Arc<str>>,
        #[serde(default)]
        values: Vec<Expression>,
    },
}

impl SetItem {
    pub fn for_each_expression<'a>(&'a self, visit: &mut dyn FnMut(&'a Expression)) {
        match self {
            SetItem::SetProperty { entity, value, .. } | SetItem::SetProperties { entity, value, .. } => {
                visit(entity);
                visit(value);
            }
            SetItem::SetLabels { entity, values, .. } | SetItem::RemoveLabels { entity, values, .. } => {
                visit(entity);
                values.iter().for_each(visit);
            }
            SetItem::RemoveProperty { entity, .. } => visit(entity),
        }
    }
}

/// Per row: the rows of `right` if there are any (then `on_match` on each), else create (then `on_create`).
/// A null among `not_null` is SemanticError MergeReadOwnWrites.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub right: Operator,
    pub nodes: Vec<CreateNode>,
    pub relationships: Vec<CreateRelationship>,
    pub on_match: Vec<SetItem>,
    pub on_create: Vec<SetItem>,
    #[serde(default)]
    pub not_null: Vec<Expression>,
}

/// Items apply left to right on each row (REMOVE items too).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub items: Vec<SetItem>,
}

/// Nodes, relationships, paths; null is nothing. A node that keeps relationships fails when the statement ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub targets: Vec<Expression>,
    pub detach: bool,
}

/// Per row and element: run `body` (whose Argument is the row with `slot` set) to its end; the row passes on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Foreach {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub slot: u32,
    pub list: Expression,
    pub body: Operator,
}
