//! A node, from Python.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use samyama_bolt::{Backend, ConnectionInfo};
use samyama_server::{Config, Fatal, Node as ServerNode};

use crate::convert::map_to_rust;
use crate::errors::detached;
use crate::frontend::PythonFrontend;
use crate::session::{Session, forked};

/// A running node: the server's, or (without listeners) an embedded database.
#[pyclass(frozen, module = "samyama._core")]
pub struct Node {
    inner: Arc<ServerNode>,
    /// The process that started it: its threads do not survive a fork.
    process: u32,
}

impl Drop for Node {
    /// Stopping waits for threads that a forked child does not have.
    fn drop(&mut self) {
        if std::process::id() != self.process {
            std::mem::forget(Arc::clone(&self.inner));
        }
    }
}

impl Node {
    fn check_process(&self) -> PyResult<()> {
        if std::process::id() == self.process { Ok(()) } else { Err(forked()) }
    }
}

#[pymethods]
impl Node {
    /// Start a node. `config` is the JSON of `samyama.config.Settings`; an empty listen address means: do not listen.
    /// `procedures`: those that are defined from the start, as `define_procedures` takes them.
    #[staticmethod]
    fn start(py: Python<'_>, config: &str, procedures: &[u8]) -> PyResult<Self> {
        let mut config =
            Config::from_json(config).map_err(|error| PyValueError::new_err(error.to_string()))?;
        config.defined = procedures.to_vec();
        let frontend = Arc::new(PythonFrontend::new(py)?);
        let started = detached(py, || ServerNode::start(&config, frontend))?;
        let inner = started.map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self { inner: Arc::new(inner), process: std::process::id() })
    }

    /// Wait until the node ends, for at most `timeout_s`. False: it still runs. Raises OSError if its disk has failed,
    /// RuntimeError if it has failed otherwise.
    fn wait(&self, py: Python<'_>, timeout_s: f64) -> PyResult<bool> {
        let timeout = Duration::try_from_secs_f64(timeout_s)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        match detached(py, || self.inner.wait(timeout))? {
            None => Ok(false),
            Some(Ok(())) => Ok(true),
            Some(Err(Fatal::Disk(why))) => Err(PyOSError::new_err(why)),
            Some(Err(Fatal::Broken(why))) => Err(PyRuntimeError::new_err(why)),
        }
    }

    /// Stop. With `drain`, open transactions may end first and leadership is handed over.
    fn stop(&self, py: Python<'_>, drain: bool) -> PyResult<()> {
        self.check_process()?;
        detached(py, || self.inner.stop(drain))
    }

    /// host:port that Bolt clients can dial; None if it does not listen.
    #[getter]
    fn bolt_address(&self) -> Option<String> {
        self.inner.addresses().bolt.map(|address| address.to_string())
    }

    #[getter]
    fn http_address(&self) -> Option<String> {
        self.inner.addresses().http.map(|address| address.to_string())
    }

    /// Replace the procedures that were defined on this node by those in `document`, which is the front end's
    /// (`samyama.cypher.procedures.defined`): nothing is known of it here.
    fn define_procedures(&self, document: &[u8]) {
        self.inner.database().plans.define_procedures(Arc::from(document));
    }

    /// For benchmarks: mean nanoseconds in which a query that was run before finds its plan, over `rounds` look-ups. None
    /// if it does not.
    fn plan_hit_ns(
        &self,
        py: Python<'_>,
        query: &str,
        parameters: &Bound<'_, PyDict>,
        rounds: u32,
    ) -> PyResult<Option<f64>> {
        let (query, parameters) = (Arc::<str>::from(query), map_to_rust(parameters)?);
        let database = self.inner.database();
        detached(py, || {
            let published = database.published();
            let began = Instant::now();
            for _ in 0..rounds.max(1) {
                black_box(database.plans.remembered(&query, &parameters, &published.view)?);
            }
            Some(began.elapsed().as_nanos() as f64 / f64::from(rounds.max(1)))
        })
    }

    /// Ids of the members as this node knows them.
    fn members(&self) -> PyResult<Vec<u64>> {
        self.check_process()?;
        Ok(self.inner.database().raft.status().members.iter().map(|member| member.id).collect())
    }

    /// A session without a socket.
    fn session(&self) -> PyResult<Session> {
        self.check_process()?;
        let info = ConnectionInfo {
            peer: None,
            version: (5, 8),
            utc_datetimes: true,
            user_agent: Arc::from("samyama-embedded"),
            routing: None,
            forwarded_by: None,
        };
        Ok(Session::new(Arc::clone(&self.inner), self.inner.backend().connect(info), self.process))
    }
}
