//! An explicit transaction that lives on the leader, and what its client has been told, so that it can be run again.
//!
//! A transaction dies with its leader, and nothing of it was committed unless COMMIT was sent. Telling the client so would
//! make its driver wait a second and run the whole again. The node that relays can do that at once: it runs the same
//! statements on the new leader and compares what comes back with what the client has seen, record by record. If it is the
//! same, the client cannot tell the difference and goes on; if not, it is told to run the transaction again.

use std::sync::Arc;
use std::time::Instant;

use samyama_bolt::{Entities, Failure, PullReply, Records, TransactionOptions};
use samyama_exec::expression::value_bytes;
use samyama_graph::{Digest, Map, Value};
use samyama_raft::LogIndex;

use super::BoltSession;
use super::failures;
use super::statement::{Pending, ResultState, Running};
use super::summary::stats;
use super::transaction::{Local, Mode, Open, Writing};
use super::words::WORDS;
use super::write::Leader;
use super::write::Settled;
use crate::forward::{Relay, RelayError, RelayNote, Seen};
use crate::lane::{Kind, Refusal, Reply};
use crate::limits::{LEADER_WAIT, TRANSCRIPT_BYTES_MAX, TRANSCRIPT_STATEMENTS_MAX};
use crate::plan_cache::Prepared;

pub(super) struct Away {
    relay: Relay,
    /// In the order in which the relay has got them: the same numbers stand for them there.
    told: Vec<Told>,
    /// Of texts and parameters.
    bytes: usize,
}

/// A statement, and what its client has been told of its result.
struct Told {
    prepared: Arc<Prepared>,
    query: Arc<str>,
    parameters: Arc<Map>,
    started: Instant,
    seen: Seen,
    end: Option<End>,
    /// In another run there were no more rows than those that the client has, and it is to be told so.
    over: Option<Map>,
}

/// The client knows that the result is over.
#[derive(Clone, Copy, PartialEq, Eq)]
struct End {
    /// The rest of the rows was thrown away.
    discarded: bool,
    /// A hash of the counters.
    stats: u128,
}

/// Nowhere: what is compared is not sent again.
struct Nobody;

impl Records for Nobody {
    fn record(&mut self, _: &[Value], _: &dyn Entities) {}
    fn raw(&mut self, _: &[u8]) {}
    async fn flush_if_full(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Why a run did not get through.
enum Broken {
    /// Leadership moves on: once more.
    Again,
    Failed(Failure),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Broken::Failed(failure)
    }
}

impl Away {
    pub fn begin(mut relay: Relay, options: &TransactionOptions) -> Result<Self, RelayError> {
        relay.begin(options)?;
        Ok(Self { relay, told: Vec::new(), bytes: 0 })
    }

    /// Takes a statement; it goes out with the next pull. Returns its number.
    pub fn run(&mut self, pending: Pending) -> Result<usize, Failure> {
        let Pending { prepared, query, parameters, started, .. } = pending;
        let sent = self.relay.run(&query, &parameters, None);
        sent.map_err(|error| error.into_failure(self.relay.node()))?;
        self.bytes += query.len() + parameters.iter().map(|(_, value)| value_bytes(value)).sum::<usize>();
        let (seen, end, over) = (Seen::default(), None, None);
        self.told.push(Told { prepared, query, parameters, started, seen, end, over });
        Ok(self.told.len() - 1)
    }

    pub async fn pull<R: Records>(
        &mut self,
        statement: usize,
        n: Option<u64>,
        discard: bool,
        records: &mut R,
    ) -> Result<PullReply, RelayError> {
        let Some(told) = self.told.get_mut(statement) else {
            return Err(RelayError::Lost("the statement is not known".into()));
        };
        let has = told.seen;
        let reply = match told.over.take() {
            Some(summary) => PullReply::Done(summary),
            // All that was asked for had come when the leader was lost.
            None if n == Some(0) => PullReply::HasMore,
            None => self.relay.pull(statement, n, discard, records, &mut told.seen, has).await?,
        };
        if let PullReply::Done(summary) = &reply {
            told.end = Some(End { discarded: discard, stats: stats_of(summary.get("stats")) });
        }
        Ok(reply)
    }

    /// Rows of a statement that the client has got.
    pub fn sent(&self, statement: usize) -> u64 {
        self.told.get(statement).map_or(0, |told| told.seen.count)
    }

    /// Too long to be remembered whole.
    fn is_too_long(&self) -> bool {
        self.told.len() > TRANSCRIPT_STATEMENTS_MAX || self.bytes > TRANSCRIPT_BYTES_MAX
    }

    /// Run one statement again, up to where the client is.
    async fn repeat(relay: &mut Relay, statement: usize, told: &mut Told) -> Result<(), RelayError> {
        relay.run(&told.query, &told.parameters, None)?;
        let mut seen = Seen::default();
        let mut end = None;
        let pulled_all = told.end.is_some_and(|end| !end.discarded);
        if told.seen.count > 0 || pulled_all {
            let n = (!pulled_all).then_some(0);
            let reply = relay.pull(statement, n, false, &mut Nobody, &mut seen, told.seen).await?;
            match reply {
                PullReply::Done(summary) if told.end.is_none() => told.over = Some(summary),
                reply => end = done(&reply, false),
            }
        }
        if told.end.is_some_and(|end| end.discarded) && end.is_none() {
            end = done(
                &relay.pull(statement, None, true, &mut Nobody, &mut seen, Seen::default()).await?,
                true,
            );
        }
        if seen != told.seen || end != told.end { Err(RelayError::Differs) } else { Ok(()) }
    }

    pub async fn rollback(mut self: Box<Self>) -> Option<Relay> {
        self.relay.rollback().await.then_some(self.relay)
    }
}

fn done(reply: &PullReply, discarded: bool) -> Option<End> {
    match reply {
        PullReply::Done(summary) => Some(End { discarded, stats: stats_of(summary.get("stats")) }),
        PullReply::HasMore => None,
    }
}

fn stats_of(stats: Option<&Value>) -> u128 {
    Digest::default().value(stats.unwrap_or(&Value::Null)).finish()
}

impl BoltSession {
    /// None: the leader is lost; the transaction has been run again on another one, and the pull is to be made again.
    pub(super) async fn pull_away<R: Records>(
        &mut self,
        statement: usize,
        n: Option<u64>,
        discard: bool,
        records: &mut R,
    ) -> Result<Option<PullReply>, Failure> {
        let Some(Open { mode: Mode::Writing(Writing::Away(away)), .. }) = &mut self.open else {
            return Err(failures::invalid("The transaction has ended."));
        };
        let pulling = Box::pin(away.pull(statement, n, discard, records));
        let error = match self.interrupt.guard(pulling).await? {
            Ok(reply) => return Ok(Some(reply)),
            Err(error) => error,
        };
        let node = away.relay.node();
        match error {
            RelayError::Answered(failure) if !failures::is_not_done(&failure) => return Err(failure),
            RelayError::Answered(_) => {}
            RelayError::Lost(_) => self.relays.forget(node),
            error => return Err(error.into_failure(node)),
        }
        let interrupt = Arc::clone(&self.interrupt);
        let Some(mut open) = self.open.take() else { return Ok(None) };
        interrupt.guard(Box::pin(self.run_again(&mut open))).await??;
        self.open = Some(open);
        Ok(None)
    }

    /// Nothing of the transaction was or will be committed: run it again where it can be.
    pub(super) async fn run_again(&mut self, open: &mut Open) -> Result<(), Failure> {
        let Mode::Writing(Writing::Away(away)) = &mut open.mode else { return Ok(()) };
        if away.is_too_long() {
            return Err(failures::leader_lost());
        }
        let mut told = std::mem::take(&mut away.told);
        let bytes = away.bytes;
        open.mode = Mode::Writing(Writing::Nowhere);
        let until = Instant::now() + LEADER_WAIT;
        loop {
            let ran = match self.leader_now()? {
                None => Err(Broken::Again),
                Some(Leader::There(node)) => {
                    self.run_again_at(node, &open.options, &mut told).await.map(|relay| {
                        Writing::Away(Box::new(Away { relay, told: std::mem::take(&mut told), bytes }))
                    })
                }
                Some(Leader::Here) => self.run_again_here(open, &told).await.map(Writing::Here),
            };
            match ran {
                Ok(writing) => {
                    tracing::debug!("a transaction whose leader was lost has been run again");
                    open.mode = Mode::Writing(writing);
                    return Ok(());
                }
                Err(Broken::Failed(failure)) => return Err(failure),
                Err(Broken::Again) if Instant::now() >= until => return Err(failures::leader_lost()),
                Err(Broken::Again) => self.leader_change().await,
            }
        }
    }

    async fn run_again_at(
        &self,
        node: u64,
        options: &TransactionOptions,
        told: &mut [Told],
    ) -> Result<Relay, Broken> {
        let again = async {
            let mut relay = self.relays.open(node, &self.info).await?;
            relay.begin(options)?;
            for (statement, told) in told.iter_mut().enumerate() {
                Away::repeat(&mut relay, statement, told).await?;
            }
            Ok::<_, RelayError>(relay)
        };
        match again.await {
            Ok(relay) => Ok(relay),
            Err(RelayError::Lost(_)) => {
                self.relays.forget(node);
                Err(Broken::Again)
            }
            Err(RelayError::Answered(failure)) if failures::is_not_done(&failure) => Err(Broken::Again),
            // What succeeded then fails now, or says something else.
            Err(_) => Err(Broken::Failed(failures::another_answer())),
        }
    }

    /// This node has come to lead.
    async fn run_again_here(&mut self, open: &Open, told: &[Told]) -> Result<Local, Broken> {
        let mut local = Local::new(None, self.database.lane.clone());
        let mut results = Vec::with_capacity(told.len());
        for told in told {
            let (terms, cancel) = (&open.terms, self.new_cancel_flag());
            let text = (&told.query, &told.parameters);
            let statement = self.statement_of(&told.prepared, text, terms, cancel, open.began_ns);
            let (statement, transaction) = (Arc::new(statement), local.take());
            let answer = match self.database.lane.run(Kind::Step { statement, transaction }).await {
                Reply::Answer(answer) => *answer,
                Reply::Refused(Refusal::NotLeader) => return Err(Broken::Again),
                Reply::Refused(Refusal::TimedOut) => {
                    return Err(failures::timed_out(terms.client_timeout).into());
                }
                _ => return Err(failures::another_answer().into()),
            };
            local = Local::new(answer.transaction, self.database.lane.clone());
            let Ok(ran) = answer.outcome else { return Err(failures::another_answer().into()) };
            let stats = WORDS.with(|words| stats(&ran.counters, words)).map(Value::from);
            let pending = Pending::again(&told.prepared, text, terms, told.started);
            let mut running = pending.written(ran, answer.index, answer.leader, &self.database);
            let is_same = running.rows.skip(told.seen, self.dialect())
                && match told.end {
                    None => true,
                    Some(end) => {
                        (end.discarded || running.rows.is_over()) && end.stats == stats_of(stats.as_ref())
                    }
                };
            if !is_same {
                return Err(failures::another_answer().into());
            }
            results.push(Some(running));
        }
        self.take_over(results);
        Ok(local)
    }

    /// Results that the client is still reading come from here now.
    fn take_over(&mut self, mut results: Vec<Option<Running>>) {
        for state in self.results.values_mut() {
            if let ResultState::Away { statement } = state
                && let Some(running) = results.get_mut(*statement).and_then(Option::take)
            {
                *state = ResultState::Running(Box::new(running));
            }
        }
    }

    /// COMMIT at the leader. None: it certainly was not committed, and the transaction is gone.
    pub(super) async fn commit_away(
        &self,
        away: &mut Away,
        until: Instant,
    ) -> Result<Option<LogIndex>, Failure> {
        let drawn = self.relays.draw_key();
        let note = RelayNote { key: drawn.key(), is_again: false, settles: false };
        let node = away.relay.node();
        match away.relay.commit(note).await {
            Ok(index) => return Ok(Some(index)),
            Err(RelayError::Answered(failure)) if failures::is_not_done(&failure) => return Ok(None),
            Err(RelayError::Answered(failure)) if failure.code == failures::STALE_KEY => {
                self.relays.renew_keys();
                return Ok(None);
            }
            Err(RelayError::Answered(failure)) if failure.code != failures::COMMIT_FAILED => {
                return Err(failure);
            }
            Err(RelayError::Answered(_) | RelayError::Lost(_)) => self.relays.forget(node),
            Err(error) => return Err(error.into_failure(node)),
        }
        match self.settle(&drawn, until).await {
            Settled::Applied(index) => Ok(Some(index)),
            Settled::Never => Ok(None),
            Settled::Unknown => Err(failures::unknown()),
        }
    }

    /// Its connection, for others.
    pub(super) fn give_back(&self, away: Away) {
        self.relays.give_back(away.relay);
    }
}
