//! Counting.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::Window;

/// Where the connections of one thread count.
pub(super) type Shared = Rc<RefCell<Tally>>;

/// One thread's counts, of what was answered within the window.
pub(super) struct Tally {
    window: Window,
    operations: u64,
    pub rows: u64,
    errors: BTreeMap<String, u64>,
    latency_us: Histogram<u32>,
    per_second: Vec<u64>,
    connections_lost: u64,
    last_answer: Option<Instant>,
    pub cpu_ns: u64,
}

/// What a load came to.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub operations: u64,
    pub seconds: f64,
    pub per_s: f64,
    pub latency: Latency,
    /// Rows of all answers, warm-up and all.
    pub rows: u64,
    /// By code; requests that were ignored after another's failure, and lost connections, have names of their own.
    pub errors: BTreeMap<String, u64>,
    pub connections_lost: u64,
    /// Operations of each second of the window.
    pub per_second: Vec<u64>,
    /// Of the generator itself.
    pub cpu_us_per_operation: f64,
}

/// In microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    pub mean_us: f64,
    pub p50_us: u64,
    pub p90_us: u64,
    pub p99_us: u64,
    pub p999_us: u64,
    pub max_us: u64,
}

pub(super) fn shared(window: Window, duration_ms: u64) -> Shared {
    Rc::new(RefCell::new(Tally::new(window, duration_ms)))
}

/// A microsecond to a minute, to three digits.
fn histogram() -> Histogram<u32> {
    match Histogram::new_with_bounds(1, 60_000_000, 3) {
        Ok(histogram) => histogram,
        Err(error) => panic!("the bounds of the histogram are constants: {error:?}"),
    }
}

impl Tally {
    fn counts(&self, now: Instant) -> bool {
        self.window.from <= now && now < self.window.until
    }

    pub fn answered(&mut self, sent: Instant, now: Instant) {
        if !self.counts(now) {
            return;
        }
        self.operations += 1;
        self.last_answer = Some(now);
        let latency_us = u64::try_from((now - sent).as_micros()).unwrap_or(u64::MAX);
        self.latency_us.saturating_record(latency_us);
        let second = (now - self.window.from).as_secs() as usize;
        if let Some(count) = self.per_second.get_mut(second) {
            *count += 1;
        }
    }

    pub fn failed(&mut self, code: &str, now: Instant) {
        if self.counts(now) {
            *self.errors.entry(code.to_owned()).or_default() += 1;
        }
    }

    /// Requests that were on their way behind one that failed.
    pub fn ignored(&mut self, count: u64, now: Instant) {
        if count > 0 && self.counts(now) {
            *self.errors.entry("ignored after a failure".to_owned()).or_default() += count;
        }
    }

    pub fn connection_lost(&mut self, why: &str, in_flight: u64) {
        self.connections_lost += 1;
        *self.errors.entry(format!("connection lost: {why}")).or_default() += in_flight.max(1);
    }

    /// The counts so far; what is shared is empty afterwards.
    pub fn take_from(shared: &Shared) -> Tally {
        let empty = Tally::new(shared.borrow().window, 0);
        shared.replace(empty)
    }

    fn new(window: Window, duration_ms: u64) -> Self {
        Tally {
            window,
            operations: 0,
            rows: 0,
            errors: BTreeMap::new(),
            latency_us: histogram(),
            per_second: vec![0; duration_ms.div_ceil(1000) as usize],
            connections_lost: 0,
            last_answer: None,
            cpu_ns: 0,
        }
    }

    /// The report on what all threads have counted. `is_counted`: it may have ended before its time.
    pub fn report(tallies: Vec<Tally>, mut duration: Duration, is_counted: bool) -> Report {
        let took = tallies.iter().filter_map(|tally| Some(tally.last_answer? - tally.window.from)).max();
        if let Some(took) = took.filter(|_| is_counted) {
            duration = took;
        }
        let mut latency_us = histogram();
        let mut errors = BTreeMap::new();
        let mut per_second = Vec::new();
        for tally in &tallies {
            // Same bounds: nothing is lost.
            let _ = latency_us.add(&tally.latency_us);
            for (code, count) in &tally.errors {
                *errors.entry(code.clone()).or_default() += count;
            }
            per_second.resize(tally.per_second.len(), 0);
            for (all, count) in per_second.iter_mut().zip(&tally.per_second) {
                *all += count;
            }
        }
        let sum = |field: fn(&Tally) -> u64| tallies.iter().map(field).sum::<u64>();
        let operations = sum(|tally| tally.operations);
        let quantile = |quantile| latency_us.value_at_quantile(quantile);
        Report {
            operations,
            seconds: duration.as_secs_f64(),
            per_s: operations as f64 / duration.as_secs_f64(),
            latency: Latency {
                mean_us: latency_us.mean(),
                p50_us: quantile(0.5),
                p90_us: quantile(0.9),
                p99_us: quantile(0.99),
                p999_us: quantile(0.999),
                max_us: latency_us.max(),
            },
            rows: sum(|tally| tally.rows),
            errors,
            connections_lost: sum(|tally| tally.connections_lost),
            per_second,
            cpu_us_per_operation: sum(|tally| tally.cpu_ns) as f64 / 1000.0 / operations.max(1) as f64,
        }
    }
}

/// Time that this thread has been on a core; 0 where the kernel does not say.
pub(super) fn thread_cpu_ns() -> u64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    statistics.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}
