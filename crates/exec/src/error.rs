//! Errors of an execution, in the words of the openCypher TCK and with their Neo4j codes.
//!
//! One constructor for each triple of type, detail and code, so that no caller spells a code by hand.

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

impl ExecError {
    fn query(
        error_type: &'static str,
        detail: &'static str,
        code: &'static str,
        gql_status: &'static str,
        message: impl Into<String>,
    ) -> Self {
        ExecError { kind: ErrorKind::Query, code, gql_status, error_type, detail, message: message.into() }
    }

    /// TypeError with the given detail (`InvalidArgumentValue`, `InvalidArgumentType`, `InvalidPropertyType`, ...).
    pub fn type_error(detail: &'static str, message: impl Into<String>) -> Self {
        Self::query("TypeError", detail, "Neo.ClientError.Statement.TypeError", "22N01", message)
    }

    /// ArgumentError with the given detail (`InvalidArgumentType`, `NumberOutOfRange`, ...).
    pub fn argument_error(detail: &'static str, message: impl Into<String>) -> Self {
        Self::query("ArgumentError", detail, "Neo.ClientError.Statement.ArgumentError", "22003", message)
    }

    pub fn integer_overflow(message: impl Into<String>) -> Self {
        let code = "Neo.ClientError.Statement.ArithmeticError";
        Self::query("ArithmeticError", "IntegerOverflow", code, "22N28", message)
    }

    pub fn division_by_zero() -> Self {
        let code = "Neo.ClientError.Statement.ArithmeticError";
        Self::query("ArithmeticError", "DivisionByZero", code, "22012", "/ by zero")
    }

    /// SyntaxError found at run time: SKIP and LIMIT given by a parameter.
    pub fn syntax_error(detail: &'static str, message: impl Into<String>) -> Self {
        Self::query("SyntaxError", detail, "Neo.ClientError.Statement.SyntaxError", "42001", message)
    }

    /// Properties or labels of something that this transaction deleted.
    pub fn deleted_entity(kind: &str, id: u64) -> Self {
        let message = format!("{kind} with id {id} has been deleted in this transaction");
        let code = "Neo.ClientError.Statement.EntityNotFound";
        Self::query("EntityNotFound", "DeletedEntityAccess", code, "25N13", message)
    }

    pub fn missing_parameter(name: &str) -> Self {
        let message = format!("Expected parameter(s): {name}");
        let code = "Neo.ClientError.Statement.ParameterMissing";
        Self::query("ParameterMissing", "MissingParameter", code, "42N51", message)
    }

    pub fn semantic_error(detail: &'static str, message: impl Into<String>) -> Self {
        Self::query("SemanticError", detail, "Neo.ClientError.Statement.SemanticError", "42N51", message)
    }

    /// DELETE of a node that keeps relationships, found when the statement ends.
    pub fn node_has_relationships(id: u64) -> Self {
        let message = format!(
            "Cannot delete node<{id}>, because it still has relationships. To delete this node, you must first delete \
             its relationships, or use DETACH DELETE."
        );
        ExecError {
            kind: ErrorKind::ConstraintViolation,
            code: "Neo.ClientError.Schema.ConstraintValidationFailed",
            gql_status: "22N79",
            error_type: "ConstraintVerificationFailed",
            detail: "DeleteConnectedNode",
            message,
        }
    }

    pub fn constraint_violation(message: impl Into<String>) -> Self {
        ExecError {
            kind: ErrorKind::ConstraintViolation,
            code: "Neo.ClientError.Schema.ConstraintValidationFailed",
            gql_status: "22N79",
            error_type: "ConstraintValidationFailed",
            detail: "",
            message: message.into(),
        }
    }

    pub fn procedure_not_found(name: &str) -> Self {
        let message = format!(
            "There is no procedure with the name `{name}` registered for this database instance. Please ensure you've \
             spelled the procedure name correctly."
        );
        let code = "Neo.ClientError.Procedure.ProcedureNotFound";
        Self::query("ProcedureError", "ProcedureNotFound", code, "42N08", message)
    }

    /// What a function or procedure of this name refuses, in the words in which Neo4j passes on an exception of its
    /// plug-ins: clients look into them for messages of their own.
    pub fn call_failed(what: &str, name: &str, message: &str) -> Self {
        let message =
            format!("Failed to invoke {what} `{name}`: Caused by: java.lang.RuntimeException: {message}");
        let code = "Neo.ClientError.Procedure.ProcedureCallFailed";
        Self::query("ProcedureError", "ProcedureCallFailed", code, "22003", message)
    }

    /// A limit on one query: memory, list length, string length, nesting. Never retryable.
    pub fn memory_limit(message: impl Into<String>) -> Self {
        ExecError {
            kind: ErrorKind::MemoryLimit,
            code: "Neo.ClientError.General.TransactionOutOfMemoryError",
            gql_status: "51N73",
            error_type: "TransactionOutOfMemoryError",
            detail: "",
            message: message.into(),
        }
    }

    pub fn timed_out() -> Self {
        ExecError {
            kind: ErrorKind::TimedOut,
            code: "Neo.ClientError.Transaction.TransactionTimedOut",
            gql_status: "50N42",
            error_type: "TransactionTimedOut",
            detail: "",
            message: "The transaction has not completed within the specified timeout. Raise the timeout or make the \
                      query smaller."
                .to_owned(),
        }
    }

    pub fn cancelled() -> Self {
        ExecError {
            kind: ErrorKind::Cancelled,
            code: "Neo.ClientError.Transaction.Terminated",
            gql_status: "25N14",
            error_type: "Terminated",
            detail: "",
            message: "The transaction has been terminated.".to_owned(),
        }
    }

    pub fn budget_spent() -> Self {
        ExecError {
            kind: ErrorKind::BudgetSpent,
            code: "Neo.DatabaseError.Statement.ExecutionFailed",
            gql_status: "50N42",
            error_type: "BudgetSpent",
            detail: "",
            message: "the statement's time on the lane is used up".to_owned(),
        }
    }

    pub fn internal(message: impl Into<String>) -> Self {
        ExecError {
            kind: ErrorKind::Internal,
            code: "Neo.DatabaseError.Statement.ExecutionFailed",
            gql_status: "50N42",
            error_type: "InternalError",
            detail: "",
            message: message.into(),
        }
    }
}
