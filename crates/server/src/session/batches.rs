//! CALL { } IN TRANSACTIONS: the outer rows are made on a view by a pool thread, cut into batches, and each batch is a write of
//! its own through the lane. What came back is handed to the plan's own root. Runs on the leader only; others relay the text.
//!
//! Batches run one after the other. Rows that come back are kept until the end and count against the query's memory.

use std::sync::Arc;

use samyama_exec::expression::value_bytes;
use samyama_exec::plan::ROWS;
use samyama_exec::{Batch, Batched, CancelFlag, Counters, ExecError, OnError, Parameters};
use samyama_graph::{Map, Value};
use samyama_raft::{Leadership, LogIndex};
use tokio::sync::mpsc;

use super::BoltSession;
use super::failures::{failure, of_execution, of_read, of_refusal};
use super::relayed::Relayed;
use super::statement::{Pending, ResultState, Running};
use super::write::Leader;
use crate::engine::{self, Program, Ran, Statement, Stay, now_ns};
use crate::forward::{Relay, RelayError};
use crate::lane::{Answer, Kind, Refusal, Reply};
use crate::limits::STREAM_BATCHES_MAX;
use samyama_bolt::Failure;

type Rows = Vec<Vec<Value>>;

/// What the batches came to so far.
struct Done {
    rows: Rows,
    bytes: usize,
    counters: Counters,
    index: LogIndex,
    leader: Option<Leadership>,
    cancel: CancelFlag,
}

/// How a batch ended.
enum Outcome {
    Committed(Box<Ran>, LogIndex, Leadership),
    Failed(Failure),
}

/// A failure behind batches that are committed: nothing that a driver would run again.
fn after_some(mut failure: Failure) -> Failure {
    if failure.code.starts_with("Neo.TransientError.") || failure.code == super::NOT_A_LEADER {
        failure.code = "Neo.DatabaseError.Statement.ExecutionFailed".into();
    }
    failure.message = format!("{} (Batches before this one are committed.)", failure.message);
    failure
}

pub fn not_in_transaction() -> Failure {
    failure(
        "Neo.DatabaseError.Transaction.TransactionStartFailed",
        "25N05",
        "A query with 'CALL { ... } IN TRANSACTIONS' can only be executed in an implicit transaction: run it on the session \
         (`session.run`, or `:auto` in a shell), not inside a transaction.",
    )
}

fn rows_of(batch: &Batch, out: &mut Rows) {
    out.extend((0..batch.rows).map(|row| batch.row(row).to_vec()));
}

fn as_value(rows: Rows) -> Value {
    Value::from(rows.into_iter().map(Value::from).collect::<Vec<_>>())
}

impl BoltSession {
    /// None: this node does not lead (any more) and nothing was done.
    pub(super) async fn run_batches(&self, pending: &Pending) -> Result<Option<Running>, Failure> {
        let timeout = pending.terms.client_timeout;
        let plan = Arc::clone(&pending.prepared.plan);
        let Some(batched) = plan.batched() else {
            return Err(super::failures::invalid("The plan has no batches; this is a bug."));
        };
        let size = batched.rows(&self.parameters(pending)).map_err(|error| of_execution(&error, timeout))?;
        let published = self.read_view(&pending.terms).await?;
        let mut done = Done {
            rows: Vec::new(),
            bytes: 0,
            counters: Counters::default(),
            index: published.index,
            leader: published.leader,
            cancel: CancelFlag::default(),
        };
        let mut outer = self.outer_rows(pending, batched, published.view.clone(), &done.cancel);
        let (mut waiting, mut is_broken, mut is_over) = (Rows::new(), false, false);
        while !is_over {
            match self.interrupt.guard(outer.recv()).await? {
                Some(Ok(batch)) => rows_of(&batch, &mut waiting),
                Some(Err(error)) => return Err(of_execution(&error, timeout)),
                None => is_over = true,
            }
            while waiting.len() >= size || (is_over && !waiting.is_empty()) {
                let rest = waiting.split_off(size.min(waiting.len()));
                let rows = std::mem::replace(&mut waiting, rest);
                if !self.run_batch(pending, batched, rows, &mut is_broken, &mut done).await? {
                    return Ok(None);
                }
            }
        }
        self.finish_batches(pending, done).await.map(Some)
    }

    fn parameters(&self, pending: &Pending) -> Parameters {
        Parameters { named: Arc::clone(&pending.parameters), literals: pending.prepared.literals.to_vec() }
    }

    /// A statement of this query with other rows.
    fn part(
        &self,
        pending: &Pending,
        plan: Arc<samyama_exec::Plan>,
        rows: Option<Rows>,
        cancel: &CancelFlag,
    ) -> Statement {
        let mut statement = self.statement(pending, now_ns());
        // One flag ends whatever of the query runs.
        *self.interrupt.cancel.lock() = cancel.clone();
        statement.cancel = cancel.clone();
        statement.program = Program::Plan(plan);
        if let Some(rows) = rows {
            let mut named = (*statement.parameters.named).clone();
            named.insert(Arc::from(ROWS), as_value(rows));
            statement.parameters.named = Arc::new(named);
        }
        statement
    }

    fn outer_rows(
        &self,
        pending: &Pending,
        batched: &Batched,
        view: samyama_graph::View,
        cancel: &CancelFlag,
    ) -> mpsc::Receiver<Result<Batch, ExecError>> {
        let (sender, receiver) = mpsc::channel(STREAM_BATCHES_MAX);
        let statement = self.part(pending, Arc::clone(&batched.outer), None, cancel);
        tokio::task::spawn_blocking(move || {
            let ended = engine::run_read(&statement, &view, Stay::Apart, |batch| {
                sender.blocking_send(Ok(batch)).is_ok()
            });
            if let Err(error) = ended {
                // A receiver that has gone needs no error.
                drop(sender.blocking_send(Err(error)));
            }
        });
        receiver
    }

    /// One transaction. False: this node does not lead, and nothing at all has been done.
    async fn run_batch(
        &self,
        pending: &Pending,
        batched: &Batched,
        rows: Rows,
        is_broken: &mut bool,
        done: &mut Done,
    ) -> Result<bool, Failure> {
        if *is_broken {
            self.keep_failed(pending, batched, rows, None, done)?;
            return Ok(true);
        }
        let statement =
            Arc::new(self.part(pending, Arc::clone(&batched.inner), Some(rows.clone()), &done.cancel));
        let reply = self.interrupt.guard(self.database.lane.run(Kind::Write { statement })).await?;
        let is_first = done.counters == Counters::default() && done.rows.is_empty();
        let outcome = match reply {
            Reply::Answer(answer) => self.outcome(pending, *answer).await?,
            Reply::Refused(Refusal::NotLeader) if is_first => return Ok(false),
            // Nor would any later batch be taken.
            Reply::Refused(Refusal::NotLeader) => return Err(after_some(super::failures::no_leader())),
            Reply::Repeated(_) => return Err(super::failures::invalid("A batch has no key; this is a bug.")),
            // Neither committed nor failed: no status says that, and no later batch may rest on it.
            Reply::Refused(Refusal::Unknown) if is_first => return Err(super::failures::unknown()),
            Reply::Refused(Refusal::Unknown) => return Err(after_some(super::failures::unknown())),
            Reply::Refused(refusal) => Outcome::Failed(of_refusal(&refusal, pending.terms.client_timeout)),
        };
        match (outcome, batched.on_error) {
            (Outcome::Committed(ran, index, leader), _) => {
                let id = format!("neo4j-transaction-{index}");
                let status = batched.status.then(|| status(true, true, Some(&id), None));
                let mut found = Rows::new();
                ran.rows.iter().for_each(|batch| rows_of(batch, &mut found));
                found.iter_mut().for_each(|row| row.extend(status.clone()));
                self.keep(pending, found, done)?;
                add(&mut done.counters, &ran.counters);
                done.index = done.index.max(index);
                done.leader = Some(leader);
            }
            (Outcome::Failed(failure), OnError::Fail) if is_first => return Err(failure),
            (Outcome::Failed(failure), OnError::Fail) => return Err(after_some(failure)),
            (Outcome::Failed(failure), on_error) => {
                *is_broken = on_error == OnError::Break;
                self.keep_failed(pending, batched, rows, Some(&failure.message), done)?;
            }
        }
        Ok(true)
    }

    async fn outcome(&self, pending: &Pending, answer: Answer) -> Result<Outcome, Failure> {
        let Answer { outcome, mut index, leader, proven, .. } = answer;
        if !proven {
            let point = self.interrupt.guard(self.database.read_point()).await?;
            index = point.map_err(|error| of_read(&error))?;
        }
        Ok(match outcome {
            Ok(ran) => Outcome::Committed(Box::new(ran), index, leader),
            Err(error) => Outcome::Failed(of_execution(&error, pending.terms.client_timeout)),
        })
    }

    /// The rows of a batch that failed (or, without a reason, was not begun): what the subquery would give is null.
    fn keep_failed(
        &self,
        pending: &Pending,
        batched: &Batched,
        mut rows: Rows,
        why: Option<&str>,
        done: &mut Done,
    ) -> Result<(), Failure> {
        let width = batched.inner.columns().len();
        for row in &mut rows {
            row.resize(width, Value::Null);
            row.extend(batched.status.then(|| status(why.is_some(), false, None, why)));
        }
        self.keep(pending, rows, done)
    }

    fn keep(&self, pending: &Pending, rows: Rows, done: &mut Done) -> Result<(), Failure> {
        if pending.prepared.plan.columns().is_empty() {
            return Ok(());
        }
        done.bytes += rows.iter().flatten().map(value_bytes).sum::<usize>();
        let max = self.database.settings.query_memory_bytes_max;
        if done.bytes > max {
            let what = format!(
                "What CALL {{ }} IN TRANSACTIONS gave back needs more than limits.query_memory_bytes_max ({max} bytes). Batches \
                 that were committed stay; return less, or nothing."
            );
            return Err(of_execution(&ExecError::memory_limit(what), false));
        }
        done.rows.extend(rows);
        Ok(())
    }

    /// The clauses behind the CALL, over all rows that came back.
    async fn finish_batches(&self, pending: &Pending, done: Done) -> Result<Running, Failure> {
        let published = self.database.published();
        let statement = self.part(pending, Arc::clone(&pending.prepared.plan), Some(done.rows), &done.cancel);
        let rows = super::result::read(&self.database, Arc::new(statement), published.view.clone());
        let rows = self.interrupt.guard(rows).await?;
        let rows = rows.map_err(|error| of_execution(&error, pending.terms.client_timeout))?;
        Ok(Running {
            profile: None,
            rows,
            prepared: Arc::clone(&pending.prepared),
            terms: Arc::clone(&pending.terms),
            counters: done.counters,
            index: done.index,
            leader: done.leader,
            read: false,
            repeated: false,
            started: pending.started,
        })
    }

    /// An auto-commit query in several transactions: here, or on the leader.
    pub(super) async fn write_in_batches(&self, pending: Pending) -> Result<ResultState, Failure> {
        if pending.terms.client_key.is_some() {
            return Err(super::failures::key_on_batches());
        }
        let again_until = std::time::Instant::now() + crate::limits::LEADER_WAIT;
        loop {
            match self.leader_now()? {
                None => {}
                Some(Leader::There(node)) => {
                    if let Some(relay) = self.relay_batches(node, &pending).await? {
                        return Ok(ResultState::Relayed(Box::new(Relayed::new(relay, pending))));
                    }
                }
                Some(Leader::Here) => {
                    if let Some(running) = self.run_batches(&pending).await? {
                        return Ok(ResultState::Running(Box::new(running)));
                    }
                }
            }
            if std::time::Instant::now() >= again_until {
                return Err(super::failures::no_leader());
            }
            self.leader_moves().await?;
        }
    }

    /// None: that node cannot be reached.
    async fn relay_batches(&self, node: u64, pending: &Pending) -> Result<Option<Relay>, Failure> {
        let opened = self.interrupt.guard(Box::pin(self.relays.open(node, &self.info))).await?;
        let mut relay = match opened {
            Ok(relay) => relay,
            Err(RelayError::Lost(_)) => return Ok(None),
            Err(error) => return Err(error.into_failure(node)),
        };
        let options = pending.options.clone().unwrap_or_default();
        let sent = relay.run(&pending.query, &pending.parameters, Some(&options));
        sent.map(|()| Some(relay)).map_err(|error| error.into_failure(node))
    }
}

/// `{started, committed, transactionId, errorMessage}`, as REPORT STATUS has it.
fn status(started: bool, committed: bool, id: Option<&str>, error: Option<&str>) -> Value {
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    let pairs = [
        ("started", Value::Boolean(started)),
        ("committed", Value::Boolean(committed)),
        ("transactionId", text(id)),
        ("errorMessage", text(error)),
    ];
    Map::from_pairs(pairs.map(|(key, value)| (Arc::from(key), value))).into()
}

fn add(sum: &mut Counters, more: &Counters) {
    sum.nodes_created += more.nodes_created;
    sum.nodes_deleted += more.nodes_deleted;
    sum.relationships_created += more.relationships_created;
    sum.relationships_deleted += more.relationships_deleted;
    sum.properties_set += more.properties_set;
    sum.labels_added += more.labels_added;
    sum.labels_removed += more.labels_removed;
}
