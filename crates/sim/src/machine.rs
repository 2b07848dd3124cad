//! The real state machine, watched: what it applies and what state it is in afterwards goes to the oracle.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use samyama_raft::{Applied, CommittedEntry, LogIndex, SnapshotSource, StagedState, StateMachine};
use samyama_server::parts::{Machine, Shared};

use crate::life::Life;
use crate::oracle::{Entry, Event, Oracle};

/// The state is compared at multiples of this, which all nodes pass.
const COMPARED_EVERY: LogIndex = 16;

pub struct Observed {
    inner: Machine,
    shared: Arc<Shared>,
    life: Arc<Life>,
    oracle: Arc<Oracle>,
    /// One entry in so many is lost before it is applied; to prove that it shows.
    loses: Option<u64>,
}

impl Observed {
    pub fn new(
        inner: Machine,
        shared: Arc<Shared>,
        life: Arc<Life>,
        oracle: Arc<Oracle>,
        loses: Option<u64>,
    ) -> Self {
        oracle.see(&Event::Installed { node: life.node, last: None });
        Observed { inner, shared, life, oracle, loses }
    }

    fn state(&self) {
        let published = self.shared.published();
        let (fingerprint, number) = (published.view.fingerprint(), published.view.transaction_number());
        let (node, index) = (self.life.node, published.index);
        let mut table = Vec::new();
        if let Err(error) = self.shared.keys.lock().write(&mut table) {
            self.life.world.find(format!("the keys of node {node} cannot be written: {error}"));
        }
        let keys = crc32c::crc32c(&table);
        self.life.world.note(|| {
            format!("apply {node}: {number} transactions at {index}, {fingerprint:032x} {keys:08x}")
        });
        self.oracle.see(&Event::State { node, index, fingerprint, number, keys });
    }

    fn lose_some(&self, batch: &mut [CommittedEntry]) {
        let Some(one_in) = self.loses else { return };
        for entry in batch.iter_mut().filter(|entry| !entry.payload.is_empty()) {
            if self.life.world.between(1, one_in) == 1 {
                entry.payload = Bytes::new();
                self.life.world.count("entries lost before apply");
            }
        }
    }

    fn apply_together(&mut self, mut batch: Vec<CommittedEntry>) -> Vec<Applied> {
        let seen: Vec<Entry> = batch.iter().map(entry_of).collect();
        self.lose_some(&mut batch);
        let outcomes = self.inner.apply(batch);
        for (entry, outcome) in seen.into_iter().zip(&outcomes) {
            self.life.world.note(|| {
                let Entry { index, leader, crc } = entry;
                format!(
                    "apply {}: {index} of {}/{} {crc:08x} {outcome:?}",
                    self.life.node, leader.term, leader.node
                )
            });
            self.oracle.see(&Event::Applied { node: self.life.node, entry, outcome: outcome.clone() });
        }
        self.state();
        outcomes
    }
}

fn entry_of(entry: &CommittedEntry) -> Entry {
    Entry { index: entry.index, leader: entry.leader, crc: crc32c::crc32c(&entry.payload) }
}

impl StateMachine for Observed {
    fn apply(&mut self, mut entries: Vec<CommittedEntry>) -> Vec<Applied> {
        let mut outcomes = Vec::with_capacity(entries.len());
        while !entries.is_empty() {
            let cut = entries.iter().position(|entry| entry.index % COMPARED_EVERY == 0);
            let rest = cut.map_or_else(Vec::new, |at| entries.split_off(at + 1));
            outcomes.extend(self.apply_together(entries));
            entries = rest;
        }
        self.life.world.count_many("entries applied", outcomes.len() as u64);
        outcomes
    }

    fn snapshot_source(&self) -> Box<dyn SnapshotSource> {
        self.life.world.count("snapshots begun");
        self.inner.snapshot_source()
    }

    fn decode_snapshot(&self) -> fn(&mut dyn io::Read) -> io::Result<StagedState> {
        self.inner.decode_snapshot()
    }

    fn install(&mut self, staged: StagedState, last: Option<LogIndex>) {
        self.inner.install(staged, last);
        self.life.world.count("snapshots installed");
        self.life.world.note(|| format!("apply {}: a snapshot up to {last:?}", self.life.node));
        self.oracle.see(&Event::Installed { node: self.life.node, last });
        self.state();
    }
}
