//! Auto-commit writes: through the lane, here or on the leader, until it is known what became of them.
//!
//! An attempt ends in one of four ways. It has an answer. It certainly was not done, because the node that was asked does
//! not lead: it is made again, for a bounded time. It has failed: that is the answer, unless an earlier attempt of which
//! nothing is known may still succeed; then the key is settled first. Or the leader was lost after it had been asked: then the
//! same is asked again under the same key, and the answer is the one of whichever attempt came first (`crate::keys`).

use std::sync::Arc;
use std::time::Instant;

use samyama_bolt::Failure;
use samyama_exec::Counters;
use samyama_raft::LogIndex;

use super::BoltSession;
use super::ahead::with_those_behind;
use super::failures::{self, of_execution, of_read, of_refusal};
use super::relayed::{Relayed, Relaying};
use super::statement::{Pending, ResultState, Running};
use super::timeline::with_timeline;
use crate::forward::{DrawnKey, RelayError, RelayNote};
use crate::keys::{Applied, RelayStanding};
use crate::lane::{Answer, Kind, Refusal, Reply};
use crate::limits::{LEADER_WAIT, RELAY_RETRY_PAUSE};

/// How an attempt ended.
enum Attempt {
    Running(Box<Running>),
    Relayed(Box<crate::forward::Relay>),
    /// Certainly not done.
    NotDone,
    /// It failed, which says nothing of earlier attempts.
    Failed(Failure),
}

/// What became of a key.
pub(super) enum Settled {
    Applied(LogIndex),
    /// Nothing with it took or will take effect.
    Never,
    Unknown,
}

/// Where a write has to go.
pub enum Leader {
    Here,
    There(u64),
}

impl BoltSession {
    pub(super) async fn write(&mut self, mut pending: Pending) -> Result<ResultState, Failure> {
        let patience = Instant::now() + LEADER_WAIT;
        let patience = patience.min(pending.terms.deadline.unwrap_or(patience));
        loop {
            match self.attempt(&mut pending).await? {
                Attempt::Running(running) => return Ok(ResultState::Running(running)),
                Attempt::Relayed(relay) => {
                    return Ok(ResultState::Relayed(Box::new(Relayed::new(*relay, pending))));
                }
                Attempt::NotDone => {}
                Attempt::Failed(failure) => self.after_failure(&pending, failure).await?,
            }
            if Instant::now() >= pending.until.unwrap_or(patience) {
                return Err(pending.given_up());
            }
            self.leader_moves().await?;
        }
    }

    async fn attempt(&mut self, pending: &mut Pending) -> Result<Attempt, Failure> {
        if let Some(submitted) = pending.submitted.take() {
            let reply = self.interrupt.guard(submitted).await?.unwrap_or(Reply::Refused(Refusal::Unknown));
            // Behind: what stood before it is through by now, and it comes again like any other.
            if !matches!(reply, Reply::Refused(Refusal::Behind)) {
                return self.replied(pending, reply).await;
            }
        }
        match self.leader_now()? {
            None => Ok(Attempt::NotDone),
            Some(Leader::There(node)) => self.relay_write(node, pending).await,
            Some(Leader::Here) => {
                let interrupt = Arc::clone(&self.interrupt);
                let reply = interrupt.guard(self.submit(pending)).await?;
                self.replied(pending, reply).await
            }
        }
    }

    /// The lane of this node has replied.
    async fn replied(&self, pending: &mut Pending, reply: Reply) -> Result<Attempt, Failure> {
        let running = match reply {
            Reply::Answer(answer) => match self.answered(pending, *answer).await? {
                Ok(running) => running,
                Err(failure) => return Ok(Attempt::Failed(failure)),
            },
            Reply::Repeated(applied) => self.repeated(pending, &applied)?,
            Reply::Refused(Refusal::NotLeader) => return Ok(Attempt::NotDone),
            Reply::Refused(Refusal::KeyStale) => return self.stale_key(pending),
            Reply::Refused(refusal) => {
                let failure = of_refusal(&refusal, pending.terms.client_timeout);
                let failure = with_those_behind(failure, &refusal, self.ahead.submitted());
                return if refusal == Refusal::Unknown { Err(failure) } else { Ok(Attempt::Failed(failure)) };
            }
        };
        Ok(Attempt::Running(Box::new(self.without_what_is_seen(pending, running)?)))
    }

    /// What a client has got from a leader that is lost is not sent again.
    fn without_what_is_seen(&self, pending: &Pending, mut running: Running) -> Result<Running, Failure> {
        if let Some(relaying) = pending.relaying.as_ref().filter(|relaying| relaying.has.count > 0)
            && !running.rows.skip(relaying.has, self.dialect())
        {
            return Err(failures::rows_lost(relaying.has.count));
        }
        Ok(running)
    }

    /// A key of this process that the log does not take (any more).
    pub(super) fn stale_key<T: From<NotDone>>(&self, pending: &mut Pending) -> Result<T, Failure> {
        if pending.is_asked() {
            return Err(pending.given_up());
        }
        // The very first attempt: the log knows a later process of this node.
        pending.relaying = None;
        self.relays.renew_keys();
        Ok(NotDone.into())
    }

    async fn relay_write(&self, node: u64, pending: &mut Pending) -> Result<Attempt, Failure> {
        let opening = Box::pin(self.relays.open(node, &self.info));
        let mut relay = match self.interrupt.guard(opening).await? {
            Ok(relay) => relay,
            Err(RelayError::Lost(why)) => {
                tracing::debug!(node, %why, "a write could not be relayed yet");
                return Ok(Attempt::NotDone);
            }
            Err(error) => return Ok(Attempt::Failed(error.into_failure(node))),
        };
        let relaying = pending.relaying.get_or_insert_with(|| Relaying::new(self.relays.draw_key()));
        let note = RelayNote { key: relaying.key.key(), is_again: relaying.is_asked, settles: false };
        let mut options = pending.options.clone().unwrap_or_default();
        options.relay = note.to_value();
        match relay.run(&pending.query, &pending.parameters, Some(&options)) {
            Ok(()) => Ok(Attempt::Relayed(Box::new(relay))),
            Err(error) => Ok(Attempt::Failed(error.into_failure(node))),
        }
    }

    /// A write has its answer: give it out, once it is certain that this node led when it was made. The inner error is the
    /// statement's own.
    async fn answered(&self, pending: &Pending, answer: Answer) -> Result<Result<Running, Failure>, Failure> {
        let Answer { outcome, mut index, leader, proven, .. } = answer;
        if !proven {
            let point = self.interrupt.guard(self.database.read_point()).await?;
            index = point.map_err(|error| of_read(&error))?;
        }
        Ok(match outcome {
            Ok(mut ran) => {
                // What changed nothing has no entry of its own.
                if ran.profile.is_some() && proven && ran.counters != Counters::default() {
                    let journey = self.database.raft.journey(index);
                    ran.profile = match (ran.profile, &journey) {
                        (Some(profile), Some(journey)) => Some(with_timeline(profile, journey)),
                        (profile, _) => profile,
                    };
                }
                Ok(pending.written(ran, index, leader, &self.database))
            }
            Err(error) => Err(of_execution(&error, pending.terms.client_timeout)),
        })
    }

    /// The statement was done before under the same key: the same answer again.
    fn repeated(&self, pending: &Pending, applied: &Applied) -> Result<Running, Failure> {
        let mut answers = super::repeated::answers(applied)?;
        let digest = super::ahead::digest(&pending.query, &pending.parameters);
        let client_key = pending.terms.client_key.as_deref();
        let is_it = answers.len() == 1 && client_key.is_none_or(|_| answers[0].digest == digest);
        match answers.pop() {
            Some(answered) if is_it => Ok(pending.told_again(answered, applied.index, &self.database)),
            _ => Err(failures::key_misused(client_key.unwrap_or_default())),
        }
    }

    /// This attempt has failed for certain. If an earlier one may have succeeded, or still may, that is settled before the
    /// client is told. Ok: it has, and its answer can be had by asking again.
    pub(super) async fn after_failure(&self, pending: &Pending, failure: Failure) -> Result<(), Failure> {
        let Some(relaying) = pending.relaying.as_ref().filter(|relaying| relaying.is_asked) else {
            return Err(failure);
        };
        let until = pending.until.unwrap_or_else(Instant::now);
        match self.interrupt.guard(Box::pin(self.settle(&relaying.key, until))).await? {
            Settled::Applied(_) => Ok(()),
            Settled::Never => Err(failure),
            Settled::Unknown => Err(pending.given_up()),
        }
    }

    /// Find out what became of a key, and take care that nothing more becomes of it.
    pub(super) async fn settle(&self, drawn: &DrawnKey, until: Instant) -> Settled {
        loop {
            let key = drawn.key();
            match self.database.shared.relay_key(&key) {
                RelayStanding::Applied(applied) => return of_applied(&applied),
                RelayStanding::Stale => return Settled::Unknown,
                RelayStanding::New => {}
            }
            let settled = match self.leader_now() {
                Ok(Some(Leader::Here)) => match self.database.lane.run(Kind::Settle { key }).await {
                    Reply::Answer(_) => Some(Settled::Never),
                    Reply::Repeated(applied) => Some(of_applied(&applied)),
                    Reply::Refused(_) => None,
                },
                Ok(Some(Leader::There(node))) => self.settle_at(node, drawn).await,
                Ok(None) | Err(_) => None,
            };
            if let Some(settled) = settled {
                return settled;
            }
            if Instant::now() >= until {
                return Settled::Unknown;
            }
            self.leader_change().await;
        }
    }

    /// None: that node could not say.
    async fn settle_at(&self, node: u64, drawn: &DrawnKey) -> Option<Settled> {
        let mut relay = self.relays.open(node, &self.info).await.ok()?;
        let note = RelayNote { key: drawn.key(), is_again: false, settles: true };
        relay.begin(&Default::default()).ok()?;
        match relay.commit(note).await {
            Ok(index) => {
                self.relays.give_back(relay);
                Some(Settled::Applied(index))
            }
            Err(RelayError::Answered(failure)) if failure.code == failures::ABANDONED => Some(Settled::Never),
            Err(RelayError::Answered(failure)) if failure.code == failures::STALE_KEY => {
                Some(Settled::Unknown)
            }
            Err(_) => None,
        }
    }

    /// Where writes go now. None: nobody is known to lead.
    pub(super) fn leader_now(&self) -> Result<Option<Leader>, Failure> {
        let own = self.database.settings.node;
        match self.database.raft.leader_now() {
            None => Ok(None),
            Some(node) if node == own => Ok(Some(Leader::Here)),
            // Whoever relayed it here looks for the leader itself: no chains, no circles.
            Some(node) if self.info.forwarded_by.is_some() => Err(failures::not_a_leader(own, node)),
            Some(node) => Ok(Some(Leader::There(node))),
        }
    }

    /// Until leadership changes, or for a moment.
    pub(super) async fn leader_moves(&self) -> Result<(), Failure> {
        self.interrupt.guard(Box::pin(self.leader_change())).await
    }

    pub(super) async fn leader_change(&self) {
        let mut leader = self.database.raft.leader();
        // Whatever comes first: it is looked at again in any case.
        drop(tokio::time::timeout(RELAY_RETRY_PAUSE, leader.changed()).await);
    }
}

/// See [`Attempt::NotDone`].
pub(super) struct NotDone;

impl From<NotDone> for Attempt {
    fn from(_: NotDone) -> Self {
        Attempt::NotDone
    }
}

impl From<NotDone> for () {
    fn from(_: NotDone) -> Self {}
}

fn of_applied(applied: &Applied) -> Settled {
    if applied.is_abandoned { Settled::Never } else { Settled::Applied(applied.index) }
}

impl Pending {
    /// Something may have been done.
    pub(super) fn is_asked(&self) -> bool {
        self.relaying.as_ref().is_some_and(|relaying| relaying.is_asked)
    }

    /// Its time is up.
    pub(super) fn given_up(&self) -> Failure {
        match &self.relaying {
            Some(relaying) if relaying.has.count > 0 => failures::rows_lost(relaying.has.count),
            Some(relaying) if relaying.is_asked => failures::unknown(),
            _ => failures::no_leader(),
        }
    }
}
