//! A session without a socket: the same one that Bolt clients get, with rows as Python objects.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use samyama_bolt::{Entities, EntityRecords, Failure, PullReply, Records, Session as _, TransactionOptions};
use samyama_graph::Value;
use samyama_server::{BoltSession, Node as ServerNode};

use crate::convert;
use crate::errors::{detached, of_failure};
use crate::signals::watched;

/// One session; calls wait for each other.
#[pyclass(frozen, module = "samyama._core")]
pub struct Session {
    node: Arc<ServerNode>,
    session: Mutex<Option<BoltSession>>,
    /// Ends what the session is doing, without waiting for it.
    interrupt: Arc<dyn Fn() + Send + Sync>,
    process: u32,
}

impl Drop for Session {
    /// In a forked child the engine's threads do not exist and its locks may be held for ever: nothing is touched there.
    fn drop(&mut self) {
        if std::process::id() != self.process {
            std::mem::forget(self.session.get_mut().take());
            std::mem::forget(Arc::clone(&self.node));
        }
    }
}

/// Rows of one pull, with the entities they refer to.
#[derive(Default)]
pub struct Collected {
    pub rows: Vec<Vec<Value>>,
    pub entities: EntityRecords,
    pub uuid: String,
}

impl Records for Collected {
    fn record(&mut self, values: &[Value], entities: &dyn Entities) {
        if self.uuid.is_empty() {
            self.uuid = entities.database_uuid().to_owned();
        }
        values.iter().for_each(|value| self.entities.note(value, entities));
        self.rows.push(values.to_vec());
    }

    fn raw(&mut self, _record: &[u8]) {
        unreachable!("an embedded database is one node: nothing is relayed to it");
    }

    async fn flush_if_full(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Session {
    pub fn new(node: Arc<ServerNode>, session: BoltSession, process: u32) -> Self {
        let interrupt = session.interrupter();
        Self { node, session: Mutex::new(Some(session)), interrupt, process }
    }

    fn check_process(&self) -> PyResult<()> {
        if std::process::id() == self.process { Ok(()) } else { Err(forked()) }
    }

    /// Do something with the session on the serving runtime, without the GIL. A signal whose handler raises ends it.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl AsyncFnOnce(&mut BoltSession) -> Result<T, Failure> + Send,
    ) -> PyResult<T> {
        self.check_process()?;
        let done = detached(py, || {
            let mut session = self.session.lock();
            let session = session.as_mut()?;
            self.node.block_on(watched(work(session), || (self.interrupt)()))
        })?;
        match done {
            Some((_, Some(raised))) => Err(raised),
            Some((Ok(done), None)) => Ok(done),
            Some((Err(failure), None)) => Err(of_failure(py, &failure)),
            None => Err(PyRuntimeError::new_err("the database or the session is closed")),
        }
    }
}

/// What a child of a fork is told.
pub fn forked() -> PyErr {
    PyRuntimeError::new_err("the database was opened before this process was forked: open it in the child")
}

pub fn read_options(options: Option<&Bound<'_, PyDict>>) -> PyResult<TransactionOptions> {
    let mut read = TransactionOptions::default();
    for (key, value) in options.into_iter().flatten() {
        match key.extract::<String>()?.as_str() {
            "bookmarks" => {
                read.bookmarks = value.extract::<Vec<String>>()?.into_iter().map(Arc::from).collect()
            }
            "timeout_ms" => read.timeout_ms = value.extract()?,
            "read_only" => read.read_only = value.extract()?,
            "database" => read.database = value.extract::<Option<String>>()?.map(Arc::from),
            "metadata" => read.metadata = Arc::new(convert::map_to_rust(value.cast::<PyDict>()?)?),
            other => return Err(PyValueError::new_err(format!("unknown option `{other}`"))),
        }
    }
    Ok(read)
}

#[pymethods]
impl Session {
    /// Begin an explicit transaction. Options: `bookmarks`, `timeout_ms`, `read_only`, `database`, `metadata`.
    fn begin(&self, py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        let options = read_options(options)?;
        self.with(py, async move |session| session.begin(options).await.map(|_| ()))
    }

    /// Compile a statement. Returns the names of its columns and the number of its result.
    fn run(
        &self,
        py: Python<'_>,
        query: &str,
        parameters: &Bound<'_, PyDict>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<(Vec<String>, i64)> {
        let parameters = Arc::new(convert::map_to_rust(parameters)?);
        let options = options.map(|options| read_options(Some(options))).transpose()?;
        let query: Arc<str> = Arc::from(query);
        let reply = self.with(py, async move |session| session.run(query, parameters, options).await)?;
        Ok((reply.fields.iter().map(|field| field.to_string()).collect(), reply.qid.unwrap_or(-1)))
    }

    /// The next rows of a result, at most `n` (None: all): the rows, and the summary if they were the last.
    fn pull<'py>(
        &self,
        py: Python<'py>,
        qid: i64,
        n: Option<u64>,
        discard: bool,
    ) -> PyResult<(Bound<'py, PyList>, Option<Bound<'py, PyAny>>)> {
        let (collected, reply) = self.with(py, async move |session| {
            let mut collected = Collected::default();
            let qid = (qid >= 0).then_some(qid);
            let reply = session.pull(qid, n, discard, &mut collected).await?;
            Ok((collected, reply))
        })?;
        let rows = convert::rows_to_python(py, &collected)?;
        let summary = match reply {
            PullReply::HasMore => None,
            PullReply::Done(summary) => Some(convert::plain_to_python(py, &Value::from(summary))?),
        };
        Ok((rows, summary))
    }

    /// Returns the bookmark.
    fn commit(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, async |session| {
            session.commit(Value::Null).await.map(|reply| reply.bookmark.to_string())
        })
    }

    fn rollback(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, async |session| session.rollback().await)
    }

    /// Tell the call that runs on another thread to end soon, and do not wait for it. Until `reset`, every call fails.
    fn interrupt(&self) -> PyResult<()> {
        self.check_process()?;
        (self.interrupt)();
        Ok(())
    }

    /// Drop every result and the transaction, and clear an interruption. Waits for a call that runs.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, async |session| {
            session.reset().await;
            Ok(())
        })
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.check_process()?;
        detached(py, || drop(self.session.lock().take()))
    }
}
