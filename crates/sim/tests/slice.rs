//! A slice of `make sim` that runs with every other test: some seeds, and one of them twice.
#![allow(clippy::unwrap_used)]

use samyama_sim::report::Total;
use samyama_sim::run::{Options, run_seed};

const SEEDS: std::ops::RangeInclusive<u64> = 9_001..=9_010;

#[test]
fn ten_seeds_break_no_invariant_and_none_is_void() {
    let mut total = Total::default();
    for seed in SEEDS {
        let report = run_seed(seed, Options::default());
        assert!(
            report.findings.is_empty(),
            "seed {seed} (samyama-sim --seed {seed}): {:#?}",
            report.findings
        );
        assert!(!report.is_void(), "seed {seed} proves nothing: {:?}", report.counts);
        total.add(&report);
    }
    println!("{total}");
}

#[test]
fn the_same_seed_gives_the_same_run_byte_for_byte() {
    let options = Options { is_traced: true, ..Options::default() };
    let (once, again, other) = (run_seed(9_003, options), run_seed(9_003, options), run_seed(9_004, options));
    assert!(once.trace.len() > 100_000, "the trace holds what happened: {} bytes", once.trace.len());
    assert!(once.trace == again.trace, "two runs of one seed differ");
    assert_eq!(once.counts, again.counts);
    assert!(once.trace != other.trace, "another seed is another run");
}

#[test]
fn tracing_changes_nothing() {
    let plain = run_seed(9_005, Options::default());
    let traced = run_seed(9_005, Options { is_traced: true, ..Options::default() });
    assert_eq!(plain.counts, traced.counts);
    assert_eq!(plain.elapsed, traced.elapsed);
}
