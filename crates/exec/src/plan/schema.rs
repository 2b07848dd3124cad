//! Operators that change the schema; they stand alone below ProduceResults.

use std::sync::Arc;

use serde::Deserialize;

use super::{Expression, Info};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexType {
    Range,
    Text,
    Point,
    Lookup,
    Fulltext,
    Vector,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConstraintType {
    Unique,
    Exists,
    Key,
    Type,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntityType {
    Node,
    Relationship,
}

/// `label` is a label or a relationship type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateIndex {
    #[serde(default)]
    pub info: Info,
    pub name: Option<Arc<str>>,
    pub kind: IndexType,
    pub entity: EntityType,
    pub label: Arc<str>,
    pub keys: Vec<Arc<str>>,
    pub if_not_exists: bool,
    /// Of a full-text index: further labels or types.
    #[serde(default)]
    pub others: Vec<Arc<str>>,
    #[serde(default)]
    pub options: Option<Expression>,
    /// Gives the name, instead of `name`, when the statement runs.
    #[serde(default)]
    pub name_from: Option<Expression>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropIndex {
    #[serde(default)]
    pub info: Info,
    pub name: Arc<str>,
    pub if_exists: bool,
    #[serde(default)]
    pub name_from: Option<Expression>,
}

/// `label` is a label or a relationship type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateConstraint {
    #[serde(default)]
    pub info: Info,
    pub name: Option<Arc<str>>,
    pub kind: ConstraintType,
    pub entity: EntityType,
    pub label: Arc<str>,
    pub keys: Vec<Arc<str>>,
    pub if_not_exists: bool,
    #[serde(default)]
    pub value_type: Option<Arc<str>>,
    #[serde(default)]
    pub name_from: Option<Expression>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropConstraint {
    #[serde(default)]
    pub info: Info,
    pub name: Arc<str>,
    pub if_exists: bool,
    #[serde(default)]
    pub name_from: Option<Expression>,
}
