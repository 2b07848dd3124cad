//! Running a plan: opened on a graph, pulled batch by batch, finished.
//! CONTRACT STUB: signatures are what `crates/server` calls; bodies are being written.

use samyama_graph::{Effect, Value};

use crate::{
    Access, Batch, CancelFlag, Counters, Draws, ExecError, Limits, Parameters, Plan, Procedures, ReadSet,
};

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
