//! The executor as the rest of this crate uses it: one call that runs a statement to its end on a draft, and one that
//! streams the rows of a read.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use samyama_exec::{
    Access, Batch, CancelFlag, Counters, Draws, ErrorKind, ExecError, Execution, Limits, Parameters, Plan,
    Procedures, ReadSet,
};
use samyama_graph::{Draft, Effect, Graph, Value, View};

use crate::host::{self, Host};
use crate::keys::Keys;
use crate::plan_cache::Prepared;
use crate::sources::{Fetched, Fetching};

/// What a statement does.
pub enum Program {
    Plan(Arc<Plan>),
    /// The plan of a text, as the plan cache gave it.
    Prepared(Arc<Prepared>),
    /// In tests of the lane: what a plan would do, by hand.
    #[cfg(test)]
    Script(Script),
}

impl Program {
    fn plan(&self) -> &Plan {
        match self {
            Program::Plan(plan) => plan,
            Program::Prepared(prepared) => &prepared.plan,
            #[cfg(test)]
            Program::Script(_) => panic!("a script has no plan"),
        }
    }
}

#[cfg(test)]
pub type Script = Box<dyn Fn(&mut Draft, Option<Instant>) -> Result<Ran, Failed> + Send + Sync>;

/// A statement ready to run, any number of times.
pub struct Statement {
    pub program: Program,
    pub parameters: Parameters,
    pub memory_bytes_max: usize,
    pub deadline: Option<Instant>,
    pub cancel: CancelFlag,
    /// When the transaction began; the statement itself begins when it runs.
    pub transaction_ns: i128,
    pub procedures: Arc<dyn Procedures>,
    /// Under which it takes effect at most once.
    pub keys: Keys,
    /// They are taken even if it changes nothing: it, or an earlier attempt at it, may come again.
    pub takes_key: bool,
    /// Of its text and parameters; only with a client's key.
    pub digest: u128,
    /// What it has read from the web, should it run again.
    pub fetched: Fetched,
}

impl Statement {
    fn limits(&self, stay: Stay) -> Limits {
        let (budget, may_wait) = match stay {
            Stay::Until(budget) => (Some(budget), false),
            Stay::InTheWay => (None, false),
            Stay::Apart => (None, true),
        };
        Limits { memory_bytes_max: self.memory_bytes_max, deadline: self.deadline, budget, may_wait }
    }

    fn draws(&self, host: &dyn Host) -> Draws {
        Draws { random_seed: host.random(), statement_ns: host.now_ns(), transaction_ns: self.transaction_ns }
    }
}

/// Where a statement runs, and for how long it may stay there.
#[derive(Clone, Copy, Debug)]
pub enum Stay {
    /// Where others wait for it: until then.
    Until(Instant),
    /// Where others wait for it: as long as it computes.
    InTheWay,
    /// On a thread of its own.
    Apart,
}

/// Nanoseconds since the epoch, UTC.
pub fn now_ns() -> i128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128)
}

/// Everything a write came to.
#[derive(Default)]
pub struct Ran {
    pub rows: Vec<Batch>,
    /// The graph that entities among the rows are looked up in; only when there are any.
    pub entities: Option<View>,
    pub effects: Vec<Effect>,
    pub reads: ReadSet,
    pub counters: Counters,
    pub profile: Option<Value>,
}

/// A write that failed.
pub struct Failed {
    pub error: ExecError,
    /// Whether the draft may have been changed.
    pub dirty: bool,
}

/// Run a statement to its end on a draft. On failure the draft is spoilt: the caller goes back to what it had before.
pub fn run_write(
    host: &dyn Host,
    statement: &Statement,
    draft: &mut Draft,
    stay: Stay,
) -> Result<Ran, Failed> {
    let mut ran = Ran::default();
    let draws = statement.draws(host);
    let limits = statement.limits(stay);
    #[cfg(test)]
    if let Program::Script(script) = &statement.program {
        return script(draft, limits.budget);
    }
    let procedures = Fetching::new(statement.procedures.as_ref(), &statement.fetched);
    {
        let mut execution = Execution::open(
            statement.program.plan(),
            Access::Write(draft),
            &statement.parameters,
            draws,
            limits,
            statement.cancel.clone(),
            &procedures,
        )
        .map_err(|error| Failed { error, dirty: false })?;
        loop {
            match execution.next() {
                Ok(Some(batch)) => ran.rows.push(batch),
                Ok(None) => break,
                Err(error) => return Err(Failed { error, dirty: true }),
            }
        }
        let finished = execution.finish();
        ran.effects = finished.effects;
        ran.reads = finished.reads;
        ran.counters = finished.counters;
        ran.profile = finished.profile;
    }
    if ran.rows.iter().any(|batch| batch.values.iter().any(has_entities)) {
        ran.entities = Some(draft.view());
    }
    Ok(ran)
}

/// What a read came to, beyond its rows.
#[derive(Default)]
pub struct ReadDone {
    pub profile: Option<Value>,
}

/// Run a read, handing each batch to `sink` until it says stop (false).
pub fn run_read(
    statement: &Statement,
    graph: &Graph,
    stay: Stay,
    mut sink: impl FnMut(Batch) -> bool,
) -> Result<ReadDone, ExecError> {
    let mut execution = Execution::open(
        statement.program.plan(),
        Access::Read(graph),
        &statement.parameters,
        statement.draws(&host::Tokio),
        statement.limits(stay),
        statement.cancel.clone(),
        statement.procedures.as_ref(),
    )?;
    while let Some(batch) = execution.next()? {
        if !sink(batch) {
            break;
        }
    }
    Ok(ReadDone { profile: execution.finish().profile })
}

pub fn is_budget_spent(error: &ExecError) -> bool {
    error.kind == ErrorKind::BudgetSpent
}

/// Whether a value refers to a node or relationship, at any depth.
pub fn has_entities(value: &Value) -> bool {
    match value {
        Value::Node(_) | Value::Relationship(_) | Value::Path(_) => true,
        Value::List(items) => items.iter().any(has_entities),
        Value::Map(map) => map.iter().any(|(_, value)| has_entities(value)),
        _ => false,
    }
}
