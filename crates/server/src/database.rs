//! One database on one node: a Raft member with the graph as its state machine, the lane, the plan cache, read points.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use samyama_exec::Procedures;
use samyama_raft::{LogIndex, NodeId, ReadError};
use tokio::sync::Semaphore;

use crate::commits::{CommitMetrics, Measured};
use crate::config::{Config, ReadLevel};
use crate::consensus::Consensus;
use crate::frontend::Planner;
use crate::host::Boxed;
use crate::lane::{Bounds, LaneHandle};
use crate::limits::POOL_THREADS_MAX;
use crate::plan_cache::PlanCache;
use crate::reads::ReadGate;
use crate::registry::Registry;
use crate::shared::{Published, Shared};

/// The name under which clients know it.
pub const DATABASE_NAME: &str = "neo4j";

pub struct Database {
    pub raft: Consensus,
    pub shared: Arc<Shared>,
    pub lane: LaneHandle,
    pub plans: PlanCache,
    pub commits: Arc<CommitMetrics>,
    pub settings: Settings,
    pub procedures: Arc<dyn Procedures>,
    /// Who is connected, and what runs.
    pub registry: Arc<Registry>,
    /// In front of element ids.
    pub uuid: Arc<str>,
    /// Long reads run on pool threads, this many at a time.
    pub pool: Arc<Semaphore>,
    pub transactions_open: AtomicUsize,
    /// The node is being stopped: its own clients begin nothing new.
    stopping: AtomicBool,
    gate: ReadGate,
}

/// What of the configuration sessions need.
#[derive(Clone, Debug)]
pub struct Settings {
    pub node: NodeId,
    pub level: ReadLevel,
    pub read_timeout: Duration,
    pub query_timeout: Option<Duration>,
    pub query_memory_bytes_max: usize,
    pub transactions_max: usize,
}

impl Database {
    /// Put the parts together on the current runtime, which becomes the serving runtime.
    pub fn new(
        raft: Consensus,
        shared: Arc<Shared>,
        planner: Planner,
        config: &Config,
        procedures: Arc<dyn Procedures>,
        registry: Arc<Registry>,
    ) -> Arc<Self> {
        let commits = Arc::new(CommitMetrics::default());
        let log = Arc::new(Measured::new(raft.clone(), Arc::clone(&commits)));
        let timeout_ms = config.limits.query_timeout_ms;
        let plans = PlanCache::new(planner, config.limits.plan_cache_bytes_max);
        plans.define_procedures(config.defined.as_slice().into());
        let bounds = Bounds {
            uncommitted_bytes_max: config.limits.uncommitted_bytes_max,
            commit_timeout: Duration::from_millis(config.limits.commit_timeout_ms),
        };
        Arc::new(Self {
            lane: LaneHandle::start(log, Arc::clone(&shared), bounds),
            plans,
            commits,
            settings: Settings {
                node: config.node.id,
                level: config.reads.level,
                read_timeout: Duration::from_millis(config.reads.timeout_ms),
                query_timeout: (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms)),
                query_memory_bytes_max: config.limits.query_memory_bytes_max,
                transactions_max: config.limits.transactions_max,
            },
            procedures,
            registry,
            uuid: raft.status().cluster_id.into(),
            pool: Arc::new(Semaphore::new(POOL_THREADS_MAX)),
            transactions_open: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            gate: ReadGate::start(Arc::clone(shared.host()), read_index(raft.clone())),
            raft,
            shared,
        })
    }

    /// [`Database::read_point`] where it takes no asking.
    pub fn read_point_now(&self) -> Option<LogIndex> {
        self.raft.decides_alone().then(|| self.shared.with_published(|published| published.index))
    }

    /// A point in the log that is at or after every write acknowledged before this call, applied here. Waits a bounded
    /// time while nobody leads: an election takes far less than a client that is turned away.
    pub async fn read_point(&self) -> Result<LogIndex, ReadError> {
        if let Some(point) = self.read_point_now() {
            return Ok(point);
        }
        self.gate.read_point(self.settings.read_timeout).await
    }

    pub fn published(&self) -> Arc<Published> {
        self.shared.published()
    }

    pub fn begin_to_stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Count one more open transaction; None when there are as many as may be.
    pub fn admit_transaction(self: &Arc<Self>) -> Option<Admission> {
        if self.transactions_open.fetch_add(1, Ordering::Relaxed) >= self.settings.transactions_max {
            self.transactions_open.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Admission(Arc::clone(self)))
    }
}

fn read_index(raft: Consensus) -> impl Fn(Duration) -> Boxed<Result<LogIndex, ReadError>> {
    move |timeout| raft.read_index(timeout)
}

/// A place among the open transactions; given back when dropped.
pub struct Admission(Arc<Database>);

impl Drop for Admission {
    fn drop(&mut self) {
        self.0.transactions_open.fetch_sub(1, Ordering::Relaxed);
    }
}
