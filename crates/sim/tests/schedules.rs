//! Schedules that are known from elsewhere to break consensus, written by hand. Each runs under several seeds, which choose the
//! delays. What cannot be told here: openraft#1802 and #1795 need single messages altered inside the library, and #1808 a
//! change of membership while a snapshot is installed; their outcomes are watched by the invariants in every seed of `make sim`.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use samyama_raft::NodeId;
use samyama_sim::clients::Workload;
use samyama_sim::cluster::{Cluster, End, until};
use samyama_sim::run::{begin, conclude, run_story};
use samyama_sim::runtime::{now, sleep};
use samyama_sim::setup::Setup;
use samyama_sim::world::World;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=8;
const PATIENCE: Duration = Duration::from_secs(10);

/// Tell a story under each seed; whatever it finds is a failure.
fn tell<F>(setup: Setup, story: impl Fn(Arc<Workload>) -> F + Clone + Send + Sync + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    for seed in SEEDS {
        let (setup, story) = (setup.clone(), story.clone());
        let report = run_story(seed, false, move |world: Arc<World>| async move {
            let Some(workload) = begin(&world, setup).await else { return };
            story(Arc::clone(&workload)).await;
            conclude(&workload).await;
        });
        assert!(report.findings.is_empty(), "seed {seed}: {:#?}", report.findings);
    }
}

/// The node whose lane is open; there is one within a few elections.
async fn leader(cluster: &Arc<Cluster>, among: &[NodeId]) -> Option<NodeId> {
    let leads = |id: &NodeId| {
        cluster.running(*id).is_some_and(|running| running.member.lane_ready().borrow().is_some())
    };
    if !until(PATIENCE, || among.iter().any(leads)).await {
        cluster.world.find(format!("none of {among:?} leads after {PATIENCE:?}"));
    }
    among.iter().find(|id| leads(id)).copied()
}

fn cut(cluster: &Cluster, one: &[NodeId], other: &[NodeId]) {
    for a in one {
        for b in other {
            cluster.network.block(*a, *b);
            cluster.network.block(*b, *a);
        }
    }
}

fn but(ids: &[NodeId], out: &[NodeId]) -> Vec<NodeId> {
    ids.iter().copied().filter(|id| !out.contains(id)).collect()
}

/// A write that these nodes alone cannot commit, left behind in their logs.
async fn write_in_vain(workload: &Arc<Workload>, nodes: &[NodeId], patience: Duration) {
    use openraft_rt::AsyncRuntime;
    let writing = workload.write_at(nodes);
    if openraft_rt_sim::SimRuntime::timeout(patience, writing).await.is_ok() {
        workload.cluster.world.find(format!("{nodes:?}, a minority, acknowledged a write"));
    }
}

/// openraft#2080: an old leader that sees only the bridge keeps the bridge from voting, for ever, unless it gives up by itself.
#[test]
fn a_leader_that_sees_only_the_bridge_gives_way() {
    tell(Setup::plain(5), |workload| async move {
        let cluster = &workload.cluster;
        let ids = cluster.ids();
        let Some(old) = leader(cluster, &ids).await else { return };
        let rest = but(&ids, &[old]);
        let (bridge, gone) = (rest[0], rest[3]);
        cluster.crash(gone, End::Killed);
        cut(cluster, &[old], &[rest[1], rest[2]]);
        // Four are up, three of them see each other: they are a majority of five.
        let able = [bridge, rest[1], rest[2]];
        let served = || workload.write_at(&able);
        use openraft_rt::AsyncRuntime;
        if openraft_rt_sim::SimRuntime::timeout(PATIENCE, served()).await.is_err() {
            cluster.world.find(format!("{able:?} took no write in {PATIENCE:?}"));
        }
    });
}

/// openraft#1828: a follower comes back when everything that it would need next has been purged.
#[test]
fn a_follower_behind_a_purged_log_is_brought_up() {
    let setup = Setup { snapshot_entries: 10, snapshot_chunk_bytes: 512, ..Setup::plain(3) };
    tell(setup, |workload| async move {
        let cluster = &workload.cluster;
        let ids = cluster.ids();
        let Some(leads) = leader(cluster, &ids).await else { return };
        let away = but(&ids, &[leads])[0];
        cluster.crash(away, End::PowerLost);
        let others = but(&ids, &[away]);
        for _ in 0..100 {
            workload.write_at(&others).await;
        }
        let purged = || {
            let leading = others.iter().filter_map(|id| cluster.running(*id));
            leading.into_iter().any(|running| running.member.status().purged_index > 60)
        };
        if !until(PATIENCE, purged).await {
            cluster.world.find("the log was not purged");
        }
        cluster.start(away);
        let there = || {
            cluster.running(away).is_some_and(|running| {
                *running.member.applied().borrow() > 90 && running.member.status().snapshot_index > 60
            })
        };
        if !until(PATIENCE, there).await {
            cluster.world.find("the follower was not brought up by a snapshot");
        }
    });
}

/// openraft#1808, as far as there is no change of membership: who was brought up by a snapshot knows who the others are, so that
/// alone, after a restart, it is no majority.
#[test]
fn a_node_that_came_by_snapshot_is_no_majority_by_itself() {
    let setup = Setup { snapshot_entries: 10, ..Setup::plain(3) };
    tell(setup, |workload| async move {
        let cluster = &workload.cluster;
        let ids = cluster.ids();
        let Some(leads) = leader(cluster, &ids).await else { return };
        let away = but(&ids, &[leads])[0];
        let others = but(&ids, &[away]);
        cluster.crash(away, End::PowerLost);
        for _ in 0..60 {
            workload.write_at(&others).await;
        }
        cluster.start(away);
        let installed =
            || cluster.running(away).is_some_and(|running| running.member.status().snapshot_index > 30);
        if !until(PATIENCE, installed).await {
            cluster.world.find("no snapshot was installed");
        }
        cluster.crash(away, End::PowerLost);
        cut(cluster, &[away], &others);
        cluster.start(away);
        write_in_vain(&workload, &[away], Duration::from_secs(3)).await;
    });
}

/// The figure 8 of the Raft paper, round after round: a leader leaves an entry on a minority and falls, another begins a term
/// of its own, falls too, and the first comes back. What was left behind may live or die, but nothing that was committed may.
#[test]
fn entries_that_fallen_leaders_left_behind() {
    tell(Setup::plain(5), |workload| async move {
        let cluster = &workload.cluster;
        let ids = cluster.ids();
        for _ in 0..6 {
            let Some(first) = leader(cluster, &ids).await else { return };
            let friend = but(&ids, &[first])[0];
            let others = but(&ids, &[first, friend]);
            cut(cluster, &[first, friend], &others);
            write_in_vain(&workload, &[first], Duration::from_millis(120)).await;
            cluster.crash(first, End::PowerLost);
            cluster.crash(friend, End::PowerLost);
            let Some(second) = leader(cluster, &others).await else { return };
            cut(cluster, &[second], &but(&others, &[second]));
            write_in_vain(&workload, &[second], Duration::from_millis(80)).await;
            cluster.crash(second, End::PowerLost);
            cluster.network.unblock_all();
            cluster.start(first);
            cluster.start(friend);
            sleep(cluster.world.delay(Duration::from_millis(400))).await;
            cluster.start(second);
            workload.write_at(&ids).await;
        }
    });
}

/// openraft#1802 in its outcome: of five, two are never enough, whatever they have acknowledged before and however often.
#[test]
fn two_of_five_commit_nothing() {
    let mut setup = Setup::plain(5);
    setup.mood.doubling = 0.5;
    setup.is_ordered = false;
    tell(setup, |workload| async move {
        let cluster = &workload.cluster;
        let ids = cluster.ids();
        let Some(old) = leader(cluster, &ids).await else { return };
        let few = [old, but(&ids, &[old])[0]];
        cut(cluster, &few, &but(&ids, &few));
        write_in_vain(&workload, &few, Duration::from_secs(2)).await;
        workload.write_at(&but(&ids, &few)).await;
    });
}

/// openraft#2088: leadership is handed to a node that cannot be reached; the old leader has stopped taking writes.
#[test]
fn leadership_handed_to_nobody_is_taken_up_again() {
    tell(Setup::plain(3), |workload| async move {
        let cluster = &workload.cluster;
        let ids = cluster.ids();
        let Some(old) = leader(cluster, &ids).await else { return };
        let lost = but(&ids, &[old])[0];
        cut(cluster, &[lost], &but(&ids, &[lost]));
        let handing = cluster.visit(old, 0.0, move |running| {
            Box::pin(async move {
                drop(running.member.transfer_leadership(Some(lost), Duration::from_secs(1)).await);
            })
        });
        let _ = handing.await;
        use openraft_rt::AsyncRuntime;
        let able = but(&ids, &[lost]);
        if openraft_rt_sim::SimRuntime::timeout(PATIENCE, workload.write_at(&able)).await.is_err() {
            cluster.world.find(format!("no write in {PATIENCE:?} after leadership was handed to nobody"));
        }
    });
}

/// A leader that is cut off with writes on their way does not know what becomes of them, and says so in bounded time; what it is
/// asked then it refuses. Healed, it serves, and what it had proposed is there for all or for none.
#[test]
fn a_leader_that_is_cut_off_answers_in_bounded_time() {
    tell(Setup::plain(3), |workload| async move {
        let cluster = &workload.cluster;
        let ids = cluster.ids();
        for _ in 0..3 {
            let Some(old) = leader(cluster, &ids).await else { return };
            let others = but(&ids, &[old]);
            cut(cluster, &[old], &others);
            // If nobody else comes to lead, what was given up is committed when all is healed; else it is lost.
            let is_replaced = cluster.world.chance(0.5);
            if !is_replaced {
                cut(cluster, &others[..1], &others[1..]);
            }
            let asking = (0..6).map(|number: u64| {
                let workload = Arc::clone(&workload);
                // Some while the lease still holds, some behind it, some when nobody can be reached any more.
                async move {
                    sleep(Duration::from_millis(number * 120)).await;
                    let asked = now();
                    let done = workload.write_once_at(old).await;
                    (done, now() - asked)
                }
            });
            for (done, took) in futures_util::future::join_all(asking).await {
                if done {
                    cluster.world.find(format!("node {old}, alone, acknowledged a write"));
                }
                if took > Duration::from_millis(7_500) {
                    cluster.world.find(format!("node {old}, alone, answered a write after {took:?}"));
                }
            }
            if is_replaced {
                workload.write_at(&others).await;
            }
            cluster.network.unblock_all();
            workload.write_at(&ids).await;
        }
    });
}
