//! Explicit transactions in the lane: a statement runs on its transaction's draft, claims what it changes, and COMMIT puts
//! the effects on the head if nothing that was read has changed.

use std::sync::Arc;

use samyama_exec::{ExecError, ReadSet};
use samyama_graph::{Draft, Effect};

use super::core::{Core, Todo, refuse, run_here, send};
use super::job::{Job, Kind, Refusal, Reply, Transaction};
use super::keys::{Standing, now_ms};
use super::open::{Start, Waiter, outdated};
use crate::answer;
use crate::engine::{self, Ran};
use crate::keys::{Keyed, Keys};
use crate::limits::{POOL_CONFLICTS_MAX, TRANSACTION_EFFECTS_MAX};

impl Core {
    pub(super) fn new_transaction(&mut self, client_key: Option<Arc<str>>) -> Box<Transaction> {
        let id = self.next_transaction;
        self.next_transaction += 1;
        let (generation, draft) = match &self.open {
            Some(open) => (open.generation, open.head.draft().clone()),
            None => (0, Draft::default()),
        };
        Box::new(Transaction {
            id,
            generation,
            before: draft.clone(),
            draft,
            effects: Vec::new(),
            reads: ReadSet::default(),
            answered: 0,
            spoilt: false,
            client_key,
            answers: Vec::new(),
        })
    }

    /// A statement of an explicit transaction, on the transaction's own draft.
    pub(super) fn step(&mut self, mut job: Job, todo: &mut Todo) {
        let Kind::Step { statement, transaction } = &mut job.kind else { return };
        let (statement, transaction) = (Arc::clone(statement), transaction.take());
        let client = statement.keys.client.clone();
        let mut transaction = match (transaction, &client) {
            (Some(transaction), _) => transaction,
            (None, None) => self.new_transaction(None),
            (None, Some(_)) => {
                let Some(open) = &mut self.open else { return self.requeue(job) };
                let keys = Keys { relay: None, client: client.clone() };
                let Ok(admitted) = open.admit(job, &keys, &self.shared) else { return };
                job = admitted;
                self.new_transaction(client)
            }
        };
        let Some(open) = &mut self.open else { return self.restore(job, transaction) };
        if transaction.client_key.is_some() && !answer::has_room(&transaction.answers) {
            self.end(transaction.id);
            let what = "it has more statements than are remembered with an idempotency key".to_owned();
            return refuse(job, Refusal::TooLarge { what });
        }
        if let Err(refusal) = open.rebase(&mut transaction) {
            self.end(transaction.id);
            return refuse(job, refusal);
        }
        let last_resort = job.conflicts >= POOL_CONFLICTS_MAX;
        let start = Start::now(&open.head, (0, 0));
        transaction.draft.reserve_ids(start.node, start.relationship);
        match run_here(&*self.host, &statement, &mut transaction.draft, last_resort) {
            Err(failed) if engine::is_budget_spent(&failed.error) => {
                self.move_to_pool(job, statement, transaction, todo)
            }
            ran => self.finish(job, transaction, start, ran.map_err(|failed| failed.error), todo),
        }
    }

    pub(super) fn restore_and_run(&mut self, mut job: Job, transaction: Box<Transaction>, todo: &mut Todo) {
        if let Kind::Step { transaction: slot, .. } = &mut job.kind {
            *slot = Some(transaction);
        }
        self.step(job, todo);
    }

    /// The lane has closed meanwhile: back to the queue.
    pub(super) fn restore(&mut self, mut job: Job, transaction: Box<Transaction>) {
        if let Kind::Step { transaction: slot, .. } = &mut job.kind
            && transaction.answered > 0
        {
            *slot = Some(transaction);
        }
        self.requeue(job);
    }

    /// A statement of a transaction has run; everything it saw is as it is on the head now.
    pub(super) fn finish(
        &mut self,
        job: Job,
        mut transaction: Box<Transaction>,
        start: Start,
        ran: Result<Ran, ExecError>,
        todo: &mut Todo,
    ) {
        let Some(open) = &mut self.open else { return self.restore(job, transaction) };
        let mut ran = match ran {
            Ok(ran) => ran,
            Err(error) => {
                // A failed statement ends its transaction.
                open.answer(Waiter::new(job, Err(error)));
                return self.end(transaction.id);
            }
        };
        let effects = std::mem::take(&mut ran.effects);
        if !effects.is_empty()
            && let Some(holder) = open.claims.met_by(
                Some(transaction.id),
                &effects,
                Some((&[&transaction.reads, &ran.reads], &transaction.before)),
                open.head.draft(),
            )
        {
            return self.park_behind(holder, job, transaction);
        }
        if transaction.effects.len() + effects.len() > TRANSACTION_EFFECTS_MAX {
            self.end(transaction.id);
            return refuse(
                job,
                Refusal::TooLarge { what: format!("it has more than {TRANSACTION_EFFECTS_MAX} changes") },
            );
        }
        // From here on others' effects, its own new names among them, are kept for it.
        open.history.set_base(transaction.id, transaction.base());
        let (tokens, effects): (Vec<Effect>, Vec<Effect>) =
            effects.into_iter().partition(|effect| matches!(effect, Effect::CreateToken { .. }));
        if !tokens.is_empty()
            && let Err(error) = open.commit_tokens(tokens)
        {
            self.end(transaction.id);
            return refuse(job, Refusal::Outdated(format!("its new names could not be given: {error}")));
        }
        let (node, relationship) =
            (transaction.draft.next_node_id(), transaction.draft.next_relationship_id());
        open.head.reserve(node.max(start.node), relationship.max(start.relationship));
        transaction.reads.extend(&ran.reads);
        transaction.effects.extend(effects.iter().cloned());
        if matches!(job.kind, Kind::Write { .. }) {
            return self.commit_pooled(job, transaction, ran, todo);
        }
        if !effects.is_empty() {
            let seen = (&transaction.reads, &transaction.before);
            open.claims.add(transaction.id, seen, effects.into(), self.host.now());
            self.blocker = Some(transaction.id);
        }
        transaction.answered += 1;
        if transaction.client_key.is_some()
            && let Some(statement) = job.statement()
        {
            answer::record(statement.digest, &ran, &mut transaction.answers);
        }
        open.answer(Waiter { transaction: Some(transaction), ..Waiter::new(job, Ok(ran)) });
    }

    /// It meets what another transaction claims: it waits for that one, and runs again.
    fn park_behind(&mut self, holder: u64, mut job: Job, mut transaction: Box<Transaction>) {
        let Some(open) = &mut self.open else { return self.restore(job, transaction) };
        let waiter = open.claims.holds(transaction.id).then_some(transaction.id);
        if waiter.is_some_and(|waiter| open.claims.closes_cycle(waiter, holder)) {
            self.end(transaction.id);
            return refuse(job, Refusal::Deadlock);
        }
        transaction.spoilt = true;
        if let Kind::Step { transaction: slot, .. } = &mut job.kind {
            *slot = Some(transaction);
        }
        self.blocker = Some(holder);
        open.claims.park(holder, waiter, job);
    }

    pub(super) fn commit(&mut self, job: Job) {
        let Job { kind: Kind::Commit { transaction, relay }, reply, .. } = job else { return };
        let (id, generation) = (transaction.id, transaction.generation);
        let Some(open) = self.open.as_mut().filter(|open| open.generation == generation) else {
            return send(reply, Reply::Refused(Refusal::LostBase));
        };
        let keys = Keys { relay, client: transaction.client_key.clone() };
        let refusal = match open.keys.standing(&keys, &self.shared) {
            Standing::New => None,
            // Run again it finds the other one, and is answered as that was.
            Standing::OnHead | Standing::Applied(_) => Some(taken_key()),
            Standing::Refused(refusal) => Some(refusal),
        };
        if let Some(refusal) = refusal {
            self.end(id);
            return send(reply, Reply::Refused(refusal));
        }
        if !transaction.effects.is_empty() && open.changed_since(&transaction, &transaction.reads) {
            self.end(id);
            return send(reply, Reply::Refused(outdated()));
        }
        let effects: Arc<[Effect]> = transaction.effects.clone().into();
        let answers = transaction.answers.as_slice().into();
        let job = Job::committing(transaction, relay, reply);
        if effects.is_empty() && keys.client.is_none() {
            open.answer(Waiter::new(job, Ok(Ran::default())));
            return self.end(id);
        }
        let stamp_ms = keys.client.as_ref().map_or(0, |_| now_ms(&*self.host));
        let keyed = (!keys.is_empty()).then_some(Keyed { keys, is_abandoned: false, stamp_ms, answers });
        match open.head.apply(Arc::clone(&effects), keyed.as_ref()) {
            Ok(number) => open.committed(job, Ran::default(), number, &effects, keyed),
            Err(error) => refuse(job, Refusal::from_head(&error)),
        }
        self.end(id);
    }
}

/// Another transaction with the same key came first.
fn taken_key() -> Refusal {
    Refusal::Outdated("one with the same key was committed meanwhile; nothing of this one was".into())
}
