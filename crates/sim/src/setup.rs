//! What a seed makes of a cluster: each draws its own size, timeouts, rates and the faults that exist in it at all.
//!
//! A run in which everything may happen at once tests little: the faults drown each other. A swarm of runs, each with a few, at
//! its own rates, reaches more.

use std::time::Duration;

use samyama_server::parts::Bounds;

use crate::disk::{Lie, NameOrder};
use crate::faults::{FAULTS, Fault};
use crate::network::Mood;
use crate::world::World;

/// A defect planted to prove that the checks see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// One sync in so many does nothing.
    LyingDisk(u64),
    /// Votes are written and not synced.
    UnsyncedVotes,
    /// One entry in so many is not applied, on that node.
    LostEntry(u64),
    /// Nothing is synced before it is acknowledged.
    NoSync,
    /// Linearizable reads take what is applied where they arrive.
    LocalReads,
    /// A proposal that has no outcome after this long counts as refused: its statements run again.
    LateIsRefused(Duration),
    /// A member that asks again for a client draws another key.
    AnotherKeyEachTime,
}

#[derive(Clone, Debug)]
pub struct Setup {
    pub nodes: u64,
    pub election_timeout_ms: (u64, u64),
    pub heartbeat_interval_ms: u64,
    pub segment_bytes: u64,
    pub snapshot_entries: u64,
    pub snapshot_chunk_bytes: usize,
    pub disk_latency: Duration,
    pub name_order: NameOrder,
    pub mood: Mood,
    pub is_ordered: bool,
    /// How often a task that could run is put behind the others.
    pub give_way: f64,
    /// How often a statement is too long for the lane.
    pub overruns: f64,
    /// The leader applies what its lane built, too, and compares.
    pub verifies: bool,
    pub bounds: Bounds,
    pub clients: u64,
    pub think: Duration,
    pub patience: Duration,
    /// How often the answer to a client is lost.
    pub client_loss: f64,
    /// How often a client lets any member do it, instead of looking for the leader itself.
    pub relays: f64,
    pub faults: Vec<Fault>,
    pub between_faults: Duration,
    pub safety: Duration,
    pub defect: Option<Defect>,
}

impl Setup {
    pub fn draw(world: &World, defect: Option<Defect>) -> Setup {
        let nodes = [1, 3, 3, 3, 3, 3, 3, 5, 5, 5][world.between(0, 9) as usize];
        let election_min = [60, 100, 150, 150, 300][world.between(0, 4) as usize];
        let election_max =
            election_min + [election_min / 5, election_min, election_min][world.between(0, 2) as usize];
        let enabled = |fault: &&Fault| world.chance(fault.likelihood(nodes));
        let mut faults: Vec<Fault> = FAULTS.iter().filter(enabled).copied().collect();
        if faults.is_empty() {
            faults.push(Fault::PowerLoss);
        }
        let (loss, doubling) = if world.chance(0.5) {
            (world.between(0, 50) as f64 / 1000.0, world.between(0, 100) as f64 / 1000.0)
        } else {
            (0.0, 0.0)
        };
        Setup {
            nodes,
            election_timeout_ms: (election_min, election_max),
            heartbeat_interval_ms: election_min / 3,
            segment_bytes: 1 << world.between(12, 20),
            snapshot_entries: [5, 20, 50, 100, 200, 500][world.between(0, 5) as usize],
            snapshot_chunk_bytes: [512, 4096, 1 << 20][world.between(0, 2) as usize],
            disk_latency: Duration::from_micros([50, 200, 1_000, 5_000][world.between(0, 3) as usize]),
            name_order: if world.chance(0.3) { NameOrder::Any } else { NameOrder::Journal },
            mood: Mood {
                delay: Duration::from_micros([100, 500, 2_000][world.between(0, 2) as usize]),
                loss,
                doubling,
            },
            is_ordered: world.chance(0.5),
            give_way: [0.0, 0.0, 0.05, 0.3][world.between(0, 3) as usize],
            overruns: [0.0, 0.02, 0.2][world.between(0, 2) as usize],
            verifies: world.chance(0.5),
            bounds: Bounds {
                uncommitted_bytes_max: [4 << 10, 1 << 26][usize::from(world.chance(0.8))],
                commit_timeout: Duration::from_millis([200, 1_000, 5_000][world.between(0, 2) as usize]),
            },
            clients: world.between(2, 8),
            think: Duration::from_millis([2, 10, 40][world.between(0, 2) as usize]),
            patience: Duration::from_millis([500, 3_000, 15_000][world.between(0, 2) as usize]),
            client_loss: [0.0, 0.01, 0.1][world.between(0, 2) as usize],
            relays: [0.0, 0.5, 0.9][world.between(0, 2) as usize],
            faults,
            between_faults: Duration::from_millis([200, 600, 2_000][world.between(0, 2) as usize]),
            safety: Duration::from_secs(world.between(8, 16)),
            defect,
        }
    }

    /// One that any seed shares: for schedules that are written by hand.
    pub fn plain(nodes: u64) -> Setup {
        Setup {
            nodes,
            election_timeout_ms: (150, 300),
            heartbeat_interval_ms: 50,
            segment_bytes: 1 << 16,
            snapshot_entries: 1_000,
            snapshot_chunk_bytes: 1 << 20,
            disk_latency: Duration::from_micros(200),
            name_order: NameOrder::Journal,
            mood: Mood { delay: Duration::from_micros(300), loss: 0.0, doubling: 0.0 },
            is_ordered: true,
            give_way: 0.0,
            overruns: 0.0,
            verifies: true,
            bounds: Bounds { uncommitted_bytes_max: 1 << 26, commit_timeout: Duration::from_secs(5) },
            clients: 0,
            think: Duration::from_millis(10),
            patience: Duration::from_secs(3),
            client_loss: 0.0,
            relays: 0.0,
            faults: Vec::new(),
            between_faults: Duration::from_secs(1),
            safety: Duration::from_secs(10),
            defect: None,
        }
    }

    pub fn lie(&self) -> Lie {
        match self.defect {
            Some(Defect::LyingDisk(one_in)) => Lie::Syncs(one_in),
            Some(Defect::UnsyncedVotes) => Lie::Votes,
            _ => Lie::None,
        }
    }
}
