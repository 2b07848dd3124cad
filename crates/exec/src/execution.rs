//! Running a plan: opened on a graph, pulled batch by batch, finished.
//! CONTRACT STUB: signatures are what `crates/server` calls; bodies are being written.

use std::sync::Arc;

use samyama_graph::{Effect, Value};

use crate::{Access, Batch, CancelFlag, Counters, Draws, ExecError, Limits, Parameters, Procedures, ReadSet};

/// `r`, `w`, `rw` or `s`, as Bolt's summaries have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanKind {
    Read,
    ReadWrite,
    Write,
    Schema,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    pub code: Arc<str>,
    pub title: Arc<str>,
    pub description: Arc<str>,
    pub severity: Arc<str>,
    pub category: Arc<str>,
    pub gql_status: Arc<str>,
    pub offset: i64,
    pub line: i64,
    pub column: i64,
}

/// A decoded, validated plan. Immutable and shared by everybody who runs the query.
pub struct Plan {}

#[allow(unused_variables, clippy::todo)]
impl Plan {
    pub fn decode(bytes: &[u8]) -> Result<Plan, ExecError> {
        todo!()
    }
    pub fn kind(&self) -> PlanKind {
        todo!()
    }
    pub fn mode(&self) -> PlanMode {
        todo!()
    }
    /// One list of pieces per column.
    pub fn columns(&self) -> &[Vec<NamePiece>] {
        todo!()
    }
    /// Names of parameters that must be given.
    pub fn parameters(&self) -> &[Arc<str>] {
        todo!()
    }
    pub fn notifications(&self) -> &[Notification] {
        todo!()
    }
    pub fn cacheable(&self) -> bool {
        todo!()
    }
    /// The plan as Bolt's `plan` shows it: `{operatorType, identifiers, args, children}`.
    pub fn describe(&self) -> Value {
        todo!()
    }
}

/// What an execution came to, once it has given its last row (or was given up).
pub struct Finished {
    pub effects: Vec<Effect>,
    pub reads: ReadSet,
    pub counters: Counters,
    /// As `Plan::describe` with `rows` and `dbHits` per operator, if the plan says PROFILE.
    pub profile: Option<Value>,
}

pub struct Execution<'a> {
    _access: Access<'a>,
}

#[allow(unused_variables, clippy::todo)]
impl<'a> Execution<'a> {
    /// Bind the plan to the graph. A missing parameter is an error here.
    pub fn open(
        plan: &'a Plan,
        access: Access<'a>,
        parameters: &'a Parameters,
        draws: Draws,
        limits: Limits,
        cancel: CancelFlag,
        procedures: &'a dyn Procedures,
    ) -> Result<Self, ExecError> {
        todo!()
    }
    /// The next rows; None at the end. After an error the draft may hold a part of the statement's changes.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Batch>, ExecError> {
        todo!()
    }
    pub fn finish(self) -> Finished {
        todo!()
    }
}
