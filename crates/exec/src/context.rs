//! What an execution is given: access to the graph, limits, cancellation, and everything that is drawn once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use samyama_graph::{Draft, Graph, Value};

use crate::ExecError;

/// The graph an execution works on.
pub enum Access<'a> {
    Read(&'a Graph),
    Write(&'a mut Draft),
}

impl Access<'_> {
    pub fn graph(&self) -> &Graph {
        match self {
            Access::Read(graph) => graph,
            Access::Write(draft) => draft,
        }
    }
}

/// Raised by another task to end an execution at its next batch.
#[derive(Clone, Debug, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    pub fn raise(&self) {
        self.0.store(true, Ordering::Release);
    }
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
    pub fn clear(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Drawn once per statement by whoever runs it (on a write: the leader), so that execution itself stays deterministic.
#[derive(Clone, Debug)]
pub struct Draws {
    pub random_seed: u64,
    /// Nanoseconds since the epoch, UTC, when the statement began.
    pub statement_ns: i128,
    /// The same for the transaction.
    pub transaction_ns: i128,
}

/// Bounds on one execution. Reaching one is a named error.
#[derive(Clone, Debug)]
pub struct Limits {
    pub memory_bytes_max: usize,
    pub deadline: Option<Instant>,
    /// When set, `Execution::next` returns `ExecError` of kind `BudgetSpent` at the first check after this moment.
    pub budget: Option<Instant>,
    /// It runs where it may wait for the network. If not, `Execution::next` returns `BudgetSpent` where it would have to.
    pub may_wait: bool,
}

/// How long whoever opens a file for a statement, or reads it, may take.
#[derive(Clone, Debug)]
pub struct Patience {
    /// At all; else what would wait is an error of kind `BudgetSpent`.
    pub may_wait: bool,
    pub until: Option<Instant>,
    pub cancel: CancelFlag,
}

impl Patience {
    /// To be called between two waits.
    ///
    /// # Errors
    /// The statement is to end.
    pub fn check(&self) -> Result<(), ExecError> {
        if self.cancel.is_raised() {
            return Err(ExecError::cancelled());
        }
        match self.until {
            Some(until) if Instant::now() >= until => Err(ExecError::timed_out()),
            _ => Ok(()),
        }
    }
}

/// What a statement did, in the words of Bolt's summaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub nodes_created: u64,
    pub nodes_deleted: u64,
    pub relationships_created: u64,
    pub relationships_deleted: u64,
    pub properties_set: u64,
    pub labels_added: u64,
    pub labels_removed: u64,
    pub indexes_added: u64,
    pub indexes_removed: u64,
    pub constraints_added: u64,
    pub constraints_removed: u64,
}

/// Procedures outside the executor's own (`db.labels` and the like are built in).
pub trait Procedures: Send + Sync {
    /// What stands in the middle of this database's element ids.
    fn database_uuid(&self) -> Arc<str> {
        Arc::from("")
    }

    /// The bytes of a file for LOAD CSV.
    ///
    /// # Errors
    /// It may not be read, or cannot be.
    fn open_csv(&self, _url: &str, _patience: &Patience) -> Result<Box<dyn std::io::Read + Send>, ExecError> {
        Err(ExecError::argument_error("InvalidArgumentValue", "LOAD CSV is not available here"))
    }

    /// Rows of the procedure, each with the columns in the order of `columns`; None if there is no such procedure.
    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        columns: &[Arc<str>],
        graph: &Graph,
    ) -> Option<Result<Vec<Vec<Value>>, ExecError>>;
}

impl<P: Procedures + ?Sized> Procedures for Arc<P> {
    fn database_uuid(&self) -> Arc<str> {
        (**self).database_uuid()
    }

    fn open_csv(&self, url: &str, patience: &Patience) -> Result<Box<dyn std::io::Read + Send>, ExecError> {
        (**self).open_csv(url, patience)
    }

    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        columns: &[Arc<str>],
        graph: &Graph,
    ) -> Option<Result<Vec<Vec<Value>>, ExecError>> {
        (**self).call(name, arguments, columns, graph)
    }
}
