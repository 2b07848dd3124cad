//! Every state that a crash may leave, enumerated: the calls of a scripted run are recorded, the states that the model of
//! [`crate::disk::world`] allows at every point are built, and each is opened.
//!
//! What must hold: the log is one stream, so what is recovered is exactly the state after some number of its records, at
//! least as many as were acknowledged and at most as many as were asked for. Then again: what recovery reported, and what was appended
//! after it, survives the next crash.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::*;
use crate::Leadership;
use crate::consensus::snapshot_head::SnapshotHead;
use crate::consensus::snapshots::SnapshotStore;
use crate::disk::world::{Call, Fault, Image, World, crash_states, describe, synced_only};

const OWNER: [u8; 24] = [7; 24];
const OPTIONS: LogOptions = LogOptions { segment_bytes: 4096, sync: true, group: 0 };

/// What the log holds, but for commit marks, which no flush is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
struct Held {
    entries: Vec<LogEntry>,
    purged: Option<LogId>,
    vote: Option<Vote>,
}

impl Held {
    fn of(log: &Log) -> Held {
        Held { entries: log.read(0..u64::MAX, usize::MAX), purged: log.ends().0, vote: log.vote() }
    }

    fn last(&self) -> Option<LogId> {
        self.entries.last().map(|entry| entry.id).or(self.purged)
    }
}

/// A seeded run, with what it asked for and what was acknowledged when.
struct Run {
    world: World,
    log: Log,
    writer: WriterLoop,
    snapshots: SnapshotStore,
    random: u64,
    term: u64,
    committed: Option<LogId>,
    /// The state after each record; [0] is the empty one.
    held: Vec<Held>,
    /// Records that are known to be durable.
    acknowledged: Arc<AtomicUsize>,
    /// (calls made, acknowledged, asked for), whenever one of the last two changed.
    timeline: Vec<(usize, usize, usize)>,
}

impl Run {
    fn new(seed: u64) -> Run {
        let world = World::default();
        let (log, writer, repair) = Log::open(world.disk("log"), OWNER, OPTIONS).unwrap();
        assert!(repair.is_none(), "a new log needs no repair");
        let snapshots = SnapshotStore::open(world.disk("snapshots"), [7; 16]).unwrap();
        let mut run = Run {
            world,
            log,
            writer,
            snapshots,
            random: seed,
            term: 0,
            committed: None,
            held: vec![Held::default()],
            acknowledged: Arc::default(),
            timeline: Vec::new(),
        };
        run.note_time();
        run
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    fn now(&self) -> &Held {
        self.held.last().unwrap()
    }

    fn note_time(&mut self) {
        let now = (self.world.call_count(), self.acknowledged.load(Ordering::Relaxed), self.held.len() - 1);
        self.timeline.push(now);
    }

    fn note(&mut self, change: impl FnOnce(&mut Held)) {
        let mut held = self.now().clone();
        change(&mut held);
        self.held.push(held);
        self.note_time();
    }

    /// For so many records about to be asked for: when they are durable, they and all before them are acknowledged.
    fn callback(&self, records: usize) -> FlushCallback {
        let (acknowledged, number) = (Arc::clone(&self.acknowledged), self.held.len() - 1 + records);
        FlushCallback::new(move |outcome| {
            assert!(outcome.is_ok(), "a write failed: {outcome:?}");
            assert!(acknowledged.load(Ordering::Relaxed) < number, "acknowledged out of order");
            acknowledged.store(number, Ordering::Relaxed);
        })
    }

    fn vote(&mut self) {
        self.term += 1 + self.draw(2);
        let node = self.draw(3) + 1;
        let vote = Vote { leader: Leadership { term: self.term, node }, committed: true };
        self.log.save_vote(vote, self.callback(1)).unwrap();
        self.note(|held| held.vote = Some(vote));
    }

    fn append(&mut self) {
        let leader = self.now().vote.map_or(Leadership { term: 0, node: 0 }, |vote| vote.leader);
        let first = self.now().last().map_or(0, |last| last.index + 1);
        let count = 1 + self.draw(3);
        let entries: Vec<LogEntry> = (first..first + count)
            .map(|index| {
                let len = if self.draw(8) == 0 { self.draw(2_500) } else { self.draw(300) };
                // Now and then with whole blocks of zeros.
                let byte = if self.draw(4) == 0 { 0 } else { index as u8 };
                let payload = Bytes::from(vec![byte; len as usize]);
                LogEntry { id: LogId { leader, index }, kind: EntryKind::Normal, payload }
            })
            .collect();
        self.log.append(entries.clone(), self.callback(entries.len())).unwrap();
        entries.into_iter().for_each(|entry| self.note(|held| held.entries.push(entry)));
    }

    fn truncate(&mut self) {
        let from = self.committed.map_or(0, |id| id.index + 1);
        let Some(last) = self.now().last().filter(|last| last.index > from) else { return };
        let index = from + self.draw(last.index - from);
        let keep = self.log.id_at(index);
        self.log.truncate_after(keep).unwrap();
        self.note(|held| held.entries.retain(|entry| Some(entry.id) <= keep));
    }

    fn commit(&mut self) {
        let Some(last) = self.now().last() else { return };
        let from = self.committed.map_or(0, |id| id.index);
        let index = from + self.draw(last.index - from + 1);
        let id = self.log.id_at(index);
        self.committed = id.max(self.committed);
        self.log.save_committed(self.committed.unwrap());
    }

    /// What is committed goes into a snapshot, and then out of the log.
    fn snapshot(&mut self) {
        let Some(id) = self.committed.filter(|id| Some(*id) > self.now().purged) else { return };
        let head = SnapshotHead { last: Some(id), membership_id: None, membership: Bytes::new(), ids_max: 0 };
        self.snapshots.write(&head, |out| out.write_all(&[1; 1_500])).unwrap();
        self.log.purge(id).unwrap();
        self.note(|held| {
            held.purged = Some(id);
            held.entries.retain(|entry| entry.id.index > id.index);
        });
    }

    fn flush(&mut self) {
        while self.writer.step() == Step::Wrote {
            self.note_time();
        }
    }

    fn go(&mut self, records: usize) {
        self.append();
        self.vote();
        while self.held.len() <= records {
            match self.draw(20) {
                0 => self.vote(),
                1..=11 => self.append(),
                12 | 13 => self.truncate(),
                14..=16 => self.commit(),
                17 => self.snapshot(),
                _ => self.flush(),
            }
            // Two or three often share a batch.
            if self.draw(3) > 0 {
                self.flush();
            }
        }
        self.flush();
    }

    /// (acknowledged, asked for) when so many calls had been made: the least and the most that a crash there may find.
    fn bounds(&self, calls: usize) -> (usize, usize) {
        // Before the next call is made.
        let then = self.timeline.iter().rev().find(|(made, ..)| *made <= calls);
        then.map_or((0, 0), |(_, acknowledged, asked)| (*acknowledged, *asked))
    }
}

fn open(world: &World) -> Result<(Log, WriterLoop, Option<Repair>), DamageError> {
    Log::open(world.disk("log"), OWNER, OPTIONS)
}

/// Appends one entry that is acknowledged.
fn append_one(log: &Log, writer: &mut WriterLoop, fill: u8) {
    let leader = log.vote().map_or(Leadership { term: 0, node: 0 }, |vote| vote.leader);
    let index = log.ends().1.map_or(0, |last| last.index + 1);
    let payload = Bytes::from(vec![fill; 40]);
    let entry = LogEntry { id: LogId { leader, index }, kind: EntryKind::Normal, payload };
    let told = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&told);
    let callback = FlushCallback::new(move |outcome| {
        assert!(outcome.is_ok(), "appending after a recovery failed: {outcome:?}");
        counter.store(1, Ordering::Relaxed);
    });
    log.append(vec![entry], callback).unwrap();
    while writer.step() == Step::Wrote {}
    assert_eq!(told.load(Ordering::Relaxed), 1, "an append was not acknowledged");
}

#[derive(Default)]
struct Tally {
    states: usize,
    repaired: usize,
    second_states: usize,
}

/// Opens a state and looks at it; then crashes again, and again.
fn check(run: &Run, calls: usize, image: &Image, tally: &mut Tally) {
    tally.states += 1;
    let here = || format!("after {calls} calls, {}", describe(image));
    let world = World::after(image.clone());
    let (log, mut writer, repair) =
        open(&world).unwrap_or_else(|error| panic!("{}: the log does not open: {error}", here()));
    tally.repaired += usize::from(repair.is_some());
    let (acknowledged, asked) = run.bounds(calls);
    let found = Held::of(&log);
    let fits = (acknowledged..=asked).rev().any(|count| run.held[count] == found);
    assert!(
        fits,
        "{}: {acknowledged} records were acknowledged, {asked} asked for, and the log is as after none between: {found:?}",
        here()
    );
    // A snapshot covers what is purged.
    let snapshots = SnapshotStore::open(world.disk("snapshots"), [7; 16]).unwrap();
    let covered = snapshots.newest().unwrap().and_then(|(_, head)| head.last);
    assert!(found.purged <= covered, "{}: purged up to {:?}, snapshot {covered:?}", here(), found.purged);
    // What was recovered is durable: here the machine stops before anything else is written.
    let second = synced_only(image, &world.calls());
    let (again, ..) = open(&World::after(second)).unwrap();
    assert_eq!(Held::of(&again), found, "{}: what was recovered was not durable", here());
    // And the log goes on.
    append_one(&log, &mut writer, 0xEE);
    let grown = Held::of(&log);
    let second = World::after(synced_only(image, &world.calls()));
    let (again, _, repair) = open(&second).unwrap();
    assert!(repair.is_none(), "{}: a tail that was cut is still there", here());
    assert_eq!(Held::of(&again), grown, "{}: what was appended after recovery is not there", here());
    // Now and then: crashes in the middle of recovery and of that append.
    if tally.states.is_multiple_of(40) {
        crash_states(image, &world.calls(), |_, image| {
            tally.second_states += 1;
            let (again, ..) = open(&World::after(image.clone()))
                .unwrap_or_else(|error| panic!("a second crash, {}: {error}", describe(&image)));
            let again = Held::of(&again);
            assert!(again == found || again == grown, "a second crash, {}: {again:?}", describe(&image));
        });
    }
}

#[test]
fn every_state_a_crash_may_leave_is_recovered_from() {
    let mut tally = Tally::default();
    for seed in 1..=6 {
        let mut run = Run::new(seed);
        run.go(400);
        let calls = run.world.calls();
        let rotations =
            calls.iter().filter(|call| matches!(call, Call::Rename { to, .. } if to.0 == "log")).count();
        assert!(calls.len() > 300 && rotations > 10, "{} calls, {rotations} segments", calls.len());
        crash_states(&Image::default(), &calls, |made, image| check(&run, made, &image, &mut tally));
    }
    println!(
        "{} crash states, {} of them repaired, {} second crashes",
        tally.states, tally.repaired, tally.second_states
    );
    assert!(tally.states >= 10_000, "only {} states", tally.states);
    assert!(tally.repaired > 100, "the enumeration has hardly torn anything: {}", tally.repaired);
}

#[test]
fn what_is_recovered_after_a_kill_survives_a_power_cut_that_follows() {
    let mut run = Run::new(7);
    run.go(150);
    let calls = run.world.calls();
    for made in 0..=calls.len() {
        // The process is killed here and started again on the same machine, which still knows what was never synced.
        let world = World::replaying(&calls[..made]);
        let (log, mut writer, _) = open(&world).unwrap();
        let found = Held::of(&log);
        let (after, ..) = open(&World::after(synced_only(&Image::default(), &world.calls()))).unwrap();
        assert_eq!(Held::of(&after), found, "after {made} calls: what was recovered was not durable");
        append_one(&log, &mut writer, 0xEE);
        let grown = Held::of(&log);
        let (after, ..) = open(&World::after(synced_only(&Image::default(), &world.calls()))).unwrap();
        assert_eq!(Held::of(&after), grown, "after {made} calls: what was appended after recovery is gone");
    }
}

#[test]
fn a_commit_mark_never_stands_before_the_entry_it_names() {
    let world = World::default();
    let options = LogOptions { segment_bytes: 64 << 20, ..OPTIONS };
    let (log, mut writer, _) = Log::open(world.disk("log"), OWNER, options).unwrap();
    let leader = Leadership { term: 0, node: 0 };
    let entry = |index, len| LogEntry {
        id: LogId { leader, index },
        kind: EntryKind::Normal,
        payload: Bytes::from(vec![1; len]),
    };
    // More than one batch is queued when the others have already committed all of it.
    for index in 0..4 {
        log.append(vec![entry(index, 5 << 20)], FlushCallback::new(|_| {})).unwrap();
    }
    log.save_committed(LogId { leader, index: 3 });
    assert!(writer.step() == Step::Wrote, "there was something to write");
    let (half, ..) = Log::open(World::after(world.live()).disk("log"), OWNER, options).unwrap();
    assert_eq!(half.ends().1.unwrap().index, 1, "the first batch holds two entries");
    assert_eq!(half.committed(), None, "a mark is on disk before its entry");
    while writer.step() == Step::Wrote {}
    let (whole, ..) = Log::open(World::after(world.live()).disk("log"), OWNER, options).unwrap();
    assert_eq!(whole.committed(), Some(LogId { leader, index: 3 }));
}

#[test]
fn a_clean_stop_leaves_the_same_log_and_nothing_to_repair() {
    let mut run = Run::new(3);
    run.go(100);
    let now = Held::of(&run.log);
    assert_eq!(&now, run.now(), "the log in memory and the model disagree");
    let (log, _, repair) = open(&World::after(run.world.live())).unwrap();
    assert!(repair.is_none(), "{repair:?}");
    assert_eq!(Held::of(&log), now);
    assert_eq!(log.committed(), run.committed, "the last commit mark rode along with the last batch");
}

#[test]
fn what_a_failed_sync_lost_is_written_anew_at_the_next_start() {
    for nth in 0..12 {
        let mut run = Run::new(4);
        run.append();
        run.vote();
        run.flush();
        run.world.set_fault(Some(Fault::Sync(nth)));
        let failed = Arc::new(AtomicUsize::new(0));
        for number in 0..20_u8 {
            let counter = Arc::clone(&failed);
            let told = FlushCallback::new(move |outcome| {
                // Sticky: once one has failed, none succeeds.
                let before = counter.fetch_add(usize::from(outcome.is_err()), Ordering::Relaxed);
                assert!(before == 0 || outcome.is_err(), "acknowledged after a failed sync");
            });
            let id =
                LogId { leader: run.now().vote.unwrap().leader, index: run.log.ends().1.unwrap().index + 1 };
            let payload = Bytes::from(vec![number; 300]);
            run.log.append(vec![LogEntry { id, kind: EntryKind::Normal, payload }], told).unwrap();
            run.writer.step();
        }
        assert!(failed.load(Ordering::Relaxed) > 0, "the fault did not strike");
        let calls = run.world.call_count();
        // The process starts again on the same machine: what it reads may be in memory only.
        let (log, ..) = open(&run.world).unwrap();
        assert!(run.world.call_count() > calls, "recovery wrote nothing");
        let believed = Held::of(&log);
        let (after, ..) = open(&World::after(synced_only(&Image::default(), &run.world.calls()))).unwrap();
        assert_eq!(Held::of(&after), believed, "sync {nth} failed: what the next start believed was lost");
    }
}

#[test]
fn a_failed_write_stops_the_log_and_leaves_nothing_that_was_acknowledged_behind() {
    for nth in 0..10 {
        let mut run = Run::new(5);
        run.append();
        run.vote();
        run.flush();
        let before = run.held.len() - 1;
        run.world.set_fault(Some(Fault::Write(nth)));
        let outcomes = Arc::new(parking_lot::Mutex::new(BTreeMap::new()));
        for number in 0..30_u8 {
            let told = Arc::clone(&outcomes);
            let callback = FlushCallback::new(move |outcome| {
                told.lock().insert(number, outcome.err().map(|error| error.to_string()));
            });
            let id =
                LogId { leader: run.now().vote.unwrap().leader, index: run.log.ends().1.unwrap().index + 1 };
            let payload = Bytes::from(vec![number; 300]);
            run.log.append(vec![LogEntry { id, kind: EntryKind::Normal, payload }], callback).unwrap();
            run.writer.step();
        }
        let outcomes = outcomes.lock();
        let acknowledged = outcomes.values().filter(|outcome| outcome.is_none()).count();
        assert!(acknowledged < 30, "the fault did not strike");
        let error = outcomes.values().flatten().next().unwrap();
        assert!(error.contains("log/") && error.contains("this node stops"), "{error}");
        assert!(
            outcomes.values().skip(acknowledged).all(Option::is_some),
            "acknowledged after a failed write"
        );
        let (log, ..) = open(&World::after(run.world.live())).unwrap();
        let kept = run.held[before].entries.len() + acknowledged;
        assert!(log.read(0..u64::MAX, usize::MAX).len() >= kept, "what was acknowledged is not there");
    }
}
