//! A disk that forgets. What a program reads is not what is on the platter: that is only what was synced.
//!
//! Per file there are two images, the one that is seen and the one that is durable, and the set of 512-byte blocks in which
//! they may differ. Names are the same: what a directory shows, and what of it is durable. A crash of the process loses
//! nothing. A loss of power keeps some of the unsynced blocks and some of the unsynced changes of names, so that a write is torn at
//! any block and files appear without content, or not at all. A sector is written whole or not.
//!
//! Switches: an error at the nth call of a kind; no space; a crash *inside* the nth call; a disk that hangs; and, to prove
//! that the checks see it, disks that lie about having synced.

mod folder;
mod image;
mod view;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use samyama_raft::NodeId;
use samyama_raft::disk::Disk;

use self::folder::{File, Folder, Inode};
use self::image::BLOCK;
use self::view::{Passage, View};
use crate::life::Life;
use crate::runtime::{now, sleep, sleep_until};
use crate::world::World;

/// What kind of call can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Read,
    Write,
    Sync,
    Names,
}

/// A disk that does not do what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lie {
    #[default]
    None,
    /// One sync in so many does nothing.
    Syncs(u64),
    /// A write that begins with a vote is not synced.
    Votes,
}

/// How names come through a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameOrder {
    /// As on a journalling file system: what was changed first is durable first.
    Journal,
    /// Each for itself.
    Any,
}

#[derive(Default)]
struct Switches {
    fail: Option<(Call, u64)>,
    crash_in: Option<u64>,
    is_full: bool,
    /// Nothing does anything any more: its node has crashed in the middle of a call.
    is_frozen: bool,
    hangs_until: Option<Instant>,
    /// A call has failed in this life.
    has_failed: bool,
}

#[derive(Default)]
struct Content {
    folders: BTreeMap<&'static str, Folder>,
    switches: Switches,
}

/// The disk of one node; outlives the node's lives.
pub struct Drive {
    node: NodeId,
    world: Arc<World>,
    /// The mean time before the log's writer writes.
    pub latency: Duration,
    lie: Lie,
    order: NameOrder,
    content: Mutex<Content>,
}

impl Drive {
    pub fn new(node: NodeId, world: Arc<World>, latency: Duration, lie: Lie, order: NameOrder) -> Arc<Drive> {
        Arc::new(Drive { node, world, latency, lie, order, content: Mutex::default() })
    }

    /// As long as the disk takes to begin; longer while it hangs.
    pub async fn wait(&self) {
        sleep(self.world.delay(self.latency)).await;
        loop {
            let until = self.content.lock().switches.hangs_until;
            match until.filter(|until| *until > now()) {
                Some(until) => sleep_until(until).await,
                None => return,
            }
        }
    }

    pub fn hang(&self, duration: Duration) {
        self.content.lock().switches.hangs_until = Some(now() + duration);
    }

    pub fn fail_at(&self, call: Call, nth: u64) {
        self.content.lock().switches.fail = Some((call, nth));
    }

    pub fn crash_at(&self, nth: u64) {
        self.content.lock().switches.crash_in = Some(nth);
    }

    pub fn set_full(&self, is_full: bool) {
        self.content.lock().switches.is_full = is_full;
    }

    /// No fault is waiting to happen any more.
    pub fn heal(&self) {
        self.content.lock().switches = Switches::default();
    }

    /// Asked by a call that needs more space: it fails if there is none.
    fn is_full(&self) -> bool {
        let switches = &mut self.content.lock().switches;
        if switches.is_full {
            switches.has_failed = true;
            self.world.count("writes that found the disk full");
        }
        switches.is_full
    }

    pub fn is_faulty(&self) -> bool {
        let switches = &self.content.lock().switches;
        switches.is_full || switches.fail.is_some() || switches.crash_in.is_some()
    }

    /// The power goes: of what was not synced, some is there afterwards.
    pub fn lose_power(&self) {
        self.thaw();
        let mut content = self.content.lock();
        for (name, folder) in &mut content.folders {
            let kept = match self.order {
                NameOrder::Journal => self.world.between(0, folder.pending.len() as u64) as usize,
                NameOrder::Any => folder.pending.len(),
            };
            let pending = std::mem::take(&mut folder.pending);
            let lost = pending.len();
            for change in pending.iter().take(kept) {
                if self.order == NameOrder::Journal || self.world.chance(0.5) {
                    Folder::apply(&mut folder.durable, change);
                }
            }
            folder.seen = folder.durable.clone();
            let files: Vec<(String, File)> =
                folder.seen.iter().map(|(name, file)| (name.clone(), Arc::clone(file))).collect();
            let mut torn = 0;
            for (_, file) in files {
                torn += self.tear(&mut file.lock());
            }
            self.world
                .note(|| format!("disk {} {name}: {lost} names, {torn} blocks were not synced", self.node));
            self.world.count_many("blocks at stake in power losses", torn as u64);
        }
    }

    /// Keep some of the blocks that were not synced.
    fn tear(&self, inode: &mut Inode) -> usize {
        let pending = std::mem::take(&mut inode.pending);
        let at_stake = pending.len();
        // All of them, none, up to a point, or each for itself.
        let way = self.world.between(0, 3);
        let point = self.world.between(0, at_stake as u64) as usize;
        let mut len = inode.durable.len;
        for (position, number) in pending.into_iter().enumerate() {
            let is_kept = match way {
                0 => false,
                1 => true,
                2 => position < point,
                _ => self.world.chance(0.5),
            };
            if is_kept {
                inode.durable.set_block(number, inode.seen.block(number));
                len = len.max(((number + 1) * BLOCK).min(inode.seen.len));
            }
        }
        // The length is written apart from the blocks.
        inode.durable.len = self.world.between(len, inode.seen.len);
        inode.seen = inode.durable.clone();
        at_stake
    }

    /// A new life can use it: one that had crashed in the middle of a call is over.
    pub fn thaw(&self) {
        let switches = &mut self.content.lock().switches;
        switches.is_frozen = false;
        switches.crash_in = None;
        switches.has_failed = false;
    }

    /// A call has failed in the present life, which may end of it.
    pub fn has_failed(&self) -> bool {
        self.content.lock().switches.has_failed
    }

    /// Another disk that holds what would be left if nothing but what was synced came through.
    pub fn durable_copy(&self) -> Arc<Drive> {
        let copy = Drive::new(self.node, Arc::clone(&self.world), self.latency, Lie::None, self.order);
        let content = self.content.lock();
        for (name, folder) in &content.folders {
            let files = folder.durable.iter().map(|(name, file)| {
                let durable = file.lock().durable.clone();
                let inode = Inode { seen: durable.clone(), durable, ..Inode::default() };
                (name.clone(), Arc::new(Mutex::new(inode)))
            });
            let durable: BTreeMap<String, File> = files.collect();
            let folder = Folder { seen: durable.clone(), durable, pending: Vec::new() };
            copy.content.lock().folders.insert(name, folder);
        }
        copy
    }

    /// A directory of it, as one life sees it; without a life for those who look from outside.
    pub fn folder(self: &Arc<Self>, name: &'static str, life: Option<&Arc<Life>>) -> Arc<dyn Disk> {
        self.content.lock().folders.entry(name).or_default();
        Arc::new(View { drive: Arc::clone(self), name, life: life.cloned() })
    }

    /// How much of a write is done when it is cut short: up to the end of some block.
    fn short(&self, offset: u64, len: usize) -> usize {
        let blocks = (offset + len as u64).div_ceil(BLOCK) - offset / BLOCK;
        let end = (offset / BLOCK + self.world.between(0, blocks)) * BLOCK;
        (end.saturating_sub(offset) as usize).min(len)
    }

    /// Everything before a call does what it does.
    fn enter(&self, life: Option<&Arc<Life>>, call: Call) -> io::Result<Passage> {
        let mut content = self.content.lock();
        let switches = &mut content.switches;
        if switches.is_frozen || life.is_some_and(|life| life.is_over()) {
            return Err(io::Error::other("the node has crashed"));
        }
        if life.is_none() {
            return Ok(Passage::Free);
        }
        if let Some((failing, left)) = &mut switches.fail
            && *failing == call
        {
            *left = left.saturating_sub(1);
            if *left == 0 {
                switches.fail = None;
                switches.has_failed = true;
                self.world.count("disk errors");
                self.world.note(|| format!("disk {}: {call:?} fails", self.node));
                return Ok(Passage::Fails);
            }
        }
        if let Some(left) = &mut switches.crash_in {
            *left = left.saturating_sub(1);
            if *left == 0 {
                switches.crash_in = None;
                switches.is_frozen = true;
                self.world.count("crashes inside a call of the disk");
                self.world.note(|| format!("disk {}: the node crashes in {call:?}", self.node));
                return Ok(Passage::Crashes);
            }
        }
        Ok(Passage::Free)
    }
}
