//! Entries, fence, parts, keys and snapshots, on the real graph.

use std::sync::Arc;

use bytes::Bytes;
use samyama_graph::{Effect, KeyId, LabelId, NodeId, TokenKind, Value};
use samyama_raft::{Applied, CommittedEntry, Leadership, LogIndex, StateMachine};

use crate::entry::{BodyReader, Entry, EntryBuilder, Opening, Piece};
use crate::keys::{Keyed, Keys, RelayKey, RelayStanding};
use crate::limits::PART_BYTES_MAX;
use crate::machine::Machine;
use crate::shared::{Fate, Shared};

const LEADER: Leadership = Leadership { term: 3, node: 2 };
const OPENING: Opening = Opening { leader: LEADER, opened_at: 7 };

fn transaction(node: u64) -> Vec<Effect> {
    vec![Effect::CreateNode { id: NodeId(node), labels: vec![LabelId(0)], properties: Vec::new() }]
}

fn label() -> Vec<Effect> {
    vec![Effect::CreateToken { kind: TokenKind::Label, id: 0, name: Arc::from("L") }]
}

fn entry(opening: Opening, first: u64, transactions: &[Vec<Effect>]) -> Bytes {
    let mut builder = EntryBuilder::new(opening, first);
    for effects in transactions {
        builder.push(effects, None).expect("it is small");
    }
    let (_, payloads) = builder.finish();
    let [payload] = payloads.as_slice() else { panic!("it fits into one log entry") };
    payload.clone()
}

fn committed(index: LogIndex, leader: Leadership, payload: Bytes) -> CommittedEntry {
    CommittedEntry { index, leader, payload }
}

#[test]
fn an_entry_reads_back_and_every_flipped_bit_is_noticed() {
    let payload = entry(OPENING, 5, &[label(), transaction(0), transaction(1)]);
    let parsed = Entry::parse(&payload).expect("it is whole");
    assert_eq!((parsed.header.first, parsed.header.last(), parsed.header.opening), (5, 7, OPENING));
    assert_eq!(read(&parsed, usize::MAX), [(5, 1), (6, 1), (7, 1)]);
    for bit in 0..payload.len() * 8 {
        let mut damaged = payload.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Entry::parse(&damaged.into()).is_err(), "bit {bit} is flipped and nobody notices");
    }
    for length in 0..payload.len() {
        let cut = payload.slice(..length);
        assert!(Entry::parse(&cut).is_err(), "it is cut to {length} bytes and nobody notices");
    }
}

/// Transactions and their numbers of effects, read in pieces of `size` bytes.
fn read(entry: &Entry, size: usize) -> Vec<(u64, usize)> {
    let (mut reader, mut seen, mut effects) = (BodyReader::new(&entry.header, false), Vec::new(), 0);
    for piece in entry.body.chunks(size) {
        let fed = reader.feed(piece, &mut |piece| match piece {
            Piece::Effect(..) => effects += 1,
            Piece::End(number, _) => seen.push((number, std::mem::take(&mut effects))),
        });
        fed.expect("it is whole");
    }
    reader.finish().expect("it is whole");
    seen
}

#[test]
fn a_body_may_be_cut_anywhere() {
    let both = [transaction(1), transaction(2)].concat();
    let payload = entry(OPENING, 5, &[label(), transaction(0), both, Vec::new()]);
    let parsed = Entry::parse(&payload).expect("it is whole");
    for size in 1..=parsed.body.len() {
        assert_eq!(read(&parsed, size), [(5, 1), (6, 1), (7, 2), (8, 0)], "cut into {size} bytes");
    }
    // Without the effects, the ends are found all the same.
    let (mut reader, mut ends) = (BodyReader::new(&parsed.header, true), 0);
    for piece in parsed.body.chunks(7) {
        let fed = reader.feed(piece, &mut |piece| match piece {
            Piece::Effect(..) => panic!("effects are not wanted"),
            Piece::End(..) => ends += 1,
        });
        fed.expect("it is whole");
    }
    reader.finish().expect("it is whole");
    assert_eq!(ends, 4);
    let mut reader = BodyReader::new(&parsed.header, false);
    let rest = parsed.body.len() - 1;
    reader.feed(&parsed.body[..rest], &mut |_| {}).expect("so far it is");
    assert!(reader.finish().is_err(), "the last byte is missing");
}

#[test]
fn what_was_computed_elsewhere_or_out_of_its_chain_changes_nothing() {
    let shared = Shared::new();
    let mut machine = Machine::new(Arc::clone(&shared), false);
    let later = Leadership { term: 4, node: 1 };
    let apply = |machine: &mut Machine, index, leader, payload| {
        machine.apply(vec![committed(index, leader, payload)])[0].clone()
    };
    assert_eq!(apply(&mut machine, 1, LEADER, Bytes::new()), Applied::Done, "a leader's first entry");
    assert_eq!(apply(&mut machine, 2, LEADER, entry(OPENING, 1, &[label(), transaction(0)])), Applied::Done);
    let before = shared.published();
    // A gap, a repetition, another leader in the entry than in the log.
    assert_eq!(apply(&mut machine, 3, LEADER, entry(OPENING, 4, &[transaction(1)])), Applied::Fenced);
    assert_eq!(apply(&mut machine, 4, LEADER, entry(OPENING, 2, &[transaction(1)])), Applied::Fenced);
    assert_eq!(apply(&mut machine, 5, later, entry(OPENING, 3, &[transaction(1)])), Applied::Fenced);
    let after = shared.published();
    assert_eq!((after.index, after.leader), (5, Some(later)));
    assert_eq!(after.view.fingerprint(), before.view.fingerprint());
    assert_eq!(after.view.transaction_number(), 2);
    let outcomes = shared.outcomes();
    assert_eq!(outcomes.fate(OPENING, 2), Fate::Applied(2));
    assert_eq!(outcomes.fate(OPENING, 3), Fate::Never, "fenced, and a later leader has been seen");
}

#[test]
#[should_panic(expected = "the log is not one log")]
fn leaders_never_go_back_along_the_log() {
    let mut machine = Machine::new(Shared::new(), false);
    machine.apply(vec![committed(1, LEADER, Bytes::new())]);
    machine.apply(vec![committed(2, Leadership { term: 2, node: 9 }, Bytes::new())]);
}

#[test]
fn a_snapshot_carries_the_graph_and_what_became_of_proposals() {
    let (shared, restored) = (Shared::new(), Shared::new());
    let mut machine = Machine::new(Arc::clone(&shared), false);
    machine.apply(vec![committed(8, LEADER, entry(OPENING, 1, &[label(), transaction(0), transaction(5)]))]);
    let mut bytes = Vec::new();
    machine.snapshot_source().write(&mut bytes).expect("a vector takes it");
    let mut other = Machine::new(Arc::clone(&restored), false);
    let staged = (other.decode_snapshot())(&mut bytes.as_slice()).expect("it is whole");
    other.install(staged, Some(8));
    let (here, there) = (shared.published(), restored.published());
    assert_eq!(here.view.fingerprint(), there.view.fingerprint());
    assert_eq!((there.index, there.leader), (8, Some(LEADER)));
    assert_eq!(restored.outcomes(), shared.outcomes());
    // And it goes on from there.
    let next = committed(9, LEADER, entry(OPENING, 4, &[transaction(6)]));
    assert_eq!(machine.apply(vec![next.clone()]), other.apply(vec![next]));
    assert_eq!(shared.published().view.fingerprint(), restored.published().view.fingerprint());
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let read = (other.decode_snapshot())(&mut damaged.as_slice());
        assert!(read.is_err(), "byte {at} of {} is damaged and nobody notices", bytes.len());
    }
}

// ---------------------------------------------------------------------------------------------------- parts

/// A large entry: the payloads of its parts. Every node has a text, so that parts are cut inside of effects.
fn parts(opening: Opening, first: u64, nodes: std::ops::Range<u64>) -> Vec<Bytes> {
    let mut builder = EntryBuilder::new(opening, first);
    let text = Value::from("x".repeat(10_000));
    let create = |id| Effect::CreateNode {
        id: NodeId(id),
        labels: vec![LabelId(0)],
        properties: vec![(KeyId(0), text.clone())],
    };
    let keyed = Keyed {
        keys: Keys { relay: Some(relay_key(first)), client: None },
        is_abandoned: false,
        stamp_ms: 0,
        answers: Arc::from([]),
    };
    builder
        .push(&nodes.map(create).collect::<Vec<_>>(), Some(&keyed))
        .expect("it is no larger than it may be");
    let (header, payloads) = builder.finish();
    assert_eq!(payloads.len(), header.parts as usize);
    assert!(payloads.iter().all(|payload| payload.len() < PART_BYTES_MAX + 100));
    payloads
}

fn relay_key(sequence: u64) -> RelayKey {
    RelayKey { node: 1, incarnation: 1, sequence, settled_below: 0 }
}

/// A leader's first entry and the names, at indexes 1 and 2, then these.
fn log(entries: impl IntoIterator<Item = (Leadership, Bytes)>) -> Vec<CommittedEntry> {
    let names = vec![
        label()[0].clone(),
        Effect::CreateToken { kind: TokenKind::PropertyKey, id: 0, name: Arc::from("k") },
    ];
    let first = [(LEADER, Bytes::new()), (LEADER, entry(OPENING, 1, &[names]))];
    let numbered = first.into_iter().chain(entries).zip(1..);
    numbered.map(|((leader, payload), index)| committed(index, leader, payload)).collect()
}

/// What a fresh machine makes of a log, entry by entry.
fn run(log: &[CommittedEntry]) -> (Arc<Shared>, Vec<Applied>) {
    let shared = Shared::new();
    let mut machine = Machine::new(Arc::clone(&shared), false);
    let applied = log.iter().map(|entry| machine.apply(vec![entry.clone()])[0].clone()).collect();
    (shared, applied)
}

#[test]
fn a_large_entry_takes_effect_with_its_last_part() {
    let parts = parts(OPENING, 2, 0..300);
    assert!(parts.len() > 2, "it is large");
    let log = log(parts.iter().map(|part| (LEADER, part.clone())));
    let (shared, applied) = run(&log);
    assert!(applied.iter().all(|applied| *applied == Applied::Done));
    assert_eq!(shared.published().view.node_count(), 300);
    assert!(
        matches!(shared.relay_key(&relay_key(2)), RelayStanding::Applied(applied) if applied.index == log.len() as u64)
    );
    for length in 2..log.len() {
        let (shared, _) = run(&log[..length]);
        let published = shared.published();
        assert_eq!((published.view.node_count(), published.view.transaction_number()), (0, 1));
        assert_eq!(shared.relay_key(&relay_key(2)), RelayStanding::New);
    }
    // The same in one batch, and where something without effects comes between.
    let between =
        log.iter().cloned().flat_map(|entry| [entry.clone(), committed(0, entry.leader, Bytes::new())]);
    let between: Vec<_> = between.zip(1..).map(|(entry, index)| CommittedEntry { index, ..entry }).collect();
    let whole = Shared::new();
    Machine::new(Arc::clone(&whole), false).apply(between);
    assert_eq!(whole.published().view.fingerprint(), shared.published().view.fingerprint());
}

#[test]
fn a_change_of_leader_between_parts_discards_them() {
    let next = Leadership { term: 4, node: 3 };
    let parts = parts(OPENING, 2, 0..300);
    for at in 1..parts.len() {
        let (before, behind) = parts.split_at(at);
        let before = before.iter().map(|part| (LEADER, part.clone()));
        // The new leader's first entry, and (which no lane would do) the other parts under it.
        let behind = behind.iter().map(|part| (next, part.clone()));
        let again = entry(Opening { leader: next, opened_at: 9 }, 2, &[transaction(7)]);
        let log = log(before.chain([(next, Bytes::new())]).chain(behind).chain([(next, again)]));
        let (shared, applied) = run(&log);
        assert_eq!(shared.published().view.node_count(), 1, "only what came after took effect");
        assert_eq!(applied.last(), Some(&Applied::Done));
        assert_eq!(applied.iter().filter(|one| **one == Applied::Fenced).count(), parts.len() - at);
        assert_eq!(shared.outcomes().fate(OPENING, 2), Fate::Never);
    }
}

#[test]
fn a_part_that_is_missing_ends_the_entry() {
    let reopened = Opening { opened_at: 12, ..OPENING };
    let parts = parts(OPENING, 2, 0..300);
    for missing in 0..parts.len() {
        let rest = parts.iter().enumerate().filter(|(i, _)| *i != missing);
        let rest = rest.map(|(_, part)| (LEADER, part.clone()));
        // The lane has opened again under the same leader, and uses the number again.
        let again = entry(reopened, 2, &[transaction(7)]);
        let log = log(rest.chain([(LEADER, again)]));
        let (shared, applied) = run(&log);
        assert_eq!(shared.published().view.node_count(), 1, "part {missing} is missing");
        assert_eq!(applied.iter().filter(|one| **one == Applied::Fenced).count(), parts.len() - 1 - missing);
        assert_eq!(applied.last(), Some(&Applied::Done));
    }
}

#[test]
fn a_snapshot_between_parts_holds_them() {
    let log = log(parts(OPENING, 2, 0..300).into_iter().map(|part| (LEADER, part)));
    let (whole, _) = run(&log);
    for at in 2..log.len() {
        let mut machine = Machine::new(Shared::new(), false);
        machine.apply(log[..at].to_vec());
        let mut bytes = Vec::new();
        machine.snapshot_source().write(&mut bytes).expect("a vector takes it");
        let shared = Shared::new();
        let mut other = Machine::new(Arc::clone(&shared), false);
        let staged = (other.decode_snapshot())(&mut bytes.as_slice()).expect("it is whole");
        other.install(staged, Some(at as u64));
        other.apply(log[at..].to_vec());
        let (here, there) = (shared.published(), whole.published());
        assert_eq!(here.view.fingerprint(), there.view.fingerprint(), "a snapshot behind entry {at}");
        assert_eq!(shared.relay_key(&relay_key(2)), whole.relay_key(&relay_key(2)));
        if at > 2 {
            for bit in [8 * 60, 8 * 100_000, bytes.len() * 8 - 1] {
                let mut damaged = bytes.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!((other.decode_snapshot())(&mut damaged.as_slice()).is_err(), "bit {bit} is flipped");
            }
        }
    }
}
