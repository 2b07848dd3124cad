//! Statements of clients, watched: counted and timed for `/metrics`, and written down when they are slow.
//!
//! [`Watched`] stands between a connection and its session and knows nothing of what a session does. A statement's time is
//! what RUN and its PULLs take here; waiting for a client that reads slowly is not part of it. Parameters' values are the
//! user's data: they are not written unless the configuration says so.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use samyama_bolt::{
    Announced, Auth, Backend, CommitReply, ConnectionInfo, Entities, Failure, PullReply, Records,
    RoutingTable, RunReply, Session, TransactionOptions,
};
use samyama_graph::{Map, Value};
use samyama_raft::Histogram;

use crate::plan_cache::PlanSource;
use crate::session::{BoltBackend, BoltSession};
use crate::shards::{SHARDS, own_shard};

/// Of a query's text in the log.
const TEXT_CHARS_MAX: usize = 2_000;

/// Counted over the statements of all clients of this node.
#[derive(Default)]
pub struct StatementMetrics {
    shards: [Shard; SHARDS],
}

/// What one thread counts. A statement that ends on another thread than it began on is taken off there, so that only
/// the sum over all of them means something.
#[derive(Default)]
#[repr(align(128))]
pub struct Shard {
    pub read: AtomicU64,
    pub write: AtomicU64,
    pub read_write: AtomicU64,
    pub schema: AtomicU64,
    /// Failures by what the client should do: change the request, send it again, tell the operator.
    pub client_errors: AtomicU64,
    pub transient_errors: AtomicU64,
    pub database_errors: AtomicU64,
    pub running: AtomicU64,
    pub rows: AtomicU64,
    pub slow: AtomicU64,
    pub seconds: Histogram,
    pub committed: AtomicU64,
    pub rolled_back: AtomicU64,
    pub commit_failed: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl StatementMetrics {
    fn own(&self) -> &Shard {
        &self.shards[own_shard()]
    }

    /// Over all threads.
    pub fn sum(&self, of: fn(&Shard) -> &AtomicU64) -> u64 {
        self.shards.iter().fold(0, |sum, shard| sum.wrapping_add(of(shard).load(Ordering::Relaxed)))
    }

    /// Time of statements, over all threads.
    pub fn seconds(&self) -> impl Iterator<Item = &Histogram> {
        self.shards.iter().map(|shard| &shard.seconds)
    }
}

impl Shard {
    fn done(&self, kind: &str) {
        count(match kind {
            "w" => &self.write,
            "rw" => &self.read_write,
            "s" => &self.schema,
            _ => &self.read,
        });
    }

    fn failed(&self, failure: &Failure) {
        count(match failure.code.split('.').nth(1) {
            Some("ClientError") => &self.client_errors,
            Some("TransientError") => &self.transient_errors,
            _ => &self.database_errors,
        });
    }
}

/// What is written down, and how much of it.
#[derive(Clone, Copy, Debug)]
pub struct SlowLog {
    /// None: nothing.
    pub threshold: Option<Duration>,
    pub parameters: bool,
}

/// The server's backend for clients with a socket.
pub struct WatchedBackend {
    inner: Arc<BoltBackend>,
    metrics: Arc<StatementMetrics>,
    slow: SlowLog,
}

impl WatchedBackend {
    pub fn new(inner: Arc<BoltBackend>, metrics: Arc<StatementMetrics>, slow: SlowLog) -> Self {
        Self { inner, metrics, slow }
    }
}

impl Backend for WatchedBackend {
    type Session = Watched;

    fn connect(&self, info: ConnectionInfo) -> Watched {
        let (peer, forwarded_by) = (info.peer, info.forwarded_by);
        Watched {
            session: self.inner.connect(info),
            metrics: Arc::clone(&self.metrics),
            slow: self.slow,
            peer,
            forwarded_by,
            transaction: false,
            statements: Vec::new(),
        }
    }

    async fn route(
        &self,
        routing: &Map,
        bookmarks: &[Arc<str>],
        database: Option<&str>,
    ) -> Result<RoutingTable, Failure> {
        self.inner.route(routing, bookmarks, database).await
    }
}

/// A statement between RUN and its last row.
struct Statement {
    qid: Option<i64>,
    query: Arc<str>,
    parameters: Arc<Map>,
    plan: Option<PlanSource>,
    compile: Duration,
    spent: Duration,
    rows: u64,
}

/// A session, watched.
pub struct Watched {
    session: BoltSession,
    metrics: Arc<StatementMetrics>,
    slow: SlowLog,
    peer: Option<SocketAddr>,
    forwarded_by: Option<u64>,
    /// An explicit transaction is open.
    transaction: bool,
    statements: Vec<Statement>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.forget_all();
    }
}

impl Watched {
    fn forget_all(&mut self) {
        if !self.statements.is_empty() {
            self.metrics.own().running.fetch_sub(self.statements.len() as u64, Ordering::Relaxed);
        }
        self.statements.clear();
    }

    fn take(&mut self, qid: Option<i64>) -> Option<Statement> {
        let at = match qid {
            None => self.statements.len().checked_sub(1),
            Some(_) => self.statements.iter().position(|statement| statement.qid == qid),
        }?;
        Some(self.statements.swap_remove(at))
    }

    fn end(&self, statement: &Statement, outcome: Result<&Map, &Failure>) {
        let own = self.metrics.own();
        own.running.fetch_sub(1, Ordering::Relaxed);
        own.seconds.observe(statement.spent);
        own.rows.fetch_add(statement.rows, Ordering::Relaxed);
        match outcome {
            Ok(summary) => own.done(text_of(summary, "type")),
            Err(failure) => own.failed(failure),
        }
        if self.slow.threshold.is_some_and(|threshold| statement.spent >= threshold) {
            count(&own.slow);
            self.write_down(statement, outcome);
        }
    }

    fn write_down(&self, statement: &Statement, outcome: Result<&Map, &Failure>) {
        let plan = match statement.plan {
            Some(PlanSource::Cached) => "cached",
            Some(PlanSource::Compiled) => "compiled",
            None => "unknown",
        };
        let parameters = self.slow.parameters.then(|| format!("{:?}", statement.parameters));
        let mut query: String = statement.query.chars().take(TEXT_CHARS_MAX).collect();
        if query.len() < statement.query.len() {
            query.push('…');
        }
        tracing::warn!(
            query = query.as_str(),
            elapsed_ms = statement.spent.as_millis() as u64,
            compile_ms = statement.compile.as_millis() as u64,
            plan,
            rows = statement.rows,
            kind = outcome.map_or("", |summary| text_of(summary, "type")),
            outcome = outcome.map_or_else(|failure| failure.code.as_str(), |_| "ok"),
            client = self.peer.map(|peer| peer.to_string()),
            relayed_by = self.forwarded_by,
            in_transaction = self.transaction,
            parameters,
            "slow query"
        );
    }
}

fn text_of<'a>(summary: &'a Map, key: &str) -> &'a str {
    match summary.get(key) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

impl Session for Watched {
    async fn authenticate(&mut self, auth: Auth) -> Result<(), Failure> {
        self.session.authenticate(auth).await
    }

    async fn begin(&mut self, options: TransactionOptions) -> Result<Map, Failure> {
        let begun = self.session.begin(options).await;
        match &begun {
            Ok(_) => self.transaction = true,
            Err(failure) => self.metrics.own().failed(failure),
        }
        begun
    }

    async fn run(
        &mut self,
        query: Arc<str>,
        parameters: Arc<Map>,
        options: Option<TransactionOptions>,
    ) -> Result<RunReply, Failure> {
        let began = Instant::now();
        count(&self.metrics.own().running);
        let reply = self.session.run(Arc::clone(&query), Arc::clone(&parameters), options).await;
        let compile = began.elapsed();
        let mut statement =
            Statement { qid: None, query, parameters, plan: None, compile, spent: compile, rows: 0 };
        match &reply {
            Ok(reply) => {
                statement.qid = reply.qid;
                statement.plan = self.session.plan_source();
                self.statements.push(statement);
            }
            Err(failure) => self.end(&statement, Err(failure)),
        }
        reply
    }

    async fn pull<R: Records>(
        &mut self,
        qid: Option<i64>,
        n: Option<u64>,
        discard: bool,
        records: &mut R,
    ) -> Result<PullReply, Failure> {
        let began = Instant::now();
        let mut counting = Counting { inner: records, rows: 0, waited: Duration::ZERO };
        let reply = self.session.pull(qid, n, discard, &mut counting).await;
        let Counting { rows, waited, .. } = counting;
        if let Some(mut statement) = self.take(qid) {
            statement.rows += rows;
            statement.spent += began.elapsed().saturating_sub(waited);
            match &reply {
                Ok(PullReply::HasMore) => self.statements.push(statement),
                Ok(PullReply::Done(summary)) => self.end(&statement, Ok(summary)),
                Err(failure) => self.end(&statement, Err(failure)),
            }
        }
        reply
    }

    fn announce(&mut self, ahead: Vec<Announced>) {
        self.session.announce(ahead);
    }

    fn looks_ahead(&self) -> bool {
        self.session.looks_ahead()
    }

    async fn commit(&mut self, relay: Value) -> Result<CommitReply, Failure> {
        let reply = self.session.commit(relay).await;
        self.forget_all();
        self.transaction = false;
        match &reply {
            Ok(_) => count(&self.metrics.own().committed),
            Err(failure) => {
                count(&self.metrics.own().commit_failed);
                self.metrics.own().failed(failure);
            }
        }
        reply
    }

    async fn rollback(&mut self) -> Result<(), Failure> {
        let reply = self.session.rollback().await;
        self.forget_all();
        self.transaction = false;
        count(&self.metrics.own().rolled_back);
        reply
    }

    async fn reset(&mut self) {
        self.session.reset().await;
        self.forget_all();
        if std::mem::take(&mut self.transaction) {
            count(&self.metrics.own().rolled_back);
        }
    }

    fn interrupter(&self) -> Arc<dyn Fn() + Send + Sync> {
        self.session.interrupter()
    }

    fn logoff(&mut self) {
        self.session.logoff();
        self.forget_all();
        self.transaction = false;
    }
}

/// Records on their way to a client, counted; the time that the client makes the session wait is noted.
struct Counting<'a, R> {
    inner: &'a mut R,
    rows: u64,
    waited: Duration,
}

impl<R: Records> Records for Counting<'_, R> {
    fn record(&mut self, values: &[Value], entities: &dyn Entities) {
        self.rows += 1;
        self.inner.record(values, entities);
    }

    fn raw(&mut self, record: &[u8]) {
        self.rows += 1;
        self.inner.raw(record);
    }

    async fn flush_if_full(&mut self) -> io::Result<()> {
        // The clock is read only when there is something to wait for: this is asked after every batch.
        let mut began = None;
        let mut flushing = pin!(self.inner.flush_if_full());
        let flushed = poll_fn(|cx| {
            let polled = flushing.as_mut().poll(cx);
            if polled.is_pending() {
                began.get_or_insert_with(Instant::now);
            }
            polled
        })
        .await;
        self.waited += began.map_or(Duration::ZERO, |began| began.elapsed());
        flushed
    }
}
