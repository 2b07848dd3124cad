//! One seed: a cluster is made, clients work and things break; then what is broken is healed, and it must serve and converge.
//!
//! First comes safety: faults until the time is up, and nothing may be found. Then liveness: a majority is healed while the rest
//! stays as it is, and within a deadline it must lead, accept a write and agree; then everything is healed, and all must be equal.
//! Last, what the graph says is held against what every client was told.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use openraft_rt::AsyncRuntime;
use openraft_rt_sim::{SimInstant, SimRuntime};
use parking_lot::Mutex;
use samyama_raft::NodeId;

use crate::clients::{ACCOUNTS, BALANCE, Workload};
use crate::cluster::{Cluster, until};
use crate::faults::break_things;
use crate::history::History;
use crate::panics;
use crate::plans::Plans;
use crate::report::Report;
use crate::runtime::sleep;
use crate::setup::{Defect, Setup};
use crate::world::World;

/// How long a healed cluster may take for each step.
/// A snapshot of several MiB in pieces of 4 KiB over slow links takes twenty seconds (seed 108), and where the node could not
/// be reached before, up to fifteen pass before it is tried again.
const CONVERGENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOOK_AT_DISKS_EVERY: u32 = 25;
/// The runtime is left this often, to take its trace.
const SLICE: Duration = Duration::from_millis(250);
/// A run that takes longer than this in virtual time hangs.
const LIMIT: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub defect: Option<Defect>,
    pub is_traced: bool,
}

/// Run a seed.
pub fn run_seed(seed: u64, options: Options) -> Report {
    run_story(seed, options.is_traced, |world| {
        let setup = Setup::draw(&world, options.defect);
        world.note(|| format!("{setup:?}"));
        storm(world, setup)
    })
}

/// Run a seed in a cluster that it does not draw itself: clients work, and what the setup names breaks.
pub fn run_setup(seed: u64, setup: Setup) -> Report {
    run_story(seed, false, |world| storm(world, setup))
}

/// Run anything that plays in a world.
pub fn run_story<F>(seed: u64, is_traced: bool, story: impl FnOnce(Arc<World>) -> F) -> Report
where
    F: Future<Output = ()> + Send + 'static,
{
    let _watch = panics::Watch::begin();
    let world = World::new(seed, is_traced);
    let mut runtime = SimRuntime::with_seed(seed);
    runtime.record_trace(is_traced);
    let (mut trace, mut elapsed) = (Vec::new(), Duration::ZERO);
    let is_over = Arc::new(Mutex::new(false));
    let (story, over, teller) = (story(Arc::clone(&world)), Arc::clone(&is_over), Arc::clone(&world));
    let played = std::panic::catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async move {
            drop(teller.spawn(async move {
                story.await;
                *over.lock() = true;
            }));
        });
        while !*is_over.lock() && !world.has_findings() {
            elapsed = runtime.block_on(async {
                sleep(SLICE).await;
                SimInstant::try_now().map(SimInstant::elapsed_since_start).unwrap_or_default()
            });
            keep(&mut trace, &world, &runtime);
            if elapsed > LIMIT {
                world.find(format!("it has not ended after {LIMIT:?}"));
            }
        }
    }));
    if let Err(payload) = played {
        world.find(panics::describe(&*payload));
    }
    keep(&mut trace, &world, &runtime);
    // What is dropped now has nobody to tell.
    drop(std::panic::catch_unwind(AssertUnwindSafe(|| drop(runtime))));
    Report { seed, elapsed, counts: world.counts(), findings: world.findings(), trace }
}

fn keep(trace: &mut Vec<u8>, world: &World, runtime: &SimRuntime) {
    for line in world.take_trace() {
        trace.extend_from_slice(line.as_bytes());
        trace.push(b'\n');
    }
    for line in runtime.take_trace() {
        trace.extend_from_slice(b"rt ");
        trace.extend_from_slice(line.as_bytes());
        trace.push(b'\n');
    }
}

/// The usual story.
async fn storm(world: Arc<World>, setup: Setup) {
    let Some(workload) = begin(&world, setup).await else { return };
    let cluster = Arc::clone(&workload.cluster);
    let clients: Vec<_> =
        (0..cluster.setup.clients).map(|client| world.spawn(Arc::clone(&workload).go(client))).collect();
    let breaking = break_things(Arc::clone(&cluster));
    let _ = SimRuntime::timeout(cluster.setup.safety, breaking).await;
    // Clients go on through the healing.
    if !heal_majority(&cluster, &workload).await {
        return;
    }
    workload.end();
    for client in clients {
        drop(client.await);
    }
    conclude(&workload).await;
}

/// What a schedule that is written by hand begins with: a cluster that is up and watched, with accounts and a constraint.
pub async fn begin(world: &Arc<World>, setup: Setup) -> Option<Arc<Workload>> {
    let plans = match Plans::load() {
        Ok(plans) => plans,
        Err(error) => {
            world.find(format!("a plan cannot be read: {error}"));
            return None;
        }
    };
    let cluster = Cluster::new(Arc::clone(world), setup);
    let workload = Workload::new(Arc::clone(&cluster), plans, History::new(Arc::clone(world)));
    cluster.ids().into_iter().for_each(|id| cluster.start(id));
    drop(world.spawn(watch(Arc::clone(&cluster))));
    workload.open().await;
    Some(workload)
}

/// And what it ends with: everything is healed, must serve and agree, and hold what clients were told.
pub async fn conclude(workload: &Arc<Workload>) {
    workload.end();
    if heal_all(&workload.cluster, workload).await {
        finish(&workload.cluster, workload, &workload.history);
    }
}

/// Looks at the living often, and at the disks now and then.
async fn watch(cluster: Arc<Cluster>) {
    let mut turn = 0;
    loop {
        sleep(LOOK_EVERY).await;
        cluster.look();
        turn += 1;
        if turn % LOOK_AT_DISKS_EVERY == 0 {
            cluster.look_at_disks();
        }
    }
}

/// A majority comes back and can speak to each other; the others are cut off, in whatever state they are.
async fn heal_majority(cluster: &Arc<Cluster>, workload: &Arc<Workload>) -> bool {
    let mut ids = cluster.ids();
    // Any majority must do.
    while ids.len() > cluster.majority() {
        ids.remove(cluster.world.between(0, ids.len() as u64 - 1) as usize);
    }
    cluster.world.note(|| format!("healing {ids:?}"));
    revive(cluster, &ids).await;
    converge(cluster, workload, &ids, "a healed majority").await
}

async fn heal_all(cluster: &Arc<Cluster>, workload: &Arc<Workload>) -> bool {
    let ids = cluster.ids();
    cluster.world.note(|| format!("healing {ids:?}"));
    revive(cluster, &ids).await;
    converge(cluster, workload, &ids, "the healed cluster").await
}

async fn revive(cluster: &Arc<Cluster>, ids: &[NodeId]) {
    cluster.network.settle(ids, &cluster.ids());
    for id in ids {
        if let Some(drive) = cluster.drive(*id) {
            drive.heal();
        }
        if let Some(life) = cluster.life(*id) {
            life.go_on();
        }
        cluster.start(*id);
    }
    sleep(Duration::from_millis(1)).await;
}

/// Somebody leads, takes a write, and all of these have applied it, with one graph.
async fn converge(cluster: &Arc<Cluster>, workload: &Arc<Workload>, ids: &[NodeId], who: &str) -> bool {
    let world = &cluster.world;
    let serving = async {
        let starting = async {
            loop {
                ids.iter().for_each(|id| cluster.start(*id));
                sleep(Duration::from_millis(20)).await;
            }
        };
        let (starting, writing) = (std::pin::pin!(starting), std::pin::pin!(workload.write_at(ids)));
        let _ = select(starting, writing).await;
    };
    if SimRuntime::timeout(CONVERGENCE, serving).await.is_err() {
        world.find(format!("{who}, {ids:?}, takes no write after {CONVERGENCE:?}"));
        return false;
    }
    let (to_agree, all) = (Arc::clone(cluster), ids.to_vec());
    let agree = || {
        let running: Vec<_> = all.iter().filter_map(|id| to_agree.running(*id)).collect();
        let applied: Vec<_> = running.iter().map(|r| *r.member.applied().borrow()).collect();
        let last = running.iter().filter(|r| r.member.lane_ready().borrow().is_some());
        let last = last.map(|r| r.member.status().last_log_index).max();
        running.len() == all.len() && last.is_some_and(|last| applied.iter().all(|at| *at == last))
    };
    if !until(CONVERGENCE, agree).await {
        let marks: Vec<_> = cluster
            .all_running()
            .into_iter()
            .map(|(id, r)| (id, *r.member.applied().borrow(), r.member.status().last_log_index))
            .collect();
        world.find(format!(
            "{who}, {ids:?}, does not agree after {CONVERGENCE:?}: (node, applied, last) {marks:?}"
        ));
        return false;
    }
    true
}

/// Everything is quiet: what is there is held against what was told.
fn finish(cluster: &Arc<Cluster>, workload: &Arc<Workload>, history: &Arc<History>) {
    let world = &cluster.world;
    cluster.look();
    cluster.look_at_disks();
    let mut fingerprints = Vec::new();
    for (id, running) in cluster.all_running() {
        let published = running.shared.published();
        fingerprints.push((id, published.index, published.view.fingerprint()));
        if let Err(what) = published.view.verify() {
            world.find(format!("the graph of node {id} is not sound: {what}"));
        }
    }
    if fingerprints.windows(2).any(|pair| (pair[0].1, pair[0].2) != (pair[1].1, pair[1].2)) {
        world.find(format!("nodes differ in the end: {fingerprints:?}"));
    }
    let Some((_, running)) = cluster.all_running().into_iter().next() else {
        return world.find("no node is up in the end");
    };
    let checked = history.check(&workload.read_all(&running), ACCOUNTS * BALANCE);
    world.count_many("register operations checked", checked as u64);
    for (what, number) in history.summary() {
        world.count_many(what, number);
    }
}
