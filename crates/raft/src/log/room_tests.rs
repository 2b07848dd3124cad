//! A full disk: met where a segment is made, before anything is accepted that could not be written; and zeros that are
//! written ahead of a pen that is faster.
#![allow(clippy::unwrap_used)]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::Leadership;
use crate::disk::world::World;
use crate::disk::{Disk, DiskFile, RealDisk};

const OWNER: [u8; 24] = [7; 24];
const OPTIONS: LogOptions = LogOptions { segment_bytes: 16 << 10, sync: true, group: 0 };
const LEADER: Leadership = Leadership { term: 0, node: 0 };

fn append(log: &Log, len: usize, acknowledged: &Arc<AtomicUsize>) {
    let index = log.ends().1.map_or(0, |last| last.index + 1);
    let id = LogId { leader: LEADER, index };
    let entry = LogEntry { id, kind: EntryKind::Normal, payload: Bytes::from(vec![index as u8 + 1; len]) };
    let counter = Arc::clone(acknowledged);
    let callback = FlushCallback::new(move |outcome| {
        assert!(outcome.is_ok(), "{outcome:?}");
        counter.fetch_add(1, Ordering::Relaxed);
    });
    log.append(vec![entry], callback).unwrap();
}

#[test]
fn a_full_disk_is_met_before_anything_is_accepted_that_does_not_fit() {
    let world = World::default();
    let (log, mut writer, _) = Log::open(world.disk("log"), OWNER, OPTIONS).unwrap();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    world.set_capacity(Some(world.used()));
    let mut appended = 0;
    // Whoever asks before each write is told in time.
    while log.shortage().is_none() {
        append(&log, 500, &acknowledged);
        appended += 1;
        assert!(appended < 100, "a full disk was not noticed");
        while writer.step() == Step::Wrote {}
    }
    assert!(log.shortage().unwrap().contains("no room for the log"), "{:?}", log.shortage());
    assert_eq!(acknowledged.load(Ordering::Relaxed), appended, "what was accepted has its place");
    // Votes and marks go on.
    let told = Arc::new(AtomicUsize::new(0));
    for term in 1..20 {
        let counter = Arc::clone(&told);
        let callback = FlushCallback::new(move |outcome| {
            assert!(outcome.is_ok(), "{outcome:?}");
            counter.fetch_add(1, Ordering::Relaxed);
        });
        log.save_vote(Vote { leader: Leadership { term, node: 1 }, committed: false }, callback).unwrap();
        while writer.step() == Step::Wrote {}
    }
    assert_eq!(told.load(Ordering::Relaxed), 19, "votes found no room");
    assert_eq!(world.writes_refused(), 0, "something was written that had no room");
    // Without a byte to spare the log opens again.
    drop(writer);
    let (log, mut writer, repair) = Log::open(world.disk("log"), OWNER, OPTIONS).unwrap();
    assert!(repair.is_none(), "{repair:?}");
    assert_eq!(log.read(0..u64::MAX, usize::MAX).len(), appended);
    // It is noticed by itself that there is room again.
    append(&log, 10, &acknowledged);
    while writer.step() == Step::Wrote {}
    assert!(log.shortage().is_some(), "there is still no room");
    world.set_capacity(None);
    writer.write_mark();
    assert!(log.shortage().is_none(), "{:?}", log.shortage());
    for _ in 0..50 {
        append(&log, 500, &acknowledged);
        while writer.step() == Step::Wrote {}
    }
    assert_eq!(acknowledged.load(Ordering::Relaxed), appended + 51);
}

#[test]
fn what_is_forced_upon_a_full_log_waits_in_order_and_is_written_later() {
    let world = World::default();
    let (log, mut writer, _) = Log::open(world.disk("log"), OWNER, OPTIONS).unwrap();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    world.set_capacity(Some(world.used()));
    for _ in 0..60 {
        append(&log, 700, &acknowledged);
        writer.step();
    }
    let before = acknowledged.load(Ordering::Relaxed);
    assert!(before > 10 && before < 60, "{before} of 60 were acknowledged");
    assert_eq!(world.writes_refused(), 0, "something was written that had no room");
    // Nothing overtakes what waits.
    log.save_vote(
        Vote { leader: Leadership { term: 1, node: 1 }, committed: false },
        FlushCallback::new(|_| {}),
    )
    .unwrap();
    assert!(writer.step() == Step::Idle && acknowledged.load(Ordering::Relaxed) == before);
    let (held, ..) = Log::open(World::after(world.live()).disk("log"), OWNER, OPTIONS).unwrap();
    assert_eq!((held.read(0..u64::MAX, usize::MAX).len(), held.vote()), (before, None));
    world.set_capacity(None);
    while writer.step() == Step::Wrote {}
    assert_eq!(acknowledged.load(Ordering::Relaxed), 60);
    let (after, ..) = Log::open(World::after(world.live()).disk("log"), OWNER, OPTIONS).unwrap();
    assert_eq!(after.read(0..u64::MAX, usize::MAX), log.read(0..u64::MAX, usize::MAX));
    assert!(after.vote().is_some());
}

/// A real disk on which zeros in front of the pen take their time, and say when they begin.
struct SlowZeros(RealDisk, Sender<()>);
struct SlowZerosFile(Arc<dyn DiskFile>, Sender<()>);

impl Disk for SlowZeros {
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(SlowZerosFile(self.0.open(name)?, self.1.clone())))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }
    fn sync_directory(&self) -> io::Result<()> {
        self.0.sync_directory()
    }
    fn list(&self) -> io::Result<Vec<String>> {
        self.0.list()
    }
    fn describe(&self, name: &str) -> String {
        self.0.describe(name)
    }
}

impl DiskFile for SlowZerosFile {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if offset > 0 && bytes.len() >= 64 << 10 && bytes.iter().all(|byte| *byte == 0) {
            // Nobody listens after the first.
            let _ = self.1.send(());
            std::thread::sleep(Duration::from_millis(30));
        }
        self.0.write_all_at(bytes, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn reserve(&self, bytes: u64) -> io::Result<()> {
        self.0.reserve(bytes)
    }
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
}

#[test]
fn zeros_ahead_never_reach_what_a_faster_pen_has_written() {
    let directory = tempfile::tempdir().unwrap();
    let (sender, begun) = channel();
    let disk = || Arc::new(SlowZeros(RealDisk::new(directory.path()).unwrap(), sender.clone()));
    let options = LogOptions { segment_bytes: 32 << 20, sync: true, group: 0 };
    let (log, writer, _) = Log::open(disk(), OWNER, options).unwrap();
    let thread = std::thread::spawn(move || writer.run());
    let acknowledged = Arc::new(AtomicUsize::new(0));
    append(&log, 10, &acknowledged);
    begun.recv().unwrap();
    // The first of sixteen pieces of zeros is being written; this goes where the others would.
    append(&log, 3 << 20, &acknowledged);
    let written = log.read(0..u64::MAX, usize::MAX);
    drop(log);
    thread.join().unwrap();
    // The helper ends with its last piece.
    while begun.recv_timeout(Duration::from_millis(200)).is_ok() {}
    assert_eq!(acknowledged.load(Ordering::Relaxed), 2);
    let (log, ..) = Log::open(disk(), OWNER, options).unwrap();
    assert!(log.read(0..u64::MAX, usize::MAX) == written, "zeros were written over an entry");
}
