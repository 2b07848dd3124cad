//! Statements that are too long for the lane: they run on a thread of the pool, on a draft of their own, and come back.

use std::sync::Arc;

use samyama_graph::Effect;

use super::core::{Core, Todo, refuse};
use super::head::HeadError;
use super::job::{Job, Kind, Refusal, Transaction};
use super::keys::Standing;
use super::open::{Start, Waiter, keyed};
use crate::engine::{Failed, Ran, Statement};
use crate::limits::POOL_CONFLICTS_MAX;

/// A statement that is too long for the lane: run `engine::run_write` on the transaction's draft, then `pool_done`.
pub struct PoolRun {
    pub job: Job,
    pub statement: Arc<Statement>,
    pub transaction: Box<Transaction>,
    start: Start,
}

impl Core {
    /// Run it away from the lane, on a draft of its own.
    pub(super) fn move_to_pool(
        &mut self,
        job: Job,
        statement: Arc<Statement>,
        mut transaction: Box<Transaction>,
        todo: &mut Todo,
    ) {
        let Some(open) = &mut self.open else { return self.restore(job, transaction) };
        // The head may have moved, too: begin anew.
        transaction.spoilt = true;
        if let Err(refusal) = open.rebase(&mut transaction) {
            self.end(transaction.id);
            return refuse(job, refusal);
        }
        let start = Start::now(&open.head, job.used);
        transaction.draft.reserve_ids(start.node, start.relationship);
        open.head.reserve(start.node_end, start.relationship_end);
        todo.pool.push(PoolRun { job, statement, transaction, start });
    }

    /// A statement has run on the pool.
    pub fn pool_done(&mut self, mut run: PoolRun, ran: Result<Ran, Failed>, todo: &mut Todo) {
        let Some(open) = &self.open else { return self.restore(run.job, run.transaction) };
        if open.generation != run.transaction.generation {
            return self.restore(run.job, run.transaction);
        }
        let draft = &run.transaction.draft;
        run.job.used = (
            draft.next_node_id().0 - run.start.node.0,
            draft.next_relationship_id().0 - run.start.relationship.0,
        );
        if ran.as_ref().is_ok_and(|ran| open.stale(&run.transaction, &run.start, ran)) {
            run.job.conflicts += 1;
            if matches!(run.job.kind, Kind::Write { .. }) {
                self.end(run.transaction.id);
                if run.job.conflicts >= POOL_CONFLICTS_MAX {
                    self.write(run.job, todo);
                    return;
                }
                let transaction = self.new_transaction(None);
                return self.move_to_pool(run.job, run.statement, transaction, todo);
            }
            if run.job.conflicts >= POOL_CONFLICTS_MAX {
                run.transaction.spoilt = true;
                return self.restore_and_run(run.job, run.transaction, todo);
            }
            return self.move_to_pool(run.job, run.statement, run.transaction, todo);
        }
        self.finish(run.job, run.transaction, run.start, ran.map_err(|failed| failed.error), todo);
    }

    /// An auto-commit write that ran on the pool.
    pub(super) fn commit_pooled(
        &mut self,
        mut job: Job,
        transaction: Box<Transaction>,
        ran: Ran,
        todo: &mut Todo,
    ) {
        let id = transaction.id;
        let Some(open) = &mut self.open else { return self.requeue(job) };
        let statement = job.statement().cloned();
        let keys = statement.as_ref().map(|statement| statement.keys.clone()).unwrap_or_default();
        if !matches!(open.keys.standing(&keys, &self.shared), Standing::New) {
            // While it ran another one came with its key: it is told what became of that one.
            self.end(id);
            return self.requeue(job);
        }
        if transaction.effects.is_empty() && statement.as_ref().is_none_or(|s| !s.takes_key) {
            open.answer(Waiter::new(job, Ok(ran)));
            return self.end(id);
        }
        let effects: Arc<[Effect]> = transaction.effects.into();
        let keyed = statement.and_then(|statement| keyed(&statement, &ran, &*self.host));
        let applied = open.head.apply(Arc::clone(&effects), keyed.as_ref());
        match applied {
            Ok(number) => {
                open.committed(job, ran, number, &effects, keyed);
                self.end(id);
            }
            Err(error @ HeadError::TooLarge(_)) => {
                refuse(job, Refusal::from_head(&error));
                self.end(id);
            }
            Err(HeadError::Apply(_)) => {
                job.conflicts = POOL_CONFLICTS_MAX;
                self.end(id);
                self.write(job, todo);
            }
        }
    }
}
