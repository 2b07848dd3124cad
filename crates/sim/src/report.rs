//! What a seed came to, and what many did together.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What one seed came to.
#[derive(Clone, Debug)]
pub struct Report {
    pub seed: u64,
    /// Virtual time.
    pub elapsed: Duration,
    pub counts: BTreeMap<&'static str, u64>,
    pub findings: Vec<String>,
    /// Empty unless it was asked for.
    pub trace: Vec<u8>,
}

impl Report {
    pub fn count(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }

    pub fn faults(&self) -> u64 {
        self.counts.iter().filter(|(what, _)| what.starts_with("fault: ")).map(|(_, times)| times).sum()
    }

    /// Nothing was broken, or nothing was done: it proves nothing.
    pub fn is_void(&self) -> bool {
        self.findings.is_empty() && (self.faults() == 0 || self.count("writes acknowledged") == 0)
    }
}

/// The sum over seeds.
#[derive(Clone, Debug, Default)]
pub struct Total {
    pub seeds: u64,
    pub void: u64,
    pub replayed: u64,
    pub elapsed: Duration,
    counts: BTreeMap<&'static str, u64>,
}

impl Total {
    pub fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.void += u64::from(report.is_void());
        self.elapsed += report.elapsed;
        for (what, times) in &report.counts {
            *self.counts.entry(what).or_default() += times;
        }
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.elapsed.as_secs_f64() / 60.0;
        writeln!(f, "{} seeds, {minutes:.1} virtual minutes, {} run twice", self.seeds, self.replayed)?;
        if self.void > 0 {
            writeln!(f, "{} seeds were void: nothing was broken or nothing was done", self.void)?;
        }
        for (what, times) in &self.counts {
            writeln!(f, "  {times:>10}  {what}")?;
        }
        Ok(())
    }
}
