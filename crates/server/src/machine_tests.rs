//! Entries, fence and snapshots, on the real graph.

use std::sync::Arc;

use bytes::Bytes;
use samyama_graph::{Effect, LabelId, NodeId, TokenKind};
use samyama_raft::{Applied, CommittedEntry, Leadership, LogIndex, StateMachine};

use crate::entry::{Entry, EntryBuilder, Opening};
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
        builder.push(effects).expect("it is small");
    }
    builder.finish()
}

fn committed(index: LogIndex, leader: Leadership, payload: Bytes) -> CommittedEntry {
    CommittedEntry { index, leader, payload }
}

#[test]
fn an_entry_reads_back_and_every_flipped_bit_is_noticed() {
    let payload = entry(OPENING, 5, &[label(), transaction(0), transaction(1)]);
    let parsed = Entry::parse(&payload).expect("it is whole");
    assert_eq!((parsed.header.first, parsed.header.last(), parsed.header.opening), (5, 7, OPENING));
    let mut seen = Vec::new();
    parsed.for_each(|number, effects| seen.push((number, effects.len()))).expect("it is whole");
    assert_eq!(seen, [(5, 1), (6, 1), (7, 1)]);
    for bit in 0..payload.len() * 8 {
        let mut damaged = payload.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Entry::parse(&damaged).is_err(), "bit {bit} is flipped and nobody notices");
    }
    for length in 0..payload.len() {
        assert!(Entry::parse(&payload[..length]).is_err(), "it is cut to {length} bytes and nobody notices");
    }
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
