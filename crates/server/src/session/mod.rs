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
mod backend;
mod batches;
mod failures;
mod interrupt;
mod options;
mod read;
mod relayed;
mod repeated;
mod result;
mod results;
mod routing;
mod statement;
mod summary;
mod timeline;
mod transaction;
mod words;
mod write;

use std::sync::Arc;
use std::time::Instant;

use samyama_bolt::{
    Announced, Auth, CommitReply, ConnectionInfo, Dialect, Failure, PullReply, Records, RunReply, Session,
    TransactionOptions, Version,
};
use samyama_exec::{CancelFlag, Parameters, PlanKind, PlanMode, Procedures};
use samyama_graph::{Map, Value};

use self::ahead::Ahead;
use self::failures::{of_compilation, of_execution, write_in_read_mode};
use self::options::{Terms, write_bookmark};
use self::result::Rows;
use self::results::Results;
use self::statement::{Pending, ResultState};
use self::transaction::{Mode, Open, Writing};
use self::words::WORDS;
use crate::database::{DATABASE_NAME, Database};
use crate::engine::{Program, Statement};
use crate::forward::Relays;
use crate::limits::{QUERY_BYTES_MAX, RESULTS_OPEN_MAX};
use crate::plan_cache::{PlanSource, Prepared};
use crate::registry::Presence;

pub use self::backend::BoltBackend;
#[cfg(test)]
pub use self::failures::of_refusal;
pub use self::failures::{NOT_A_LEADER, failure};
pub use self::interrupt::Interrupt;
pub use self::options::parse_bookmark;
pub use self::result::GraphEntities;

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
            let (prepared, terms) = (submitted.prepared, submitted.terms);
            let pending = Pending::new(prepared, (query, parameters), terms, options, started);
            return Ok(self.open_result(Pending { submitted: Some(submitted.reply), ..pending }));
        }
        if self.open.is_none() {
            self.check_in()?;
        }
        let terms = match (&self.open, &options) {
            (Some(open), _) => Arc::clone(&open.terms),
            (None, Some(options)) => Arc::new(options::check(options, &self.database.settings)?),
            (None, None) => return Err(failures::invalid("There is no open transaction.")),
        };
        let prepared = self.prepare(&query, &parameters).await?;
        check_runnable(&prepared, &parameters, &terms)?;
        Ok(self.open_result(Pending::new(prepared, (query, parameters), terms, options, started)))
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

    async fn prepare(&self, query: &Arc<str>, parameters: &Arc<Map>) -> Result<Arc<Prepared>, Failure> {
        let Database { plans, shared, .. } = &*self.database;
        let remembered =
            shared.with_published(|published| plans.remembered(query, parameters, &published.view));
        if let Some(prepared) = remembered {
            return Ok(prepared);
        }
        let published = self.database.published();
        let preparing = Box::pin(plans.prepare(query, parameters, &published.view));
        self.interrupt.guard(preparing).await?.map_err(|error| of_compilation(&error))
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
}

/// Has the statement all its parameters, and may it run on these terms?
fn check_runnable(prepared: &Prepared, parameters: &Map, terms: &Terms) -> Result<(), Failure> {
    let plan = &prepared.plan;
    let missing: Vec<Arc<str>> =
        plan.parameters().iter().filter(|name| !parameters.contains_key(name)).cloned().collect();
    if !missing.is_empty() && plan.mode() != PlanMode::Explain {
        return Err(failures::parameter_missing(&missing));
    }
    if plan.kind() != PlanKind::Read && terms.read_only {
        return Err(write_in_read_mode());
    }
    Ok(())
}
