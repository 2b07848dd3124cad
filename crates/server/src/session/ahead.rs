//! Writes that a client has sent behind the one that runs, handed to the lane with it.
//!
//! A client that pipelines auto-commit writes would otherwise wait for a commit of each before the next is looked at. Handed
//! in together they share an entry of the log and its flush. Their order stays that of the client, and none takes effect
//! whose predecessor has not: the lane refuses what stands behind a statement that fails ([`Refusal::Behind`]), and then
//! this session hands it in again in its turn, or never, if the client is told of a failure and the rest is ignored.

use std::collections::VecDeque;
use std::sync::Arc;

use samyama_bolt::{Announced, Failure};
use samyama_exec::{CancelFlag, PlanKind, PlanMode};
use samyama_graph::{Digest, Map};
use tokio::sync::oneshot;

use super::options::Terms;
use super::statement::Pending;
use super::{BoltSession, options};
use crate::engine::{Statement, now_ns};
use crate::keys::Keys;
use crate::lane::{Refusal, Reply};
use crate::plan_cache::Prepared;
use crate::sources::Fetched;

/// What a session knows of the statements behind the one that runs.
#[derive(Default)]
pub(super) struct Ahead {
    /// Told of, and not handed in.
    announced: VecDeque<Announced>,
    /// In the lane.
    submitted: VecDeque<Submitted>,
}

/// A statement that was handed to the lane before its RUN.
pub(super) struct Submitted {
    query: Arc<str>,
    parameters: Arc<Map>,
    pub prepared: Arc<Prepared>,
    pub terms: Arc<Terms>,
    pub reply: oneshot::Receiver<Reply>,
}

impl Ahead {
    pub fn announce(&mut self, announced: Vec<Announced>) {
        self.announced.extend(announced);
    }

    /// Something has failed, or the session begins anew: nothing of it will be asked for.
    pub fn clear(&mut self) {
        self.announced.clear();
        self.submitted.clear();
    }

    /// How many are in the lane.
    pub fn submitted(&self) -> usize {
        self.submitted.len()
    }

    /// A RUN has come. Some, if it is the next of those in the lane.
    pub fn take(&mut self, query: &Arc<str>, parameters: &Arc<Map>) -> Option<Submitted> {
        let is_it =
            |known: (&Arc<str>, &Arc<Map>)| Arc::ptr_eq(known.0, query) && Arc::ptr_eq(known.1, parameters);
        if let Some(next) = self.submitted.front() {
            assert!(
                is_it((&next.query, &next.parameters)),
                "statements come in the order in which they were announced"
            );
            return self.submitted.pop_front();
        }
        if self.announced.front().is_some_and(|next| is_it((&next.query, &next.parameters))) {
            self.announced.pop_front();
        }
        None
    }
}

impl BoltSession {
    /// Hand in a write, and the writes that are known to come after it.
    pub(super) async fn submit(&mut self, pending: &Pending) -> Reply {
        let cancel = self.new_cancel_flag();
        let now = now_ns();
        let mut statements = vec![Arc::new(self.statement_with(pending, cancel.clone(), now))];
        let mut followers = Vec::new();
        while let Some(next) = self.ahead.announced.front()
            && let Some((prepared, terms)) = self.foresee(next)
        {
            let text = (&next.query, &next.parameters);
            statements.push(Arc::new(self.statement_of(&prepared, text, &terms, cancel.clone(), now)));
            let Some(next) = self.ahead.announced.pop_front() else { break };
            followers.push((next, prepared, terms));
        }
        let mut replies = self.database.lane.run_in_order(statements);
        let own = replies.pop_front();
        for ((announced, prepared, terms), reply) in followers.into_iter().zip(replies) {
            let Announced { query, parameters, .. } = announced;
            self.ahead.submitted.push_back(Submitted { query, parameters, prepared, terms, reply });
        }
        match own {
            Some(own) => own.await.unwrap_or(Reply::Refused(Refusal::Unknown)),
            None => Reply::Refused(Refusal::Unknown),
        }
    }

    /// Plan and terms of a statement, if it is a write that can go as it is. Anything else waits for its turn, and is told
    /// then what is wrong with it.
    fn foresee(&self, next: &Announced) -> Option<(Arc<Prepared>, Arc<Terms>)> {
        let terms = options::check(&next.options, &self.database.settings).ok()?;
        let published = self.database.published();
        let prepared = self.database.plans.remembered(&next.query, &next.parameters, &published.view)?;
        let plan = &prepared.plan;
        let writes =
            matches!(plan.kind(), PlanKind::Write | PlanKind::ReadWrite) && plan.mode() == PlanMode::Run;
        let is_whole = plan.parameters().iter().all(|name| next.parameters.contains_key(name));
        let is_one = plan.batched().is_none();
        (writes && is_one && is_whole && !terms.read_only).then(|| (prepared, Arc::new(terms)))
    }

    pub(super) fn new_cancel_flag(&self) -> CancelFlag {
        let cancel = CancelFlag::default();
        *self.interrupt.cancel.lock() = cancel.clone();
        if self.interrupt.is_raised() {
            cancel.raise();
        }
        cancel
    }

    pub(super) fn statement_of(
        &self,
        prepared: &Arc<Prepared>,
        (query, parameters): (&Arc<str>, &Arc<Map>),
        terms: &Terms,
        cancel: CancelFlag,
        transaction_ns: i128,
    ) -> Statement {
        let client = terms.client_key.clone();
        let digest = if client.is_some() { digest(query, parameters) } else { 0 };
        Statement {
            takes_key: client.is_some() || terms.relay.is_some_and(|note| note.is_again),
            keys: Keys { relay: terms.relay.map(|note| note.key), client },
            digest,
            program: super::Program::Prepared(Arc::clone(prepared)),
            parameters: super::Parameters {
                named: Arc::clone(parameters),
                literals: prepared.literals.to_vec(),
            },
            memory_bytes_max: self.database.settings.query_memory_bytes_max,
            deadline: terms.deadline,
            cancel,
            transaction_ns,
            procedures: self.procedures.clone(),
            fetched: Fetched::default(),
        }
    }
}

/// Of what a statement says, to tell whether it is said again.
pub(super) fn digest(query: &str, parameters: &Map) -> u128 {
    let mut digest = Digest::default();
    digest.bytes(query.as_bytes());
    for (key, value) in parameters.iter() {
        digest.bytes(key.as_bytes()).value(value);
    }
    digest.finish()
}

/// The failure of a statement, to a client that has more in the lane behind it. Only if its own outcome is unknown may one of
/// those have been committed, and then the client, which sees them ignored, has to be told.
pub(super) fn with_those_behind(mut failure: Failure, refusal: &Refusal, behind: usize) -> Failure {
    if *refusal == Refusal::Unknown && behind > 0 {
        failure
            .message
            .push_str(&format!(" The same holds for the next {behind} statements on this connection."));
    }
    failure
}
