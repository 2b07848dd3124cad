//! Real nodes over real sockets and directories, each with a runtime of its own, so that dropping the runtime is a crash.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use samyama_raft::*;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// (index, payload) in the order of application.
pub type Payloads = Vec<(u64, Vec<u8>)>;

/// Keeps every payload with its index: the simplest state that shows loss, order and doubling.
#[derive(Clone, Default)]
pub struct Journal(pub Arc<Mutex<Payloads>>);

struct Frozen(Vec<(u64, Vec<u8>)>);

impl SnapshotSource for Frozen {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (index, payload) in &self.0 {
            out.write_all(&index.to_le_bytes())?;
            out.write_all(&(payload.len() as u32).to_le_bytes())?;
            out.write_all(payload)?;
        }
        Ok(())
    }
}

fn decode(input: &mut dyn Read) -> io::Result<StagedState> {
    let mut entries: Vec<(u64, Vec<u8>)> = Vec::new();
    loop {
        let mut head = [0; 12];
        match input.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Box::new(entries)),
            other => other?,
        }
        let mut payload = vec![0; u32::from_le_bytes(head[8..].try_into().unwrap()) as usize];
        input.read_exact(&mut payload)?;
        if payload.starts_with(b"slow to decode") {
            // Stands for a large snapshot: longer than any bound on a peer's silence.
            std::thread::sleep(Duration::from_secs(1));
        }
        entries.push((u64::from_le_bytes(head[..8].try_into().unwrap()), payload));
    }
}

impl StateMachine for Journal {
    fn apply(&mut self, entries: Vec<CommittedEntry>) -> Vec<Applied> {
        let mut state = self.0.lock().unwrap();
        entries
            .into_iter()
            .map(|entry| {
                if !entry.payload.is_empty() {
                    assert!(state.last().is_none_or(|(last, _)| *last < entry.index), "applied out of order");
                    state.push((entry.index, entry.payload.to_vec()));
                }
                if entry.payload.starts_with(b"fence") { Applied::Fenced } else { Applied::Done }
            })
            .collect()
    }
    fn snapshot_source(&self) -> Box<dyn SnapshotSource> {
        Box::new(Frozen(self.0.lock().unwrap().clone()))
    }
    fn decode_snapshot(&self) -> fn(&mut dyn Read) -> io::Result<StagedState> {
        decode
    }
    fn install(&mut self, staged: StagedState, _: Option<LogIndex>) {
        *self.0.lock().unwrap() = *staged.downcast::<Vec<(u64, Vec<u8>)>>().unwrap();
    }
}

pub struct NoStreams;
impl StreamHandler for NoStreams {
    fn accept(&self, _: NodeId, _: TcpStream) {}
}

pub struct Member {
    pub node: RaftNode,
    pub journal: Journal,
    runtime: Option<Runtime>,
}

impl Member {
    pub fn block<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(future)
    }

    pub fn propose(&self, payload: &str) -> Result<(LogIndex, Applied), ProposeError> {
        let proposal = self.node.propose(Bytes::copy_from_slice(payload.as_bytes()));
        self.block(async {
            tokio::time::timeout(Duration::from_secs(5), proposal).await.unwrap_or(Err(ProposeError::Unknown))
        })
    }

    /// As a crash: nothing is told, nothing is flushed.
    pub fn crash(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }

    pub fn payloads(&self) -> Vec<String> {
        self.journal.0.lock().unwrap().iter().map(|(_, p)| String::from_utf8_lossy(p).into_owned()).collect()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub struct Cluster {
    pub configs: BTreeMap<NodeId, NodeConfig>,
    pub members: BTreeMap<NodeId, Member>,
    pub directory: tempfile::TempDir,
}

pub fn address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

pub fn config(id: NodeId, members: &BTreeMap<NodeId, NodeAddress>, directory: PathBuf) -> NodeConfig {
    NodeConfig {
        node_id: id,
        listen: members[&id].peer.clone(),
        members: members.clone(),
        joins: None,
        dial: BTreeMap::new(),
        directory: Some(directory),
        election_timeout_ms_min: 150,
        election_timeout_ms_max: 300,
        heartbeat_interval_ms: 50,
        segment_bytes: 1 << 20,
        snapshot_log_bytes: 1 << 30,
        snapshot_log_entries: 1 << 30,
        snapshot_log_percent: 0,
        sync: true,
    }
}

pub fn start(config: &NodeConfig) -> io::Result<Member> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let journal = Journal::default();
    let node =
        runtime.block_on(RaftNode::start(config.clone(), Box::new(journal.clone()), Arc::new(NoStreams)))?;
    Ok(Member { node, journal, runtime: Some(runtime) })
}

impl Cluster {
    pub fn new(size: u64, adjust: impl Fn(&mut NodeConfig)) -> Cluster {
        let directory = tempfile::tempdir().unwrap();
        let members: BTreeMap<_, _> = (1..=size)
            .map(|id| (id, NodeAddress { peer: address(), bolt: String::new(), http: String::new() }))
            .collect();
        let mut cluster = Cluster { configs: BTreeMap::new(), members: BTreeMap::new(), directory };
        for id in 1..=size {
            let mut config = config(id, &members, cluster.path(id));
            adjust(&mut config);
            cluster.configs.insert(id, config);
            cluster.start(id);
        }
        cluster
    }

    pub fn path(&self, id: NodeId) -> PathBuf {
        Path::join(self.directory.path(), format!("n{id}"))
    }

    pub fn start(&mut self, id: NodeId) {
        // The lock of a crashed member goes with its last task, a moment later.
        let config = self.configs[&id].clone();
        let member = wait("the directory to be free", || start(&config).ok());
        self.members.insert(id, member);
    }

    pub fn crash(&mut self, id: NodeId) {
        self.members.remove(&id).unwrap().crash();
    }

    pub fn leader(&self) -> NodeId {
        wait("a leader whose lane is ready", || {
            self.members.iter().find(|(_, m)| m.node.lane_ready().borrow().is_some()).map(|(id, _)| *id)
        })
    }

    /// Propose until it is accepted by somebody; true outcomes only.
    pub fn write(&self, payload: &str) -> LogIndex {
        wait("a write to be accepted", || self.members[&self.leader()].propose(payload).ok()).0
    }

    pub fn wait_equal(&self) -> Vec<String> {
        wait("all members to have the same journal", || {
            let mut all = self.members.values().map(Member::payloads);
            let first = all.next()?;
            let applied: Vec<_> = self.members.values().map(|m| *m.node.applied().borrow()).collect();
            (all.all(|other| other == first) && applied.windows(2).all(|w| w[0] == w[1])).then_some(first)
        })
    }
}

pub fn wait<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited 20 s for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
