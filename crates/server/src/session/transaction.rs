//! An explicit transaction from the session's side.

use std::sync::Arc;
use std::time::Instant;

use samyama_bolt::{Failure, TransactionOptions};
use samyama_raft::LogIndex;

use super::failures::{of_execution, of_read, of_refusal};
use super::options::Terms;
use super::{BoltSession, Leader, Pending, ResultState};
use crate::database::{Admission, Database};
use crate::engine::now_ns;
use crate::forward::{Relay, Relays};
use crate::lane::{Answer, Kind, LaneHandle, Refusal, Reply, Transaction};
use crate::limits::LEADER_WAIT;
use crate::shared::Published;

pub struct Open {
    pub terms: Arc<Terms>,
    /// As the client sent them: the leader is told the same.
    pub options: TransactionOptions,
    pub began_ns: i128,
    pub mode: Mode,
    _admission: Admission,
}

pub enum Mode {
    /// Access mode READ: every statement sees the same view.
    Reading(Option<Arc<Published>>),
    Writing(Writing),
}

/// Where a transaction that may write lives.
pub enum Writing {
    /// Nothing has run yet.
    Nowhere,
    Here(Local),
    Leader(Box<Relay>),
}

/// A transaction in this node's lane; given up when dropped.
pub struct Local {
    transaction: Option<Box<Transaction>>,
    lane: LaneHandle,
}

impl Drop for Local {
    fn drop(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.lane.end(transaction.id());
        }
    }
}

impl Open {
    pub fn new(terms: Arc<Terms>, options: TransactionOptions, admission: Admission) -> Self {
        let mode = if terms.read_only { Mode::Reading(None) } else { Mode::Writing(Writing::Nowhere) };
        Self { terms, options, began_ns: now_ns(), mode, _admission: admission }
    }

    /// Resolves with the log index that later reads have to see.
    pub async fn commit(self, database: &Database, relays: &Relays) -> Result<LogIndex, Failure> {
        let index = match self.mode {
            Mode::Reading(Some(published)) => published.index,
            Mode::Reading(None) | Mode::Writing(Writing::Nowhere) => database.published().index,
            Mode::Writing(Writing::Leader(relay)) => {
                return relay.commit(relays).await.map_err(|error| error.failure);
            }
            Mode::Writing(Writing::Here(mut local)) => match local.transaction.take() {
                None => database.published().index,
                Some(transaction) => commit_here(database, transaction, self.terms.client_timeout).await?,
            },
        };
        Ok(index.max(self.terms.bookmark))
    }

    pub async fn rollback(self, relays: &Relays) {
        if let Mode::Writing(Writing::Leader(relay)) = self.mode {
            relay.rollback(relays).await;
        }
    }
}

/// Not interruptible: whoever has sent COMMIT is told what came of it.
async fn commit_here(
    database: &Database,
    transaction: Box<Transaction>,
    client_timeout: bool,
) -> Result<LogIndex, Failure> {
    match database.lane.run(Kind::Commit { transaction }).await {
        Reply::Answer(answer) if answer.proven => Ok(answer.index),
        // It changed nothing: what it read was the truth if this node still leads.
        Reply::Answer(_) => database.read_point().await.map_err(|error| of_read(&error)),
        Reply::Refused(refusal) => Err(of_refusal(&refusal, client_timeout)),
    }
}

impl BoltSession {
    /// A statement of a transaction that may write.
    pub(super) async fn write_in_transaction(
        &self,
        open: &mut Open,
        pending: Pending,
    ) -> Result<ResultState, Failure> {
        let again_until = Instant::now() + LEADER_WAIT;
        loop {
            let Mode::Writing(writing) = &mut open.mode else {
                return Err(super::failures::write_in_read_mode());
            };
            if let Writing::Leader(relay) = writing {
                let run = relay.run(Arc::clone(&pending.query), Arc::clone(&pending.parameters), None);
                let reply = self.interrupt.guard(run).await?.map_err(|error| error.failure)?;
                return Ok(ResultState::RelayedHere { qid: reply.qid });
            }
            let seen = matches!(writing, Writing::Here(_));
            if !seen && let Leader::There(node) = self.leader().await? {
                match self.begin_at(node, &open.options).await {
                    Ok(relay) => {
                        open.mode = Mode::Writing(Writing::Leader(Box::new(relay)));
                        continue;
                    }
                    Err(error) if error.certain && Instant::now() < again_until => {
                        self.pause().await?;
                        continue;
                    }
                    Err(error) => return Err(error.failure),
                }
            }
            let transaction = match writing {
                Writing::Here(local) => local.transaction.take(),
                _ => None,
            };
            let statement = Arc::new(self.statement(&pending, open.began_ns));
            let reply = self.database.lane.run(Kind::Step { statement, transaction });
            match self.interrupt.guard(reply).await? {
                Reply::Answer(answer) => return self.stepped(open, pending, *answer),
                Reply::Refused(Refusal::NotLeader) if !seen && Instant::now() < again_until => {
                    self.pause().await?
                }
                Reply::Refused(refusal) => return Err(of_refusal(&refusal, pending.terms.client_timeout)),
            }
        }
    }

    fn stepped(&self, open: &mut Open, pending: Pending, answer: Answer) -> Result<ResultState, Failure> {
        let Answer { outcome, index, leader, transaction, .. } = answer;
        let local = Local { transaction, lane: self.database.lane.clone() };
        let ran = outcome.map_err(|error| of_execution(&error, pending.terms.client_timeout))?;
        open.mode = Mode::Writing(Writing::Here(local));
        Ok(ResultState::Running(Box::new(pending.written(ran, index, leader, &self.database))))
    }

    async fn begin_at(
        &self,
        node: u64,
        options: &TransactionOptions,
    ) -> Result<Relay, crate::forward::RelayError> {
        let mut relay = self.relays.open(node, &self.info).await?;
        relay.begin(options.clone()).await?;
        Ok(relay)
    }
}
