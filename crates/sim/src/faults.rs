//! Who breaks things: one fault after the other, drawn from those that exist under this seed, each undone after a while.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openraft_rt::AsyncRuntime;
use openraft_rt_sim::SimRuntime;
use samyama_raft::NodeId;

use crate::cluster::{Cluster, End, Running, leadership_of};
use crate::disk::Call;
use crate::network::Mood;
use crate::runtime::sleep;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// kill -9, the leader more often than others.
    Kill,
    /// One machine loses power.
    PowerLoss,
    /// All of them, at once.
    PowerLossEverywhere,
    /// Inside a call of the disk, with or without loss of power.
    CrashInsideCall,
    /// Told to stop: it hands leadership over first, or not.
    Stop,
    Pause,
    /// One node cannot speak to the others, nor they to it.
    Isolate,
    /// Two halves.
    Halves,
    /// One direction of one pair.
    OneWay,
    /// A leader whose words arrive and whose ears are closed, or the other way round.
    DeafOrMute,
    /// Two groups that meet in one node only.
    Bridge,
    /// Links become slow and lose much.
    BadLinks,
    SlowDisk,
    DiskError,
    DiskFull,
    Transfer,
    Snapshot,
}

pub const FAULTS: &[Fault] = &[
    Fault::Kill,
    Fault::PowerLoss,
    Fault::PowerLossEverywhere,
    Fault::CrashInsideCall,
    Fault::Stop,
    Fault::Pause,
    Fault::Isolate,
    Fault::Halves,
    Fault::OneWay,
    Fault::DeafOrMute,
    Fault::Bridge,
    Fault::BadLinks,
    Fault::SlowDisk,
    Fault::DiskError,
    Fault::DiskFull,
    Fault::Transfer,
    Fault::Snapshot,
];

impl Fault {
    /// How likely it is that it exists under a seed.
    pub fn likelihood(self, nodes: u64) -> f64 {
        use Fault::*;
        match self {
            Isolate | Halves | OneWay | DeafOrMute | BadLinks | Transfer if nodes == 1 => 0.0,
            Bridge if nodes < 5 => 0.0,
            Kill | PowerLoss | CrashInsideCall => 0.5,
            Isolate | Pause | Halves => 0.4,
            _ => 0.25,
        }
    }

    fn name(self) -> &'static str {
        use Fault::*;
        match self {
            Kill => "fault: kill",
            PowerLoss => "fault: power loss",
            PowerLossEverywhere => "fault: power loss everywhere",
            CrashInsideCall => "fault: crash inside a call of the disk",
            Stop => "fault: stop",
            Pause => "fault: pause",
            Isolate => "fault: isolated node",
            Halves => "fault: two halves",
            OneWay => "fault: one-way cut",
            DeafOrMute => "fault: deaf or mute leader",
            Bridge => "fault: bridge",
            BadLinks => "fault: bad links",
            SlowDisk => "fault: slow disk",
            DiskError => "fault: disk error",
            DiskFull => "fault: full disk",
            Transfer => "fault: leadership handed over",
            Snapshot => "fault: snapshot asked for",
        }
    }
}

/// Break things until the task is dropped.
pub async fn break_things(cluster: Arc<Cluster>) {
    // The first comes in time: a run in which nothing breaks proves nothing.
    let mut within = cluster.setup.safety / 2;
    loop {
        sleep(cluster.world.delay(cluster.setup.between_faults).min(within)).await;
        within = Duration::MAX;
        let Some(fault) = cluster.world.pick(&cluster.setup.faults).copied() else { return };
        inflict(&cluster, fault).await;
    }
}

/// One fault; it is undone by a task of its own.
pub async fn inflict(cluster: &Arc<Cluster>, fault: Fault) {
    let world = &cluster.world;
    let ids = cluster.ids();
    // Half of the time it is the leader's turn.
    let leader = cluster.leader().filter(|_| world.chance(0.5));
    let Some(victim) = leader.or_else(|| world.pick(&ids).copied()) else { return };
    world.note(|| format!("{} at node {victim}", fault.name()));
    world.count(fault.name());
    match fault {
        Fault::Kill => end(cluster, &[victim], End::Killed),
        Fault::PowerLoss => end(cluster, &[victim], End::PowerLost),
        Fault::PowerLossEverywhere => end(cluster, &ids, End::PowerLost),
        Fault::Stop => stop(cluster, victim).await,
        Fault::Pause => {
            if let Some(life) = cluster.life(victim) {
                life.pause();
                later(cluster, Duration::from_millis(500), move |_| life.go_on());
            }
        }
        Fault::BadLinks => worsen_links(cluster),
        Fault::Transfer => transfer(cluster, victim),
        Fault::Snapshot => {
            let asked = |running: Running| async move {
                drop(running.member.trigger_snapshot().await);
            };
            aside(cluster, victim, move |running| Box::pin(asked(running)));
        }
        Fault::Isolate | Fault::Halves | Fault::OneWay | Fault::DeafOrMute | Fault::Bridge => {
            cut(cluster, cuts_of(cluster, fault, victim));
        }
        Fault::CrashInsideCall | Fault::SlowDisk | Fault::DiskError | Fault::DiskFull => {
            break_disk(cluster, fault, victim);
        }
    }
}

/// Which directions a fault cuts.
fn cuts_of(cluster: &Arc<Cluster>, fault: Fault, victim: NodeId) -> Vec<(NodeId, NodeId)> {
    let (world, ids) = (&cluster.world, cluster.ids());
    let others = others(&ids, victim);
    match fault {
        Fault::Isolate => pairs(&[victim], &others),
        Fault::OneWay => world.pick(&others).map(|to| (victim, *to)).into_iter().collect(),
        Fault::DeafOrMute => {
            let is_deaf = world.chance(0.5);
            others.into_iter().map(|id| if is_deaf { (id, victim) } else { (victim, id) }).collect()
        }
        // The victim is the bridge, or belongs to a half like any other.
        _ => {
            let split = if fault == Fault::Bridge { others } else { ids };
            let (one, other): (Vec<_>, Vec<_>) = split.into_iter().partition(|_| world.chance(0.5));
            pairs(&one, &other)
        }
    }
}

fn break_disk(cluster: &Arc<Cluster>, fault: Fault, victim: NodeId) {
    let world = &cluster.world;
    let Some(drive) = cluster.drive(victim) else { return };
    match fault {
        Fault::SlowDisk => return drive.hang(world.delay(Duration::from_millis(700))),
        Fault::CrashInsideCall => {
            let how = if world.chance(0.7) { End::PowerLost } else { End::Killed };
            cluster.crash_at(victim, world.between(1, 40), how);
        }
        Fault::DiskError => {
            let calls = [Call::Read, Call::Write, Call::Sync, Call::Names];
            if let Some(call) = world.pick(&calls) {
                drive.fail_at(*call, world.between(1, 20));
            }
        }
        _ => {
            drive.set_full(true);
            later(cluster, Duration::from_secs(2), move |_| drive.set_full(false));
        }
    }
    start_when_down(cluster, victim);
}

/// Let a node do something while other things go on breaking.
fn aside(
    cluster: &Arc<Cluster>,
    node: NodeId,
    work: impl FnOnce(Running) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + 'static,
) {
    let (cluster, world) = (Arc::clone(cluster), Arc::clone(&cluster.world));
    drop(world.spawn(async move {
        let _ = cluster.visit(node, 0.0, work).await;
    }));
}

fn others(ids: &[NodeId], but: NodeId) -> Vec<NodeId> {
    ids.iter().copied().filter(|id| *id != but).collect()
}

/// Both directions of every pair between two groups.
fn pairs(one: &[NodeId], other: &[NodeId]) -> Vec<(NodeId, NodeId)> {
    one.iter().flat_map(|a| other.iter().flat_map(|b| [(*a, *b), (*b, *a)])).collect()
}

/// Undo something after about so long.
fn later(cluster: &Arc<Cluster>, about: Duration, undo: impl FnOnce(&Arc<Cluster>) + Send + 'static) {
    let (cluster, after) = (Arc::clone(cluster), cluster.world.delay(about));
    let world = Arc::clone(&cluster.world);
    drop(world.spawn(async move {
        sleep(after).await;
        undo(&cluster);
    }));
}

fn cut(cluster: &Arc<Cluster>, cuts: Vec<(NodeId, NodeId)>) {
    cuts.iter().for_each(|(from, to)| cluster.network.block(*from, *to));
    later(cluster, Duration::from_millis(1_200), move |cluster| {
        cuts.iter().for_each(|(from, to)| cluster.network.unblock(*from, *to));
    });
}

fn end(cluster: &Arc<Cluster>, victims: &[NodeId], how: End) {
    for victim in victims {
        cluster.crash(*victim, how);
        let victim = *victim;
        later(cluster, Duration::from_millis(800), move |cluster| cluster.start(victim));
    }
}

/// It ends by itself, at some call of its disk; if it does not, there is nothing to start.
fn start_when_down(cluster: &Arc<Cluster>, victim: NodeId) {
    let (cluster, patience) = (Arc::clone(cluster), cluster.world.delay(Duration::from_secs(1)));
    let world = Arc::clone(&cluster.world);
    drop(world.spawn(async move {
        for _ in 0..20 {
            sleep(patience + Duration::from_millis(50)).await;
            if cluster.life(victim).is_none() {
                cluster.start(victim);
                return;
            }
        }
    }));
}

async fn stop(cluster: &Arc<Cluster>, victim: NodeId) {
    let hands_over = cluster.world.chance(0.5);
    let leaving = move |running: Running| async move {
        if hands_over && leadership_of(&running).is_some() {
            drop(running.member.transfer_leadership(None, Duration::from_secs(1)).await);
        }
        running.life.leave();
        running.member.shutdown().await;
    };
    let visit = cluster.visit(victim, 0.0, move |running| Box::pin(leaving(running)));
    let _ = SimRuntime::timeout(Duration::from_secs(3), visit).await;
    end(cluster, &[victim], End::Killed);
}

fn transfer(cluster: &Arc<Cluster>, victim: NodeId) {
    let to = cluster.world.chance(0.5).then_some(victim);
    let Some(leader) = cluster.leader().filter(|leader| Some(*leader) != to) else { return };
    let handing = move |running: Running| async move {
        drop(running.member.transfer_leadership(to, Duration::from_secs(1)).await);
    };
    aside(cluster, leader, move |running| Box::pin(handing(running)));
}

fn worsen_links(cluster: &Arc<Cluster>) {
    let (world, ids) = (&cluster.world, cluster.ids());
    for from in &ids {
        for to in &ids {
            if world.chance(0.5) {
                let delay = Duration::from_millis(world.between(1, 60));
                let loss = world.between(0, 300) as f64 / 1000.0;
                let doubling = world.between(0, 300) as f64 / 1000.0;
                cluster.network.set_mood(*from, *to, Mood { delay, loss, doubling });
            }
        }
    }
    later(cluster, Duration::from_millis(1_500), |cluster| cluster.network.forget_moods());
}
