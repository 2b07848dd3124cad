//! Failures as clients see them: code, GQL status, text and diagnostic record of everything that can go wrong here.
//!
//! One rule above all: a retryable code (`TransientError`) only where nothing was and nothing will be committed, because
//! drivers run the whole transaction again.

use std::sync::Arc;

use samyama_bolt::Failure;
use samyama_exec::{ErrorKind, ExecError};
use samyama_graph::{Map, Value};
use samyama_raft::ReadError;

use crate::frontend::CompileError;
use crate::lane::Refusal;

pub fn failure(code: &str, gql_status: &str, message: impl Into<String>) -> Failure {
    Failure {
        code: code.into(),
        gql_status: gql_status.into(),
        message: message.into(),
        diagnostics: Map::new(),
    }
}

fn note(diagnostics: &mut Map, key: &str, text: &str) {
    if !text.is_empty() {
        diagnostics.insert(Arc::from(key), Value::from(text));
    }
}

/// A query that does not compile.
pub fn of_compilation(error: &CompileError) -> Failure {
    let mut diagnostics = Map::new();
    note(&mut diagnostics, "_error_type", &error.error_type);
    note(&mut diagnostics, "_phase", &error.phase);
    note(&mut diagnostics, "_detail", &error.detail);
    if error.line > 0 {
        let position = [("offset", error.offset), ("line", error.line), ("column", error.column)];
        let position = Map::from_pairs(position.map(|(key, at)| (Arc::from(key), Value::Integer(at))));
        diagnostics.insert(Arc::from("_position"), position.into());
    }
    Failure { diagnostics, ..failure(&error.code, &error.gql_status, error.message.to_string()) }
}

/// A statement that failed while it ran.
pub fn of_execution(error: &ExecError, client_timeout: bool) -> Failure {
    let mut failure = match error.kind {
        ErrorKind::TimedOut => timed_out(client_timeout),
        ErrorKind::Cancelled => terminated(),
        _ => failure(error.code, error.gql_status, error.message.clone()),
    };
    note(&mut failure.diagnostics, "_error_type", error.error_type);
    note(&mut failure.diagnostics, "_phase", "runtime");
    note(&mut failure.diagnostics, "_detail", error.detail);
    failure
}

pub fn timed_out(by_client: bool) -> Failure {
    let code = if by_client {
        "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration"
    } else {
        "Neo.ClientError.Transaction.TransactionTimedOut"
    };
    failure(
        code,
        "25N14",
        "The transaction has run for longer than it may. Give it a longer timeout, or do less in it.",
    )
}

pub fn terminated() -> Failure {
    failure(
        "Neo.ClientError.Transaction.Terminated",
        "25N14",
        "The transaction was ended before it was done: the client reset it, or an operator stopped it.",
    )
}

pub fn of_refusal(refusal: &Refusal, client_timeout: bool) -> Failure {
    match refusal {
        Refusal::NotLeader | Refusal::Behind => no_leader(),
        Refusal::Outdated(why) => failure(
            "Neo.TransientError.Transaction.Outdated",
            "25N11",
            format!("Run the transaction again: {why}."),
        ),
        Refusal::Deadlock => failure(
            "Neo.TransientError.Transaction.DeadlockDetected",
            "50N05",
            "Transactions waited for each other; this one was ended so that the others go on. Run it again.",
        ),
        Refusal::TimedOut => timed_out(client_timeout),
        Refusal::Cancelled => terminated(),
        Refusal::Overloaded => failure(
            "Neo.TransientError.Request.NoThreadsAvailable",
            "51N73",
            "Too many statements wait to be executed. Nothing of this one was done.",
        ),
        Refusal::TooLarge { what } => failure(
            "Neo.ClientError.General.TransactionOutOfMemoryError",
            "51N73",
            format!("The transaction is too large: {what}. Split it."),
        ),
        Refusal::NoRoom(why) => failure(
            "Neo.TransientError.General.DatabaseUnavailable",
            "51N73",
            format!("Nothing was done: {why}."),
        ),
        Refusal::Unknown => failure(
            "Neo.DatabaseError.Transaction.TransactionCommitFailed",
            "08007",
            "Leadership was lost while the transaction was being committed, and whether it was could not be found out in \
             time. Look before you run it again.",
        ),
    }
}

/// Nobody is there to take it. Nothing was done.
pub fn no_leader() -> Failure {
    failure(
        "Neo.TransientError.General.DatabaseUnavailable",
        "08N09",
        "No leader is known, or a majority of the cluster cannot be reached. Nothing was done.",
    )
}

pub fn of_read(error: &ReadError) -> Failure {
    match error {
        ReadError::NoLeader | ReadError::NoQuorum | ReadError::Timeout => failure(
            "Neo.TransientError.General.DatabaseUnavailable",
            "08N09",
            format!(
                "A linearizable read is not possible now: {error}. Reads with samyama.read = \"stale\" are."
            ),
        ),
        ReadError::Fatal(why) => {
            failure("Neo.DatabaseError.General.UnknownError", "50N00", format!("The node has failed: {why}"))
        }
    }
}

pub fn invalid(message: impl Into<String>) -> Failure {
    failure("Neo.ClientError.Request.Invalid", "08N06", message)
}

pub fn write_in_read_mode() -> Failure {
    failure(
        "Neo.ClientError.Statement.AccessMode",
        "42N02",
        "Writing in read access mode is not allowed: open the session or transaction with access mode WRITE.",
    )
}

pub fn parameter_missing(names: &[Arc<str>]) -> Failure {
    let list = names.iter().map(|name| format!("${name}")).collect::<Vec<_>>().join(", ");
    let mut failure = failure(
        "Neo.ClientError.Statement.ParameterMissing",
        "42N51",
        format!("Expected parameter(s): {list}"),
    );
    note(&mut failure.diagnostics, "_error_type", "ParameterMissing");
    note(&mut failure.diagnostics, "_phase", "runtime");
    note(&mut failure.diagnostics, "_detail", "MissingParameter");
    failure
}
