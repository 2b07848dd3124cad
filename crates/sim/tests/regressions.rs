//! What the simulation has found, each in the setting in which it was found: the settings are written down, so that a later change
//! of how setups are drawn does not change what is tested.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use samyama_server::parts::Bounds;
use samyama_sim::faults::Fault;
use samyama_sim::run::run_setup;
use samyama_sim::setup::Setup;

/// Every seed of the setting must be clean.
fn is_clean(setup: &Setup, seeds: std::ops::RangeInclusive<u64>) {
    for seed in seeds {
        let report = run_setup(seed, setup.clone());
        assert!(report.findings.is_empty(), "seed {seed}: {:#?}", report.findings);
        assert!(report.count("writes acknowledged") > 0, "seed {seed} did nothing: {:?}", report.counts);
    }
}

fn busy(nodes: u64) -> Setup {
    Setup {
        clients: 6,
        think: Duration::from_millis(2),
        safety: Duration::from_secs(5),
        ..Setup::plain(nodes)
    }
}

/// When more was queued than may be uncommitted, the lane asked itself to go on, again and again, until an entry was applied:
/// a processor at full speed for the time of a flush.
#[test]
fn a_lane_that_is_full_waits_for_what_is_in_flight() {
    let setup = Setup {
        bounds: Bounds { uncommitted_bytes_max: 1, commit_timeout: Duration::from_secs(5) },
        disk_latency: Duration::from_millis(5),
        faults: vec![Fault::SlowDisk],
        between_faults: Duration::from_millis(300),
        ..busy(1)
    };
    is_clean(&setup, 1..=4);
}

/// A leader that is cut off refuses proposals at once. The lane opened again at once and proposed again: it and consensus kept two
/// processors busy until the next election.
#[test]
fn a_lane_whose_proposals_are_refused_pauses() {
    let setup = Setup {
        faults: vec![Fault::Isolate, Fault::Halves],
        between_faults: Duration::from_millis(400),
        ..busy(3)
    };
    is_clean(&setup, 1..=4);
}

/// A crash between the seal of a segment and the header of the next one: recovery began the next segment with a batch number
/// that did not follow, and the start after that took it for damage.
#[test]
fn a_crash_between_two_segments() {
    let setup = Setup {
        segment_bytes: 4096,
        faults: vec![Fault::CrashInsideCall],
        between_faults: Duration::from_millis(100),
        safety: Duration::from_secs(10),
        ..busy(3)
    };
    is_clean(&setup, 1..=6);
}

/// A process is killed between a write and its sync. What it wrote is read back at the next start, believed and acknowledged,
/// and gone when the power fails: recovery has to make durable what it reports.
#[test]
fn killed_before_a_sync_and_then_without_power() {
    let setup = Setup {
        faults: vec![Fault::CrashInsideCall, Fault::Kill, Fault::PowerLoss, Fault::PowerLossEverywhere],
        between_faults: Duration::from_millis(150),
        disk_latency: Duration::from_millis(2),
        safety: Duration::from_secs(10),
        ..busy(3)
    };
    is_clean(&setup, 1..=8);
}
