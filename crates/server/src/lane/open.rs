//! One opening of the lane: the head, and everything that lives and dies with it.

use std::sync::Arc;

use samyama_exec::{ExecError, ReadSet};
use samyama_graph::{Effect, NodeId, RelationshipId};

use super::claims::Claims;
use super::core::{refuse, send};
use super::head::{Head, HeadError, Mark};
use super::history::History;
use super::job::{Job, Kind, Refusal, Reply, Transaction};
use super::keys::{KeysOnHead, Standing, now_ms};
use crate::answer;
use crate::engine::{Ran, Statement};
use crate::host::Host;
use crate::keys::{Keyed, Keys};
use crate::shared::Shared;

/// A job that is done but for the log: it waits until what it rests on is applied.
pub struct Waiter {
    pub job: Job,
    /// None: a transaction with one of its keys was on the head. Once that is applied the job comes again, and finds it.
    pub outcome: Option<Result<Ran, ExecError>>,
    /// Its transaction, if it has one in the log.
    pub number: Option<u64>,
    /// The keys of that.
    pub keys: Keys,
    /// The transaction to give back.
    pub transaction: Option<Box<Transaction>>,
}

impl Waiter {
    pub fn new(job: Job, outcome: Result<Ran, ExecError>) -> Self {
        Self { job, outcome: Some(outcome), number: None, keys: Keys::default(), transaction: None }
    }

    fn again(job: Job) -> Self {
        Self { job, outcome: None, number: None, keys: Keys::default(), transaction: None }
    }

    /// What it rested on is gone: the statement again, if nothing of its transaction was ever answered. Otherwise the client
    /// is told (certain: nothing was committed).
    pub fn into_job(self) -> Option<Job> {
        let Waiter { job, outcome, transaction, .. } = self;
        if job.is_behind {
            // Its session hands it in again, when those before it are through.
            refuse(job, Refusal::Behind);
            return None;
        }
        let seen = match &job.kind {
            Kind::Write { .. } | Kind::Settle { .. } => false,
            Kind::Step { .. } => outcome.is_some() && transaction.is_none_or(|t| t.answered > 1),
            Kind::Commit { .. } => true,
        };
        if seen {
            refuse(job, Refusal::LostBase);
            return None;
        }
        Some(job)
    }
}

/// Where ids and tokens stood when a statement began, and how far the ids reserved for it go.
#[derive(Clone, Copy)]
pub(super) struct Start {
    pub node: NodeId,
    pub relationship: RelationshipId,
    pub node_end: NodeId,
    pub relationship_end: RelationshipId,
    tokens: (u32, u32, u32),
}

impl Start {
    /// `used`: how many ids to set aside for the statement, nodes and relationships.
    pub fn now(head: &Head, used: (u64, u64)) -> Self {
        let slack = |used: u64| if used == 0 { 0 } else { used + used / 8 + 16 };
        let (node, relationship) = (head.draft().next_node_id(), head.draft().next_relationship_id());
        Self {
            node,
            relationship,
            node_end: NodeId(node.0 + slack(used.0)),
            relationship_end: RelationshipId(relationship.0 + slack(used.1)),
            tokens: head.draft().token_counts(),
        }
    }
}

pub struct Open {
    pub head: Head,
    pub generation: u64,
    pub(super) history: History,
    pub(super) claims: Claims<Job>,
    pub(super) keys: KeysOnHead,
    /// Waiters of the entry that is being filled.
    pub waiters: Vec<Waiter>,
    /// Jobs that were done while nothing was being filled: they wait for the newest entry in flight.
    pub dependents: Vec<Waiter>,
}

impl Open {
    pub(super) fn new(head: Head, generation: u64) -> Self {
        Self {
            history: History::new(head.number()),
            head,
            generation,
            claims: Claims::default(),
            keys: KeysOnHead::default(),
            waiters: Vec::new(),
            dependents: Vec::new(),
        }
    }

    /// Give the statement's answer when everything that may still fail below it is applied.
    pub(super) fn answer(&mut self, waiter: Waiter) {
        if self.head.batch_is_empty() { self.dependents.push(waiter) } else { self.waiters.push(waiter) }
    }

    /// May a job with these keys take effect? If not it is answered, or waits: `Err`, with whether it is done.
    pub(super) fn admit(&mut self, job: Job, keys: &Keys, shared: &Shared) -> Result<Job, bool> {
        match self.keys.standing(keys, shared) {
            Standing::New => Ok(job),
            Standing::OnHead => {
                self.answer(Waiter::again(job));
                Err(false)
            }
            Standing::Applied(applied) => {
                send(job.reply, Reply::Repeated(applied));
                Err(true)
            }
            Standing::Refused(refusal) => {
                refuse(job, refusal);
                Err(false)
            }
        }
    }

    /// The effects since `mark` are a transaction. False: it is too large, and refused.
    pub(super) fn commit_on_head(
        &mut self,
        job: Job,
        mark: Mark,
        ran: Ran,
        effects: Arc<[Effect]>,
        keyed: Option<Keyed>,
    ) -> bool {
        match self.head.commit(mark, Arc::clone(&effects), keyed.as_ref()) {
            Ok(number) => {
                self.committed(job, ran, number, &effects, keyed);
                true
            }
            Err(error) => {
                refuse(job, Refusal::from_head(&error));
                false
            }
        }
    }

    pub(super) fn committed(
        &mut self,
        job: Job,
        ran: Ran,
        number: u64,
        effects: &Arc<[Effect]>,
        keyed: Option<Keyed>,
    ) {
        self.history.push(number, effects);
        let mut keys = Keys::default();
        if let Some(keyed) = keyed {
            self.keys.add(&keyed.keys, keyed.answers.len());
            keys = keyed.keys;
        }
        let (outcome, number) = (Some(Ok(ran)), Some(number));
        self.waiters.push(Waiter { job, outcome, number, keys, transaction: None });
    }

    pub(super) fn commit_tokens(&mut self, tokens: Vec<Effect>) -> Result<(), HeadError> {
        let effects: Arc<[Effect]> = tokens.into();
        let number = self.head.apply(Arc::clone(&effects), None)?;
        self.history.push(number, &effects);
        Ok(())
    }

    /// Put the transaction's draft on top of the head, if nothing it has read has changed since.
    pub(super) fn rebase(&mut self, transaction: &mut Transaction) -> Result<(), Refusal> {
        if transaction.generation != self.generation {
            return Err(Refusal::LostBase);
        }
        if !transaction.spoilt && transaction.base() == self.head.number() {
            return Ok(());
        }
        if transaction.answered > 0 && self.changed_since(transaction, &transaction.reads) {
            return Err(outdated());
        }
        let before = self.head.draft().clone();
        let mut draft = before.clone();
        for effect in &transaction.effects {
            draft
                .apply(effect)
                .map_err(|error| Refusal::Outdated(format!("what it did no longer fits: {error}")))?;
        }
        transaction.before = before;
        transaction.draft = draft;
        transaction.spoilt = false;
        self.history.set_base(transaction.id, transaction.base());
        Ok(())
    }

    /// Has what a statement on the pool saw or took changed meanwhile?
    pub(super) fn stale(&self, transaction: &Transaction, start: &Start, ran: &Ran) -> bool {
        let draft = &transaction.draft;
        let now = self.head.draft();
        let ids_taken =
            |used: u64, start: u64, end: u64, next: u64| used > start && used > end && next > end.max(start);
        if ids_taken(draft.next_node_id().0, start.node.0, start.node_end.0, now.next_node_id().0)
            || ids_taken(
                draft.next_relationship_id().0,
                start.relationship.0,
                start.relationship_end.0,
                now.next_relationship_id().0,
            )
        {
            return true;
        }
        if draft.token_counts() != start.tokens && now.token_counts() != start.tokens {
            return true;
        }
        self.changed_since(transaction, &transaction.reads) || self.changed_since(transaction, &ran.reads)
    }

    /// Would anything since the transaction's base have changed these reads of it?
    pub(super) fn changed_since(&self, transaction: &Transaction, reads: &ReadSet) -> bool {
        self.history.changed_since(&transaction.before, reads, self.head.draft())
    }
}

/// What the log is to say of an auto-commit statement's keys.
pub(super) fn keyed(statement: &Statement, ran: &Ran, host: &dyn Host) -> Option<Keyed> {
    let keys = statement.keys.clone();
    if keys.is_empty() {
        return None;
    }
    let mut answers = Vec::new();
    answer::record(statement.digest, ran, &mut answers);
    Some(Keyed {
        is_abandoned: false,
        stamp_ms: keys.client.as_ref().map_or(0, |_| now_ms(host)),
        answers: answers.into(),
        keys,
    })
}

pub(super) fn outdated() -> Refusal {
    Refusal::Outdated("another transaction has changed what it had read; nothing of it was committed".into())
}
