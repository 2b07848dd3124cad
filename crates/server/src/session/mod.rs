//! Bolt sessions on a database: what each request of a client does.
//!
//! Reads run on a view of this node, at the level the client asked for. Writes go to the lane if this node leads and are
//! relayed to the leader if not. An explicit transaction with access mode READ holds one view; any other lives on the
//! leader. A statement is compiled by RUN and begins with its first PULL or DISCARD.
//!
//! A client is never told of the loss of a leader that it need not know: `write.rs` and `relayed.rs` ask again under the same
//! key, `away.rs` runs a transaction again, `repeated.rs` gives the answer of what was done before.

mod ahead;
mod away;
mod batches;
mod failures;
mod interrupt;
mod options;
mod relayed;
mod repeated;
mod result;
mod results;
mod routing;
mod summary;
mod timeline;
mod transaction;
mod words;
mod write;

use std::sync::Arc;
use std::time::Instant;

use samyama_bolt::{
    Announced, Auth, Backend, CommitReply, ConnectionInfo, Dialect, Failure, PullReply, Records,
    RoutingTable, RunReply, Session, TransactionOptions, Version,
};
use samyama_exec::{CancelFlag, Counters, ExecError, Parameters, PlanKind, PlanMode, Procedures};
use samyama_graph::{Map, Value};
use samyama_raft::{Leadership, LogIndex};
use tokio::sync::oneshot;

use self::ahead::Ahead;
use self::failures::{of_compilation, of_execution, of_read, write_in_read_mode};
use self::options::{Terms, write_bookmark};
use self::relayed::{Relayed, Relaying};
use self::result::{Rows, Short};
use self::results::Results;
use self::summary::Summary;
use self::transaction::{Mode, Open, Writing};
use self::words::WORDS;
use crate::answer::Answered;
use crate::config::ReadLevel;
use crate::database::{DATABASE_NAME, Database};
use crate::engine::{Program, Ran, Statement, now_ns};
use crate::forward::Relays;
use crate::lane::Reply;
use crate::limits::{QUERY_BYTES_MAX, RESULTS_OPEN_MAX};
use crate::plan_cache::{PlanSource, Prepared};
use crate::registry::Presence;
use crate::shared::{Basis, Published};

#[cfg(test)]
pub use self::failures::of_refusal;
pub use self::failures::{NOT_A_LEADER, failure};
pub use self::interrupt::Interrupt;
pub use self::options::parse_bookmark;
pub use self::result::GraphEntities;

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
            procedures: Arc::new(Arc::clone(&self.database.procedures)),
            database: Arc::clone(&self.database),
            relays: Arc::clone(&self.relays),
            info,
            interrupt,
            open: None,
            results: Results::default(),
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
        failures::check_member(&self.database)?;
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
    prepared: Arc<Prepared>,
    query: Arc<str>,
    parameters: Arc<Map>,
    /// Its own, if it is not part of a transaction; the original ones are needed to relay it.
    terms: Arc<Terms>,
    options: Option<TransactionOptions>,
    started: Instant,
    /// Where its outcome comes, if it was handed to the lane with one before it.
    submitted: Option<oneshot::Receiver<Reply>>,
    /// Its key and what has become of it, once it was to be relayed.
    relaying: Option<Relaying>,
    /// When the next attempt is the last; set with the first that fails.
    until: Option<Instant>,
}

/// A statement that runs or has run.
struct Running {
    prepared: Arc<Prepared>,
    terms: Arc<Terms>,
    rows: Rows,
    counters: Counters,
    profile: Option<Value>,
    index: LogIndex,
    leader: Option<Leadership>,
    read: bool,
    /// It was done before, under the same key.
    repeated: bool,
    started: Instant,
}

enum ResultState {
    Pending(Box<Pending>),
    Running(Box<Running>),
    /// An auto-commit statement that the leader has.
    Relayed(Box<Relayed>),
    /// A statement of a transaction that lives on the leader.
    Away {
        statement: usize,
    },
}

/// One connection's session.
pub struct BoltSession {
    database: Arc<Database>,
    /// The database's, behind a count of references that this session has for itself: every statement holds one.
    procedures: Arc<dyn Procedures>,
    relays: Arc<Relays>,
    info: Arc<ConnectionInfo>,
    interrupt: Arc<Interrupt>,
    presence: Presence,
    open: Option<Open>,
    results: Results<ResultState>,
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
        self.check_in()?;
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
                relaying: None,
                until: None,
            };
            return Ok(self.open_result(pending));
        }
        if self.open.is_none() {
            self.check_in()?;
        }
        let terms = match (&self.open, &options) {
            (Some(open), _) => Arc::clone(&open.terms),
            (None, Some(options)) => Arc::new(options::check(options, &self.database.settings)?),
            (None, None) => return Err(failures::invalid("There is no open transaction.")),
        };
        let plans = &self.database.plans;
        let remembered = self
            .database
            .shared
            .with_published(|published| plans.remembered(&query, &parameters, &published.view));
        let prepared = match remembered {
            Some(prepared) => prepared,
            None => {
                let published = self.database.published();
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
        let (submitted, relaying, until) = (None, None, None);
        let pending =
            Pending { prepared, query, parameters, terms, options, started, submitted, relaying, until };
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
        let before = self.sent(qid);
        loop {
            self.start(qid).await?;
            // A leader that was lost may have sent some of them.
            let left = n.map(|n| n.saturating_sub(self.sent(qid).saturating_sub(before)));
            if let Some(reply) = self.pull_once(qid, left, discard, records).await? {
                if matches!(reply, PullReply::Done(_)) {
                    self.finish_result(qid);
                }
                return Ok(reply);
            }
        }
    }

    fn announce(&mut self, ahead: Vec<Announced>) {
        self.ahead.announce(ahead);
    }

    /// A write takes those behind it along; a read has no use for them.
    fn looks_ahead(&self) -> bool {
        match self.results.get(&(self.next_qid - 1)) {
            Some(ResultState::Pending(pending)) => pending.prepared.plan.kind() != PlanKind::Read,
            _ => true,
        }
    }

    async fn commit(&mut self, relay: Value) -> Result<CommitReply, Failure> {
        let note = options::relay_note(&relay)?;
        self.start_pending().await?;
        self.results.clear();
        let Some(open) = self.open.take() else {
            return Err(failures::invalid("There is no open transaction."));
        };
        let index = Box::pin(self.commit_open(open, note)).await;
        self.presence.end(true);
        Ok(CommitReply { bookmark: write_bookmark(index?).into() })
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

    /// May something new begin on this connection?
    fn check_in(&self) -> Result<(), Failure> {
        if self.database.is_stopping() && self.info.forwarded_by.is_none() {
            return Err(failures::stopping());
        }
        failures::check_member(&self.database)
    }

    /// A statement that is ready to run; it does so with its first PULL or DISCARD.
    fn open_result(&mut self, pending: Pending) -> RunReply {
        let metadata = pending.options.as_ref().map(|options| &options.metadata);
        self.presence.run(&pending.query, metadata);
        let mut extra = Map::with_capacity(2);
        let first_ms = pending.started.elapsed().as_millis() as i64;
        WORDS.with(|words| {
            if pending.terms.unnamed && pending.options.is_some() {
                extra.insert(Arc::clone(&words.db), words::value(&words.database));
            }
            extra.insert(Arc::clone(&words.t_first), Value::Integer(first_ms));
        });
        let qid = self.next_qid;
        self.next_qid += 1;
        let (fields, qid_told) = (Arc::clone(&pending.prepared.fields), self.open.as_ref().map(|_| qid));
        self.results.insert(qid, ResultState::Pending(Box::new(pending)));
        RunReply { fields, qid: qid_told, extra }
    }

    /// Rows of a result that its client has got by way of a leader.
    fn sent(&self, qid: i64) -> u64 {
        match (self.results.get(&qid), &self.open) {
            (Some(ResultState::Relayed(relayed)), _) => relayed.sent(),
            (Some(ResultState::Pending(pending)), _) => {
                pending.relaying.as_ref().map_or(0, |relaying| relaying.has.count)
            }
            (
                Some(ResultState::Away { statement }),
                Some(Open { mode: Mode::Writing(Writing::Away(away)), .. }),
            ) => away.sent(*statement),
            (Some(ResultState::Running(running)), _) => running.rows.sent_before(),
            _ => 0,
        }
    }

    /// None: a leader was lost, and it is to be done once more.
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
                if running.rows.are_missing && !discard {
                    return Err(failures::rows_not_kept(running.index));
                }
                let more = interrupt.guard(running.rows.emit(n, discard, records)).await?;
                if more.map_err(|error| of_execution(&error, running.terms.client_timeout))? {
                    return Ok(Some(PullReply::HasMore));
                }
                Ok(Some(PullReply::Done(running.summary(auto_commit))))
            }
            Some(ResultState::Away { statement }) => {
                let statement = *statement;
                Box::pin(self.pull_away(statement, n, discard, records)).await
            }
            Some(ResultState::Relayed(_)) => {
                let Some(ResultState::Relayed(relayed)) = self.results.remove(&qid) else { return Ok(None) };
                Box::pin(self.pull_relayed(qid, relayed, n, discard, records)).await
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
            ResultState::Running(pending.running(rows, published.basis()))
        } else if pending.prepared.plan.batched().is_some() {
            if self.open.is_some() {
                return Err(batches::not_in_transaction());
            }
            Box::pin(self.write_in_batches(*pending)).await?
        } else if self.open.is_some() {
            Box::pin(self.start_in_transaction(pending)).await?
        } else if pending.prepared.plan.kind() == PlanKind::Read {
            ResultState::Running(self.read(pending).await?)
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

    async fn read(&self, pending: Box<Pending>) -> Result<Box<Running>, Failure> {
        let statement = self.statement(&pending, now_ns());
        let timeout = pending.terms.client_timeout;
        let is_long = match self.read_at_once(&statement, &pending.terms) {
            Some(Ok((Short::Done(rows), basis))) => return Ok(pending.running(rows, basis)),
            Some(Ok((Short::Long, _))) => true,
            Some(Err(error)) => return Err(of_execution(&error, timeout)),
            None => false,
        };
        let published = self.read_view(&pending.terms).await?;
        let (statement, view) = (Arc::new(statement), published.view.clone());
        let rows = if is_long {
            self.interrupt.guard(Box::pin(result::read_on_pool(&self.database, statement, view))).await?
        } else {
            self.interrupt.guard(Box::pin(result::read(&self.database, statement, view))).await?
        };
        Ok(pending.running(rows.map_err(|error| of_execution(&error, timeout))?, published.basis()))
    }

    /// A read for which the view that is published serves: nothing is waited for, and no reference to it is counted, which
    /// all threads would share. None: something has to be waited for.
    fn read_at_once(
        &self,
        statement: &Statement,
        terms: &Terms,
    ) -> Option<Result<(Short, Basis), ExecError>> {
        let asked = match terms.level {
            ReadLevel::Linearizable => self.database.read_point_now()?.max(terms.bookmark),
            ReadLevel::Bookmark => terms.bookmark,
            ReadLevel::Stale => 0,
        };
        self.database.shared.with_published(|published| {
            let run = || result::read_here(&self.database, statement, &published.view);
            (published.index >= asked).then(|| Ok((run()?, published.basis())))
        })
    }

    fn statement(&self, pending: &Pending, transaction_ns: i128) -> Statement {
        self.statement_with(pending, self.new_cancel_flag(), transaction_ns)
    }

    fn statement_with(&self, pending: &Pending, cancel: CancelFlag, transaction_ns: i128) -> Statement {
        let Pending { prepared, query, parameters, terms, relaying, .. } = pending;
        let mut statement = self.statement_of(prepared, (query, parameters), terms, cancel, transaction_ns);
        // It was relayed before this node came to lead.
        if let Some(relaying) = relaying {
            statement.keys.relay = Some(relaying.key.key());
            statement.takes_key |= relaying.is_asked;
        }
        statement
    }

    /// How this client's connection writes values.
    fn dialect(&self) -> Dialect {
        let (major, minor) = self.info.version;
        Dialect::of(Version::new(major, minor), self.info.utc_datetimes)
    }

    fn finish_result(&mut self, qid: i64) {
        let finished = self.results.remove(&qid);
        if let Some(ResultState::Relayed(relayed)) = finished {
            self.relays.give_back(relayed.into_relay());
        }
        if self.open.is_none() {
            self.presence.end(false);
            self.next_qid = 0;
        }
    }

    async fn start_in_transaction(&mut self, pending: Box<Pending>) -> Result<ResultState, Failure> {
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
}

impl Pending {
    /// A statement that has been run before, of an explicit transaction.
    fn again(
        prepared: &Arc<Prepared>,
        (query, parameters): (&Arc<str>, &Arc<Map>),
        terms: &Arc<Terms>,
        started: Instant,
    ) -> Self {
        Self {
            prepared: Arc::clone(prepared),
            query: Arc::clone(query),
            parameters: Arc::clone(parameters),
            terms: Arc::clone(terms),
            options: None,
            started,
            submitted: None,
            relaying: None,
            until: None,
        }
    }

    fn running(self: Box<Self>, rows: Rows, basis: Basis) -> Box<Running> {
        let Pending { prepared, terms, started, .. } = *self;
        Box::new(Running {
            profile: rows.profile.clone(),
            rows,
            prepared,
            terms,
            counters: Counters::default(),
            index: basis.index,
            leader: basis.leader,
            read: true,
            repeated: false,
            started,
        })
    }

    fn written(&self, ran: Ran, index: LogIndex, leader: Leadership, database: &Database) -> Running {
        let view = ran.entities.unwrap_or_default();
        Running {
            rows: Rows::buffered(ran.rows, view, Arc::clone(&database.uuid)),
            profile: ran.profile,
            prepared: Arc::clone(&self.prepared),
            terms: Arc::clone(&self.terms),
            counters: ran.counters,
            index,
            leader: Some(leader),
            read: false,
            repeated: false,
            started: self.started,
        }
    }

    /// What was answered before under its key.
    fn told_again(&self, answered: Answered, index: LogIndex, database: &Database) -> Running {
        let recalled = answered.recalled.with_uuid(Arc::clone(&database.uuid));
        Running {
            rows: Rows::recalled(answered.rows, recalled),
            profile: None,
            prepared: Arc::clone(&self.prepared),
            terms: Arc::clone(&self.terms),
            counters: answered.counters,
            index,
            leader: None,
            read: false,
            repeated: true,
            started: self.started,
        }
    }
}

impl Running {
    fn summary(&self, auto_commit: bool) -> Map {
        let profile = self.rows.profile.clone().or_else(|| self.profile.clone());
        let summary = Summary {
            plan: &self.prepared.plan,
            notifications: &self.prepared.notifications,
            terms: &self.terms,
            counters: self.counters,
            profile,
            any_row: self.rows.any,
            columns: self.prepared.fields.len(),
            index: self.index,
            leader: self.leader,
            read: self.read,
            repeated: self.repeated,
            auto_commit,
            started: self.started,
        };
        summary.into_map()
    }
}
