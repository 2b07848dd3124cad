//! What one seed's run shares: its random numbers, its trace, what was counted and what was found broken.
//!
//! One thread runs one world, so every draw comes in an order that the seed alone decides. Nothing here may depend on an
//! address, a hash or the machine's clock.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use openraft_rt::AsyncRuntime;
use openraft_rt_sim::{SimInstant, SimJoinHandle, SimRuntime};
use parking_lot::Mutex;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::panics;

/// Keeps the world's own draws apart from those of the runtime under the same seed.
const OWN_STREAM: u64 = 0x5EED_0F5A_3A9A_0001;

pub struct World {
    pub seed: u64,
    random: Mutex<SmallRng>,
    trace: Option<Mutex<Vec<String>>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    findings: Mutex<Vec<String>>,
}

impl World {
    pub fn new(seed: u64, is_traced: bool) -> Arc<World> {
        Arc::new(World {
            seed,
            random: Mutex::new(SmallRng::seed_from_u64(seed ^ OWN_STREAM)),
            trace: is_traced.then(Mutex::default),
            counts: Mutex::default(),
            findings: Mutex::default(),
        })
    }

    pub fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && self.random.lock().random::<f64>() < probability
    }

    /// A whole number in `low..=high`.
    pub fn between(&self, low: u64, high: u64) -> u64 {
        self.random.lock().random_range(low..=high.max(low))
    }

    pub fn pick<'a, T>(&self, among: &'a [T]) -> Option<&'a T> {
        if among.is_empty() {
            return None;
        }
        among.get(self.between(0, among.len() as u64 - 1) as usize)
    }

    pub fn bits(&self) -> u64 {
        self.random.lock().random()
    }

    /// Exponentially distributed: many short, a few long; never more than twenty times the mean.
    pub fn delay(&self, mean: Duration) -> Duration {
        let uniform: f64 = self.random.lock().random();
        let nanos = mean.as_nanos() as f64 * (-(1.0 - uniform).ln()).min(20.0);
        Duration::from_nanos(nanos as u64)
    }

    /// Run a task that belongs to no node. A panic is a finding.
    pub fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) -> SimJoinHandle<()> {
        let world = Arc::clone(self);
        SimRuntime::spawn(async move {
            if let Err(payload) = AssertUnwindSafe(work).catch_unwind().await {
                world.find(format!("the simulator panicked: {}", panics::describe(&*payload)));
            }
        })
    }

    /// A line of the trace, made only when somebody reads it.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let line = format!("{} {}", Stamp, line());
            trace.lock().push(line);
        }
    }

    pub fn take_trace(&self) -> Vec<String> {
        self.trace.as_ref().map(|trace| std::mem::take(&mut *trace.lock())).unwrap_or_default()
    }

    pub fn count(&self, what: &'static str) {
        self.count_many(what, 1);
    }

    pub fn count_many(&self, what: &'static str, times: u64) {
        *self.counts.lock().entry(what).or_default() += times;
    }

    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().clone()
    }

    /// Something that must never be, was.
    pub fn find(&self, what: impl Into<String>) {
        let what = format!("{Stamp} {}", what.into());
        self.note(|| format!("BROKEN {what}"));
        self.findings.lock().push(what);
    }

    pub fn has_findings(&self) -> bool {
        !self.findings.lock().is_empty()
    }

    pub fn findings(&self) -> Vec<String> {
        self.findings.lock().clone()
    }
}

/// The virtual time, as it stands in traces.
pub struct Stamp;

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let elapsed = SimInstant::try_now().map(SimInstant::elapsed_since_start).unwrap_or_default();
        write!(f, "{:>4}.{:06}", elapsed.as_secs(), elapsed.subsec_micros())
    }
}
