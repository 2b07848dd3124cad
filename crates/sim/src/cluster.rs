//! Nodes with disks and a network: started, crashed, started again from what their disks hold.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use openraft_rt::AsyncRuntime;
use openraft_rt_sim::SimRuntime;
use parking_lot::Mutex;
use samyama_raft::log::{Log, LogOptions};
use samyama_raft::{
    Applied, Disks, Ground, Leadership, LogIndex, Member, NodeAddress, NodeConfig, NodeId, ProposeError,
};
use samyama_server::parts::{self, KeyRing, LaneHandle, Machine, ReadGate, ReadyReceiver, Shared};
use tokio::sync::oneshot;

use crate::disk::Drive;
use crate::host::SimHost;
use crate::life::Life;
use crate::machine::Observed;
use crate::network::{Network, Wire};
use crate::oracle::{DurableLog, Event, Oracle};
use crate::runtime::{Simulated, sleep};
use crate::setup::{Defect, Setup};
use crate::world::World;

/// The whole of a node that is up.
#[derive(Clone)]
pub struct Running {
    pub life: Arc<Life>,
    pub member: Member<Simulated>,
    pub shared: Arc<Shared>,
    pub lane: LaneHandle,
    pub gate: Arc<ReadGate>,
    /// Draws the keys of what it relays.
    pub ring: Arc<KeyRing>,
}

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The process is gone; what it wrote is still in the machine's memory.
    Killed,
    /// The machine is gone.
    PowerLost,
}

struct Node {
    drive: Arc<Drive>,
    lives: u32,
    /// The life that is under way, up or on its way up.
    life: Option<Arc<Life>>,
    running: Option<Running>,
    /// What happens to the disk before the next life.
    end: End,
}

pub struct Cluster {
    pub world: Arc<World>,
    pub setup: Setup,
    pub network: Arc<Network>,
    pub oracle: Arc<Oracle>,
    nodes: Mutex<BTreeMap<NodeId, Node>>,
    addresses: BTreeMap<NodeId, NodeAddress>,
}

/// Why nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Nobody was there to begin with: nothing was done.
    Refused,
    /// The connection went, before or after it was done.
    Broken,
}

/// A member that has been silent for so long is given up by the one that asked it.
const RELAY_SILENCE_MAX: Duration = Duration::from_secs(5);

type Visit<R> = Pin<Box<dyn Future<Output = R> + Send>>;

impl Cluster {
    pub fn new(world: Arc<World>, setup: Setup) -> Arc<Cluster> {
        let oracle = Oracle::new(Arc::clone(&world), setup.nodes as usize);
        let network = Network::new(Arc::clone(&world), Arc::clone(&oracle), setup.mood, setup.is_ordered);
        let address =
            |id: NodeId| NodeAddress { peer: format!("n{id}"), bolt: String::new(), http: String::new() };
        let addresses = (1..=setup.nodes).map(|id| (id, address(id))).collect();
        let node = |id: NodeId| {
            let drive = Drive::new(id, Arc::clone(&world), setup.disk_latency, setup.lie(), setup.name_order);
            (id, Node { drive, lives: 0, life: None, running: None, end: End::Killed })
        };
        let nodes = Mutex::new((1..=setup.nodes).map(node).collect());
        Arc::new(Cluster { world, setup, network, oracle, nodes, addresses })
    }

    pub fn ids(&self) -> Vec<NodeId> {
        self.addresses.keys().copied().collect()
    }

    pub fn majority(&self) -> usize {
        self.addresses.len() / 2 + 1
    }

    fn config(&self, id: NodeId) -> NodeConfig {
        NodeConfig {
            node_id: id,
            listen: String::new(),
            members: self.addresses.clone(),
            joins: None,
            dial: BTreeMap::new(),
            directory: None,
            election_timeout_ms_min: self.setup.election_timeout_ms.0,
            election_timeout_ms_max: self.setup.election_timeout_ms.1,
            heartbeat_interval_ms: self.setup.heartbeat_interval_ms,
            segment_bytes: self.setup.segment_bytes,
            snapshot_log_bytes: 1 << 30,
            snapshot_log_entries: self.setup.snapshot_entries,
            snapshot_log_percent: 0,
            sync: self.setup.defect != Some(Defect::NoSync),
        }
    }

    pub fn drive(&self, id: NodeId) -> Option<Arc<Drive>> {
        self.nodes.lock().get(&id).map(|node| Arc::clone(&node.drive))
    }

    /// The node, if it is up.
    pub fn running(&self, id: NodeId) -> Option<Running> {
        let nodes = self.nodes.lock();
        nodes.get(&id)?.running.clone().filter(|running| !running.life.is_over())
    }

    pub fn all_running(&self) -> Vec<(NodeId, Running)> {
        self.ids().into_iter().filter_map(|id| Some((id, self.running(id)?))).collect()
    }

    /// The life that is under way, whether the node is up already or not.
    pub fn life(&self, id: NodeId) -> Option<Arc<Life>> {
        self.nodes.lock().get(&id)?.life.clone().filter(|life| !life.is_over())
    }

    /// Those that have no life now.
    pub fn down(&self) -> Vec<NodeId> {
        self.ids().into_iter().filter(|id| self.life(*id).is_none()).collect()
    }

    pub fn leader(&self) -> Option<NodeId> {
        let leads = |(_, running): &(NodeId, Running)| running.member.lane_ready().borrow().is_some();
        self.all_running().into_iter().find(leads).map(|(id, _)| id)
    }

    /// Begin a life, unless one is under way.
    pub fn start(self: &Arc<Self>, id: NodeId) {
        let life = {
            let mut nodes = self.nodes.lock();
            let Some(node) = nodes.get_mut(&id) else { return };
            if node.life.as_ref().is_some_and(|life| !life.is_over()) {
                return;
            }
            node.running = None;
            match node.end {
                End::Killed => node.drive.thaw(),
                End::PowerLost => node.drive.lose_power(),
            }
            node.end = End::Killed;
            node.lives += 1;
            let (world, drive) = (Arc::clone(&self.world), Arc::clone(&node.drive));
            let life = Life::new(id, node.lives, world, drive, self.setup.give_way);
            node.life = Some(Arc::clone(&life));
            life
        };
        self.world.note(|| format!("node {id}: life {} begins", life.number));
        self.world.count("lives");
        let (cluster, own) = (Arc::clone(self), Arc::clone(&life));
        life.adopt(Box::pin(async move {
            match cluster.bring_up(&own).await {
                Ok(running) => cluster.watch_over(running).await,
                Err(error) => {
                    cluster.note_failed_start(&own, &error);
                    own.doom();
                }
            }
        }));
    }

    async fn bring_up(self: &Arc<Self>, life: &Arc<Life>) -> io::Result<Running> {
        let (id, config) = (life.node, self.config(life.node));
        life.drive.wait().await;
        let host = Arc::new(SimHost { life: Arc::clone(life), overruns: self.setup.overruns });
        let shared = Shared::on(Arc::clone(&host) as Arc<dyn parts::Host>);
        let machine = Machine::new(Arc::clone(&shared), self.setup.verifies);
        let loses = match self.setup.defect {
            Some(Defect::LostEntry(one_in)) => Some(one_in),
            _ => None,
        };
        let oracle = Arc::clone(&self.oracle);
        let observed = Observed::new(machine, Arc::clone(&shared), Arc::clone(life), oracle, loses);
        let wire = Arc::new(Wire { network: Arc::clone(&self.network), life: Arc::clone(life) });
        let incarnation = self.world.bits() | 1;
        let ground = Ground::own(disks(&life.drive, Some(life)), wire, &config, incarnation)?
            .with_snapshot_chunks(self.setup.snapshot_chunk_bytes);
        let member = Member::<Simulated>::open(config, Box::new(observed), ground).await?;
        self.oracle.see(&Event::Began { node: id, log: member.log() });
        self.network.enter(life, member.answerer());
        member.form_cluster().await?;
        let log = Arc::new(SimLog {
            world: Arc::clone(&self.world),
            member: member.clone(),
            defect: self.setup.defect,
        });
        let lane = LaneHandle::start(log, Arc::clone(&shared), self.setup.bounds);
        let gate = Arc::new(ReadGate::start(host, self.read_index(&member, &shared)));
        let ring = KeyRing::new(id, Arc::clone(&shared));
        let running = Running { life: Arc::clone(life), member, shared, lane, gate, ring };
        self.world.note(|| format!("node {id}: up"));
        if let Some(node) = self.nodes.lock().get_mut(&id) {
            node.running = Some(running.clone());
        }
        Ok(running)
    }

    fn read_index(
        &self,
        member: &Member<Simulated>,
        shared: &Arc<Shared>,
    ) -> impl Fn(Duration) -> parts::Boxed<Result<LogIndex, samyama_raft::ReadError>> + Send + 'static {
        let (member, shared, defect) = (member.clone(), Arc::clone(shared), self.setup.defect);
        move |timeout| {
            if defect == Some(Defect::LocalReads) {
                let index = shared.published().index;
                return Box::pin(async move { Ok(index) });
            }
            Box::pin(member.read_index(timeout))
        }
    }

    /// A node that meets a fatal error stops, as its process would.
    async fn watch_over(&self, running: Running) {
        let (life, why) = (Arc::clone(&running.life), running.member.fatal());
        drop(running);
        let why = why.await;
        self.world.note(|| format!("node {}: stops: {why}", life.node));
        if life.is_leaving() {
            return life.doom();
        }
        self.world.count("stops by a fatal error");
        if !life.drive.has_failed() {
            self.world.find(format!("node {} stopped and nothing was wrong with its disk: {why}", life.node));
        }
        life.doom();
    }

    /// Only a disk that fails keeps a node from starting.
    fn note_failed_start(&self, life: &Arc<Life>, error: &io::Error) {
        self.world.note(|| format!("node {}: does not start: {error}", life.node));
        if life.is_over() {
            return;
        }
        if life.drive.has_failed() {
            self.world.count("starts that a failing disk prevented");
        } else {
            self.world.find(format!("node {} does not start: {error}", life.node));
        }
    }

    /// End a life now.
    pub fn crash(&self, id: NodeId, end: End) {
        let life = {
            let mut nodes = self.nodes.lock();
            let Some(node) = nodes.get_mut(&id) else { return };
            let life = node.life.clone().filter(|life| !life.is_dead());
            if life.is_some() || end == End::PowerLost {
                node.end = end;
            }
            node.running = None;
            life
        };
        if let Some(life) = life {
            self.world.note(|| format!("node {id}: {end:?}"));
            life.end();
        }
    }

    /// End it inside the nth call of its disk from now.
    pub fn crash_at(&self, id: NodeId, nth: u64, end: End) {
        if let Some(node) = self.nodes.lock().get_mut(&id) {
            node.end = end;
            node.drive.crash_at(nth);
        }
    }

    /// Let a node do something, as a client that is connected to it would.
    pub async fn visit<R: Send + 'static>(
        &self,
        id: NodeId,
        loss: f64,
        work: impl FnOnce(Running) -> Visit<R> + Send + 'static,
    ) -> Result<R, Silence> {
        let delay = self.setup.mood.delay;
        sleep(self.world.delay(delay)).await;
        let Some(running) = self.running(id) else { return Err(Silence::Refused) };
        let (mut sender, receiver) = oneshot::channel();
        let life = Arc::clone(&running.life);
        life.adopt(Box::pin(async move {
            // A client that goes away takes its session with it.
            let done = {
                let gone = std::pin::pin!(sender.closed());
                match select(work(running), gone).await {
                    Either::Left((done, _)) => done,
                    Either::Right(_) => return,
                }
            };
            drop(sender.send(done));
        }));
        let done = receiver.await.map_err(|_| Silence::Broken)?;
        if life.is_over() || self.world.chance(loss) {
            self.world.count("answers to clients lost");
            return Err(Silence::Broken);
        }
        sleep(self.world.delay(delay)).await;
        Ok(done)
    }

    /// Let a node do something for another one, over a connection that may break. What was asked is perhaps done all the same, now
    /// or, from the buffer of a socket, later.
    pub async fn ask<R: Send + 'static>(
        &self,
        from: NodeId,
        to: NodeId,
        work: impl FnOnce(Running) -> Visit<R> + Send + 'static,
    ) -> Result<R, Silence> {
        let delay = self.setup.mood.delay;
        sleep(self.world.delay(delay)).await;
        let there = self.running(to).filter(|_| !self.network.is_cut(from, to));
        let Some(there) = there else { return Err(Silence::Refused) };
        let life = Arc::clone(&there.life);
        let (breaks, is_late) = (self.world.chance(self.setup.client_loss), self.world.chance(0.3));
        let lies_for = self.world.delay(Duration::from_millis(if breaks && is_late { 400 } else { 0 }));
        let goes_on = self.world.chance(0.5);
        let (mut sender, receiver) = oneshot::channel();
        life.adopt(Box::pin(async move {
            sleep(lies_for).await;
            let gone = async {
                sender.closed().await;
                if goes_on {
                    std::future::pending::<()>().await;
                }
            };
            let done = match select(work(there), std::pin::pin!(gone)).await {
                Either::Left((done, _)) => done,
                Either::Right(_) => return,
            };
            drop(sender.send(done));
        }));
        if breaks && is_late {
            sleep(self.world.delay(delay)).await;
            self.world.count("relayed requests that lay in a buffer");
            return Err(Silence::Broken);
        }
        let done = SimRuntime::timeout(RELAY_SILENCE_MAX, receiver).await;
        let Ok(Ok(done)) = done else { return Err(Silence::Broken) };
        if breaks || life.is_over() || self.network.is_cut(to, from) {
            self.world.count("answers to members lost");
            return Err(Silence::Broken);
        }
        sleep(self.world.delay(delay)).await;
        Ok(done)
    }

    /// Show the living to the oracle.
    pub fn look(&self) {
        for (node, running) in self.all_running() {
            let status = running.member.status();
            let leads = running.member.lane_ready().borrow().map(|(leadership, _)| leadership);
            self.oracle.see(&Event::Looked { node, log: running.member.log(), status: &status, leads });
        }
    }

    /// Read every log as if the power had failed everywhere, with the real recovery.
    pub fn look_at_disks(&self) {
        let mut logs = Vec::new();
        for id in self.ids() {
            let Some(drive) = self.drive(id) else { continue };
            match durable_log(&drive.durable_copy(), &self.config(id)) {
                Ok(log) => logs.push((id, log)),
                Err(error) => {
                    self.world.find(format!("node {id} would not start after a loss of power: {error}"));
                }
            }
        }
        self.oracle.see(&Event::Durable { logs: &logs });
    }
}

fn disks(drive: &Arc<Drive>, life: Option<&Arc<Life>>) -> Disks {
    Disks {
        root: drive.folder("root", life),
        log: drive.folder("log", life),
        snapshots: drive.folder("snapshots", life),
    }
}

fn durable_log(drive: &Arc<Drive>, config: &NodeConfig) -> io::Result<DurableLog> {
    let disks = disks(drive, None);
    if disks.root.list()?.is_empty() {
        return Ok(DurableLog::default());
    }
    let owner = Ground::owner_on(&disks, config)?;
    let options = LogOptions { segment_bytes: config.segment_bytes, sync: true, group: 0 };
    let (log, _, _) = Log::open(Arc::clone(&disks.log), owner, options)
        .map_err(|error| io::Error::other(error.to_string()))?;
    let snapshots = disks.snapshots.list()?;
    let newest = snapshots.iter().filter(|name| !name.contains('.')).max();
    Ok(DurableLog {
        vote: log.vote(),
        purged: log.ends().0,
        entries: log.read(0..u64::MAX, usize::MAX).into_iter().map(|entry| entry.id).collect(),
        // Their names begin with the index: `snap-<index, 16 hex>-<term>`.
        snapshot: newest.and_then(|name| u64::from_str_radix(name.get(5..21)?, 16).ok()),
    })
}

/// What is larger belongs to an entry in parts.
const LARGE_BYTES: usize = 512 << 10;

/// The log as the lane sees it.
struct SimLog {
    world: Arc<World>,
    member: Member<Simulated>,
    defect: Option<Defect>,
}

impl parts::Log for SimLog {
    fn propose(
        &self,
        payload: Bytes,
    ) -> Pin<Box<dyn Future<Output = Result<(LogIndex, Applied), ProposeError>> + Send>> {
        if payload.len() > LARGE_BYTES {
            self.world.count("parts of large entries proposed");
        }
        let outcome = self.member.propose(payload);
        let Some(Defect::LateIsRefused(limit)) = self.defect else { return Box::pin(outcome) };
        Box::pin(
            async move { SimRuntime::timeout(limit, outcome).await.unwrap_or(Err(ProposeError::NoQuorum)) },
        )
    }

    fn ready(&self) -> ReadyReceiver {
        self.member.lane_ready()
    }

    fn may_lead(&self) -> bool {
        let own = self.member.status().id;
        self.member.leader_now().is_none_or(|leader| leader == own)
    }

    fn shortage(&self) -> Option<Arc<str>> {
        self.member.log().shortage()
    }
}

/// Wait, without hurry, until something is so; false at the deadline.
pub async fn until(limit: Duration, mut is_so: impl FnMut() -> bool + Send) -> bool {
    let waiting = async {
        while !is_so() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    SimRuntime::timeout(limit, waiting).await.is_ok()
}

/// The leadership of a node that leads.
pub fn leadership_of(running: &Running) -> Option<Leadership> {
    running.member.lane_ready().borrow().map(|(leadership, _)| leadership)
}
