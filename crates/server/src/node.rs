//! A whole node: threads, runtimes, listeners; start, wait, stop.
//!
//! Threads: `samyama-raft` (a current-thread runtime of its own, nothing else runs there), the log's writer, `samyama-serve`
//! (Bolt, HTTP, relaying, and the lane as a task: a write that arrives there is executed without waking another thread), its
//! pool for long statements, and `samyama-planner`.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Condvar, Mutex};
use samyama_raft::{Fatal, RaftNode, StreamHandler};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};

use crate::config::Config;
use crate::consensus::{Alone, Consensus, random_uuid};
use crate::database::Database;
use crate::forward::Relays;
use crate::frontend::{Frontend, Planner};
use crate::http::{self, ConnectionMetrics, Pages};
use crate::limits::{DRAIN_LOOK, DRAIN_TIMEOUT, POOL_THREADS_MAX, TRANSFER_TIMEOUT};
use crate::listen;
use crate::machine::Machine;
use crate::procedures::ServerProcedures;
use crate::registry::Registry;
use crate::session::BoltBackend;
use crate::shared::Shared;
use crate::sources::Sources;
use crate::statements::{SlowLog, StatementMetrics, WatchedBackend};

/// Where the node is in its life; what `wait` waits for.
pub struct Progress {
    /// For people; nothing is measured with it.
    pub started_at: SystemTime,
    draining: AtomicBool,
    ended: Mutex<Option<Result<(), Fatal>>>,
    changed: Condvar,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            started_at: SystemTime::now(),
            draining: AtomicBool::default(),
            ended: Mutex::default(),
            changed: Condvar::new(),
        }
    }
}

impl Progress {
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    fn end(&self, how: Result<(), Fatal>) {
        self.ended.lock().get_or_insert(how);
        self.changed.notify_all();
    }
}

/// A running node.
pub struct Node {
    database: Arc<Database>,
    backend: Arc<BoltBackend>,
    progress: Arc<Progress>,
    addresses: Addresses,
    threads: Mutex<Option<Threads>>,
}

/// What it listens on; None where it was told not to.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    pub bolt: Option<SocketAddr>,
    pub http: Option<SocketAddr>,
}

struct RaftThread {
    thread: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

struct Threads {
    /// None for a database in memory.
    raft: Option<RaftThread>,
    serving: Runtime,
}

impl Node {
    /// Start everything; returns when the log has been read and the listeners are open.
    pub fn start(config: &Config, frontend: Arc<dyn Frontend>) -> io::Result<Node> {
        init_logging(config);
        let shared = Shared::new();
        let verify = std::env::var("SAMYAMA_VERIFY").is_ok_and(|level| level == "all");
        let machine = Machine::new(Arc::clone(&shared), verify);
        let inbound = Arc::new(Inbound::default());
        let (consensus, raft) = start_consensus(config, machine, &inbound)?;
        let serving = serving_runtime(config.cluster.members.len() <= 1 && !config.joins())?;
        let planner = Planner::start(frontend)?;
        let progress = Arc::new(Progress::default());
        let started = serving.block_on(serve(config, consensus, shared, planner, &inbound, &progress));
        let (database, backend, addresses) = match started {
            Ok(started) => started,
            Err(error) => {
                if let Some(raft) = raft {
                    // The thread ends at this, or has ended by itself.
                    let _ = raft.stop.send(());
                }
                return Err(error);
            }
        };
        // Without listeners it is a part of some program, which knows what it opened.
        if let (Some(bolt), Some(http)) = (addresses.bolt, addresses.http) {
            tracing::info!(node = config.node.id, %bolt, peer = config.listen.peer, %http, "the node runs");
        }
        let threads = Threads { raft, serving };
        Ok(Node { database, backend, progress, addresses, threads: Mutex::new(Some(threads)) })
    }

    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// For sessions without a socket.
    pub fn backend(&self) -> &Arc<BoltBackend> {
        &self.backend
    }

    /// Run something on the serving runtime and wait for it. None: the node has stopped.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let handle = self.threads.lock().as_ref().map(|threads| threads.serving.handle().clone())?;
        Some(handle.block_on(work))
    }

    /// Wait until the node ends, for at most `timeout`. None: it still runs.
    pub fn wait(&self, timeout: Duration) -> Option<Result<(), Fatal>> {
        let deadline = Instant::now() + timeout;
        let mut ended = self.progress.ended.lock();
        while ended.is_none() {
            if self.progress.changed.wait_until(&mut ended, deadline).timed_out() {
                break;
            }
        }
        ended.clone()
    }

    /// Stop. With `drain`: let open transactions end (for a bounded time) and hand leadership over first.
    pub fn stop(&self, drain: bool) {
        let Some(threads) = self.threads.lock().take() else { return };
        self.progress.draining.store(true, Ordering::Release);
        threads.serving.block_on(async {
            if drain {
                self.drain().await;
            }
            self.database.raft.shutdown().await;
        });
        if let Some(raft) = threads.raft {
            // The thread may have ended by itself.
            let _ = raft.stop.send(());
            if raft.thread.join().is_err() {
                tracing::error!("the raft thread panicked");
            }
        }
        threads.serving.shutdown_timeout(Duration::from_secs(1));
        tracing::info!(node = self.database.settings.node, "the node has stopped");
        self.progress.end(Ok(()));
    }

    /// Let what has begun end, for a bounded time, and hand leadership over. Nothing new is begun for this node's own clients;
    /// other members go on relaying to it while it leads, and run what they had open again on the next leader.
    async fn drain(&self) {
        self.database.begin_to_stop();
        let deadline = Instant::now() + DRAIN_TIMEOUT;
        while self.database.registry.busy_clients() > 0 && Instant::now() < deadline {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
        // The last answers are on their way to the sockets.
        tokio::time::sleep(DRAIN_LOOK).await;
        let status = self.database.raft.status();
        let leads = status.leader == Some(status.id);
        if leads && status.members.iter().filter(|member| member.voter).count() > 1 {
            match self.database.raft.transfer_leadership(None, TRANSFER_TIMEOUT).await {
                Ok(node) => tracing::info!(node, "leadership handed over"),
                Err(error) => tracing::warn!(%error, "leadership could not be handed over"),
            }
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop(false);
    }
}

type Started = (Arc<Database>, Arc<BoltBackend>, Addresses);

/// Open the listeners and start what serves them; on the serving runtime.
async fn serve(
    config: &Config,
    raft: Consensus,
    shared: Arc<Shared>,
    planner: Planner,
    inbound: &Inbound,
    progress: &Arc<Progress>,
) -> io::Result<Started> {
    let bolt = bind("listen.bolt", &config.listen.bolt).await?;
    let http = bind("listen.http", &config.listen.http).await?;
    let address = |listener: &Option<TcpListener>| listener.as_ref().and_then(|l| l.local_addr().ok());
    let addresses = Addresses { bolt: address(&bolt), http: address(&http) };
    let registry = Arc::new(Registry::default());
    let sources = Sources::new(&config.load).map_err(io::Error::other)?;
    let procedures =
        ServerProcedures::new(raft.clone(), config.listed.clone(), Arc::clone(&registry), sources);
    let database = Database::new(raft.clone(), shared, planner, config, Arc::new(procedures), registry);
    let backend = Arc::new(BoltBackend {
        database: Arc::clone(&database),
        relays: Relays::new(
            raft.clone(),
            config.node.id,
            Arc::clone(&database.shared),
            // Twice what a peer's dial may take.
            Duration::from_millis(2 * config.raft.election_timeout_ms_max),
        ),
    });
    let connections = Arc::new(ConnectionMetrics::default());
    let statements = Arc::new(StatementMetrics::default());
    let slow_ms = config.log.slow_query_ms;
    let slow = SlowLog {
        threshold: (slow_ms > 0).then(|| Duration::from_millis(slow_ms)),
        parameters: config.log.slow_query_parameters,
    };
    let watched = WatchedBackend::new(Arc::clone(&backend), Arc::clone(&statements), slow);
    let door = Arc::new(listen::Door::new(
        Arc::new(watched),
        config,
        Arc::clone(&connections),
        Arc::clone(progress),
    ));
    if let Some(listener) = bolt {
        tokio::spawn(listen::clients(listener, Arc::clone(&door)));
    }
    tokio::spawn(listen::members(inbound.open(), door));
    if let Some(listener) = http {
        let pages = Pages {
            database: Arc::clone(&database),
            connections,
            statements,
            progress: Arc::clone(progress),
        };
        tokio::spawn(http::serve(listener, Arc::new(pages)));
    }
    let progress = Arc::clone(progress);
    tokio::spawn(async move {
        let why = raft.fatal().await;
        if progress.is_draining() {
            // It was told to stop.
            return;
        }
        tracing::error!(%why, "the node has failed and must be stopped");
        progress.end(Err(why));
    });
    Ok((database, backend, addresses))
}

/// An empty address: do not listen.
async fn bind(setting: &str, address: &str) -> io::Result<Option<TcpListener>> {
    if address.is_empty() {
        return Ok(None);
    }
    let bound = TcpListener::bind(address).await;
    bound.map(Some).map_err(|error| {
        io::Error::new(error.kind(), format!("{setting} = {address}: cannot listen: {error}"))
    })
}

fn start_consensus(
    config: &Config,
    machine: Machine,
    inbound: &Arc<Inbound>,
) -> io::Result<(Consensus, Option<RaftThread>)> {
    let raft_config =
        config.raft_config().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    if raft_config.directory.is_none() {
        let alone = Alone::new(config.node.id, config.advertised(), random_uuid(), machine);
        return Ok((Consensus::Alone(alone), None));
    }
    let inbound = Arc::clone(inbound);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel();
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name("samyama-raft".into()).spawn(move || {
        runtime.block_on(async move {
            let started = RaftNode::start(raft_config, Box::new(machine), inbound).await;
            let failed = started.is_err();
            drop(sender.send(started));
            if !failed {
                // Ends with the node, or when the node is dropped.
                drop(stopped.await);
            }
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
    })?;
    let started = receiver.recv().map_err(|_| io::Error::other("the raft thread ended while it started"))?;
    let raft = started.map_err(|error| about_directory(&config.node.data_directory, error))?;
    Ok((Consensus::Raft(raft), Some(RaftThread { thread, stop })))
}

/// What the operating system says of a directory does not name it.
fn about_directory(directory: &str, error: io::Error) -> io::Error {
    let text = error.to_string();
    if text.contains(directory) || text.starts_with("listen.") {
        return error;
    }
    io::Error::new(error.kind(), format!("node.data_directory = {directory}: {error}"))
}

/// A node alone has no log of others to follow: it serves on every core. Members leave half to raft and the log.
fn serving_runtime(is_alone: bool) -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread()
        .worker_threads(if is_alone { cores } else { (cores / 2).max(1) })
        .max_blocking_threads(2 * POOL_THREADS_MAX)
        .thread_name("samyama-serve")
        .enable_all()
        .build()
}

/// Streams that other members open to this node, handed from the raft runtime to the serving one.
#[derive(Default)]
struct Inbound {
    sender: OnceLock<mpsc::UnboundedSender<(u64, std::net::TcpStream)>>,
}

impl Inbound {
    fn open(&self) -> mpsc::UnboundedReceiver<(u64, std::net::TcpStream)> {
        let (sender, receiver) = mpsc::unbounded_channel();
        // Opened once, by `serve`.
        drop(self.sender.set(sender));
        receiver
    }
}

impl StreamHandler for Inbound {
    fn accept(&self, from: u64, stream: TcpStream) {
        // Registered with the raft runtime's reactor: taken out, to be registered with the other one.
        match (self.sender.get(), stream.into_std()) {
            (Some(sender), Ok(stream)) => drop(sender.send((from, stream))),
            (None, _) => tracing::info!(from, "a member opened a stream before this node serves"),
            (_, Err(error)) => tracing::warn!(from, %error, "a stream could not be handed over"),
        }
    }
}

fn init_logging(config: &Config) {
    if config.log.level == "off" {
        return;
    }
    // What matters of consensus the raft room says, in words; openraft's own lines, some of them of errors that an orderly stop
    // brings with it, are for who looks closer.
    let openraft = if matches!(config.log.level.as_str(), "debug" | "trace") { "error" } else { "off" };
    let filter = tracing_subscriber::EnvFilter::new(format!("{},openraft={openraft}", config.log.level));
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    let builder = builder.with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none());
    // A host that has its own subscriber keeps it.
    let _already_set =
        if config.log.format == "json" { builder.json().try_init() } else { builder.try_init() };
}
