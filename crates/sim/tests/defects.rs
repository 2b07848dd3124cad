//! Planted defects, each of which must be found, and by the property that is there for it: a check that cannot fail checks nothing.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use samyama_sim::run::{Options, run_seed};
use samyama_sim::setup::Defect;

/// The first finding under the first of so many seeds that has one.
fn first_finding(defect: Defect, seeds: u64) -> String {
    let options = Options { defect: Some(defect), is_traced: false };
    let mut findings = (1..=seeds).map(|seed| run_seed(seed, options)).filter(|r| !r.findings.is_empty());
    let Some(report) = findings.next() else { panic!("{defect:?} was not found by {seeds} seeds") };
    println!("{defect:?}: seed {}: {}", report.seed, report.findings[0]);
    report.findings.join("\n")
}

#[test]
fn a_disk_that_lies_about_syncing_is_found() {
    let found = first_finding(Defect::LyingDisk(200), 100);
    let expected = ["durable on a majority", "votes never go back", "does not start", "would not start"];
    assert!(expected.iter().any(|what| found.contains(what)), "{found}");
}

#[test]
fn a_vote_that_is_not_synced_is_found() {
    let found = first_finding(Defect::UnsyncedVotes, 100);
    assert!(found.contains("votes never go back"), "{found}");
}

#[test]
fn acknowledging_before_syncing_is_found() {
    let found = first_finding(Defect::NoSync, 100);
    let expected = ["durable on a majority", "votes never go back", "does not start", "would not start"];
    assert!(expected.iter().any(|what| found.contains(what)), "{found}");
}

#[test]
fn an_entry_that_one_node_does_not_apply_is_found() {
    let found = first_finding(Defect::LostEntry(300), 100);
    let expected = ["equal states", "committed entries never change"];
    assert!(expected.iter().any(|what| found.contains(what)), "{found}");
}

#[test]
fn reads_that_do_not_ask_the_leader_are_found() {
    let found = first_finding(Defect::LocalReads, 100);
    let expected = ["is not linearizable", "did not see it", "a client was told of index"];
    assert!(expected.iter().any(|what| found.contains(what)), "{found}");
}

#[test]
fn calling_an_unknown_outcome_certain_is_found() {
    let found = first_finding(Defect::LateIsRefused(Duration::from_millis(30)), 100);
    let expected = [
        "is there 2 times",
        "certainly failed and is there",
        "a reader saw a write twice",
        "both told",
        "is not linearizable",
        "half there",
    ];
    assert!(expected.iter().any(|what| found.contains(what)), "{found}");
}

#[test]
fn asking_again_under_another_key_is_found() {
    let found = first_finding(Defect::AnotherKeyEachTime, 100);
    let expected = [
        "is there 2 times",
        "certainly failed and is there",
        "a reader saw a write twice",
        "both told",
        "increments are certain",
        "is not linearizable",
        "half there",
        // In bulk, twice.
        "was acknowledged and has",
    ];
    assert!(expected.iter().any(|what| found.contains(what)), "{found}");
}
