//! What each request does.

use std::sync::Arc;

use samyama_graph::{Map, Value};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::{Attached, Connection, Outcome};
use super::drive::{Watch, drive};
use super::notifications::{Filter, write_done};
use super::output::RecordWriter;
use crate::backend::{
    Auth, Backend, ConnectionInfo, Failure, PullReply, RoutingTable, RunReply, Session, TransactionOptions,
};
use crate::message::{Pull, Request, RouteRequest, Summary, tag};
use crate::packstream::EncodeError;
use crate::state::State;
use crate::version::Dialect;

/// Runs a call of the backend while the connection reads on. `$session` is the session inside.
macro_rules! call {
    ($connection:ident, |$session:ident| $call:expr) => {{
        let Some(attached) = $connection.attached.as_mut() else {
            unreachable!("the state table lets nothing but HELLO through before HELLO")
        };
        let $session = &mut attached.session;
        let watch = Watch {
            interrupter: Some(&*attached.interrupter),
            // A member that relays tells a leader that works from one that hangs by them.
            sends_noops: $connection.config.receive_timeout_hint.is_some()
                || $connection.caller.forwarded_by.is_some(),
            write_stall_timeout: $connection.config.limits.write_stall_timeout,
        };
        let call = std::pin::pin!($call);
        drive(&mut $connection.input, &$connection.output, watch, call).await
    }};
}

impl From<EncodeError> for Failure {
    fn from(error: EncodeError) -> Self {
        Failure::new("Neo.ClientError.Statement.ArgumentError", "22G03", error.to_string())
    }
}

impl<S, B> Connection<S, B>
where
    S: AsyncRead + AsyncWrite + Send,
    B: Backend,
{
    /// Does what a request asks and writes the answer.
    pub(super) async fn perform(&mut self, request: Request) -> Outcome {
        // Answers of earlier requests must not wait for this one, should it take long.
        self.output.lock().push(&mut self.messages);
        let result = match request {
            Request::Hello(fields) => self.hello(fields).await,
            Request::Logon(fields) => self.logon(fields).await,
            Request::Logoff => self.logoff().await,
            Request::Telemetry(api) => self.telemetry(api),
            Request::Goodbye => return Outcome::Goodbye,
            Request::Reset => self.reset().await,
            Request::Run { query, parameters, options } => self.run(query, parameters, options).await,
            Request::Pull(pull) => return self.pull(pull, false).await,
            Request::Discard(pull) => return self.pull(pull, true).await,
            Request::Begin(options) => self.begin(options).await,
            Request::Commit(relay) => self.commit(relay).await,
            Request::Rollback => self.rollback().await,
            Request::Route(route) => self.route(route).await,
            Request::Rejected(rejected) => Err(rejected.failure),
        };
        match result {
            Ok(()) => Outcome::Success,
            Err(failure) => {
                // What was written of an answer before it failed.
                self.messages.clear();
                self.fail(failure).await
            }
        }
    }

    /// Answers a failure, or IGNORED when it only says that RESET ended the request.
    async fn fail(&mut self, failure: Failure) -> Outcome {
        if failure.is_terminated() && self.input.reset_is_queued() {
            self.answer_ignored();
        } else {
            self.answer_failure(&failure);
        }
        self.fail_session().await;
        Outcome::Failed
    }

    async fn hello(&mut self, fields: Map) -> Result<(), Failure> {
        let version = self.agreement.version;
        let patches = matches!(fields.get("patch_bolt"), Some(Value::List(patches))
            if patches.iter().any(|patch| matches!(patch, Value::String(name) if name.as_ref() == "utc")));
        let grants_utc = patches && !version.has_element_ids();
        self.dialect = Dialect::of(version, grants_utc);
        self.filter = hello_filter(&fields);
        let info = ConnectionInfo {
            peer: self.caller.peer,
            version: (version.major, version.minor),
            utc_datetimes: self.dialect.utc_datetimes,
            user_agent: text(&fields, "user_agent").unwrap_or_else(|| Arc::from("")),
            routing: match fields.get("routing") {
                Some(Value::Map(routing)) => Some(Arc::clone(routing)),
                _ => None,
            },
            forwarded_by: self.caller.forwarded_by,
        };
        let session = self.backend.connect(info);
        let interrupter = session.interrupter();
        self.attached = Some(Attached { session, interrupter });
        if !version.has_logon() {
            let auth = auth(&fields)?;
            call!(self, |session| session.authenticate(auth))?;
        }
        self.answer_hello(grants_utc)?;
        Ok(())
    }

    fn answer_hello(&mut self, grants_utc: bool) -> Result<(), EncodeError> {
        let config = Arc::clone(&self.config);
        let mut summary = Summary::begin(&mut self.messages, tag::SUCCESS, self.dialect);
        summary.text("server", &config.agent);
        summary.text("connection_id", &config.next_connection_id());
        let hint = config.receive_timeout_hint.map(|hint| hint.as_secs().max(1).cast_signed());
        // Every member serves or relays everything. With this, drivers remember the home database instead of asking for
        // it before each session, and asking only the address they were given, which may be the member that is down.
        let remembers_home = self.agreement.version.names_home_database();
        let mut hints = summary.key("hints");
        hints.dictionary(usize::from(hint.is_some()) + usize::from(remembers_home));
        if remembers_home {
            hints.string("ssr.enabled");
            hints.boolean(true);
        }
        if let Some(seconds) = hint {
            hints.string("connection.recv_timeout_seconds");
            hints.integer(seconds);
        }
        if self.agreement.by_manifest {
            summary.text("protocol_version", &self.agreement.version.to_string());
        }
        if grants_utc {
            summary.value("patch_bolt", &Value::from(vec![Value::from("utc")]))?;
        }
        summary.end();
        Ok(())
    }

    async fn logon(&mut self, fields: Map) -> Result<(), Failure> {
        let auth = auth(&fields)?;
        call!(self, |session| session.authenticate(auth))?;
        let config = Arc::clone(&self.config);
        let mut summary = Summary::begin(&mut self.messages, tag::SUCCESS, self.dialect);
        if let Some(address) =
            config.advertised_address.as_ref().filter(|_| self.agreement.version.names_home_database())
        {
            summary.text("advertised_address", address);
        }
        summary.end();
        Ok(())
    }

    async fn logoff(&mut self) -> Result<(), Failure> {
        self.reset_session().await;
        if let Some(attached) = &mut self.attached {
            attached.session.logoff();
        }
        self.answer_empty_success();
        Ok(())
    }

    fn telemetry(&mut self, api: i64) -> Result<(), Failure> {
        if !(0..=3).contains(&api) {
            return Err(Failure::invalid_request(format!(
                "{api} is not a number of an API; known are 0 to 3"
            )));
        }
        self.answer_empty_success();
        Ok(())
    }

    async fn reset(&mut self) -> Result<(), Failure> {
        self.reset_session().await;
        self.answer_empty_success();
        Ok(())
    }

    async fn run(
        &mut self,
        query: Arc<str>,
        parameters: Arc<Map>,
        options: TransactionOptions,
    ) -> Result<(), Failure> {
        if self.open_results >= self.config.limits.open_results_max {
            let most = self.config.limits.open_results_max;
            return Err(Failure::new(
                "Neo.ClientError.General.TransactionOutOfMemoryError",
                "51N73",
                format!(
                    "The transaction has {most} results open, which is the limit; read or discard some first."
                ),
            ));
        }
        let options = if self.state.in_transaction() { None } else { Some(self.with_filter(options)) };
        self.announced = self.announced.saturating_sub(1);
        let reply = call!(self, |session| session.run(query, parameters, options))?;
        self.open_results += 1;
        self.answer_run(&reply)?;
        Ok(())
    }

    fn with_filter(&mut self, mut options: TransactionOptions) -> TransactionOptions {
        self.filter.complete(&mut options);
        self.transaction_filter = Filter::of(&options);
        options
    }

    fn answer_run(&mut self, reply: &RunReply) -> Result<(), EncodeError> {
        let names_database = self.agreement.version.names_home_database();
        let mut summary = Summary::begin(&mut self.messages, tag::SUCCESS, self.dialect);
        let mut fields = summary.key("fields");
        fields.list(reply.fields.len());
        for field in reply.fields.iter() {
            fields.string(field);
        }
        if let Some(qid) = reply.qid {
            summary.key("qid").integer(qid);
        }
        for (key, value) in reply.extra.iter().filter(|(key, _)| names_database || key.as_ref() != "db") {
            summary.value(key, value)?;
        }
        summary.end();
        Ok(())
    }

    /// Tell the session what else has arrived, once.
    fn announce(&mut self) {
        if self.announced > 0 || self.state != State::Streaming {
            return;
        }
        let Some(attached) = self.attached.as_mut().filter(|attached| attached.session.looks_ahead()) else {
            return;
        };
        let mut ahead = self.input.announced();
        self.announced = ahead.len();
        if !ahead.is_empty() {
            ahead.iter_mut().for_each(|announced| self.filter.complete(&mut announced.options));
            attached.session.announce(ahead);
        }
    }

    async fn pull(&mut self, pull: Pull, discard: bool) -> Outcome {
        self.announce();
        let mut messages = std::mem::take(&mut self.messages);
        let mut records = RecordWriter::new(&mut messages, &self.output, self.dialect);
        let reply = call!(self, |session| session.pull(pull.qid, pull.n, discard, &mut records));
        let reply = match records.failure.take() {
            Some(error) => Err(Failure::from(error)),
            None => reply,
        };
        self.messages = messages;
        let start = self.messages.len();
        match reply.and_then(|reply| self.answer_pull(&reply)) {
            Ok(()) => Outcome::Success,
            Err(failure) => {
                self.messages.truncate(start);
                self.fail(failure).await
            }
        }
    }

    fn answer_pull(&mut self, reply: &PullReply) -> Result<(), Failure> {
        let mut summary = Summary::begin(&mut self.messages, tag::SUCCESS, self.dialect);
        match reply {
            PullReply::HasMore => summary.key("has_more").boolean(true),
            PullReply::Done(done) => {
                self.open_results = self.open_results.saturating_sub(1);
                let (version, filter) = (self.agreement.version, &self.transaction_filter);
                write_done(&mut summary, done, version, filter, &mut self.told)?;
            }
        }
        summary.end();
        Ok(())
    }

    async fn begin(&mut self, options: TransactionOptions) -> Result<(), Failure> {
        let options = self.with_filter(options);
        let mut extra = call!(self, |session| session.begin(options))?;
        if !self.agreement.version.names_home_database() {
            extra.remove("db");
        }
        self.answer_success(&extra)?;
        Ok(())
    }

    async fn commit(&mut self, relay: Value) -> Result<(), Failure> {
        let reply = call!(self, |session| session.commit(relay))?;
        let mut summary = Summary::begin(&mut self.messages, tag::SUCCESS, self.dialect);
        summary.text("bookmark", &reply.bookmark);
        summary.end();
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Failure> {
        call!(self, |session| session.rollback())?;
        self.open_results = 0;
        self.answer_empty_success();
        Ok(())
    }

    async fn route(&mut self, request: RouteRequest) -> Result<(), Failure> {
        let backend = Arc::clone(&self.backend);
        let call = backend.route(&request.routing, &request.bookmarks, request.database.as_deref());
        let table = call!(self, |_session| call)?;
        self.answer_route(&table);
        Ok(())
    }

    /// One entry per role: some drivers let a second one of a role overwrite the first.
    fn answer_route(&mut self, table: &RoutingTable) {
        let mut summary = Summary::begin(&mut self.messages, tag::SUCCESS, self.dialect);
        let mut rt = summary.key("rt");
        rt.dictionary(3);
        rt.string("ttl");
        rt.integer(table.ttl_seconds);
        rt.string("db");
        rt.string(&table.database);
        rt.string("servers");
        let roles = [("ROUTE", &table.route), ("READ", &table.read), ("WRITE", &table.write)];
        rt.list(roles.iter().filter(|(_, addresses)| !addresses.is_empty()).count());
        for (role, addresses) in roles.iter().filter(|(_, addresses)| !addresses.is_empty()) {
            rt.dictionary(2);
            rt.string("addresses");
            rt.list(addresses.len());
            for address in addresses.iter() {
                rt.string(address);
            }
            rt.string("role");
            rt.string(role);
        }
        summary.end();
    }
}

fn text(fields: &Map, key: &str) -> Option<Arc<str>> {
    match fields.get(key) {
        Some(Value::String(text)) => Some(Arc::clone(text)),
        _ => None,
    }
}

/// No scheme means none, as some drivers send for "no authentication". One that is no text is not taken for none.
fn auth(fields: &Map) -> Result<Auth, Failure> {
    let text = |key: &str| match fields.get(key) {
        Some(Value::String(text)) => Ok(Some(Arc::clone(text))),
        Some(Value::Null) | None => Ok(None),
        Some(_) => {
            Err(Failure::invalid_request(format!("`{key}` of an authentication token must be a String.")))
        }
    };
    Ok(Auth {
        scheme: text("scheme")?.unwrap_or_else(|| Arc::from("none")),
        principal: text("principal")?,
        credentials: text("credentials")?,
    })
}

fn hello_filter(fields: &Map) -> Filter {
    let keys = ["notifications_disabled_categories", "notifications_disabled_classifications"];
    let disabled = keys.iter().filter_map(|key| match fields.get(key) {
        Some(Value::List(list)) => Some(list),
        _ => None,
    });
    let names = disabled.flat_map(|list| list.iter()).filter_map(|value| match value {
        Value::String(name) => Some(Arc::clone(name)),
        _ => None,
    });
    Filter { minimum_severity: text(fields, "notifications_minimum_severity"), disabled: names.collect() }
}
