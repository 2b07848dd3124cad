//! What a member stands on: its disks, who it is, and the way to its peers.

use std::io;
use std::sync::Arc;

use crate::NodeConfig;
use crate::disk::Disk;
use crate::identity::{DirectoryLock, Identity, KnownPeers};
use crate::limits::SNAPSHOT_CHUNK_BYTES;
use crate::network::Transport;
use crate::roster::Roster;

/// Three directories.
#[derive(Clone)]
pub struct Disks {
    /// Who the node is, and whom it has met.
    pub root: Arc<dyn Disk>,
    pub log: Arc<dyn Disk>,
    pub snapshots: Arc<dyn Disk>,
}

pub struct Ground {
    /// None: nothing is durable.
    pub(crate) disks: Option<Disks>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) snapshot_chunk_bytes: usize,
    /// Held as long as the member lives.
    pub(crate) lock: Option<DirectoryLock>,
}

impl Ground {
    pub(crate) fn new(disks: Option<Disks>, roster: Arc<Roster>, transport: Arc<dyn Transport>) -> Self {
        Ground { disks, roster, transport, snapshot_chunk_bytes: SNAPSHOT_CHUNK_BYTES, lock: None }
    }

    /// On disks and a network of one's own making. `incarnation` is the node's if the disks are new.
    ///
    /// # Errors
    /// When the disks belong to another node, or are damaged.
    pub fn own(
        disks: Disks,
        transport: Arc<dyn Transport>,
        config: &NodeConfig,
        incarnation: u64,
    ) -> io::Result<Self> {
        let identity = Identity::load_or_create(&disks, config, incarnation)?;
        let roster = Roster::new(identity, KnownPeers::load(Some(Arc::clone(&disks.root)))?);
        Ok(Self::new(Some(disks), Arc::new(roster), transport))
    }

    /// Cluster and node, as segments of the log on these disks carry them.
    ///
    /// # Errors
    /// When the disks belong to another node, or are damaged.
    pub fn owner_on(disks: &Disks, config: &NodeConfig) -> io::Result<[u8; 24]> {
        Ok(Identity::load_or_create(disks, config, 1)?.owner())
    }

    /// Send snapshots in pieces of another size than usual.
    #[must_use]
    pub fn with_snapshot_chunks(mut self, bytes: usize) -> Self {
        self.snapshot_chunk_bytes = bytes.max(1);
        self
    }
}
