//! A transaction whose key has been used: its first answers again, and nothing done.

use samyama_bolt::Failure;
use samyama_raft::LogIndex;

use super::ahead::digest;
use super::failures;
use super::statement::{Pending, Running};
use crate::answer::{self, Answered};
use crate::database::Database;
use crate::keys::Applied;

/// An explicit transaction that was committed before.
pub(super) struct Repeat {
    key: String,
    /// Of the statements that have not come yet, last first.
    answers: Vec<Answered>,
    index: LogIndex,
}

/// What was answered under a key.
pub(super) fn answers(applied: &Applied) -> Result<Vec<Answered>, Failure> {
    if applied.is_abandoned {
        return Err(failures::abandoned());
    }
    answer::read(&applied.answers).ok_or_else(|| {
        failures::failure(
            "Neo.DatabaseError.General.UnknownError",
            "50N42",
            "What was answered under this key cannot be read; this is a bug.",
        )
    })
}

impl Repeat {
    pub fn new(key: &str, applied: &Applied) -> Result<Self, Failure> {
        let mut answers = answers(applied)?;
        answers.reverse();
        Ok(Self { key: key.to_owned(), answers, index: applied.index })
    }

    /// The answer to the next statement, which must be the one that was answered then.
    pub fn run(&mut self, pending: &Pending, database: &Database) -> Result<Running, Failure> {
        let digest = digest(&pending.query, &pending.parameters);
        match self.answers.pop_if(|answered| answered.digest == digest) {
            Some(answered) => Ok(pending.told_again(answered, self.index, database)),
            None => Err(failures::key_misused(&self.key)),
        }
    }

    /// Where it was committed, if all its statements have come.
    pub fn commit(&self) -> Result<LogIndex, Failure> {
        if self.answers.is_empty() { Ok(self.index) } else { Err(failures::key_misused(&self.key)) }
    }
}
