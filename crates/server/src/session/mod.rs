//! Bolt sessions on a database: what each request of a client does.
//!
//! Reads run on a view of this node, at the level the client asked for. Writes go to the lane if this node leads and are
//! relayed to the leader if not. An explicit transaction with access mode READ holds one view; any other lives on the
//! leader. A statement is compiled by RUN and begins with its first PULL or DISCARD.

mod ahead;
mod batches;
mod failures;
mod interrupt;
mod options;
mod result;
mod routing;
mod summary;
mod transaction;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use samyama_bolt::{
    Announced, Auth, Backend, CommitReply, ConnectionInfo, Failure, PullReply, Records, RoutingTable,
    RunReply, Session, TransactionOptions,
};
use samyama_exec::{Counters, Parameters, PlanKind, PlanMode};
use samyama_graph::{Map, Value};
use samyama_raft::{Leadership, LogIndex};
use tokio::sync::oneshot;

use self::ahead::{Ahead, with_those_behind};
use self::failures::{of_compilation, of_execution, of_read, of_refusal, write_in_read_mode};
use self::options::{Terms, write_bookmark};
use self::result::Rows;
use self::summary::Summary;
use self::transaction::{Mode, Open, Writing};
use self::words::WORDS;
use crate::config::ReadLevel;
use crate::database::{DATABASE_NAME, Database};
use crate::engine::{Program, Ran, Statement, now_ns};
use crate::forward::{Relay, Relays};
use crate::lane::{Answer, Refusal, Reply};
use crate::limits::{FORWARDS_MAX, LEADER_WAIT, QUERY_BYTES_MAX, RESULTS_OPEN_MAX};
use crate::plan_cache::{PlanSource, Prepared};
use crate::registry::Presence;
use crate::shared::Published;

pub use self::failures::failure;
pub use self::interrupt::Interrupt;
pub use self::options::parse_bookmark;
pub use self::result::GraphEntities;

/// Answered to another member whose client's write reached this node although it does not lead.
pub const NOT_A_LEADER: &str = "Neo.ClientError.Cluster.NotALeader";

/// The whole server side of Bolt.
pub struct BoltBackend {
    pub database: Arc<Database>,
    pub relays: Arc<Relays>,
}

impl Backend for BoltBackend {
    type Session = BoltSession;

    fn connect(&self, info: ConnectionInfo) -> BoltSession {
        let (info, interrupt) = (Arc::new(info), Arc::new(Interrupt::default()));
        BoltSession {
            presence: self.database.registry.enter(Arc::clone(&info), Arc::clone(&interrupt)),
            database: Arc::clone(&self.database),
            relays: Arc::clone(&self.relays),
            info,
            interrupt,
            open: None,
            results: BTreeMap::new(),
            next_qid: 0,
            ahead: Ahead::default(),
        }
    }

    async fn route(
        &self,
        _routing: &Map,
        _bookmarks: &[Arc<str>],
        database: Option<&str>,
    ) -> Result<RoutingTable, Failure> {
        routing::table(&self.database, database)
    }
}

/// Where a write has to go.
enum Leader {
    Here,
    There(u64),
}

/// A statement between RUN and its first PULL.
struct Pending {
    prepared: Prepared,
    query: Arc<str>,
    parameters: Arc<Map>,
    /// Its own, if it is not part of a transaction; the original ones are needed to relay it.
    terms: Arc<Terms>,
    options: Option<TransactionOptions>,
    started: Instant,
    /// Where its outcome comes, if it was handed to the lane with one before it.
    submitted: Option<oneshot::Receiver<Reply>>,
}

/// A statement that runs or has run.
struct Running {
    prepared: Prepared,
    terms: Arc<Terms>,
    rows: Rows,
    counters: Counters,
    profile: Option<Value>,
    index: LogIndex,
    leader: Option<Leadership>,
    read: bool,
    started: Instant,
}

enum ResultState {
    Pending(Box<Pending>),
    Running(Box<Running>),
    /// An auto-commit statement that the leader has. Kept, so that it can be sent to another leader.
    Relayed {
        relay: Box<Relay>,
        pending: Box<Pending>,
        pulled: bool,
    },
    /// A statement of a transaction that lives on the leader, under the number that it has there.
    RelayedHere {
        qid: Option<i64>,
    },
}

/// One connection's session.
pub struct BoltSession {
    database: Arc<Database>,
    relays: Arc<Relays>,
    info: Arc<ConnectionInfo>,
    interrupt: Arc<Interrupt>,
    presence: Presence,
    open: Option<Open>,
    results: BTreeMap<i64, ResultState>,
    next_qid: i64,
    ahead: Ahead,
}

impl Session for BoltSession {
    async fn authenticate(&mut self, auth: Auth) -> Result<(), Failure> {
        match auth.scheme.as_ref() {
            // There is no authentication yet, so any credentials are as good as none: tools insist on sending some.
            "none" | "basic" | "" => Ok(()),
            other => Err(failure(
                "Neo.ClientError.Security.Unauthorized",
                "42NFF",
                format!("The authentication scheme `{other}` is not supported; use none or basic."),
            )),
        }
    }

    async fn begin(&mut self, options: TransactionOptions) -> Result<Map, Failure> {
        if self.open.is_some() {
            return Err(failures::invalid("A transaction is open already on this connection."));
        }
        let terms = Arc::new(options::check(&options, &self.database.settings)?);
        let Some(admission) = self.database.admit_transaction() else {
            return Err(failure(
                "Neo.TransientError.Transaction.MaximumTransactionLimitReached",
                "51N73",
                format!(
                    "{} transactions are open, which is limits.transactions_max.",
                    self.database.settings.transactions_max
                ),
            ));
        };
        let mut reply = Map::new();
        if terms.unnamed {
            reply.insert(Arc::from("db"), DATABASE_NAME.into());
        }
        self.presence.begin(&options.metadata);
        self.open = Some(Open::new(terms, options, admission));
        Ok(reply)
    }

    async fn run(
        &mut self,
        query: Arc<str>,
        parameters: Arc<Map>,
        options: Option<TransactionOptions>,
    ) -> Result<RunReply, Failure> {
        let started = Instant::now();
        if query.len() > QUERY_BYTES_MAX {
            return Err(failures::invalid(format!(
                "The query has {} bytes; {QUERY_BYTES_MAX} are allowed.",
                query.len()
            )));
        }
        if self.results.len() >= RESULTS_OPEN_MAX {
            return Err(failures::invalid(format!(
                "{RESULTS_OPEN_MAX} results are open in this transaction; read or discard some."
            )));
        }
        // What was run before and not asked for yet happened before this statement all the same.
        self.start_pending().await?;
        let submitted = self.ahead.take(&query, &parameters);
        if let Some(submitted) = submitted {
            let (terms, prepared) = (submitted.terms, submitted.prepared);
            let pending = Pending {
                prepared,
                query,
                parameters,
                terms,
                options,
                started,
                submitted: Some(submitted.reply),
            };
            return Ok(self.open_result(pending));
        }
        let terms = match (&self.open, &options) {
            (Some(open), _) => Arc::clone(&open.terms),
            (None, Some(options)) => Arc::new(options::check(options, &self.database.settings)?),
            (None, None) => return Err(failures::invalid("There is no open transaction.")),
        };
        let published = self.database.published();
        let plans = &self.database.plans;
        let prepared = match plans.remembered(&query, &parameters, &published.view) {
            Some(prepared) => prepared,
            None => {
                let preparing = Box::pin(plans.prepare(&query, &parameters, &published.view));
                self.interrupt.guard(preparing).await?.map_err(|error| of_compilation(&error))?
            }
        };
        let missing: Vec<Arc<str>> = prepared
            .plan
            .parameters()
            .iter()
            .filter(|name| !parameters.contains_key(name))
            .cloned()
            .collect();
        if !missing.is_empty() && prepared.plan.mode() != PlanMode::Explain {
            return Err(failures::parameter_missing(&missing));
        }
        if prepared.plan.kind() != PlanKind::Read && terms.read_only {
            return Err(write_in_read_mode());
        }
        let pending = Pending { prepared, query, parameters, terms, options, started, submitted: None };
        Ok(self.open_result(pending))
    }

    async fn pull<R: Records>(
        &mut self,
        qid: Option<i64>,
        n: Option<u64>,
        discard: bool,
        records: &mut R,
    ) -> Result<PullReply, Failure> {
        let qid = qid.filter(|qid| *qid >= 0).unwrap_or(self.next_qid - 1);
        for _ in 0..FORWARDS_MAX {
            self.start(qid).await?;
            if let Some(reply) = self.pull_once(qid, n, discard, records).await? {
                if matches!(reply, PullReply::Done(_)) {
                    self.finish_result(qid);
                }
                return Ok(reply);
            }
            self.pause().await?;
        }
        Err(failures::no_leader())
    }

    fn announce(&mut self, ahead: Vec<Announced>) {
        self.ahead.announce(ahead);
    }

    async fn commit(&mut self) -> Result<CommitReply, Failure> {
        self.start_pending().await?;
        self.results.clear();
        let Some(open) = self.open.take() else {
            return Err(failures::invalid("There is no open transaction."));
        };
        let index = Box::pin(open.commit(&self.database, &self.relays)).await;
        self.presence.end(true);
        let index = index?;
        Ok(CommitReply { bookmark: write_bookmark(index).into() })
    }

    async fn rollback(&mut self) -> Result<(), Failure> {
        self.reset().await;
        Ok(())
    }

    async fn reset(&mut self) {
        self.results.clear();
        self.ahead.clear();
        if let Some(open) = self.open.take() {
            Box::pin(open.rollback(&self.relays)).await;
        }
        self.presence.end(true);
        self.interrupt.clear();
    }

    fn interrupter(&self) -> Arc<dyn Fn() + Send + Sync> {
        let interrupt = Arc::clone(&self.interrupt);
        Arc::new(move || interrupt.raise())
    }

    fn logoff(&mut self) {
        self.results.clear();
        self.ahead.clear();
        self.open = None;
        self.presence.end(true);
    }
}

impl BoltSession {
    /// Where the plan of the statement that was run last comes from, as long as it has not been pulled.
    pub fn plan_source(&self) -> Option<PlanSource> {
        match self.results.get(&(self.next_qid - 1)) {
            Some(ResultState::Pending(pending)) => Some(pending.prepared.source),
            _ => None,
        }
    }

    /// A statement that is ready to run; it does so with its first PULL or DISCARD.
    fn open_result(&mut self, pending: Pending) -> RunReply {
        let metadata = pending.options.as_ref().map(|options| &options.metadata);
        self.presence.run(&pending.query, metadata);
        let mut extra = Map::with_capacity(2);
        let first_ms = pending.started.elapsed().as_millis() as i64;
        extra.insert(Arc::clone(&WORDS.t_first), Value::Integer(first_ms));
        if pending.terms.unnamed && pending.options.is_some() {
            extra.insert(Arc::clone(&WORDS.db), words::value(&WORDS.database));
        }
        let qid = self.next_qid;
        self.next_qid += 1;
        let (fields, qid_told) = (Arc::clone(&pending.prepared.fields), self.open.as_ref().map(|_| qid));
        self.results.insert(qid, ResultState::Pending(Box::new(pending)));
        RunReply { fields, qid: qid_told, extra }
    }

    /// None: the node it was relayed to does not lead, and nothing was done; it is pending again.
    async fn pull_once<R: Records>(
        &mut self,
        qid: i64,
        n: Option<u64>,
        discard: bool,
        records: &mut R,
    ) -> Result<Option<PullReply>, Failure> {
        let interrupt = Arc::clone(&self.interrupt);
        let auto_commit = self.open.is_none();
        match self.results.get_mut(&qid) {
            None => Err(failures::invalid(format!("There is no open result {qid}."))),
            Some(ResultState::Pending(_)) => {
                Err(failures::invalid("The result has not been started; this is a bug."))
            }
            Some(ResultState::Running(running)) => {
                let more = interrupt.guard(running.rows.emit(n, discard, records)).await?;
                if more.map_err(|error| of_execution(&error, running.terms.client_timeout))? {
                    return Ok(Some(PullReply::HasMore));
                }
                Ok(Some(PullReply::Done(running.summary(auto_commit))))
            }
            Some(ResultState::RelayedHere { qid }) => match &mut self.open {
                Some(Open { mode: Mode::Writing(Writing::Leader(relay)), .. }) => {
                    interrupt.guard(Box::pin(relay.pull(*qid, n, discard, records))).await?.map(Some)
                }
                _ => Err(failures::invalid("The transaction has ended.")),
            },
            Some(ResultState::Relayed { relay, pulled, .. }) => {
                let first = !std::mem::replace(pulled, true);
                match interrupt.guard(Box::pin(relay.pull(None, n, discard, records))).await? {
                    Err(failure) if first && failure.code == NOT_A_LEADER => {
                        if let Some(ResultState::Relayed { pending, .. }) = self.results.remove(&qid) {
                            self.results.insert(qid, ResultState::Pending(pending));
                        }
                        Ok(None)
                    }
                    reply => reply.map(Some),
                }
            }
        }
    }

    /// Run what was sent by RUN and never pulled, oldest first.
    async fn start_pending(&mut self) -> Result<(), Failure> {
        let pending: Vec<i64> = self
            .results
            .iter()
            .filter(|(_, r)| matches!(r, ResultState::Pending(_)))
            .map(|(qid, _)| *qid)
            .collect();
        for qid in pending {
            self.start(qid).await?;
        }
        Ok(())
    }

    /// Run a statement, if it does not run yet.
    async fn start(&mut self, qid: i64) -> Result<(), Failure> {
        if !matches!(self.results.get(&qid), Some(ResultState::Pending(_))) {
            return Ok(());
        }
        let Some(ResultState::Pending(pending)) = self.results.remove(&qid) else { return Ok(()) };
        let state = if pending.prepared.plan.mode() == PlanMode::Explain {
            let published = self.database.published();
            let rows = Rows::buffered(Vec::new(), published.view.clone(), Arc::clone(&self.database.uuid));
            ResultState::Running(Box::new(pending.running(rows, &published)))
        } else if pending.prepared.plan.batched().is_some() {
            if self.open.is_some() {
                return Err(batches::not_in_transaction());
            }
            Box::pin(self.write_in_batches(*pending)).await?
        } else if self.open.is_some() {
            Box::pin(self.start_in_transaction(*pending)).await?
        } else if pending.prepared.plan.kind() == PlanKind::Read {
            let published = self.read_view(&pending.terms).await?;
            ResultState::Running(Box::new(self.read(*pending, published).await?))
        } else {
            Box::pin(self.write(*pending)).await?
        };
        self.results.insert(qid, state);
        Ok(())
    }

    /// A view at the level that was asked for.
    async fn read_view(&self, terms: &Terms) -> Result<Arc<Published>, Failure> {
        let timeout = self.database.settings.read_timeout;
        let asked = if terms.level == ReadLevel::Linearizable {
            let point = match self.database.read_point_now() {
                Some(point) => point,
                None => {
                    let asking = Box::pin(self.database.read_point());
                    self.interrupt.guard(asking).await?.map_err(|error| of_read(&error))?
                }
            };
            point.max(terms.bookmark)
        } else {
            terms.bookmark
        };
        let published = self.database.published();
        if terms.level == ReadLevel::Stale || published.index >= asked {
            return Ok(published);
        }
        if !self.interrupt.guard(Box::pin(self.database.shared.wait_for(asked, timeout))).await? {
            return Err(failure(
                "Neo.TransientError.Transaction.BookmarkTimeout",
                "08N13",
                format!("This node has not applied log index {asked} within {timeout:?}."),
            ));
        }
        Ok(self.database.published())
    }

    async fn read(&self, pending: Pending, published: Arc<Published>) -> Result<Running, Failure> {
        let statement = Arc::new(self.statement(&pending, now_ns()));
        let rows = self
            .interrupt
            .guard(Box::pin(result::read(&self.database, statement, published.view.clone())))
            .await?;
        let rows = rows.map_err(|error| of_execution(&error, pending.terms.client_timeout))?;
        Ok(pending.running(rows, &published))
    }

    /// An auto-commit write: through the lane, here or on the leader.
    async fn write(&mut self, mut pending: Pending) -> Result<ResultState, Failure> {
        let mut again_until = Instant::now() + LEADER_WAIT;
        loop {
            if let Some(submitted) = pending.submitted.take() {
                let reply =
                    self.interrupt.guard(submitted).await?.unwrap_or(Reply::Refused(Refusal::Unknown));
                match reply {
                    Reply::Answer(answer) => return self.answered(pending, *answer).await,
                    // Not done, and what stood before it is through by now: it comes again like any other.
                    Reply::Refused(Refusal::Behind) => {}
                    Reply::Refused(Refusal::NotLeader) => self.pause().await?,
                    Reply::Refused(refusal) => return Err(self.refused(&refusal, &pending)),
                }
            }
            let reply = match self.leader().await? {
                Leader::There(node) => match self.relay_auto_commit(node, &pending).await {
                    Ok(relay) => {
                        let (relay, pending) = (Box::new(relay), Box::new(pending));
                        return Ok(ResultState::Relayed { relay, pending, pulled: false });
                    }
                    Err(error) if error.certain && Instant::now() < again_until => {
                        self.pause().await?;
                        continue;
                    }
                    Err(error) => return Err(error.failure),
                },
                Leader::Here => {
                    let interrupt = Arc::clone(&self.interrupt);
                    interrupt.guard(self.submit(&pending)).await?
                }
            };
            match reply {
                Reply::Answer(answer) => return self.answered(pending, *answer).await,
                Reply::Refused(Refusal::NotLeader) if Instant::now() < again_until => self.pause().await?,
                Reply::Refused(refusal) => return Err(self.refused(&refusal, &pending)),
            }
            again_until = again_until.min(pending.terms.deadline.unwrap_or(again_until));
        }
    }

    fn refused(&self, refusal: &Refusal, pending: &Pending) -> Failure {
        let failure = of_refusal(refusal, pending.terms.client_timeout);
        with_those_behind(failure, refusal, self.ahead.submitted())
    }

    async fn relay_auto_commit(
        &self,
        node: u64,
        pending: &Pending,
    ) -> Result<Relay, crate::forward::RelayError> {
        let mut relay = self.relays.open(node, &self.info).await?;
        let options = pending.options.clone().unwrap_or_default();
        relay.run(Arc::clone(&pending.query), Arc::clone(&pending.parameters), Some(options)).await?;
        Ok(relay)
    }

    /// A write has its answer: give it out, once it is certain that this node led when it was made.
    async fn answered(&self, pending: Pending, answer: Answer) -> Result<ResultState, Failure> {
        let Answer { outcome, mut index, leader, proven, .. } = answer;
        if !proven {
            let point = self.interrupt.guard(self.database.read_point()).await?;
            index = point.map_err(|error| of_read(&error))?;
        }
        let ran = outcome.map_err(|error| of_execution(&error, pending.terms.client_timeout))?;
        Ok(ResultState::Running(Box::new(pending.written(ran, index, leader, &self.database))))
    }

    /// Where writes go now; waits a bounded time for somebody to lead.
    async fn leader(&self) -> Result<Leader, Failure> {
        if self.database.raft.leader_now() == Some(self.database.settings.node) {
            return Ok(Leader::Here);
        }
        let mut leader = self.database.raft.leader();
        let known = tokio::time::timeout(LEADER_WAIT, leader.wait_for(Option::is_some));
        let known = self.interrupt.guard(known).await?;
        match known {
            Ok(Ok(Some(node))) if node == self.database.settings.node => Ok(Leader::Here),
            Ok(Ok(Some(node))) if self.info.forwarded_by.is_some() => {
                // Whoever relayed it here looks for the leader itself: no chains, no circles.
                Err(failure(
                    NOT_A_LEADER,
                    "08N07",
                    format!("Node {} does not lead; node {node} does.", self.database.settings.node),
                ))
            }
            Ok(Ok(Some(node))) => Ok(Leader::There(node)),
            _ => Err(failures::no_leader()),
        }
    }

    /// Leadership is moving: look again in a moment.
    async fn pause(&self) -> Result<(), Failure> {
        self.interrupt.guard(tokio::time::sleep(std::time::Duration::from_millis(5))).await
    }

    fn statement(&self, pending: &Pending, transaction_ns: i128) -> Statement {
        let Pending { prepared, parameters, terms, .. } = pending;
        self.statement_of(prepared, parameters, terms, self.new_cancel_flag(), transaction_ns)
    }

    fn finish_result(&mut self, qid: i64) {
        let finished = self.results.remove(&qid);
        if let Some(ResultState::Relayed { relay, .. }) = finished {
            relay.give_back(&self.relays);
        }
        if self.open.is_none() {
            self.presence.end(false);
            self.next_qid = 0;
        }
    }

    async fn start_in_transaction(&mut self, pending: Pending) -> Result<ResultState, Failure> {
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

    async fn step(&mut self, open: &mut Open, pending: Pending) -> Result<ResultState, Failure> {
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
                Ok(ResultState::Running(Box::new(pending.running(rows, &published))))
            }
            Mode::Writing(_) => self.write_in_transaction(open, pending).await,
        }
    }
}

impl Pending {
    fn running(self, rows: Rows, published: &Published) -> Running {
        Running {
            profile: rows.profile.clone(),
            rows,
            prepared: self.prepared,
            terms: self.terms,
            counters: Counters::default(),
            index: published.index,
            leader: published.leader,
            read: true,
            started: self.started,
        }
    }

    fn written(self, ran: Ran, index: LogIndex, leader: Leadership, database: &Database) -> Running {
        let view = ran.entities.unwrap_or_default();
        Running {
            rows: Rows::buffered(ran.rows, view, Arc::clone(&database.uuid)),
            profile: ran.profile,
            prepared: self.prepared,
            terms: self.terms,
            counters: ran.counters,
            index,
            leader: Some(leader),
            read: false,
            started: self.started,
        }
    }
}

impl Running {
    fn summary(&self, auto_commit: bool) -> Map {
        let profile = self.rows.profile.clone().or_else(|| self.profile.clone());
        let summary = Summary {
            plan: &self.prepared.plan,
            terms: &self.terms,
            counters: self.counters,
            profile,
            any_row: self.rows.any,
            columns: self.prepared.fields.len(),
            index: self.index,
            leader: self.leader,
            read: self.read,
            auto_commit,
            started: self.started,
        };
        summary.into_map()
    }
}
