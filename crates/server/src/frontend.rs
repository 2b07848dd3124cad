//! The Cypher front end as this crate sees it, and the one thread that calls it.
//!
//! Compiling is Python's (`samyama.cypher.compile`); `crates/py` implements [`Frontend`] with it. Only the planner thread
//! calls it, so a query whose plan is cached never meets Python, and a pause there stops compilations and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use tokio::sync::oneshot;

use crate::limits::{COMPILATIONS_WAITING_MAX, COMPILE_TIMEOUT};

/// What the front end is given.
#[derive(Clone, Debug)]
pub struct CompileRequest {
    pub text: Arc<str>,
    /// Spans (in characters) of literals that the plan refers to as `AutoParameter(i)`, in order.
    pub literals: Vec<(usize, usize)>,
    /// The type class of each parameter that was given.
    pub parameter_types: Vec<(Arc<str>, &'static str)>,
    /// Labels, types, keys, indexes, constraints and counts, as MessagePack.
    pub catalog: Arc<[u8]>,
    /// The procedures that were defined on this node, in the front end's own words; empty: none.
    pub procedures: Arc<[u8]>,
}

/// Why a query does not compile, in the words that clients are shown. Offsets count characters from 0, lines and columns
/// from 1.
#[derive(Clone, Debug, Default)]
pub struct CompileError {
    pub code: Box<str>,
    pub gql_status: Box<str>,
    pub error_type: Box<str>,
    pub phase: Box<str>,
    pub detail: Box<str>,
    pub message: Box<str>,
    pub offset: i64,
    pub line: i64,
    pub column: i64,
}

impl CompileError {
    /// Others are before it, and it may be asked again.
    fn queued(message: String) -> Self {
        Self {
            code: "Neo.TransientError.Request.NoThreadsAvailable".into(),
            gql_status: "51N73".into(),
            message: message.into(),
            ..Self::internal("")
        }
    }

    /// Not the query's fault.
    pub fn internal(message: impl Into<Box<str>>) -> Self {
        Self {
            code: "Neo.DatabaseError.General.UnknownError".into(),
            gql_status: "50N00".into(),
            phase: "compile time".into(),
            message: message.into(),
            ..Self::default()
        }
    }
}

/// Compiles one query to the bytes of a plan. Called from the planner thread only; may take its time.
pub trait Frontend: Send + Sync + 'static {
    fn compile(&self, request: &CompileRequest) -> Result<Vec<u8>, CompileError>;
}

/// Where the answer goes, and whether the thread has begun with it.
struct Reply {
    answer: oneshot::Sender<Result<Vec<u8>, CompileError>>,
    begun: Arc<AtomicBool>,
}

/// The planner thread. Ends when the last handle is dropped.
#[derive(Clone)]
pub struct Planner {
    queue: SyncSender<(CompileRequest, Reply)>,
    /// Requests that the thread has not taken up yet.
    waiting: Arc<AtomicU64>,
}

impl Planner {
    pub fn start(frontend: Arc<dyn Frontend>) -> std::io::Result<Self> {
        let (queue, requests) = sync_channel::<(CompileRequest, Reply)>(COMPILATIONS_WAITING_MAX);
        let waiting = Arc::new(AtomicU64::new(0));
        let taken = Arc::clone(&waiting);
        std::thread::Builder::new().name("samyama-planner".into()).spawn(move || {
            for (request, reply) in requests {
                taken.fetch_sub(1, Ordering::Relaxed);
                if reply.answer.is_closed() {
                    continue;
                }
                reply.begun.store(true, Ordering::Relaxed);
                let compiled =
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| frontend.compile(&request)));
                let compiled = compiled
                    .unwrap_or_else(|_| Err(CompileError::internal("the planner panicked on this query")));
                // Nobody may be waiting any more.
                drop(reply.answer.send(compiled));
            }
        })?;
        Ok(Self { queue, waiting })
    }

    /// Compilations that wait for the thread.
    pub fn queue_length(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub async fn compile(&self, request: CompileRequest) -> Result<Vec<u8>, CompileError> {
        let (sender, answer) = oneshot::channel();
        let begun = Arc::new(AtomicBool::new(false));
        let reply = Reply { answer: sender, begun: Arc::clone(&begun) };
        // Before it is sent: the thread may take it up at once.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        match self.queue.try_send((request, reply)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                return Err(CompileError::queued(format!(
                    "{COMPILATIONS_WAITING_MAX} queries wait to be compiled; use parameters, so that queries share a plan"
                )));
            }
            Err(TrySendError::Disconnected(_)) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                return Err(CompileError::internal("the planner has stopped"));
            }
        }
        match tokio::time::timeout(COMPILE_TIMEOUT, answer).await {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(_)) => Err(CompileError::internal("the planner has stopped")),
            Err(_) if begun.load(Ordering::Relaxed) => Err(CompileError {
                code: "Neo.ClientError.Transaction.TransactionTimedOut".into(),
                gql_status: "50N42".into(),
                message: format!(
                    "the query was not compiled within {COMPILE_TIMEOUT:?}: split it, or pass what is long as a parameter"
                )
                .into(),
                ..CompileError::internal("")
            }),
            Err(_) => Err(CompileError::queued(format!(
                "the query was not compiled within {COMPILE_TIMEOUT:?}: others are before it that take long"
            ))),
        }
    }
}
