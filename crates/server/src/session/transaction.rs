//! An explicit transaction from the session's side.

use std::sync::Arc;
use std::time::Instant;

use samyama_bolt::{Failure, TransactionOptions};
use samyama_raft::LogIndex;

use super::away::Away;
use super::failures::{self, of_execution, of_read, of_refusal};
use super::options::Terms;
use super::repeated::Repeat;
use super::statement::{Pending, ResultState};
use super::write::Leader;
use super::{BoltSession, result};
use crate::database::Admission;
use crate::engine::now_ns;
use crate::forward::{RelayError, RelayNote, Relays};
use crate::keys::RelayKey;
use crate::lane::{Answer, Kind, LaneHandle, Refusal, Reply, Transaction};
use crate::limits::{LEADER_WAIT, RESOLVE_TIMEOUT};
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
    /// On the leader.
    Away(Box<Away>),
    /// It was committed before, under the same key.
    Repeated(Repeat),
}

/// A transaction in this node's lane; given up when dropped.
pub struct Local {
    transaction: Option<Box<Transaction>>,
    lane: LaneHandle,
}

impl Local {
    pub fn new(transaction: Option<Box<Transaction>>, lane: LaneHandle) -> Self {
        Self { transaction, lane }
    }

    pub fn take(&mut self) -> Option<Box<Transaction>> {
        self.transaction.take()
    }
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

    pub async fn rollback(self, relays: &Relays) {
        if let Mode::Writing(Writing::Away(away)) = self.mode
            && let Some(relay) = away.rollback().await
        {
            relays.give_back(relay);
        }
    }
}

impl BoltSession {
    /// Resolves with the log index that later reads have to see. Not interruptible: whoever has sent COMMIT is told what came
    /// of it.
    pub(super) async fn commit_open(
        &mut self,
        mut open: Open,
        note: Option<RelayNote>,
    ) -> Result<LogIndex, Failure> {
        if let Some(note) = note.filter(|note| note.settles) {
            return self.settle_for_member(note.key).await;
        }
        let until = Instant::now() + RESOLVE_TIMEOUT;
        let index = loop {
            match open.mode {
                Mode::Reading(Some(published)) => break published.index,
                Mode::Reading(None) | Mode::Writing(Writing::Nowhere) => {
                    break self.database.published().index;
                }
                Mode::Writing(Writing::Repeated(repeat)) => break repeat.commit()?,
                Mode::Writing(Writing::Here(mut local)) => match local.take() {
                    None => break self.database.published().index,
                    Some(transaction) => {
                        let relay = note.map(|note| note.key);
                        break self.commit_here(transaction, relay, open.terms.client_timeout).await?;
                    }
                },
                Mode::Writing(Writing::Away(mut away)) => {
                    if let Some(index) = self.commit_away(&mut away, until).await? {
                        self.give_back(*away);
                        break index;
                    }
                    open.mode = Mode::Writing(Writing::Away(away));
                    if Instant::now() >= until {
                        return Err(failures::leader_lost());
                    }
                    self.run_again(&mut open).await?;
                }
            }
        };
        Ok(index.max(open.terms.bookmark))
    }

    async fn commit_here(
        &self,
        transaction: Box<Transaction>,
        relay: Option<RelayKey>,
        client_timeout: bool,
    ) -> Result<LogIndex, Failure> {
        match self.database.lane.run(Kind::Commit { transaction, relay }).await {
            Reply::Answer(answer) if answer.proven => Ok(answer.index),
            // It changed nothing: what it read was the truth if this node still leads.
            Reply::Answer(_) => self.database.read_point().await.map_err(|error| of_read(&error)),
            Reply::Repeated(applied) => Ok(applied.index),
            Reply::Refused(refusal) => Err(of_refusal(&refusal, client_timeout)),
        }
    }

    /// Another member asks what became of one of its keys, and that nothing more becomes of it.
    async fn settle_for_member(&self, key: RelayKey) -> Result<LogIndex, Failure> {
        // Refused at once where another node leads.
        self.leader_now()?;
        match self.database.lane.run(Kind::Settle { key }).await {
            Reply::Answer(_) => Err(failures::abandoned()),
            Reply::Repeated(applied) if applied.is_abandoned => Err(failures::abandoned()),
            Reply::Repeated(applied) => Ok(applied.index),
            Reply::Refused(refusal) => Err(of_refusal(&refusal, false)),
        }
    }

    pub(super) async fn start_in_transaction(
        &mut self,
        pending: Box<Pending>,
    ) -> Result<ResultState, Failure> {
        let Some(mut open) = self.open.take() else {
            return Err(failures::invalid("There is no open transaction."));
        };
        let state = self.step(&mut open, pending).await;
        // A failure ends the transaction: dropping it gives up what it holds.
        if state.is_ok() {
            self.open = Some(open);
        }
        state
    }

    async fn step(&mut self, open: &mut Open, pending: Box<Pending>) -> Result<ResultState, Failure> {
        match &mut open.mode {
            Mode::Reading(view) => {
                let published = match view {
                    Some(published) => Arc::clone(published),
                    None => self.read_view(&open.terms).await?,
                };
                *view = Some(Arc::clone(&published));
                let statement = Arc::new(self.statement(&pending, open.began_ns));
                let rows = self
                    .interrupt
                    .guard(result::read(&self.database, statement, published.view.clone()))
                    .await?;
                let rows = rows.map_err(|error| of_execution(&error, pending.terms.client_timeout))?;
                Ok(ResultState::Running(pending.running(rows, published.basis())))
            }
            Mode::Writing(_) => self.write_in_transaction(open, *pending).await,
        }
    }

    /// A statement of a transaction that may write.
    pub(super) async fn write_in_transaction(
        &self,
        open: &mut Open,
        pending: Pending,
    ) -> Result<ResultState, Failure> {
        let again_until = Instant::now() + LEADER_WAIT;
        loop {
            let Mode::Writing(writing) = &mut open.mode else {
                return Err(failures::write_in_read_mode());
            };
            match writing {
                Writing::Repeated(repeat) => {
                    let running = repeat.run(&pending, &self.database)?;
                    return Ok(ResultState::Running(Box::new(running)));
                }
                Writing::Away(away) => {
                    return Ok(ResultState::Away { statement: away.run(pending)? });
                }
                Writing::Nowhere => match self.leader_now()? {
                    Some(Leader::Here) => {}
                    leader => {
                        if let Some(Leader::There(node)) = leader
                            && let Some(away) = self.begin_at(node, &open.options).await?
                        {
                            *writing = Writing::Away(Box::new(away));
                        } else if Instant::now() >= again_until {
                            return Err(failures::no_leader());
                        } else {
                            self.leader_moves().await?;
                        }
                        continue;
                    }
                },
                Writing::Here(_) => {}
            }
            let seen = matches!(writing, Writing::Here(_));
            let transaction = match writing {
                Writing::Here(local) => local.take(),
                _ => None,
            };
            let statement = Arc::new(self.statement(&pending, open.began_ns));
            let reply = self.database.lane.run(Kind::Step { statement, transaction });
            match self.interrupt.guard(reply).await? {
                Reply::Answer(answer) => return self.stepped(open, pending, *answer),
                Reply::Repeated(applied) => {
                    let key = open.terms.client_key.as_deref().unwrap_or_default();
                    open.mode = Mode::Writing(Writing::Repeated(Repeat::new(key, &applied)?));
                }
                Reply::Refused(Refusal::NotLeader) if !seen && Instant::now() < again_until => {
                    self.leader_moves().await?;
                }
                Reply::Refused(refusal) => return Err(of_refusal(&refusal, pending.terms.client_timeout)),
            }
        }
    }

    fn stepped(&self, open: &mut Open, pending: Pending, answer: Answer) -> Result<ResultState, Failure> {
        let Answer { outcome, index, leader, transaction, .. } = answer;
        let local = Local::new(transaction, self.database.lane.clone());
        let ran = outcome.map_err(|error| of_execution(&error, pending.terms.client_timeout))?;
        open.mode = Mode::Writing(Writing::Here(local));
        Ok(ResultState::Running(Box::new(pending.written(ran, index, leader, &self.database))))
    }

    /// None: it cannot be reached now.
    async fn begin_at(&self, node: u64, options: &TransactionOptions) -> Result<Option<Away>, Failure> {
        match self.interrupt.guard(Box::pin(self.relays.open(node, &self.info))).await? {
            Ok(relay) => Away::begin(relay, options).map(Some).map_err(|error| error.into_failure(node)),
            Err(RelayError::Lost(why)) => {
                tracing::debug!(node, %why, "a transaction could not be relayed yet");
                Ok(None)
            }
            Err(error) => Err(error.into_failure(node)),
        }
    }
}
