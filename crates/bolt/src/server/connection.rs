//! One connection from handshake to end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use samyama_graph::{Map, Value};
use tokio::net::TcpStream;

use super::greeting::greet;
use super::inbox::Inbox;
use super::outbox::Outbox;
use super::{ConnectionError, ServerConfig, reply};
use crate::backend::{Auth, Backend, ConnectionInfo, Failure, PullReply, Session, TransactionOptions};
use crate::limits::FLUSH_BYTES;
use crate::message::{Pull, Request};
use crate::packstream::EncodeError;
use crate::state::{Kind, State, Verdict, after_success, verdict};
use crate::version::{Dialect, Version};

/// Serve a connection until it ends. `forwarded_by`: it comes from another member, for one of its clients.
pub async fn serve_connection<B: Backend>(
    mut stream: TcpStream,
    backend: Arc<B>,
    config: Arc<ServerConfig>,
    forwarded_by: Option<u64>,
) -> Result<(), ConnectionError> {
    let peer = stream.peer_addr().ok();
    let Some((version, manifest)) = greet(&mut stream, &config).await? else { return Ok(()) };
    let (reader, writer) = stream.into_split();
    let connection = Connection {
        inbox: Inbox::new(reader, Arc::clone(&config), version),
        outbox: Outbox::new(writer, Arc::clone(&config), Dialect::of(version, false)),
        session: None,
        state: State::Negotiation,
        version,
        manifest,
        open_results: 0,
        defaults: TransactionOptions::default(),
        peer,
        forwarded_by,
        backend,
        config,
    };
    connection.run().await
}

struct Connection<B: Backend> {
    inbox: Inbox,
    outbox: Outbox,
    /// From HELLO on.
    session: Option<B::Session>,
    state: State,
    version: Version,
    manifest: bool,
    open_results: usize,
    /// What HELLO said about notifications.
    defaults: TransactionOptions,
    peer: Option<std::net::SocketAddr>,
    forwarded_by: Option<u64>,
    backend: Arc<B>,
    config: Arc<ServerConfig>,
}

/// How long answers of earlier requests wait for the request that runs, to leave in one write with its own.
const ANSWERS_WAIT: Duration = Duration::from_millis(5);

/// What a request came to.
enum Done {
    Success(Map),
    /// Everything is in the outbox already; the number of open results after it.
    Answered,
}

impl<B: Backend> Connection<B> {
    async fn run(mut self) -> Result<(), ConnectionError> {
        let authentication = tokio::time::Instant::now() + self.config.limits.authentication_timeout;
        loop {
            if let Some(request) = self.inbox.pop() {
                if !self.handle(request).await? {
                    self.outbox.flush().await?;
                    return Ok(());
                }
                if self.outbox.buffer().len() >= FLUSH_BYTES || self.inbox.is_empty() {
                    self.outbox.flush().await?;
                }
                continue;
            }
            if let Some(ended) = self.inbox.ended() {
                return match ended.clone() {
                    None => Ok(()),
                    Some(what) => self.refuse(&what).await,
                };
            }
            if self.state.is_authenticated() {
                self.inbox.receive().await;
            } else if tokio::time::timeout_at(authentication, self.inbox.receive()).await.is_err() {
                return Err(ConnectionError::TooSlow("it did not authenticate in time"));
            }
        }
    }

    /// The client broke the protocol: say so and end.
    async fn refuse(&mut self, what: &str) -> Result<(), ConnectionError> {
        reply::failure(&mut self.outbox, &Failure::invalid_request(what), self.version);
        self.outbox.flush().await?;
        Err(ConnectionError::Protocol(what.to_owned()))
    }

    /// Answer one request. False: the connection ends.
    async fn handle(&mut self, request: Request) -> Result<bool, ConnectionError> {
        let kind = request.kind();
        match verdict(self.state, kind) {
            Verdict::Ignore => reply::ignored(&mut self.outbox),
            Verdict::Refuse => {
                let what = format!("{} is not allowed in this state of the session", kind.name());
                self.refuse(&what).await?;
                return Ok(false);
            }
            Verdict::Execute if kind == Kind::Goodbye => return Ok(false),
            Verdict::Execute if self.inbox.has_reset() && kind.is_interrupted_by_reset() => {
                self.fail().await;
                reply::ignored(&mut self.outbox);
            }
            Verdict::Execute => {
                let ends = matches!(kind, Kind::Hello | Kind::Logon);
                match self.execute(request).await {
                    Ok(done) => self.succeeded(kind, done),
                    Err(failure) => {
                        let interrupted = self.inbox.has_reset() && failure.is_terminated();
                        self.fail().await;
                        if interrupted {
                            reply::ignored(&mut self.outbox);
                        } else {
                            reply::failure(&mut self.outbox, &failure, self.version);
                        }
                        if ends {
                            return Ok(false);
                        }
                    }
                }
            }
        }
        Ok(true)
    }

    fn succeeded(&mut self, kind: Kind, done: Done) {
        if let Done::Success(pairs) = done {
            reply::success(&mut self.outbox, &pairs, self.version);
        }
        if matches!(kind, Kind::Reset | Kind::Commit | Kind::Rollback | Kind::Logoff | Kind::Begin) {
            self.open_results = 0;
        }
        self.state = after_success(self.state, kind, !self.version.has_logon(), self.open_results);
        if self.state.is_authenticated() {
            self.inbox.set_authenticated();
        }
    }

    /// Something failed: nothing of an open transaction survives.
    async fn fail(&mut self) {
        self.open_results = 0;
        if let Some(session) = &mut self.session {
            session.reset().await;
        }
        self.state = State::Failed;
    }

    async fn execute(&mut self, request: Request) -> Result<Done, Failure> {
        let mut request = request;
        match request {
            Request::Rejected(rejected) => return Err(rejected.failure),
            Request::Hello(extra) => return self.hello(extra).await,
            Request::Telemetry(_) | Request::Goodbye => return Ok(Done::Success(Map::new())),
            Request::Route(route) => {
                let table =
                    self.backend.route(&route.routing, &route.bookmarks, route.database.as_deref()).await?;
                reply::route(&mut self.outbox, table, self.version);
                return Ok(Done::Answered);
            }
            Request::Begin(ref mut options) | Request::Run { ref mut options, .. } => {
                self.apply_defaults(options)
            }
            _ => {}
        }
        let Some(mut session) = self.session.take() else {
            return Err(Failure::invalid_request("HELLO comes first"));
        };
        let done = self.execute_in(&mut session, request).await;
        self.session = Some(session);
        done
    }

    /// Run a request of the session, reading on meanwhile.
    async fn execute_in(&mut self, session: &mut B::Session, request: Request) -> Result<Done, Failure> {
        let interrupt = session.interrupter();
        let (in_transaction, version) = (self.state.in_transaction(), self.version);
        let sender = self.outbox.sender();
        let Connection { inbox, outbox, open_results, .. } = self;
        let work = perform(session, request, outbox, open_results, in_transaction, version);
        tokio::pin!(work);
        let late = tokio::time::sleep(ANSWERS_WAIT);
        tokio::pin!(late);
        loop {
            if inbox.interrupts() {
                interrupt();
                return work.await;
            }
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = inbox.receive() => {}
                () = &mut late, if !late.is_elapsed() => {
                    // It takes its time: earlier answers do not wait for it. A broken socket shows at the next write.
                    drop(sender.flush().await);
                }
            }
        }
    }

    fn apply_defaults(&self, options: &mut TransactionOptions) {
        if options.notifications_minimum_severity.is_none() {
            options.notifications_minimum_severity.clone_from(&self.defaults.notifications_minimum_severity);
        }
        if options.notifications_disabled.is_empty() {
            options.notifications_disabled.clone_from(&self.defaults.notifications_disabled);
        }
    }

    async fn hello(&mut self, extra: Map) -> Result<Done, Failure> {
        let text = |key: &str| match extra.get(key) {
            Some(Value::String(text)) => Some(Arc::clone(text)),
            _ => None,
        };
        let texts = |key: &str| match extra.get(key) {
            Some(Value::List(items)) => items.iter().filter_map(string_of).collect(),
            _ => Vec::new(),
        };
        self.defaults.notifications_minimum_severity = text("notifications_minimum_severity");
        self.defaults.notifications_disabled = texts("notifications_disabled_classifications");
        if self.defaults.notifications_disabled.is_empty() {
            self.defaults.notifications_disabled = texts("notifications_disabled_categories");
        }
        let utc_patch = !self.version.is_at_least(5, 0)
            && texts("patch_bolt").iter().any(|patch| patch.as_ref() == "utc");
        self.outbox.dialect = Dialect::of(self.version, utc_patch);
        let routing = match extra.get("routing") {
            Some(Value::Map(routing)) => Some(Arc::clone(routing)),
            _ => None,
        };
        let info = ConnectionInfo {
            peer: self.peer,
            version: (self.version.major, self.version.minor),
            utc_datetimes: self.outbox.dialect.utc_datetimes,
            user_agent: text("user_agent").unwrap_or_default(),
            routing,
            forwarded_by: self.forwarded_by,
        };
        let mut session = self.backend.connect(info);
        if !self.version.has_logon() {
            session.authenticate(read_auth(&extra)).await?;
        }
        self.session = Some(session);
        Ok(Done::Success(self.hello_reply(utc_patch)))
    }

    fn hello_reply(&self, utc_patch: bool) -> Map {
        let number = self.config.next_connection.fetch_add(1, Ordering::Relaxed);
        let mut hints = Map::new();
        if self.version.names_home_database() {
            // Every member serves or relays everything. With this, drivers remember the home database instead of asking for
            // it before each session, and asking only the address they were given, which may be the member that is down.
            hints.insert(Arc::from("ssr.enabled"), Value::Boolean(true));
        }
        let mut pairs = vec![
            ("server", Value::from(self.config.agent.as_str())),
            ("connection_id", Value::from(format!("bolt-{number}"))),
            ("hints", hints.into()),
        ];
        if self.manifest {
            pairs.push(("protocol_version", Value::from(self.version.to_string())));
        }
        if utc_patch {
            pairs.push(("patch_bolt", vec![Value::from("utc")].into()));
        }
        Map::from_pairs(pairs.into_iter().map(|(key, value)| (Arc::from(key), value)))
    }
}

fn string_of(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(Arc::clone(text)),
        _ => None,
    }
}

fn read_auth(extra: &Map) -> Auth {
    let text = |key: &str| extra.get(key).and_then(string_of);
    Auth {
        scheme: text("scheme").unwrap_or_else(|| Arc::from("none")),
        principal: text("principal"),
        credentials: text("credentials"),
    }
}

/// One request of an open session.
async fn perform<S: Session>(
    session: &mut S,
    request: Request,
    outbox: &mut Outbox,
    open_results: &mut usize,
    in_transaction: bool,
    version: Version,
) -> Result<Done, Failure> {
    match request {
        Request::Logon(extra) => {
            session.authenticate(read_auth(&extra)).await.map(|()| Done::Success(Map::new()))
        }
        Request::Logoff => {
            session.logoff();
            Ok(Done::Success(Map::new()))
        }
        Request::Reset => {
            session.reset().await;
            Ok(Done::Success(Map::new()))
        }
        Request::Begin(options) => {
            let begun = session.begin(options).await?;
            reply::begun(outbox, &begun, version);
            Ok(Done::Answered)
        }
        Request::Commit => {
            let bookmark = session.commit().await?.bookmark;
            Ok(Done::Success(Map::from_pairs([(Arc::from("bookmark"), Value::String(bookmark))])))
        }
        Request::Rollback => session.rollback().await.map(|()| Done::Success(Map::new())),
        Request::Run { query, parameters, options } => {
            let options = (!in_transaction).then_some(options);
            let ran = session.run(query, parameters, options).await?;
            reply::run(outbox, &ran, version);
            *open_results += 1;
            Ok(Done::Answered)
        }
        Request::Pull(pull) => stream(session, pull, false, outbox, open_results, version).await,
        Request::Discard(pull) => stream(session, pull, true, outbox, open_results, version).await,
        // Answered before it comes to this.
        Request::Hello(_)
        | Request::Telemetry(_)
        | Request::Goodbye
        | Request::Route(_)
        | Request::Rejected(_) => Ok(Done::Success(Map::new())),
    }
}

async fn stream<S: Session>(
    session: &mut S,
    pull: Pull,
    discard: bool,
    outbox: &mut Outbox,
    open_results: &mut usize,
    version: Version,
) -> Result<Done, Failure> {
    let pulled = session.pull(pull.qid, pull.n, discard, outbox).await?;
    if let Some(error) = outbox.take_failure() {
        return Err(unwritable(error));
    }
    match pulled {
        PullReply::HasMore => {
            Ok(Done::Success(Map::from_pairs([(Arc::from("has_more"), Value::Boolean(true))])))
        }
        PullReply::Done(summary) => {
            *open_results = open_results.saturating_sub(1);
            reply::result_end(outbox, summary, version);
            Ok(Done::Answered)
        }
    }
}

fn unwritable(error: EncodeError) -> Failure {
    Failure::new("Neo.ClientError.Statement.TypeError", "22N01", error.to_string())
}
