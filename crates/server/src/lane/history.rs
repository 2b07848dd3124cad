//! The effects of the last transactions, for as long as an open transaction may have to be held against them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use samyama_exec::ReadSet;
use samyama_graph::{Effect, Graph};

use crate::limits::HISTORY_BYTES_MAX;

/// What an effect costs here, roughly; properties are counted by number, not by size.
const EFFECT_BYTES: usize = 96;

#[derive(Default)]
pub struct History {
    transactions: VecDeque<(u64, Arc<[Effect]>)>,
    bytes: usize,
    /// Every transaction above this number is here.
    from: u64,
    /// Base of each open transaction.
    bases: BTreeMap<u64, u64>,
}

impl History {
    pub fn new(number: u64) -> Self {
        Self { from: number, ..Self::default() }
    }

    /// A transaction is open and rests on `base`, now.
    pub fn set_base(&mut self, transaction: u64, base: u64) {
        self.bases.insert(transaction, base);
        self.trim();
    }

    pub fn forget(&mut self, transaction: u64) {
        self.bases.remove(&transaction);
        self.trim();
    }

    pub fn push(&mut self, number: u64, effects: &Arc<[Effect]>) {
        if self.bases.is_empty() {
            self.transactions.clear();
            self.bytes = 0;
            self.from = number;
            return;
        }
        self.bytes += effects.len() * EFFECT_BYTES;
        self.transactions.push_back((number, Arc::clone(effects)));
        while self.bytes > HISTORY_BYTES_MAX {
            self.pop();
        }
    }

    /// Would any transaction that `now` has and `before` has not have changed what was read? Also true when that is no
    /// longer known.
    pub fn changed_since(&self, before: &Graph, reads: &ReadSet, now: &Graph) -> bool {
        let base = before.transaction_number();
        if base < self.from {
            return true;
        }
        let first = self.transactions.partition_point(|(number, _)| *number <= base);
        self.transactions.iter().skip(first).any(|(_, effects)| reads.changed_by(effects, before, now))
    }

    fn trim(&mut self) {
        let oldest = self.bases.values().min().copied().unwrap_or(u64::MAX);
        while self.transactions.front().is_some_and(|(number, _)| *number <= oldest) {
            self.pop();
        }
    }

    fn pop(&mut self) {
        if let Some((number, effects)) = self.transactions.pop_front() {
            self.bytes -= effects.len() * EFFECT_BYTES;
            self.from = number;
        }
    }
}
