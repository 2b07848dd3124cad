//! Who watches: every event of interest goes to every invariant, each of which knows one property.

use std::sync::Arc;

use parking_lot::Mutex;
use samyama_raft::log::{Log, LogId, Vote};
use samyama_raft::{Applied, Leadership, LogIndex, NodeId, RaftStatus};

use crate::invariants;
use crate::world::World;

/// What is seen of a cluster.
pub enum Event<'a> {
    /// A life begins with what its disk held.
    Began {
        node: NodeId,
        log: &'a Log,
    },
    /// A node said yes to a candidate or to a leader.
    Promised {
        node: NodeId,
        vote: Vote,
    },
    Applied {
        node: NodeId,
        entry: Entry,
        outcome: Applied,
    },
    /// A snapshot took the place of a node's state; None: an empty one.
    Installed {
        node: NodeId,
        last: Option<LogIndex>,
    },
    /// The state of a node when an index has just been applied, or installed.
    State {
        node: NodeId,
        index: LogIndex,
        fingerprint: u128,
        number: u64,
        /// CRC32C of the table of keys.
        keys: u32,
    },
    /// A look at a living node.
    Looked {
        node: NodeId,
        log: &'a Log,
        status: &'a RaftStatus,
        leads: Option<Leadership>,
    },
    /// What would be left of each node's log if the power failed everywhere now.
    Durable {
        logs: &'a [(NodeId, DurableLog)],
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub index: LogIndex,
    pub leader: Leadership,
    /// CRC32C of the payload.
    pub crc: u32,
}

/// A log as its disk would give it back.
#[derive(Clone, Debug, Default)]
pub struct DurableLog {
    pub vote: Option<Vote>,
    pub purged: Option<LogId>,
    /// Everything behind `purged`, in order.
    pub entries: Vec<LogId>,
    /// The index that the newest snapshot covers.
    pub snapshot: Option<LogIndex>,
}

/// One property that must hold at every moment.
pub trait Invariant: Send {
    /// As it stands in reports.
    fn name(&self) -> &'static str;
    /// # Errors
    /// What was seen that must not be.
    fn see(&mut self, event: &Event) -> Result<(), String>;
}

pub struct Oracle {
    world: Arc<World>,
    invariants: Mutex<Vec<Box<dyn Invariant>>>,
}

impl Oracle {
    pub fn new(world: Arc<World>, nodes: usize) -> Arc<Oracle> {
        Arc::new(Oracle { world, invariants: Mutex::new(invariants::all(nodes)) })
    }

    pub fn see(&self, event: &Event) {
        for invariant in self.invariants.lock().iter_mut() {
            if let Err(what) = invariant.see(event) {
                self.world.find(format!("{}: {what}", invariant.name()));
            }
        }
    }
}
