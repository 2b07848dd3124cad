//! A connection's life: handshake, then requests until it ends.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use samyama_graph::Map;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;

use super::config::{ConnectionError, ServerConfig};
use super::drive::{Watch, drive};
use super::greeting::{Agreement, shake_hands};
use super::input::{End, Input};
use super::notifications::{Filter, Told};
use super::output::{Output, flush};
use crate::backend::{Backend, Failure, Session};
use crate::chunk::{begin_message, end_message};
use crate::failure::write_failure;
use crate::limits::{FLUSH_BYTES, LINGER_BYTES_MAX, LINGER_TIME_MAX};
use crate::message::{Request, Summary, tag};
use crate::packstream::{EncodeError, Encoder};
use crate::state::{Kind, State, Verdict, after_success, verdict};
use crate::version::Dialect;

/// Serves one connection to its end. `forwarded_by`: another member opened it for one of its clients.
/// Set `TCP_NODELAY` on the stream before.
///
/// Dropping the future drops the session where it stands; a session's `Drop` must give back what it holds.
pub async fn serve_connection<B: Backend>(
    stream: TcpStream,
    backend: Arc<B>,
    config: Arc<ServerConfig>,
    forwarded_by: Option<u64>,
) -> Result<(), ConnectionError> {
    let peer = stream.peer_addr().ok();
    serve_stream(stream, peer, backend, config, forwarded_by).await
}

/// The same for any stream: one inside TLS, or within a process.
pub async fn serve_stream<S, B>(
    stream: S,
    peer: Option<SocketAddr>,
    backend: Arc<B>,
    config: Arc<ServerConfig>,
    forwarded_by: Option<u64>,
) -> Result<(), ConnectionError>
where
    S: AsyncRead + AsyncWrite + Send,
    B: Backend,
{
    let (reader, mut writer) = split(stream);
    let mut input = Input::new(reader, Arc::clone(&config), forwarded_by.is_some());
    let limit = config.limits.handshake_timeout;
    let agreement = timeout(limit, shake_hands(input.reader(), &mut writer, &config))
        .await
        .map_err(|_| ConnectionError::Timeout { what: "finish the handshake", limit })??;
    input.version = agreement.version;
    let caller = Caller { peer, forwarded_by };
    let mut connection = Connection::new(input, writer, caller, backend, config, agreement);
    let result = connection.serve().await;
    connection.end().await;
    if matches!(result, Err(ConnectionError::Protocol(_))) {
        // Closing with unread bytes would throw away the answer that says what is wrong.
        connection.input.discard(LINGER_BYTES_MAX, LINGER_TIME_MAX).await;
    }
    result
}

/// Who opened the connection, as far as the listener knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub peer: Option<SocketAddr>,
    pub forwarded_by: Option<u64>,
}

/// A session of the backend with what the server half knows about it.
pub(super) struct Attached<S> {
    pub session: S,
    pub interrupter: Arc<dyn Fn() + Send + Sync>,
}

pub(super) struct Connection<S, B: Backend> {
    pub input: Input<ReadHalf<S>>,
    pub output: Mutex<Output<WriteHalf<S>>>,
    /// Answers that wait for the others of their group.
    pub messages: Vec<u8>,
    pub caller: Caller,
    pub backend: Arc<B>,
    pub config: Arc<ServerConfig>,
    pub agreement: Agreement,
    pub dialect: Dialect,
    /// From HELLO on.
    pub attached: Option<Attached<B::Session>>,
    pub state: State,
    pub open_results: usize,
    /// Statements in the queue that the session has been told of.
    pub announced: usize,
    /// What HELLO asked for, and what holds for the transaction that runs.
    pub filter: Filter,
    pub transaction_filter: Filter,
    pub told: Told,
    authenticate_until: Instant,
}

/// How a request ended.
pub(super) enum Outcome {
    Success,
    /// Answered; the session has failed.
    Failed,
    /// The client leaves.
    Goodbye,
}

impl<S, B> Connection<S, B>
where
    S: AsyncRead + AsyncWrite + Send,
    B: Backend,
{
    fn new(
        input: Input<ReadHalf<S>>,
        writer: WriteHalf<S>,
        caller: Caller,
        backend: Arc<B>,
        config: Arc<ServerConfig>,
        agreement: Agreement,
    ) -> Self {
        Self {
            input,
            output: Mutex::new(Output::new(writer)),
            messages: Vec::new(),
            caller,
            backend,
            authenticate_until: Instant::now() + config.limits.authentication_timeout,
            config,
            agreement,
            dialect: Dialect::of(agreement.version, false),
            attached: None,
            state: State::Negotiation,
            open_results: 0,
            announced: 0,
            filter: Filter::default(),
            transaction_filter: Filter::default(),
            told: Told::default(),
        }
    }

    async fn serve(&mut self) -> Result<(), ConnectionError> {
        loop {
            while let Some(request) = self.input.next() {
                let goes_on = self.answer(request).await?;
                if !goes_on {
                    return self.flush().await;
                }
                if self.output.lock().len() + self.messages.len() >= FLUSH_BYTES {
                    self.flush().await?;
                }
            }
            self.flush().await?;
            match self.input.take_end() {
                None => self.fill().await?,
                Some(End::Closed) => return Ok(()),
                Some(End::Io(error)) => return Err(error.into()),
                Some(End::Broken(reason)) => return self.refuse(reason).await,
            }
        }
    }

    /// Waits for more requests; not for ever before authentication.
    async fn fill(&mut self) -> Result<(), ConnectionError> {
        if self.state.is_authenticated() {
            self.input.fill().await;
            return Ok(());
        }
        let limit = self.config.limits.authentication_timeout;
        timeout_at(self.authenticate_until, self.input.fill())
            .await
            .map_err(|_| ConnectionError::Timeout { what: "authenticate", limit })
    }

    /// Does one request. False when the connection is to end.
    async fn answer(&mut self, request: Request) -> Result<bool, ConnectionError> {
        let kind = request.kind();
        let decision = verdict(self.state, kind);
        if decision == Verdict::Execute && kind.is_interrupted_by_reset() && self.input.reset_is_queued() {
            self.answer_ignored();
            self.fail_session().await;
            return Ok(true);
        }
        match decision {
            Verdict::Execute => self.execute(kind, request).await,
            Verdict::Ignore => {
                self.answer_ignored();
                Ok(true)
            }
            Verdict::Refuse => {
                let reason = format!("{} is not allowed in state {:?}", kind.name(), self.state);
                self.refuse(reason).await.map(|()| false)
            }
        }
    }

    async fn execute(&mut self, kind: Kind, request: Request) -> Result<bool, ConnectionError> {
        match self.perform(request).await {
            Outcome::Success => {
                let authenticates_in_hello = !self.agreement.version.has_logon();
                self.state = after_success(self.state, kind, authenticates_in_hello, self.open_results);
                self.input.authenticated = self.state.is_authenticated();
                if kind == Kind::Logoff {
                    self.authenticate_until = Instant::now() + self.config.limits.authentication_timeout;
                }
                Ok(true)
            }
            Outcome::Failed => Ok(self.state.is_authenticated()),
            Outcome::Goodbye => Ok(false),
        }
    }

    /// Answers FAILURE for a client that breaks the protocol, and ends.
    async fn refuse(&mut self, reason: String) -> Result<(), ConnectionError> {
        self.answer_failure(&Failure::invalid_request(reason.clone()));
        self.flush().await?;
        Err(ConnectionError::Protocol(reason))
    }

    /// Writes all answers. Reads meanwhile: a client may be unable to read before it has sent what it is sending.
    pub async fn flush(&mut self) -> Result<(), ConnectionError> {
        {
            let mut output = self.output.lock();
            output.push(&mut self.messages);
            if output.is_empty() {
                return Ok(());
            }
        }
        let watch = Watch {
            interrupter: None,
            sends_noops: false,
            write_stall_timeout: self.config.limits.write_stall_timeout,
        };
        let flushing = std::pin::pin!(flush(&self.output));
        drive(&mut self.input, &self.output, watch, flushing).await?;
        Ok(())
    }

    /// Drops every result and the transaction, and ignores what follows until RESET.
    pub async fn fail_session(&mut self) {
        self.announced = 0;
        self.open_results = 0;
        if self.state.is_authenticated() {
            self.state = State::Failed;
        }
        self.reset_session().await;
    }

    pub async fn reset_session(&mut self) {
        self.open_results = 0;
        if let Some(attached) = &mut self.attached {
            attached.session.reset().await;
        }
    }

    async fn end(&mut self) {
        self.reset_session().await;
        // The client may be gone already; there is nothing to tell it.
        if let Err(error) = std::future::poll_fn(|cx| self.output.lock().poll_shutdown(cx)).await {
            debug!(%error, "a connection was not closed in order");
        }
    }

    pub fn answer_success(&mut self, entries: &Map) -> Result<(), EncodeError> {
        let mut summary = Summary::begin(&mut self.messages, tag::SUCCESS, self.dialect);
        for (key, value) in entries.iter() {
            summary.value(key, value)?;
        }
        summary.end();
        Ok(())
    }

    pub fn answer_empty_success(&mut self) {
        Summary::begin(&mut self.messages, tag::SUCCESS, self.dialect).end();
    }

    pub fn answer_ignored(&mut self) {
        let start = begin_message(&mut self.messages);
        Encoder::new(&mut self.messages).structure(tag::IGNORED, 0);
        end_message(&mut self.messages, start);
    }

    pub fn answer_failure(&mut self, failure: &Failure) {
        let start = begin_message(&mut self.messages);
        Encoder::new(&mut self.messages).structure(tag::FAILURE, 1);
        if write_failure(&mut self.messages, failure, self.agreement.version).is_err() {
            // Diagnostics nested absurdly deep: the failure itself is what matters.
            self.messages.truncate(start);
            let plain = Failure { diagnostics: Map::new(), ..failure.clone() };
            return self.answer_failure(&plain);
        }
        end_message(&mut self.messages, start);
    }
}
