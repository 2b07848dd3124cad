//! Names of files: what a directory shows, and what of it is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

use super::image::Image;

#[derive(Default)]
pub struct Inode {
    pub seen: Image,
    pub durable: Image,
    /// Room that is set aside, beyond what is written.
    pub reserved: u64,
    /// Blocks written since the last sync.
    pub pending: BTreeSet<u64>,
    /// The last write began with a vote; for a disk that does not sync those.
    pub ends_with_vote: bool,
}

pub type File = Arc<Mutex<Inode>>;

/// A change of names that is not durable yet.
pub enum Change {
    Made(String, File),
    Renamed(String, String),
    Removed(String),
}

#[derive(Default)]
pub struct Folder {
    pub seen: BTreeMap<String, File>,
    pub durable: BTreeMap<String, File>,
    pub pending: Vec<Change>,
}

impl Folder {
    pub fn apply(names: &mut BTreeMap<String, File>, change: &Change) {
        match change {
            Change::Made(name, file) => drop(names.insert(name.clone(), Arc::clone(file))),
            Change::Renamed(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Change::Removed(name) => drop(names.remove(name)),
        }
    }

    pub fn note(&mut self, change: Change) {
        Self::apply(&mut self.seen, &change);
        self.pending.push(change);
    }
}
