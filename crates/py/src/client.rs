//! A Bolt connection, from Python: the native client with the calls of an embedded session.
//!
//! One request at a time, each awaited. A call that a signal breaks off leaves answers on their way; `reset` reads past
//! them, so the connection is as new. It does not retry, route or pool: who holds it does.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use parking_lot::Mutex;
use pyo3::exceptions::{PyConnectionError, PyOSError, PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use samyama_bolt::client::{Client as BoltClient, ClientError, Introduction, RecordReader, Response};
use samyama_bolt::packstream::EntitySink;
use samyama_bolt::{Failure, NodeRecord, RelationshipRecord, Version};
use samyama_graph::{Map, NodeId, RelationshipId, Value};
use samyama_server::BundledZones;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use crate::convert;
use crate::errors::{detached, of_failure};
use crate::session::{Collected, read_options};
use crate::signals::unless_interrupted;

/// Newest that both halves speak.
const VERSION: Version = Version::new(5, 8);
/// How long a server may take to stop what it was doing.
const RESET_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection; calls wait for each other.
#[pyclass(frozen, module = "samyama._core")]
pub struct Client {
    runtime: Runtime,
    connection: Mutex<Option<Connection>>,
    /// Holds one permit when somebody wants the call that runs to end.
    interrupted: Notify,
}

struct Connection {
    client: BoltClient,
    records: RecordReader,
    /// Requests whose last answer has not been read.
    unanswered: usize,
    /// A request is half sent; if that is broken off, nothing that follows would be understood.
    sending: bool,
}

/// Why a call failed, made into an exception when the GIL is held again.
enum Failed {
    Server(Failure),
    Connection(ClientError),
    Ignored,
    TimedOut(Duration),
    Interrupted,
    Raised(PyErr),
}

impl From<ClientError> for Failed {
    fn from(error: ClientError) -> Self {
        Failed::Connection(error)
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Failed::Connection(error.into())
    }
}

impl Failed {
    fn raise(self, py: Python<'_>) -> PyErr {
        match self {
            Failed::Server(failure) => of_failure(py, &failure),
            Failed::Connection(error) => {
                PyConnectionError::new_err(format!("the connection to the server is lost: {error}"))
            }
            Failed::Ignored => PyRuntimeError::new_err(
                "the server ignores requests after a failure until it is told to reset",
            ),
            Failed::TimedOut(timeout) => {
                PyTimeoutError::new_err(format!("the server did not answer within {timeout:?}"))
            }
            Failed::Interrupted => PyRuntimeError::new_err("the call was interrupted from another thread"),
            Failed::Raised(raised) => raised,
        }
    }
}

impl EntitySink for Collected {
    fn node(&mut self, id: NodeId, record: NodeRecord, element_id: &str) {
        if self.uuid.is_empty() {
            self.uuid = element_id.split(':').nth(1).unwrap_or_default().to_owned();
        }
        self.entities.nodes.insert(id, record);
    }

    fn relationship(&mut self, id: RelationshipId, record: RelationshipRecord, element_id: &str) {
        if self.uuid.is_empty() {
            self.uuid = element_id.split(':').nth(1).unwrap_or_default().to_owned();
        }
        self.entities.relationships.insert(id, record);
    }
}

impl Connection {
    async fn open(address: &str, user_agent: &str) -> Result<Self, ClientError> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let introduction =
            Introduction { version: VERSION, user_agent: Arc::from(user_agent), utc_patch: false };
        let client = BoltClient::connect(stream, &introduction).await?;
        Ok(Self { client, records: RecordReader::new(Arc::new(BundledZones)), unanswered: 0, sending: false })
    }

    async fn send(&mut self) -> Result<(), Failed> {
        if self.sending {
            return Err(io::Error::other("a request was broken off while it was sent").into());
        }
        self.unanswered += 1;
        self.sending = true;
        self.client.flush().await?;
        self.sending = false;
        Ok(())
    }

    /// The last answer to the oldest request; records before it go to `collected`.
    async fn answer(&mut self, mut collected: Option<&mut Collected>) -> Result<Map, Failed> {
        loop {
            let answer = match self.client.response().await? {
                Response::Record(record) => {
                    if let Some(collected) = collected.as_deref_mut() {
                        let row = self.records.read(record, collected).map_err(ClientError::from)?;
                        collected.rows.push(row);
                    }
                    continue;
                }
                Response::Success(map) => Ok(map),
                Response::Failure(failure) => Err(Failed::Server(failure)),
                Response::Ignored => Err(Failed::Ignored),
            };
            self.unanswered -= 1;
            return answer;
        }
    }

    /// RESET, and read past everything that was asked before it.
    async fn reset(&mut self) -> Result<(), Failed> {
        self.client.send_reset();
        self.send().await?;
        while self.unanswered > 1 {
            // What the requests before it came to is of no interest any more.
            if let Err(Failed::Connection(error)) = self.answer(None).await {
                return Err(error.into());
            }
        }
        self.answer(None).await.map(|_| ())
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::List(list)) => list
            .iter()
            .filter_map(|item| if let Value::String(text) = item { Some(text.to_string()) } else { None })
            .collect(),
        _ => Vec::new(),
    }
}

impl Client {
    /// Do something with the connection without the GIL. A lost connection stays lost.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl AsyncFnOnce(&mut Connection) -> Result<T, Failed> + Send,
    ) -> PyResult<T> {
        let done = detached(py, || {
            let mut held = self.connection.lock();
            let connection = held.as_mut()?;
            let done = self.runtime.block_on(async {
                let work = async {
                    tokio::select! {
                        biased;
                        done = work(connection) => done,
                        () = self.interrupted.notified() => Err(Failed::Interrupted),
                    }
                };
                unless_interrupted(work).await.unwrap_or_else(|raised| Err(Failed::Raised(raised)))
            });
            if matches!(done, Err(Failed::Connection(_) | Failed::TimedOut(_))) {
                *held = None;
            }
            Some(done)
        })?;
        match done {
            Some(Ok(done)) => Ok(done),
            Some(Err(failed)) => Err(failed.raise(py)),
            None => Err(PyConnectionError::new_err("the connection is closed")),
        }
    }
}

#[pymethods]
impl Client {
    /// Connect to `host:port` and log on.
    #[staticmethod]
    fn connect(py: Python<'_>, address: &str, user_agent: &str, timeout_s: f64) -> PyResult<Self> {
        let timeout = Duration::try_from_secs_f64(timeout_s)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| PyOSError::new_err(error.to_string()))?;
        let opened = detached(py, || {
            // Inside, because a timer belongs to the runtime that it is made on.
            runtime.block_on(async {
                let opening = tokio::time::timeout(timeout, Connection::open(address, user_agent));
                unless_interrupted(opening).await
            })
        })??;
        match opened {
            Ok(Ok(connection)) => {
                Ok(Self { runtime, connection: Mutex::new(Some(connection)), interrupted: Notify::new() })
            }
            Ok(Err(error)) => Err(PyConnectionError::new_err(format!("{address}: {error}"))),
            Err(_) => Err(PyTimeoutError::new_err(format!("{address}: no answer within {timeout:?}"))),
        }
    }

    /// Begin an explicit transaction. Options as of `Session.begin`.
    fn begin(&self, py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        let options = read_options(options)?;
        self.with(py, async move |connection| {
            connection.client.send_begin(&options)?;
            connection.send().await?;
            connection.answer(None).await.map(|_| ())
        })
    }

    /// Compile a statement. Returns the names of its columns and the number of its result.
    fn run(
        &self,
        py: Python<'_>,
        query: &str,
        parameters: &Bound<'_, PyDict>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<(Vec<String>, i64)> {
        let parameters = convert::map_to_rust(parameters)?;
        let options = options.map(|options| read_options(Some(options))).transpose()?;
        let success = self.with(py, async move |connection| {
            connection.client.send_run(query, &parameters, options.as_ref())?;
            connection.send().await?;
            connection.answer(None).await
        })?;
        let qid = match success.get("qid") {
            Some(Value::Integer(qid)) => *qid,
            _ => -1,
        };
        Ok((texts(success.get("fields")), qid))
    }

    /// The next rows of a result, at most `n` (None: all): the rows, and the summary if they were the last.
    fn pull<'py>(
        &self,
        py: Python<'py>,
        qid: i64,
        n: Option<u64>,
        discard: bool,
    ) -> PyResult<(Bound<'py, PyList>, Option<Bound<'py, PyAny>>)> {
        let (collected, success) = self.with(py, async move |connection| {
            let mut collected = Collected::default();
            connection.client.send_pull((qid >= 0).then_some(qid), n, discard);
            connection.send().await?;
            let success = connection.answer(Some(&mut collected)).await?;
            Ok((collected, success))
        })?;
        let rows = convert::rows_to_python(py, &collected)?;
        let has_more = matches!(success.get("has_more"), Some(Value::Boolean(true)));
        let summary = (!has_more).then(|| convert::plain_to_python(py, &Value::from(success))).transpose()?;
        Ok((rows, summary))
    }

    /// Returns the bookmark.
    fn commit(&self, py: Python<'_>) -> PyResult<String> {
        let success = self.with(py, async |connection| {
            connection.client.send_commit();
            connection.send().await?;
            connection.answer(None).await
        })?;
        Ok(match success.get("bookmark") {
            Some(Value::String(bookmark)) => bookmark.to_string(),
            _ => String::new(),
        })
    }

    fn rollback(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, async |connection| {
            connection.client.send_rollback();
            connection.send().await?;
            connection.answer(None).await.map(|_| ())
        })
    }

    /// Tell the call that runs on another thread, or else the next one, to end now. `reset` is needed after it.
    fn interrupt(&self) {
        self.interrupted.notify_one();
    }

    /// End whatever the server does for this connection; it is as new afterwards. Raises TimeoutError if the server does
    /// not stop in time; the connection is closed then.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        // What interrupted nothing is not meant for what follows.
        let _came_too_late = self.interrupted.notified().now_or_never();
        self.with(py, async |connection| {
            tokio::time::timeout(RESET_TIMEOUT, connection.reset())
                .await
                .unwrap_or(Err(Failed::TimedOut(RESET_TIMEOUT)))
        })
    }

    /// The routing table as the server tells it: `{"ttl": .., "db": .., "servers": [{"role": .., "addresses": [..]}]}`.
    fn route<'py>(&self, py: Python<'py>, address: &str) -> PyResult<Bound<'py, PyAny>> {
        let success = self.with(py, async move |connection| {
            connection.client.send_route(address);
            connection.send().await?;
            connection.answer(None).await
        })?;
        let table = success.get("rt").cloned().unwrap_or(Value::Null);
        convert::plain_to_python(py, &table)
    }

    /// Nothing is sent: the server notices.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || drop(self.connection.lock().take()))
    }
}
