//! Errors of an execution, in the words of the openCypher TCK and with their Neo4j codes.

/// What kind of error it is; names, codes and details follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// TypeError / ArgumentError / SyntaxError at run time ... `error_type` of [`ExecError`] says which.
    Query,
    ConstraintViolation,
    MemoryLimit,
    TimedOut,
    Cancelled,
    /// The time slice on the lane is used up: roll back and run elsewhere. Never shown to a client.
    BudgetSpent,
    /// The plan does not fit this executor or was damaged: a bug.
    Internal,
}

/// An error with everything a client is shown.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ExecError {
    pub kind: ErrorKind,
    /// `Neo.ClientError.Statement.TypeError` and the like.
    pub code: &'static str,
    pub gql_status: &'static str,
    /// The TCK's words: `TypeError`, `ArgumentError`, `EntityNotFound`, `ConstraintVerificationFailed`, ...
    pub error_type: &'static str,
    /// The TCK's detail: `InvalidArgumentType`, `NumberOutOfRange`, ...; empty if it has none.
    pub detail: &'static str,
    pub message: String,
}
