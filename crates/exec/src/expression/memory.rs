//! Accounting of the memory of one execution.
//!
//! What is kept (sort buffers, hash tables, lists under construction) is charged and released. What an expression is about
//! to allocate is checked first (`ensure`), with its size known by arithmetic, so that one call cannot exhaust the process.
//! For PROFILE the same charges are kept per operator: whoever runs is named by `run_as`.

use samyama_graph::Value;

use crate::ExecError;
use crate::limits::{LIST_LENGTH_MAX, STRING_BYTES_MAX, VALUE_DEPTH_MAX};

#[derive(Clone, Debug)]
pub struct Memory {
    used_bytes: usize,
    peak_bytes: usize,
    max_bytes: usize,
    /// By operator number; empty unless operators are profiled.
    operators: Vec<Held>,
    running: Option<usize>,
}

/// What one operator keeps now, and kept at most.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    bytes: usize,
    peak_bytes: usize,
}

impl Memory {
    pub fn new(max_bytes: usize) -> Self {
        Memory { used_bytes: 0, peak_bytes: 0, max_bytes, operators: Vec::new(), running: None }
    }

    /// What is charged from now on is this operator's; gives back who ran before, to be handed in again.
    pub fn run_as(&mut self, operator: Option<usize>) -> Option<usize> {
        std::mem::replace(&mut self.running, operator)
    }

    /// The most that one operator kept at a time.
    pub fn operator_peak_bytes(&self, operator: usize) -> usize {
        self.operators.get(operator).map_or(0, |held| held.peak_bytes)
    }

    fn running(&mut self) -> Option<&mut Held> {
        let operator = self.running?;
        if self.operators.len() <= operator {
            self.operators.resize(operator + 1, Held::default());
        }
        self.operators.get_mut(operator)
    }

    pub fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    pub fn peak_bytes(&self) -> usize {
        self.peak_bytes
    }

    /// May `bytes` more be allocated? Nothing is noted.
    pub fn ensure(&self, bytes: usize) -> Result<(), ExecError> {
        match self.used_bytes.checked_add(bytes) {
            Some(total) if total <= self.max_bytes => Ok(()),
            _ => Err(ExecError::memory_limit(format!(
                "The query needs more than the {} bytes of memory it is allowed. Raise the limit of memory per query, or \
                 return less at a time.",
                self.max_bytes
            ))),
        }
    }

    /// `bytes` are kept from now on.
    pub fn charge(&mut self, bytes: usize) -> Result<(), ExecError> {
        self.ensure(bytes)?;
        self.used_bytes += bytes;
        self.peak_bytes = self.peak_bytes.max(self.used_bytes);
        if let Some(held) = self.running() {
            held.bytes += bytes;
            held.peak_bytes = held.peak_bytes.max(held.bytes);
        }
        Ok(())
    }

    pub fn release(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.used_bytes, "more memory is released than was charged");
        self.used_bytes = self.used_bytes.saturating_sub(bytes);
        if let Some(held) = self.running() {
            held.bytes = held.bytes.saturating_sub(bytes);
        }
    }

    /// May a list of `length` elements be made?
    pub fn ensure_list(&self, length: usize) -> Result<(), ExecError> {
        if length > LIST_LENGTH_MAX {
            return Err(ExecError::memory_limit(format!(
                "A list of {length} elements is longer than the limit of {LIST_LENGTH_MAX}."
            )));
        }
        self.ensure(length * size_of::<Value>())
    }

    /// May a string of `bytes` bytes be made?
    pub fn ensure_string(&self, bytes: usize) -> Result<(), ExecError> {
        if bytes > STRING_BYTES_MAX {
            return Err(ExecError::memory_limit(format!(
                "A string of {bytes} bytes is longer than the limit of {STRING_BYTES_MAX}."
            )));
        }
        self.ensure(bytes)
    }
}

/// Bytes of a value with all it holds; shared parts are counted each time.
pub fn value_bytes(value: &Value) -> usize {
    let heap = match value {
        Value::String(s) => s.len() + 16,
        Value::Bytes(b) => b.len() + 16,
        Value::List(items) => 40 + items.iter().map(value_bytes).sum::<usize>(),
        Value::Map(map) => 40 + map.iter().map(|(k, v)| k.len() + 32 + value_bytes(v)).sum::<usize>(),
        Value::Path(path) => 48 + path.steps.len() * size_of::<samyama_graph::PathStep>(),
        Value::DateTime(_) | Value::Duration(_) | Value::Point(_) => 56,
        _ => 0,
    };
    size_of::<Value>() + heap
}

/// Refuses to put `item` into a list or map if that would nest too deep.
pub(super) fn check_depth(item: &Value) -> Result<(), ExecError> {
    if matches!(item, Value::List(_) | Value::Map(_)) && depth(item) >= VALUE_DEPTH_MAX {
        return Err(ExecError::memory_limit(format!(
            "A list or map nests more than {VALUE_DEPTH_MAX} levels deep."
        )));
    }
    Ok(())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(map) => 1 + map.iter().map(|(_, item)| depth(item)).max().unwrap_or(0),
        _ => 0,
    }
}
