//! Damage of every kind to a log on disk. What must hold: the log is as it was, or it is refused with file and offset; a
//! tail that is not all there is cut and reported. Never: another content, a shorter log in silence, a panic.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use bytes::Bytes;

use super::*;
use crate::Leadership;
use crate::disk::world::{Image, World};

const OWNER: [u8; 24] = [7; 24];
const BLOCK: usize = 512;

/// What a log holds, and what was reported as cut off.
#[derive(Debug, PartialEq)]
struct Content {
    entries: Vec<LogEntry>,
    purged: Option<LogId>,
    vote: Option<Vote>,
}

fn options(segment_bytes: u64) -> LogOptions {
    LogOptions { segment_bytes, sync: true, group: 0 }
}

fn read(image: Image, segment_bytes: u64) -> Result<(Content, Option<Repair>), DamageError> {
    let (log, _, repair) = Log::open(World::after(image).disk("log"), OWNER, options(segment_bytes))?;
    let entries = log.read(0..u64::MAX, usize::MAX);
    Ok((Content { entries, purged: log.ends().0, vote: log.vote() }, repair))
}

/// A log as a run leaves it: votes, entries of many sizes (some of zeros), truncation, purge, commit marks.
fn make(owner: [u8; 24], segment_bytes: u64, entries: u64) -> (World, Log, WriterLoop) {
    let world = World::default();
    let (log, mut writer, _) = Log::open(world.disk("log"), owner, options(segment_bytes)).unwrap();
    let leader = Leadership { term: 1, node: 2 };
    let quiet = || FlushCallback::new(|_| {});
    log.save_vote(Vote { leader, committed: true }, quiet()).unwrap();
    for number in 0..entries {
        let index = log.ends().1.map_or(0, |last| last.index + 1);
        // Lengths that leave the end of a record in every place of a block, and blank entries, which end in zeros.
        let len = [0, 1, 40, 480, 900, 7, 1_100, 61][number as usize % 8];
        let payload = Bytes::from(vec![(number % 3) as u8; len]);
        let kind = if len == 0 { EntryKind::Blank } else { EntryKind::Normal };
        log.append(vec![LogEntry { id: LogId { leader, index }, kind, payload }], quiet()).unwrap();
        if number == entries / 3 {
            log.truncate_after(log.id_at(index - 1)).unwrap();
        }
        if number == entries / 2 {
            log.purge(log.id_at(index / 2).unwrap()).unwrap();
            log.save_committed(log.id_at(index).unwrap());
        }
        // Some share a batch.
        if number % 3 != 0 {
            while writer.step() == Step::Wrote {}
        }
    }
    while writer.step() == Step::Wrote {}
    (world, log, writer)
}

fn segments(image: &Image) -> Vec<String> {
    image.names().into_iter().map(|(_, name)| name).filter(|name| name.ends_with(".wal")).collect()
}

/// Refused with file and offset, or as it was.
fn assert_refused_or_same(image: Image, segment_bytes: u64, before: &Content, what: &str) -> bool {
    match read(image, segment_bytes) {
        Err(DamageError::Damaged { file, what: why, .. }) => {
            assert!(file.starts_with("log/") && !why.is_empty(), "{what}: {file}: {why}");
            true
        }
        Err(other) => panic!("{what}: {other}"),
        Ok((content, _)) => {
            assert!(content == *before, "{what}: the log opens with another content");
            false
        }
    }
}

#[test]
fn every_flipped_bit_is_refused_or_harmless() {
    let (world, ..) = make(OWNER, 4096, 24);
    let image = world.live();
    let (before, repair) = read(image.clone(), 4096).unwrap();
    assert!(repair.is_none() && before.entries.len() > 5 && before.purged.is_some());
    let (mut flips, mut refused) = (0, 0);
    for name in segments(&image) {
        for bit in 0..image.content("log", &name).unwrap().len() * 8 {
            let mut image = image.clone();
            image.content_mut("log", &name)[bit / 8] ^= 1 << (bit % 8);
            let what = format!("{name}, byte {}, bit {}", bit / 8, bit % 8);
            refused += usize::from(assert_refused_or_same(image, 4096, &before, &what));
            flips += 1;
        }
    }
    println!("{flips} flipped bits, {refused} refused");
    assert!(flips > 90_000 && refused > 50_000, "{flips} flips, {refused} refused");
}

#[test]
fn a_thousand_flipped_bits_of_a_larger_log_are_refused_or_harmless() {
    let (world, ..) = make(OWNER, 128 << 10, 2_000);
    let image = world.live();
    let (before, _) = read(image.clone(), 128 << 10).unwrap();
    let names = segments(&image);
    assert!(names.len() > 3, "{names:?}");
    let mut random = 1_u64;
    for _ in 0..1_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let name = &names[(random >> 50) as usize % names.len()];
        let mut image = image.clone();
        let content = image.content_mut("log", name);
        let at = (random >> 20) as usize % content.len();
        content[at] ^= 1 << (random >> 61);
        assert_refused_or_same(image, 128 << 10, &before, &format!("{name}, byte {at}"));
    }
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_reported() {
    let (world, ..) = make(OWNER, 64 << 10, 60);
    let image = world.live();
    let name = segments(&image).pop().unwrap();
    let whole = image.content("log", &name).unwrap().clone();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let (before, _) = read(image.clone(), 64 << 10).unwrap();
    let mut boundaries = BTreeMap::new();
    for at in end - 4096..=end {
        // The file ends there, or nothing but zeros follow.
        for is_cut in [true, false] {
            let mut image = image.clone();
            let content = image.content_mut("log", &name);
            if is_cut {
                content.truncate(at)
            } else {
                content[at..].fill(0)
            }
            let (content, repair) =
                read(image, 64 << 10).unwrap_or_else(|error| panic!("torn at {at}: {error}"));
            assert!(before.entries.starts_with(&content.entries), "torn at {at}: other entries");
            assert_eq!(content.vote, before.vote, "torn at {at}");
            // What is missing is reported, unless the tear is exactly between two records.
            if let Some(repair) = &repair {
                assert!(repair.file == format!("log/{name}") && repair.offset <= at as u64, "{repair:?}");
            } else {
                boundaries.insert(at, content.entries.len());
            }
        }
    }
    assert_eq!(boundaries.get(&end), Some(&before.entries.len()), "nothing torn, nothing cut");
    assert!(boundaries.len() > 5 && boundaries.keys().all(|at| at % 8 == 0), "{boundaries:?}");
}

#[test]
fn a_lost_block_before_the_last_batch_is_refused() {
    for block in [BLOCK, 4096] {
        let (world, ..) = make(OWNER, 16 << 10, 80);
        let image = world.live();
        let (before, _) = read(image.clone(), 16 << 10).unwrap();
        let last_batch = world.last_write();
        let (mut tried, mut refused) = (0, 0);
        for name in segments(&image) {
            let len = image.content("log", &name).unwrap().len();
            for start in (0..len).step_by(block) {
                let mut image = image.clone();
                let end = (start + block).min(len);
                let content = image.content_mut("log", &name);
                if content[start..end].iter().all(|byte| *byte == 0) || last_batch.overlaps(&name, start..end)
                {
                    continue;
                }
                content[start..end].fill(0);
                tried += 1;
                let what = format!("{name}: {block} bytes at {start} lost");
                refused += usize::from(assert_refused_or_same(image, 16 << 10, &before, &what));
            }
        }
        assert!(tried > 5 && refused == tried, "{tried} lost, {refused} refused");
    }
}

#[test]
fn an_older_block_put_back_is_refused() {
    // The log grows; its blocks as they were at some time are put back into what it is later.
    let (world, log, mut writer) = make(OWNER, 64 << 10, 40);
    let earlier = world.live();
    let leader = Leadership { term: 1, node: 2 };
    for number in 0..20_u8 {
        let id = LogId { leader, index: log.ends().1.unwrap().index + 1 };
        let payload = Bytes::from(vec![number + 1; 200]);
        log.append(vec![LogEntry { id, kind: EntryKind::Normal, payload }], FlushCallback::new(|_| {}))
            .unwrap();
        while writer.step() == Step::Wrote {}
    }
    let image = world.live();
    let (before, _) = read(image.clone(), 64 << 10).unwrap();
    let last_batch = world.last_write();
    let mut tried = 0;
    for name in segments(&image) {
        let Some(old) = earlier.content("log", &name) else { continue };
        for start in (0..old.len()).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(old.len());
            let mut image = image.clone();
            let content = image.content_mut("log", &name);
            if content[block.clone()] == old[block.clone()] || last_batch.overlaps(&name, block.clone()) {
                continue;
            }
            content[block.clone()].copy_from_slice(&old[block]);
            tried += 1;
            assert!(
                assert_refused_or_same(
                    image,
                    64 << 10,
                    &before,
                    &format!("{name}: an older block at {start}")
                ),
                "{name}: an older block at {start} made no difference"
            );
        }
    }
    assert!(tried >= 4, "only {tried} blocks had changed");
}

#[test]
fn swapped_and_repeated_records_are_refused() {
    let (world, log, mut writer) = make(OWNER, 64 << 10, 6);
    let leader = Leadership { term: 1, node: 2 };
    let start = world.last_write().end();
    for number in 0..6_u8 {
        let id = LogId { leader, index: log.ends().1.unwrap().index + 1 };
        let payload = Bytes::from(vec![number; 100]);
        log.append(vec![LogEntry { id, kind: EntryKind::Normal, payload }], FlushCallback::new(|_| {}))
            .unwrap();
        while writer.step() == Step::Wrote {}
    }
    let image = world.live();
    let name = segments(&image).pop().unwrap();
    let (before, _) = read(image.clone(), 64 << 10).unwrap();
    let extent = (world.last_write().end() - start) / 6;
    for (from, to) in [(0, 1), (0, 5), (2, 3), (4, 5), (5, 4)] {
        let place = |number: usize| start + number * extent..start + (number + 1) * extent;
        let mut swapped = image.clone();
        let content = swapped.content_mut("log", &name);
        let (first, second) = (content[place(from)].to_vec(), content[place(to)].to_vec());
        content[place(from)].copy_from_slice(&second);
        content[place(to)].copy_from_slice(&first);
        assert!(assert_refused_or_same(swapped, 64 << 10, &before, &format!("{from} and {to} swapped")));
        let mut repeated = image.clone();
        repeated.content_mut("log", &name)[place(to)].copy_from_slice(&first);
        assert!(assert_refused_or_same(repeated, 64 << 10, &before, &format!("{from} in the place of {to}")));
    }
}

#[test]
fn missing_segments_are_refused() {
    // Nothing of this one is purged: it begins with what it says it begins with.
    let world = World::default();
    let (log, mut writer, _) = Log::open(world.disk("log"), OWNER, options(4096)).unwrap();
    for index in 5..40 {
        let id = LogId { leader: Leadership { term: 0, node: 0 }, index };
        let payload = Bytes::from(vec![1; 400]);
        let entry = LogEntry { id, kind: EntryKind::Normal, payload };
        log.append(vec![entry], FlushCallback::new(|_| {})).unwrap();
        while writer.step() == Step::Wrote {}
    }
    let mut image = world.live();
    image.remove("log", "0000000000000000.wal");
    let error = read(image, 4096).unwrap_err().to_string();
    assert!(error.contains("the segments before it are missing"), "{error}");

    let (world, ..) = make(OWNER, 4096, 40);
    let image = world.live();
    let names = segments(&image);
    assert!(names.len() >= 4, "{names:?}");
    let (before, _) = read(image.clone(), 4096).unwrap();
    for name in &names[..names.len() - 1] {
        let mut image = image.clone();
        image.remove("log", name);
        assert!(assert_refused_or_same(image, 4096, &before, &format!("{name} removed")));
    }
}

#[test]
fn segments_and_records_of_another_node_are_refused() {
    let other = [8; 24];
    let ((world, ..), (foreign, ..)) = (make(OWNER, 4096, 40), make(other, 4096, 40));
    let (image, foreign) = (world.live(), foreign.live());
    let (before, _) = read(image.clone(), 4096).unwrap();
    let names = segments(&image);
    assert_eq!(names, segments(&foreign), "the two logs have the same shape");
    for name in &names {
        let there = foreign.content("log", name).unwrap();
        let mut with_segment = image.clone();
        with_segment.put("log", name, there.clone());
        let error = read(with_segment, 4096).unwrap_err().to_string();
        assert!(error.contains(name.as_str()) && error.contains("another cluster or node"), "{error}");
        // The same place, the same sequence number, and still not ours.
        let mut with_records = image.clone();
        with_records.content_mut("log", name)[BLOCK..].copy_from_slice(&there[BLOCK..]);
        assert!(assert_refused_or_same(with_records, 4096, &before, &format!("{name}: another's records")));
    }
    // A segment under another's name.
    let mut renamed = image.clone();
    renamed.put("log", &names[1], image.content("log", &names[2]).unwrap().clone());
    let error = read(renamed, 4096).unwrap_err().to_string();
    assert!(error.contains("it was renamed"), "{error}");
}

#[test]
fn a_log_of_a_later_version_is_called_that() {
    let (world, ..) = make(OWNER, 4096, 10);
    let mut image = world.live();
    let name = segments(&image).pop().unwrap();
    let content = image.content_mut("log", &name);
    content[8] = 9;
    let crc = crc32c::crc32c(&content[..508]);
    content[508..512].copy_from_slice(&crc.to_le_bytes());
    let error = read(image, 4096).unwrap_err().to_string();
    assert!(error.contains("format version 9; this program reads 1"), "{error}");
}
