//! Operators that read the graph: scans, seeks, expansions, counts.

use std::sync::Arc;

use serde::Deserialize;

use super::{Expression, Info, Operator};

/// As in a pattern: `out` from the first node named, `in` towards it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatternDirection {
    Out,
    In,
    Both,
}

impl PatternDirection {
    /// The same relationships, seen from the other end.
    pub fn reversed(self) -> Self {
        match self {
            PatternDirection::Out => PatternDirection::In,
            PatternDirection::In => PatternDirection::Out,
            PatternDirection::Both => PatternDirection::Both,
        }
    }
}

/// The row the enclosing operator handed in; at the top of a query one row of nulls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argument {
    #[serde(default)]
    pub info: Info,
}

/// For each input row, every node into `slot`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllNodesScan {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub slot: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeByLabelScan {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub slot: u32,
    pub label: Arc<str>,
}

/// `ids` gives one integer id, one element id (string) or a list of them; what does not exist is left out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeByIdSeek {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub slot: u32,
    pub ids: Expression,
}

/// Equality on the first keys of the index, then at most one other predicate on the next key. `in_list` stands only
/// as the first and sole key and is seeked once per distinct element.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeIndexSeek {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub slot: u32,
    pub label: Arc<str>,
    pub keys: Vec<Arc<str>>,
    #[serde(default)]
    pub equal: Vec<Expression>,
    #[serde(default)]
    pub in_list: Option<Expression>,
    #[serde(default)]
    pub lower: Option<Expression>,
    #[serde(default)]
    pub lower_included: bool,
    #[serde(default)]
    pub upper: Option<Expression>,
    #[serde(default)]
    pub upper_included: bool,
    #[serde(default)]
    pub prefix: Option<Expression>,
}

/// As [`NodeIndexSeek`], of relationships of one type; `Both` gives each twice, a self-loop once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationshipIndexSeek {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub relationship: u32,
    pub start: u32,
    pub end: u32,
    #[serde(rename = "type")]
    pub type_name: Arc<str>,
    pub direction: PatternDirection,
    pub keys: Vec<Arc<str>>,
    #[serde(default)]
    pub equal: Vec<Expression>,
    #[serde(default)]
    pub in_list: Option<Expression>,
    #[serde(default)]
    pub lower: Option<Expression>,
    #[serde(default)]
    pub lower_included: bool,
    #[serde(default)]
    pub upper: Option<Expression>,
    #[serde(default)]
    pub upper_included: bool,
    #[serde(default)]
    pub prefix: Option<Expression>,
}

/// Every relationship of the types (none = all) with its ends; `Both` gives each twice, a self-loop once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationshipScan {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub relationship: u32,
    pub start: u32,
    pub end: u32,
    pub types: Vec<Arc<str>>,
    pub direction: PatternDirection,
}

/// From `from` over one relationship to `to`. `into`: `to` is bound already and must be where it ends. `exclude`:
/// slots of relationships (or lists of them) that must not be walked again. `from` null gives no row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expand {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub from: u32,
    pub relationship: u32,
    pub to: u32,
    pub types: Vec<Arc<str>>,
    pub direction: PatternDirection,
    #[serde(default)]
    pub into: bool,
    #[serde(default)]
    pub exclude: Vec<u32>,
}

/// From `from` over `min` to `max` relationships (none = no bound), none twice; `relationships` gets the list.
/// `predicate` must be true of every hop, with the hop's relationship in slot `hop`. `distinct_ends`: the query sees
/// no path, only which ends are reached (each once).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VarLengthExpand {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub from: u32,
    pub relationships: u32,
    pub to: u32,
    pub types: Vec<Arc<str>>,
    pub direction: PatternDirection,
    pub min: u64,
    pub max: Option<u64>,
    #[serde(default)]
    pub into: bool,
    #[serde(default)]
    pub exclude: Vec<u32>,
    #[serde(default)]
    pub hop: Option<u32>,
    #[serde(default)]
    pub predicate: Option<Expression>,
    #[serde(default)]
    pub distinct_ends: bool,
}

/// A pattern over a relationship (or, with `is_list`, a list of them) that is bound already: checks types and
/// direction, binds `start` and `end`, or checks them where they are bound.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundRelationships {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub relationship: u32,
    pub is_list: bool,
    pub start: u32,
    pub start_bound: bool,
    pub end: u32,
    pub end_bound: bool,
    pub types: Vec<Arc<str>>,
    pub direction: PatternDirection,
    #[serde(default = "one")]
    pub min: u64,
    #[serde(default)]
    pub max: Option<u64>,
    #[serde(default)]
    pub exclude: Vec<u32>,
}

fn one() -> u64 {
    1
}

/// Shortest path(s) between two bound nodes; `relationships` gets the list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShortestPath {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub from: u32,
    pub relationships: u32,
    pub to: u32,
    pub types: Vec<Arc<str>>,
    pub direction: PatternDirection,
    pub min: u64,
    pub max: Option<u64>,
    pub all: bool,
    #[serde(default)]
    pub hop: Option<u32>,
    #[serde(default)]
    pub predicate: Option<Expression>,
    /// A path may lead back to where it began.
    #[serde(default)]
    pub cycles: bool,
}

/// A quantified path: from `from`, `body` over and over, `min` to `max` times, no relationship twice. Before each round
/// `inner_start` holds the node and `used` the relationships walked so far; a row of `body` says in `inner_end` where it leads
/// and in `inner_relationships` what it walked. `groups` get the lists of the values that `inner` had, round by round.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub body: Operator,
    pub from: u32,
    pub to: u32,
    pub into: bool,
    pub inner_start: u32,
    pub inner_end: u32,
    pub inner_relationships: Vec<u32>,
    pub used: u32,
    pub relationships: u32,
    pub inner: Vec<u32>,
    pub groups: Vec<u32>,
    pub min: u64,
    pub max: Option<u64>,
}

/// Of the rows with equal `partition`, the first `count`; or, with `groups`, those of the first `count` lengths.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectPaths {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub partition: Vec<u32>,
    pub length: Expression,
    pub count: Expression,
    pub groups: bool,
}

/// An exact count from the store into `slot`. Nodes of `label`; or relationships of `types` that start at
/// `start_label` and end at `end_label` (at most one of the two given); none for "any".
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountStore {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub slot: u32,
    pub kind: CountKind,
    #[serde(default)]
    pub label: Option<Arc<str>>,
    #[serde(default)]
    pub types: Vec<Arc<str>>,
    #[serde(default)]
    pub start_label: Option<Arc<str>>,
    #[serde(default)]
    pub end_label: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CountKind {
    Nodes,
    Relationships,
}
