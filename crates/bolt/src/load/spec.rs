//! What load to make, as it comes from the command line: a JSON object.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::limits::{
    LOAD_CONNECTIONS_MAX, LOAD_DEPTH_MAX, LOAD_DURATION_MS_MAX, LOAD_TEXT_BYTES_MAX, LOAD_THREADS_MAX,
};

/// A load.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// `host:port`; connections are dealt out to them in turn.
    pub addresses: Vec<String>,
    pub statement: String,
    #[serde(default)]
    pub parameters: BTreeMap<String, Generator>,
    #[serde(default = "one")]
    pub connections: usize,
    /// Requests that a connection has on their way at a time.
    #[serde(default = "one")]
    pub depth: usize,
    #[serde(default = "one")]
    pub threads: usize,
    #[serde(default)]
    pub warmup_ms: u64,
    pub duration_ms: u64,
    /// Over all connections; the load ends when they are answered.
    #[serde(default)]
    pub requests_max: Option<u64>,
    /// Access mode READ.
    #[serde(default)]
    pub read_only: bool,
    /// What reads promise: `linearizable`, `bookmark` or `stale`; what the server has set if it is left out.
    #[serde(default)]
    pub read_level: Option<String>,
    #[serde(default)]
    pub seed: u64,
}

/// Where the values of a parameter come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Generator {
    /// Each request takes the next number, over all connections.
    Sequence { from: i64 },
    /// Uniform from `from` until before `until`.
    Random { from: i64, until: i64 },
    /// Always this integer.
    Integer(i64),
    /// Always this text.
    Text(String),
    /// Always a text of this length.
    TextBytes(usize),
}

fn one() -> usize {
    1
}

impl Spec {
    /// Is it within its bounds?
    pub(super) fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: usize, most: usize| match value {
            value if (1..=most).contains(&value) => Ok(()),
            value => Err(format!("{name} is {value}; from 1 to {most} are allowed")),
        };
        if self.addresses.is_empty() {
            return Err("addresses is empty: name at least one host:port".into());
        }
        within("connections", self.connections, LOAD_CONNECTIONS_MAX)?;
        within("depth", self.depth, LOAD_DEPTH_MAX)?;
        within("threads", self.threads, LOAD_THREADS_MAX.min(self.connections))?;
        if self.duration_ms == 0 || self.duration_ms.max(self.warmup_ms) > LOAD_DURATION_MS_MAX {
            return Err(format!(
                "duration_ms and warmup_ms are at most {LOAD_DURATION_MS_MAX}, duration_ms not 0"
            ));
        }
        for (name, generator) in &self.parameters {
            match generator {
                Generator::Random { from, until } if from >= until => {
                    return Err(format!("{name}: there is no number from {from} until before {until}"));
                }
                Generator::TextBytes(bytes) if *bytes > LOAD_TEXT_BYTES_MAX => {
                    return Err(format!("{name}: a text has at most {LOAD_TEXT_BYTES_MAX} bytes"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
