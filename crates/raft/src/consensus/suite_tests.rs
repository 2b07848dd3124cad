//! openraft's own suite for stores, against ours: the log on disk with segments of 4 KiB, and the log in memory.
//!
#![allow(clippy::unwrap_used)]

use std::io::{self, Read, Write};
use std::sync::Arc;

use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use tempfile::TempDir;

use super::apply::Machine;
use super::snapshots::SnapshotStore;
use super::store::LogStore;
use super::types::Cfg;
use crate::disk::RealDisk;
use crate::identity::{Identity, KnownPeers};
use crate::journey::Journeys;
use crate::log::{Log, LogOptions};
use crate::roster::Roster;
use crate::runtime::{Runtime, Tokio};
use crate::{Applied, CommittedEntry, LogIndex, SnapshotSource, StagedState, StateMachine, watch};

/// The suite looks at log ids and memberships, never at content: the last index is state enough.
struct LastIndex(u64);

impl SnapshotSource for LastIndex {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.0.to_le_bytes())
    }
}

fn decode(input: &mut dyn Read) -> io::Result<StagedState> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes)?;
    Ok(Box::new(u64::from_le_bytes(bytes)))
}

impl StateMachine for LastIndex {
    fn apply(&mut self, entries: Vec<CommittedEntry>) -> Vec<Applied> {
        self.0 = entries.last().map_or(self.0, |entry| entry.index);
        entries.iter().map(|_| Applied::Done).collect()
    }
    fn snapshot_source(&self) -> Box<dyn SnapshotSource> {
        Box::new(LastIndex(self.0))
    }
    fn decode_snapshot(&self) -> fn(&mut dyn Read) -> io::Result<StagedState> {
        decode
    }
    fn install(&mut self, staged: StagedState, _: Option<LogIndex>) {
        self.0 = *staged.downcast::<u64>().unwrap();
    }
}

struct Builder {
    is_durable: bool,
}

type Built = (TempDir, LogStore<Tokio>, Machine<Tokio>);

impl StoreBuilder<Cfg<Tokio>, LogStore<Tokio>, Machine<Tokio>, TempDir> for Builder {
    async fn build(&self) -> Result<Built, StorageError<Cfg<Tokio>>> {
        let directory = tempfile::tempdir().unwrap();
        let log = if self.is_durable {
            let disk = Arc::new(RealDisk::new(&directory.path().join("log")).unwrap());
            let options = LogOptions { segment_bytes: 4096, sync: true, group: 0 };
            let (log, writer, repair) = Log::open(disk, [7; 24], options).unwrap();
            assert!(repair.is_none(), "a new log needs no repair");
            std::thread::spawn(move || writer.run());
            log
        } else {
            Log::in_memory()
        };
        let disk = Arc::new(RealDisk::new(&directory.path().join("snapshots")).unwrap());
        let applied = Arc::new(watch::Sender::new(0));
        let identity = Identity { cluster: [7; 16], node: 1, incarnation: 1, founder: true };
        let roster = Arc::new(Roster::new(identity, KnownPeers::load(None).unwrap()));
        let snapshots = Some(SnapshotStore::open(disk, [7; 16]).unwrap());
        let machine = Machine::open(Box::new(LastIndex(0)), snapshots, applied, Arc::clone(&roster)).unwrap();
        let journeys = Arc::new(Journeys::new(Tokio::now));
        Ok((directory, LogStore::new(log, journeys, roster), machine))
    }
}

fn run(is_durable: bool) {
    type Cases = Suite<Cfg<Tokio>, LogStore<Tokio>, Machine<Tokio>, Builder, TempDir>;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Cases::test_all(Builder { is_durable })).unwrap();
}

#[test]
fn the_log_on_disk_passes_the_suite() {
    run(true);
}

#[test]
fn the_log_in_memory_passes_the_suite() {
    run(false);
}
