//! The client half: speaks one version, sends what it is told, gives answers one by one.
//!
//! Used where a member relays for its clients, and in tests. It does not retry, route or pool: who holds it does.
//! Requests are buffered until [`Client::flush`], so that several leave in one write.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use samyama_graph::{Map, Value};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::backend::{Failure, TransactionOptions};
use crate::chunk::{Dechunker, begin_message, end_message};
use crate::failure::read_failure;
use crate::handshake;
use crate::limits::{MESSAGE_BYTES_MAX, RESULT_NESTING_DEPTH_MAX};
use crate::message::{RELAY, Summary, tag, write_options, write_request_run};
use crate::packstream::{DecodeError, Decoder, EncodeError, Encoder, EntitySink, Interner, UtcOnly, Zones};
use crate::version::{Dialect, Version};

/// Why a conversation cannot go on. What was sent and not answered may or may not have been done.
#[derive(Debug, Error)]
pub enum ClientError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the server's answer cannot be read: {0}")]
    Decode(#[from] DecodeError),
    #[error("the request cannot be written: {0}")]
    Encode(#[from] EncodeError),
    #[error("{0}")]
    Protocol(String),
}

/// An answer.
#[derive(Debug)]
pub enum Response<'a> {
    Success(Map),
    /// The encoded list of values, as it came.
    Record(&'a [u8]),
    Ignored,
    Failure(Failure),
}

/// How a client presents itself.
#[derive(Clone, Debug)]
pub struct Introduction {
    pub version: Version,
    pub user_agent: Arc<str>,
    /// In 4.4: datetimes with UTC seconds.
    pub utc_patch: bool,
}

/// An authenticated connection.
pub struct Client {
    stream: TcpStream,
    version: Version,
    dialect: Dialect,
    dechunker: Dechunker,
    interner: Interner,
    out: Vec<u8>,
    /// The message that was read last.
    current: Vec<u8>,
    /// An answer that is due is given up when nothing at all has come for so long. Only for a server that gives signs of life.
    silence_max: Option<Duration>,
}

impl Client {
    /// Shake hands and log on without credentials.
    pub async fn connect(mut stream: TcpStream, introduction: &Introduction) -> Result<Client, ClientError> {
        let version = introduction.version;
        stream.write_all(&handshake::proposal_of(version)).await?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await?;
        if answer == *b"HTTP" {
            return Err(ClientError::Protocol(
                "this is an HTTP port; Bolt is another one (listen.bolt)".into(),
            ));
        }
        if answer != handshake::confirmation(version) {
            return Err(ClientError::Protocol(format!("the server does not speak Bolt {version}")));
        }
        let mut client = Client {
            stream,
            version,
            dialect: Dialect::of(version, introduction.utc_patch),
            dechunker: Dechunker::new(),
            interner: Interner::new(),
            out: Vec::new(),
            current: Vec::new(),
            silence_max: None,
        };
        client.send_hello(introduction);
        if version.has_logon() {
            client.send_map(tag::LOGON, &[("scheme", "none".into())]);
        }
        client.flush().await?;
        client.expect_success().await?;
        if version.has_logon() {
            client.expect_success().await?;
        }
        Ok(client)
    }

    /// Give an answer up when nothing has come for so long. The server must give signs of life.
    pub fn set_silence_max(&mut self, silence_max: Duration) {
        self.silence_max = Some(silence_max);
    }

    pub fn version(&self) -> Version {
        self.version
    }

    /// The stream, for one that goes on by itself. Only when nothing is asked that has no answer yet.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    fn send_hello(&mut self, introduction: &Introduction) {
        let mut pairs = vec![("user_agent", Value::String(Arc::clone(&introduction.user_agent)))];
        if !self.version.has_logon() {
            pairs.push(("scheme", "none".into()));
        }
        if self.version.is_at_least(5, 3) {
            let agent = Map::from_pairs([(Arc::from("product"), Value::from("samyama"))]);
            pairs.push(("bolt_agent", agent.into()));
        }
        if introduction.utc_patch && !self.version.is_at_least(5, 0) {
            pairs.push(("patch_bolt", vec![Value::from("utc")].into()));
        }
        self.send_map(tag::HELLO, &pairs);
    }

    /// A message with one small dictionary.
    fn send_map(&mut self, message: u8, pairs: &[(&str, Value)]) {
        let mut summary = Summary::begin(&mut self.out, message, self.dialect);
        for (key, value) in pairs {
            // Nothing here nests.
            let _ = summary.value(key, value);
        }
        summary.end();
    }

    fn send_plain(&mut self, message: u8) {
        let start = begin_message(&mut self.out);
        Encoder::new(&mut self.out).structure(message, 0);
        end_message(&mut self.out, start);
    }

    /// On failure nothing of it is sent.
    pub fn send_run(
        &mut self,
        query: &str,
        parameters: &Map,
        options: Option<&TransactionOptions>,
    ) -> Result<(), ClientError> {
        let before = self.out.len();
        let written =
            write_request_run(&mut self.out, query, parameters, options, self.version, self.dialect);
        if written.is_err() {
            self.out.truncate(before);
        }
        Ok(written?)
    }

    pub fn send_begin(&mut self, options: &TransactionOptions) -> Result<(), ClientError> {
        let before = self.out.len();
        let start = begin_message(&mut self.out);
        Encoder::new(&mut self.out).structure(tag::BEGIN, 1);
        if let Err(error) = write_options(&mut self.out, options, self.version, self.dialect) {
            self.out.truncate(before);
            return Err(error.into());
        }
        end_message(&mut self.out, start);
        Ok(())
    }

    /// PULL, or with `discard` DISCARD: `n` records (None = all) of result `qid` (None = the last one).
    pub fn send_pull(&mut self, qid: Option<i64>, n: Option<u64>, discard: bool) {
        let n = n.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1);
        let mut pairs = vec![("n", Value::Integer(n))];
        if let Some(qid) = qid {
            pairs.push(("qid", Value::Integer(qid)));
        }
        self.send_map(if discard { tag::DISCARD } else { tag::PULL }, &pairs);
    }

    pub fn send_commit(&mut self) {
        self.send_plain(tag::COMMIT);
    }

    /// COMMIT between members, with what the relaying one adds.
    pub fn send_commit_relayed(&mut self, relay: &Value) {
        self.send_map(tag::COMMIT, &[(RELAY, relay.clone())]);
    }

    pub fn send_rollback(&mut self) {
        self.send_plain(tag::ROLLBACK);
    }

    pub fn send_reset(&mut self) {
        self.send_plain(tag::RESET);
    }

    /// ROUTE: who leads and who follows. `address`: how this server was dialled.
    pub fn send_route(&mut self, address: &str) {
        let start = begin_message(&mut self.out);
        let mut encoder = Encoder::new(&mut self.out);
        encoder.structure(tag::ROUTE, 3);
        encoder.dictionary(1);
        encoder.string("address");
        encoder.string(address);
        encoder.list(0);
        encoder.dictionary(0);
        end_message(&mut self.out, start);
    }

    pub async fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.out).await?;
        self.out.clear();
        Ok(())
    }

    /// The next answer.
    pub async fn response(&mut self) -> Result<Response<'_>, ClientError> {
        loop {
            if let Some(message) = self.dechunker.next_message(MESSAGE_BYTES_MAX).map_err(|_| too_long())? {
                // Copied: a borrow that is returned cannot come out of a loop.
                self.current.clear();
                self.current.extend_from_slice(message);
                break;
            }
            if self.read().await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
        let mut decoder = Decoder::new(&self.current, RESULT_NESTING_DEPTH_MAX, &mut self.interner, &UtcOnly);
        let (tag, _) = decoder.structure()?;
        match tag {
            tag::RECORD => Ok(Response::Record(decoder.remaining())),
            tag::SUCCESS => Ok(Response::Success(decoder.dictionary()?)),
            tag::FAILURE => Ok(Response::Failure(read_failure(decoder.dictionary()?))),
            tag::IGNORED => Ok(Response::Ignored),
            other => Err(ClientError::Protocol(format!("0x{other:02X} is no answer"))),
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        let reading = self.stream.read_buf(self.dechunker.roomy_buffer());
        match self.silence_max {
            None => reading.await,
            Some(most) => match tokio::time::timeout(most, reading).await {
                Ok(read) => read,
                Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the server has gone silent")),
            },
        }
    }

    async fn expect_success(&mut self) -> Result<Map, ClientError> {
        match self.response().await? {
            Response::Success(map) => Ok(map),
            Response::Failure(failure) => {
                Err(ClientError::Protocol(format!("{}: {}", failure.code, failure.message)))
            }
            other => Err(ClientError::Protocol(format!("{other:?} where SUCCESS was expected"))),
        }
    }
}

/// Reads the records of a connection.
pub struct RecordReader {
    interner: Interner,
    zones: Arc<dyn Zones>,
}

impl RecordReader {
    pub fn new(zones: Arc<dyn Zones>) -> Self {
        Self { interner: Interner::new(), zones }
    }

    /// The values of a record; what nodes and relationships hold goes to `entities`.
    ///
    /// # Errors
    /// The bytes are not a list of values.
    pub fn read(&mut self, record: &[u8], entities: &mut dyn EntitySink) -> Result<Vec<Value>, DecodeError> {
        let mut decoder =
            Decoder::new(record, RESULT_NESTING_DEPTH_MAX, &mut self.interner, self.zones.as_ref())
                .with_entities(entities);
        let length = decoder.list()?;
        let mut values = Vec::with_capacity(length);
        for _ in 0..length {
            values.push(decoder.value()?);
        }
        decoder.finish()?;
        Ok(values)
    }
}

fn too_long() -> ClientError {
    ClientError::Protocol(format!("an answer is longer than {MESSAGE_BYTES_MAX} bytes"))
}
