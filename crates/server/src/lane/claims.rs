//! Claims: what open transactions have read and written, kept from others until they end; and who waits for whom.
//!
//! A transaction that has written holds a claim. A statement that would change what a claim holder has read, or whose own
//! reads the holder's writes would change, is taken back and parked behind the holder; it runs again when the claim goes.
//! So statements that meet on a hot key take turns instead of failing at COMMIT, where drivers would wait a second before
//! they try again. Claims end with their transaction or after `CLAIM_MS_MAX`; an overdue holder is then on its own: it is
//! checked at COMMIT like any optimistic transaction.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use samyama_exec::ReadSet;
use samyama_graph::{Draft, Effect, Graph};

use crate::limits::CLAIM_MS_MAX;

struct Claim {
    reads: ReadSet,
    /// The graph that the holder rests on.
    before: Draft,
    effects: Vec<Arc<[Effect]>>,
    until: Instant,
}

/// `J` is a parked statement.
pub struct Claims<J> {
    /// In the order of transaction ids, so that which claim is met first does not depend on a hash.
    held: BTreeMap<u64, Claim>,
    /// Behind which transaction which statements wait, first come first.
    parked: BTreeMap<u64, VecDeque<J>>,
    /// Which open transaction waits behind which.
    waits: BTreeMap<u64, u64>,
}

impl<J> Default for Claims<J> {
    fn default() -> Self {
        Self { held: BTreeMap::new(), parked: BTreeMap::new(), waits: BTreeMap::new() }
    }
}

impl<J> Claims<J> {
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub fn holds(&self, transaction: u64) -> bool {
        self.held.contains_key(&transaction)
    }

    /// The first other transaction whose claim is met by a statement with these effects (and, for one of an open
    /// transaction, these reads, with the graph that it rests on).
    pub fn met_by(
        &self,
        own: Option<u64>,
        effects: &[Effect],
        reads: Option<(&[&ReadSet], &Graph)>,
        now: &Graph,
    ) -> Option<u64> {
        let meets = |claim: &Claim| {
            claim.reads.changed_by(effects, &claim.before, now)
                || reads.is_some_and(|(reads, before)| {
                    let changes = |written: &Arc<[Effect]>| {
                        reads.iter().any(|reads| reads.changed_by(written, before, now))
                    };
                    claim.effects.iter().any(changes)
                })
        };
        self.held
            .iter()
            .find(|(holder, claim)| Some(**holder) != own && meets(claim))
            .map(|(holder, _)| *holder)
    }

    /// What a transaction holds now that it has had these effects, too; `reads` are all of its reads. Its time runs from the
    /// first claim.
    pub fn add(
        &mut self,
        transaction: u64,
        (reads, before): (&ReadSet, &Draft),
        effects: Arc<[Effect]>,
        now: Instant,
    ) {
        let claim = self.held.entry(transaction).or_insert_with(|| Claim {
            reads: ReadSet::default(),
            before: Draft::default(),
            effects: Vec::new(),
            until: now + Duration::from_millis(CLAIM_MS_MAX),
        });
        claim.reads = reads.clone();
        claim.before = before.clone();
        claim.effects.push(effects);
    }

    /// Would `waiter` wait for itself if it waited behind `holder`?
    pub fn closes_cycle(&self, waiter: u64, holder: u64) -> bool {
        let mut at = holder;
        loop {
            if at == waiter {
                return true;
            }
            match self.waits.get(&at) {
                Some(next) => at = *next,
                None => return false,
            }
        }
    }

    /// Park a statement behind a holder; `waiter` is its transaction if that holds claims itself.
    pub fn park(&mut self, holder: u64, waiter: Option<u64>, job: J) {
        if let Some(waiter) = waiter {
            self.waits.insert(waiter, holder);
        }
        self.parked.entry(holder).or_default().push_back(job);
    }

    /// The transaction has ended: what waited behind it, in order.
    pub fn release(&mut self, transaction: u64) -> VecDeque<J> {
        self.held.remove(&transaction);
        self.waits.remove(&transaction);
        let woken = self.parked.remove(&transaction).unwrap_or_default();
        self.waits.retain(|_, holder| *holder != transaction);
        woken
    }

    /// End claims whose time is up; what waited behind them, in order.
    pub fn expire(&mut self, now: Instant) -> VecDeque<J> {
        let overdue: Vec<u64> =
            self.held.iter().filter(|(_, c)| c.until <= now).map(|(holder, _)| *holder).collect();
        let mut woken = VecDeque::new();
        for holder in overdue {
            self.held.remove(&holder);
            self.waits.retain(|_, behind| *behind != holder);
            woken.append(&mut self.parked.remove(&holder).unwrap_or_default());
        }
        woken
    }

    /// Take out parked statements for which `gone` says so.
    pub fn drain_parked(&mut self, mut gone: impl FnMut(&J) -> bool) -> Vec<J> {
        let mut out = Vec::new();
        for queue in self.parked.values_mut() {
            let mut kept = VecDeque::with_capacity(queue.len());
            for job in queue.drain(..) {
                if gone(&job) { out.push(job) } else { kept.push_back(job) }
            }
            *queue = kept;
        }
        self.parked.retain(|_, queue| !queue.is_empty());
        out
    }
}
