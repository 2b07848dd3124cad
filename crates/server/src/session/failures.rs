//! Failures as clients see them: code, GQL status, text and diagnostic record of everything that can go wrong here.
//!
//! One rule above all: a retryable code (`TransientError`) only where nothing was and nothing will be committed, because
//! drivers run the whole transaction again.

use std::sync::Arc;

use samyama_bolt::Failure;
use samyama_exec::{ErrorKind, ExecError};
use samyama_graph::{Map, Value};
use samyama_raft::{LogIndex, ReadError};

use crate::database::Database;
use crate::frontend::CompileError;
use crate::lane::Refusal;
use crate::limits::{ANSWERS_ROWS_BYTES_MAX, CLIENT_KEY_AGE_MS_MIN, CLIENT_KEYS_BYTES_MAX, CLIENT_KEYS_MAX};

/// Answered to another member whose client's write reached this node although it does not lead.
pub const NOT_A_LEADER: &str = "Neo.ClientError.Cluster.NotALeader";
/// Whether a transaction was committed could not be found out, or something of it was and the rest is not known.
pub const COMMIT_FAILED: &str = "Neo.DatabaseError.Transaction.TransactionCommitFailed";
/// Leadership has changed since the transaction began.
const LEASE_EXPIRED: &str = "Neo.TransientError.Transaction.LeaseExpired";
const UNAVAILABLE: &str = "Neo.TransientError.General.DatabaseUnavailable";
/// GQL status of [`UNAVAILABLE`] where the leader is there and its disk is full: whoever relays is to say so, not to ask again.
const NO_ROOM: &str = "51N73";
/// Between members: nothing with a key took or will take effect.
pub const ABANDONED: &str = "Neo.TransientError.Transaction.Outdated";
/// Between members: a relay key that the log does not take.
pub const STALE_KEY: &str = "Neo.ClientError.Cluster.KeyOutdated";

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
        Refusal::LostBase => failure(
            LEASE_EXPIRED,
            "25N11",
            "Run the transaction again: leadership changed while it was open; nothing of it was committed.",
        ),
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
        Refusal::NoTurn => failure(
            "Neo.TransientError.Request.NoThreadsAvailable",
            "51N73",
            "The statement has waited too long for its turn: as much as may be is not committed yet              (limits.uncommitted_bytes_max). Nothing of it was done.",
        ),
        Refusal::KeyStale => failure(
            STALE_KEY,
            "08N07",
            "The relaying member has a key that was settled, or is of a process that is gone. Nothing was done.",
        ),
        Refusal::KeysFull => failure(
            "Neo.TransientError.Request.NoThreadsAvailable",
            "51N73",
            format!(
                "{CLIENT_KEYS_MAX} idempotency keys (or {CLIENT_KEYS_BYTES_MAX} bytes of them) were used within the {} s for                  which each is remembered at least. Nothing of this transaction was done.",
                CLIENT_KEY_AGE_MS_MIN / 1_000
            ),
        ),
        Refusal::TooLarge { what } => failure(
            "Neo.ClientError.General.TransactionOutOfMemoryError",
            "51N73",
            format!("The transaction is too large: {what}. Split it."),
        ),
        Refusal::NoRoom(why) => failure(UNAVAILABLE, NO_ROOM, format!("Nothing was done: {why}.")),
        Refusal::Unknown => unknown(),
    }
}

pub fn unknown() -> Failure {
    failure(
        COMMIT_FAILED,
        "08007",
        "No majority confirmed the transaction in time (limits.commit_timeout_ms), or leadership was lost while it was being \
         committed. Whether it was could not be found out, and it may still be. Look before you run it again; with \
         samyama.idempotency_key it can be run again without looking.",
    )
}

/// CALL { } IN TRANSACTIONS, and the node that ran it is gone.
pub fn unknown_batches(node: u64, why: &str) -> Failure {
    failure(
        COMMIT_FAILED,
        "08007",
        format!(
            "Node {node}, which ran the batches, was lost ({why}). Those that it had reported are committed; whether the one that \
             was running is, is not known."
        ),
    )
}

/// It was done; its answer is lost half way.
pub fn rows_lost(sent: u64) -> Failure {
    failure(
        COMMIT_FAILED,
        "08007",
        format!(
            "The node that sent the result was lost behind row {sent}, and the rest of its rows is not kept. What the statement \
             changed is committed: do not run it again."
        ),
    )
}

/// It was done before, under the same key.
pub fn rows_not_kept(index: LogIndex) -> Failure {
    failure(
        "Neo.DatabaseError.Statement.ExecutionFailed",
        "50N42",
        format!(
            "The statement was committed before, under the same key, at log index {index}. Its rows are not kept: they take more \
             than {ANSWERS_ROWS_BYTES_MAX} bytes. Its counters can be had by discarding the rows."
        ),
    )
}

/// A key names one transaction.
pub fn key_misused(key: &str) -> Failure {
    failure(
        "Neo.ClientError.Statement.ArgumentError",
        "22G03",
        format!(
            "The idempotency key `{key}` was used before, for a transaction with other statements or parameters. That one is \
             committed; nothing of this one was done."
        ),
    )
}

/// A key on something that is many transactions.
pub fn key_on_batches() -> Failure {
    invalid(
        "samyama.idempotency_key names one transaction, and CALL { } IN TRANSACTIONS is many: give each batch a key of its own.",
    )
}

/// Nothing with this key took or will take effect.
pub fn abandoned() -> Failure {
    failure(
        ABANDONED,
        "25N11",
        "The transaction was given up by the member that relayed it; nothing was done.",
    )
}

/// The leader of a transaction is lost, and the transaction with it.
pub fn leader_lost() -> Failure {
    failure(
        LEASE_EXPIRED,
        "25N11",
        "Run the transaction again: the node on which it was open is lost; nothing of it was committed.",
    )
}

/// So is it here, and another run gives something else.
pub fn another_answer() -> Failure {
    failure(
        "Neo.TransientError.Transaction.Outdated",
        "25N11",
        "Run the transaction again: the node on which it was open is lost, and what was told of it before is not what \
         another run gives; nothing of it was committed.",
    )
}

pub fn not_a_leader(node: u64, leader: u64) -> Failure {
    failure(NOT_A_LEADER, "08N07", format!("Node {node} does not lead; node {leader} does."))
}

/// An answer of another node which says that nothing was and nothing will be done, and that another node may do it.
pub fn is_not_done(failure: &Failure) -> bool {
    match failure.code.as_str() {
        NOT_A_LEADER | LEASE_EXPIRED => true,
        UNAVAILABLE => failure.gql_status != NO_ROOM,
        _ => false,
    }
}

/// It is to go on elsewhere.
pub fn stopping() -> Failure {
    failure(
        UNAVAILABLE,
        "08N09",
        "This node is being stopped. Nothing was done here; another node of the cluster will do it.",
    )
}

/// # Errors
/// When this node is no member of its cluster: what it knows is old, or nothing, and another node answers.
pub fn check_member(database: &Database) -> Result<(), Failure> {
    match database.raft.no_member() {
        None => Ok(()),
        Some(why) => Err(failure(UNAVAILABLE, "08N09", format!("Nothing was done: {why}."))),
    }
}

/// Nobody is there to take it. Nothing was done.
pub fn no_leader() -> Failure {
    failure(
        UNAVAILABLE,
        "08N09",
        "No leader is known, or a majority of the cluster cannot be reached. Nothing was done.",
    )
}

pub fn of_read(error: &ReadError) -> Failure {
    match error {
        ReadError::NoLeader | ReadError::NoQuorum | ReadError::Timeout => failure(
            UNAVAILABLE,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_of_a_leader_is_told_and_not_asked_again() {
        let full = of_refusal(&Refusal::NoRoom("the disk is full".into()), false);
        assert!(!is_not_done(&full), "the client would be told that no leader is known");
        assert!(full.message.contains("the disk is full"));
        for other in [no_leader(), stopping(), leader_lost(), not_a_leader(1, 2)] {
            assert!(is_not_done(&other), "{}", other.message);
        }
    }
}
