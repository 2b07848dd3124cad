//! Operators over rows: filter, project, group, order, combine.

use std::sync::Arc;

use serde::Deserialize;

use super::{Expression, Info, Operator};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub predicate: Expression,
}

/// All expressions see the input row; then all slots are written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Projection {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub slots: Vec<u32>,
    pub expressions: Vec<Expression>,
}

/// One aggregate of an [`Aggregation`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    pub slot: u32,
    pub function: AggregateFunction,
    pub arguments: Vec<Expression>,
    #[serde(default)]
    pub distinct: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AggregateFunction {
    #[serde(rename = "count_star")]
    CountStar,
    Count,
    Sum,
    Avg,
    Min,
    Max,
    Collect,
    PercentileCont,
    PercentileDisc,
    StDev,
    StDevP,
}

/// Groups by the keys, keeps first representatives, groups in order of first appearance. Afterwards only key slots,
/// aggregate slots and the slots of the argument are meaningful.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aggregation {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub key_slots: Vec<u32>,
    pub keys: Vec<Expression>,
    pub aggregates: Vec<Aggregate>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distinct {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub slots: Vec<u32>,
}

/// Stable, by orderability. `limit` makes it a Top.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sort {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub keys: Vec<Expression>,
    pub descending: Vec<bool>,
    #[serde(default)]
    pub limit: Option<Expression>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skip {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub count: Expression,
}

/// `exhaust`: a write stands below, so the input is run to its end all the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub count: Expression,
    #[serde(default)]
    pub exhaust: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unwind {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub slot: u32,
    pub list: Expression,
}

/// Rows of the inputs one after the other; `mappings[i][j]` is the slot of input i that goes to `slots[j]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Union {
    #[serde(default)]
    pub info: Info,
    pub inputs: Vec<Operator>,
    pub mappings: Vec<Vec<u32>>,
    pub slots: Vec<u32>,
}

/// For each left row, the rows of `right` with that row as its argument.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub right: Operator,
}

/// Left rows for which `right` gives a row (`anti`: gives none).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SemiApply {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub right: Operator,
    #[serde(default)]
    pub anti: bool,
}

/// As Apply, but a left row without match passes once with `slots` null.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionalApply {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub right: Operator,
    pub slots: Vec<u32>,
}

/// Both sides see the same argument; `right_slots` are copied onto each left row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartesianProduct {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub right: Operator,
    pub right_slots: Vec<u32>,
}

/// Equi-join by Cypher's `=` of the keys (null never joins); `right_slots` are copied.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HashJoin {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub right: Operator,
    pub left_keys: Vec<Expression>,
    pub right_keys: Vec<Expression>,
    pub right_slots: Vec<u32>,
}

/// Consumes its input to the end before it gives the first row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eager {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
}

/// `yield_columns[i]` of each result row goes to `yield_slots[i]`; a void procedure passes the row on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcedureCall {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub name: Arc<str>,
    pub arguments: Vec<Expression>,
    pub yield_columns: Vec<Arc<str>>,
    pub yield_slots: Vec<u32>,
}

/// Per row: the lines of a file, as lists of texts or, with `headers`, as maps by the names in the first line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadCsv {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub slot: u32,
    pub url: Expression,
    pub headers: bool,
    #[serde(default)]
    pub delimiter: Option<Expression>,
}

/// The top of every plan: the columns of the answer, in order (none: the rows are counted and dropped).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProduceResults {
    #[serde(default)]
    pub info: Info,
    pub input: Operator,
    pub slots: Vec<u32>,
}

impl AggregateFunction {
    /// How many arguments it takes.
    pub fn arity(self) -> usize {
        match self {
            AggregateFunction::CountStar => 0,
            AggregateFunction::PercentileCont | AggregateFunction::PercentileDisc => 2,
            _ => 1,
        }
    }
}
