//! The plan: the document that the planner (`python/samyama/cypher/plan.py`) writes and the executor obeys.
//!
//! MessagePack with maps by field name, decoded by serde into these enums and validated once ([`Plan::decode`]); an
//! unknown field, operator or version is an error that names it. Names of labels, types, keys and functions stay names,
//! so that a plan outlives the creation of tokens. Nothing here is optimised or executed.

mod describe;
mod expression;
mod literal;
mod operator;
mod read;
mod rows;
mod schema;
mod validate;
mod write;

use std::sync::Arc;

use serde::Deserialize;

pub use describe::More;
pub use expression::{
    BinaryOperator, ComparisonOperator, Expression, LabelExpression, QuantifierKind, SubplanKind,
    UnaryOperator,
};
pub use operator::{Info, Operator};
pub use read::*;
pub use rows::*;
pub use schema::*;
pub use write::*;

use crate::limits::{PLAN_BYTES_MAX, PLAN_DEPTH_MAX};
use crate::{ExecError, Parameters};

/// The version of the document this executor reads.
pub const IR_VERSION: u64 = 1;

/// `r`, `w`, `rw` or `s`, as Bolt's summaries have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum PlanKind {
    #[serde(rename = "r")]
    Read,
    #[serde(rename = "rw")]
    ReadWrite,
    #[serde(rename = "w")]
    Write,
    #[serde(rename = "s")]
    Schema,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanMode {
    Run,
    Explain,
    Profile,
}

/// A piece of a column's name: text, or the source text of stripped literal `i`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamePiece {
    Text(Arc<str>),
    Literal(usize),
}

/// A warning that travels with every result of the plan. Offsets count characters from 0, lines and columns from 1.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    pub code: Arc<str>,
    pub title: Arc<str>,
    pub description: Arc<str>,
    pub severity: Arc<str>,
    pub category: Arc<str>,
    pub gql_status: Arc<str>,
    #[serde(default)]
    pub offset: i64,
    #[serde(default = "one")]
    pub line: i64,
    #[serde(default = "one")]
    pub column: i64,
    /// It holds as long as the graph lacks this name.
    #[serde(default)]
    pub unknown: Option<UnknownName>,
}

/// A name that the graph did not have when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnknownName {
    pub kind: NameKind,
    pub name: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NameKind {
    Label,
    Type,
    Key,
}

fn one() -> i64 {
    1
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: Vec<NamePiece>,
}

/// The document as it stands in the bytes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "version")]
    _version: u64,
    kind: PlanKind,
    mode: PlanMode,
    slots: u32,
    columns: Vec<Column>,
    parameters: Vec<Arc<str>>,
    root: Operator,
    #[serde(default)]
    notifications: Vec<Notification>,
    #[serde(default = "yes")]
    cacheable: bool,
    #[serde(default)]
    batched: Option<Box<BatchedDocument>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchedDocument {
    outer: Document,
    inner: Document,
    rows: Expression,
    on_error: OnError,
    status: bool,
}

/// What a batch that fails does to those behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    Fail,
    Continue,
    Break,
}

/// CALL { } IN TRANSACTIONS. Whoever runs the plan cuts the rows of `outer` into batches and hands each to `inner`, then all
/// that came back to the plan itself, as lists in the parameter [`ROWS`].
#[derive(Debug)]
pub struct Batched {
    pub outer: Arc<Plan>,
    pub inner: Arc<Plan>,
    /// A literal or a parameter.
    rows: Expression,
    pub on_error: OnError,
    /// One more column behind those of `inner`: what became of the batch.
    pub status: bool,
}

/// The parameter that carries rows from plan to plan.
pub const ROWS: &str = "\0rows";

impl Batched {
    /// Rows of a batch.
    ///
    /// # Errors
    /// When it is no positive integer.
    pub fn rows(&self, parameters: &Parameters) -> Result<usize, ExecError> {
        let given = match &self.rows {
            Expression::Literal { value } => Some(value),
            Expression::Parameter { name } => parameters.named.get(name),
            Expression::AutoParameter { index } => parameters.literals.get(*index),
            _ => None,
        };
        match given {
            Some(samyama_graph::Value::Integer(rows)) if *rows > 0 => Ok(*rows as usize),
            _ => Err(ExecError::syntax_error(
                "InvalidArgumentType",
                "The number of rows of a transaction is a positive integer",
            )),
        }
    }
}

/// Only the version, so that a plan of another version is refused by name before its fields are looked at.
#[derive(Deserialize)]
struct Version {
    version: u64,
}

/// A decoded, validated plan. Immutable and shared by everybody who runs the query.
#[derive(Debug)]
pub struct Plan {
    kind: PlanKind,
    mode: PlanMode,
    slots: usize,
    columns: Vec<Vec<NamePiece>>,
    parameters: Vec<Arc<str>>,
    root: Box<ProduceResults>,
    notifications: Vec<Notification>,
    cacheable: bool,
    batched: Option<Batched>,
}

impl Plan {
    /// Read and validate the planner's bytes.
    pub fn decode(bytes: &[u8]) -> Result<Plan, ExecError> {
        if bytes.len() > PLAN_BYTES_MAX {
            return Err(refused(format!(
                "{} bytes are more than the limit of {PLAN_BYTES_MAX}",
                bytes.len()
            )));
        }
        let version = read::<Version>(bytes)?.version;
        if version != IR_VERSION {
            return Err(refused(format!("version {version}; this executor reads version {IR_VERSION}")));
        }
        Self::from_document(read::<Document>(bytes)?)
    }

    fn from_document(document: Document) -> Result<Plan, ExecError> {
        validate::document(&document).map_err(refused)?;
        let Operator::ProduceResults(root) = document.root else {
            return Err(refused("the root is not ProduceResults".to_owned()));
        };
        Ok(Plan {
            kind: document.kind,
            mode: document.mode,
            slots: document.slots as usize,
            columns: document.columns.into_iter().map(|column| column.name).collect(),
            parameters: document.parameters,
            root,
            notifications: document.notifications,
            cacheable: document.cacheable,
            batched: document.batched.map(|batched| Self::batched_from(*batched)).transpose()?,
        })
    }

    fn batched_from(document: BatchedDocument) -> Result<Batched, ExecError> {
        let BatchedDocument { outer, inner, rows, on_error, status } = document;
        let outer = Arc::new(Self::from_document(outer)?);
        let inner = Arc::new(Self::from_document(inner)?);
        if inner.columns.len() < outer.columns.len() {
            return Err(refused("the inner plan of batches gives fewer columns than it takes".to_owned()));
        }
        Ok(Batched { outer, inner, rows, on_error, status })
    }

    /// The plans before this one, if it is a query in several transactions.
    pub fn batched(&self) -> Option<&Batched> {
        self.batched.as_ref()
    }

    pub fn kind(&self) -> PlanKind {
        self.kind
    }
    pub fn mode(&self) -> PlanMode {
        self.mode
    }
    /// Slots of a row.
    pub fn slots(&self) -> usize {
        self.slots
    }
    pub fn root(&self) -> &ProduceResults {
        &self.root
    }
    /// One list of pieces per column.
    pub fn columns(&self) -> &[Vec<NamePiece>] {
        &self.columns
    }
    /// Names of parameters that must be given.
    pub fn parameters(&self) -> &[Arc<str>] {
        &self.parameters
    }
    pub fn notifications(&self) -> &[Notification] {
        &self.notifications
    }
    pub fn cacheable(&self) -> bool {
        self.cacheable
    }
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ExecError> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
    reader.set_max_depth(PLAN_DEPTH_MAX);
    T::deserialize(&mut reader).map_err(|error| match error {
        rmp_serde::decode::Error::DepthLimitExceeded => ExecError::memory_limit(format!(
            "The query nests more than {PLAN_DEPTH_MAX} levels deep. Split it into several clauses or queries."
        )),
        error => refused(error.to_string()),
    })
}

fn refused(reason: String) -> ExecError {
    ExecError::internal(format!("plan refused: {reason}"))
}
