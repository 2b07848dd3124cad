//! The lane without its surroundings: statements in, entries and answers out, one after the other. No tasks, no waiting;
//! `run.rs` gives it a clock, a log and threads. Here are its queue and its auto-commit writes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use samyama_graph::{Draft, Effect};

use super::head::Head;
use super::job::{Job, Kind, Refusal, Reply, Transaction};
use super::open::{Open, Waiter, keyed};
use super::pool::PoolRun;
use crate::engine::{self, Failed, Ran, Statement, Stay};
use crate::entry::Opening;
use crate::host::Host;
use crate::keys::{Keyed, Keys, RelayKey};
use crate::limits::{ENTRY_BYTES_TARGET, LANE_QUEUE_MAX, LANE_WAIT_MAX, POOL_CONFLICTS_MAX};
use crate::shared::{Published, Shared};

/// What a turn of the lane leaves to do.
#[derive(Default)]
pub struct Todo {
    pub pool: Vec<PoolRun>,
}

/// The lane's state. `None` in `open` while this node does not lead or is not ready.
pub struct Core {
    pub(super) host: Arc<dyn Host>,
    pub(super) shared: Arc<Shared>,
    pub open: Option<Open>,
    pub queue: VecDeque<Job>,
    /// Statements that waited behind a claim which is gone, one group per claim: they run before the queue.
    woken: VecDeque<VecDeque<Job>>,
    /// The transaction that the last statement claimed for, or was parked behind.
    pub(super) blocker: Option<u64>,
    next_generation: u64,
    pub(super) next_transaction: u64,
}

impl Core {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            host: Arc::clone(shared.host()),
            shared,
            open: None,
            queue: VecDeque::new(),
            woken: VecDeque::new(),
            blocker: None,
            next_generation: 1,
            next_transaction: 1,
        }
    }

    /// Start on the published graph.
    pub fn open(&mut self, opening: Opening, published: &Published) {
        assert!(self.open.is_none(), "the lane opens once at a time");
        let head = Head::new(opening, &published.view);
        self.open = Some(Open::new(head, self.next_generation));
        self.next_generation += 1;
    }

    /// Drop the head and all that rests on it. What had not been proposed goes back into the queue, first.
    pub fn close(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        self.shared.clear_prepared();
        let parked: Vec<Job> = std::mem::take(&mut self.woken)
            .into_iter()
            .flatten()
            .chain(open.claims.drain_parked(|_| true))
            .collect();
        let waiting = open.waiters.into_iter().chain(open.dependents);
        let again: Vec<Job> = waiting.filter_map(Waiter::into_job).chain(parked).collect();
        for job in again.into_iter().rev() {
            self.requeue(job);
        }
    }

    /// What a job rests on is applied: its keys are in the table now.
    pub fn applied(&mut self, waiter: &Waiter) {
        if let Some(open) = &mut self.open {
            open.keys.remove(&waiter.keys);
        }
    }

    /// The entry that a job waited for is applied, and it comes again.
    pub fn again(&mut self, waiter: Waiter) {
        if let Some(job) = waiter.into_job() {
            self.queue.push_front(job);
        }
    }

    /// Run it later, first of all. What stood behind another is for its session to hand in again: the other may not be there.
    pub(super) fn requeue(&mut self, job: Job) {
        if job.is_behind {
            refuse(job, Refusal::Behind);
        } else {
            self.queue.push_front(job);
        }
    }

    pub fn push(&mut self, job: Job) {
        if self.queue.len() >= LANE_QUEUE_MAX {
            return refuse(job, Refusal::Overloaded);
        }
        self.queue.push_back(job);
    }

    /// Is there a statement that could run?
    pub fn has_work(&self) -> bool {
        !self.queue.is_empty() || !self.woken.is_empty()
    }

    /// Run the next statement. False: there is none, or the lane is closed.
    pub fn run_next(&mut self, todo: &mut Todo) -> bool {
        if self.open.is_none() {
            return false;
        }
        let Some(mut group) = self.woken.pop_front() else {
            let Some(job) = self.queue.pop_front() else { return false };
            self.run(job, todo);
            return true;
        };
        let Some(job) = group.pop_front() else { return true };
        self.blocker = None;
        self.run(job, todo);
        self.wake_rest(group);
        true
    }

    /// The first of those that waited for a claim has run. If it holds a claim now, or waits for one, the others would most
    /// likely meet the same: they wait on without being run. Those that hold claims themselves run, so that who waits for
    /// whom stays exact.
    fn wake_rest(&mut self, mut group: VecDeque<Job>) {
        if let (Some(open), Some(holder)) = (&mut self.open, self.blocker.take())
            && open.claims.holds(holder)
        {
            let mut rest = VecDeque::new();
            for job in group {
                if job.transaction().is_some_and(|t| open.claims.holds(t.id)) {
                    rest.push_back(job);
                } else {
                    open.claims.park(holder, None, job);
                }
            }
            group = rest;
        }
        if !group.is_empty() {
            self.woken.push_front(group);
        }
    }

    /// Run a statement, and those that stand behind it, each if the one before ran to its end here. They share an entry, so
    /// that what becomes of one becomes of all; when that is full the rest has to come again.
    fn run(&mut self, mut job: Job, todo: &mut Todo) {
        let mut behind = std::mem::take(&mut job.behind);
        let mut ran = self.run_one(job, todo);
        while let Some(next) = behind.pop_front() {
            let has_room = |open: &Open| open.head.batch_bytes() < ENTRY_BYTES_TARGET;
            if ran && self.open.as_ref().is_some_and(has_room) {
                ran = self.run_one(next, todo);
            } else {
                ran = false;
                refuse(next, Refusal::Behind);
            }
        }
    }

    /// True: it ran to its end, on the head, and nothing but the log's outcome is left to wait for.
    fn run_one(&mut self, job: Job, todo: &mut Todo) -> bool {
        let refusal = if job.reply.is_closed() {
            Some(Refusal::Cancelled)
        } else {
            job.statement().and_then(|s| over(s, &*self.host))
        };
        if let Some(refusal) = refusal {
            self.give_up(job, refusal);
            return false;
        }
        match job.kind {
            Kind::Write { .. } => return self.write(job, todo),
            Kind::Step { .. } => self.step(job, todo),
            Kind::Commit { .. } => self.commit(job),
            Kind::Settle { key } => self.settle(job, key),
        }
        false
    }

    /// An auto-commit write, on the head itself. True: it is done, and waits for the log alone.
    pub(super) fn write(&mut self, job: Job, todo: &mut Todo) -> bool {
        let Some(open) = &mut self.open else {
            self.requeue(job);
            return false;
        };
        let Some(statement) = job.statement().cloned() else { return false };
        let job = match open.admit(job, &statement.keys, &self.shared) {
            Ok(job) => job,
            Err(is_done) => return is_done,
        };
        let last_resort = job.conflicts >= POOL_CONFLICTS_MAX;
        let mark = open.head.mark(!open.claims.is_empty());
        let ran = run_here(&*self.host, &statement, open.head.draft_mut(), last_resort);
        match ran {
            Ok(ran) if ran.effects.is_empty() && !statement.takes_key => {
                open.answer(Waiter::new(job, Ok(ran)));
                true
            }
            Ok(mut ran) => {
                if let Some(holder) = open.claims.met_by(None, &ran.effects, None, open.head.draft()) {
                    open.head.rollback(mark);
                    self.blocker = Some(holder);
                    open.claims.park(holder, None, job);
                    return false;
                }
                let effects: Arc<[Effect]> = std::mem::take(&mut ran.effects).into();
                let keyed = keyed(&statement, &ran, &*self.host);
                open.commit_on_head(job, mark, ran, effects, keyed)
            }
            Err(failed) => {
                if failed.dirty {
                    open.head.rollback(mark);
                }
                if engine::is_budget_spent(&failed.error) {
                    let transaction = self.new_transaction(None);
                    self.move_to_pool(job, statement, transaction, todo);
                } else {
                    open.answer(Waiter::new(job, Err(failed.error)));
                }
                false
            }
        }
    }

    /// Put a key into the log alone, unless there is a transaction with it: then whoever has it finds it taken.
    fn settle(&mut self, job: Job, key: RelayKey) {
        let Some(open) = &mut self.open else { return self.requeue(job) };
        let keys = Keys { relay: Some(key), client: None };
        let Ok(job) = open.admit(job, &keys, &self.shared) else { return };
        let keyed = Keyed { keys, is_abandoned: true, stamp_ms: 0, answers: Arc::from([]) };
        let effects: Arc<[Effect]> = Arc::from([]);
        match open.head.apply(Arc::clone(&effects), Some(&keyed)) {
            Ok(number) => open.committed(job, Ran::default(), number, &effects, Some(keyed)),
            Err(error) => refuse(job, Refusal::from_head(&error)),
        }
    }

    /// A transaction has ended, in whatever way: its claim goes, and what waited behind it runs again.
    pub fn end(&mut self, transaction: u64) {
        let Some(open) = &mut self.open else { return };
        open.history.forget(transaction);
        let woken = open.claims.release(transaction);
        if !woken.is_empty() {
            self.woken.push_back(woken);
        }
    }

    /// Statements whose time is up, that nobody waits for, or that have waited too long for their turn.
    fn drop_overdue(&mut self, now: Instant) {
        let mut refused = Vec::new();
        for mut job in std::mem::take(&mut self.queue) {
            let since = *job.queued_since.get_or_insert(now);
            let refusal = if job.reply.is_closed() {
                Some(Refusal::Cancelled)
            } else {
                job.statement().and_then(|statement| over(statement, &*self.host))
            };
            let has_turn_left = now.saturating_duration_since(since) < LANE_WAIT_MAX;
            match refusal.or((!has_turn_left).then_some(Refusal::NoTurn)) {
                None => self.queue.push_back(job),
                Some(refusal) => refused.push((job, refusal)),
            }
        }
        for (job, refusal) in refused {
            self.give_up(job, refusal);
        }
    }

    fn give_up(&mut self, job: Job, refusal: Refusal) {
        let transaction = job.transaction().map(Transaction::id);
        refuse(job, refusal);
        if let Some(transaction) = transaction {
            self.end(transaction);
        }
    }

    /// Time passes: claims end, statements that waited too long or that nobody waits for are dropped.
    pub fn tick(&mut self, now: Instant) {
        self.drop_overdue(now);
        let Some(open) = &mut self.open else { return };
        let woken = open.claims.expire(now);
        if !woken.is_empty() {
            self.woken.push_back(woken);
        }
        let gone = open.claims.drain_parked(|job| {
            job.reply.is_closed() || job.statement().is_some_and(|s| over(s, &*self.host).is_some())
        });
        for job in gone {
            self.queue.push_back(job);
        }
    }
}

/// Run on this thread. `long`: without a budget, and other tasks of the thread are moved away first.
pub(super) fn run_here(
    host: &dyn Host,
    statement: &Statement,
    draft: &mut Draft,
    long: bool,
) -> Result<Ran, Failed> {
    if !long {
        return engine::run_write(host, statement, draft, Stay::Until(host.budget()));
    }
    let mut ran = None;
    host.in_place(&mut || ran = Some(engine::run_write(host, statement, draft, Stay::InTheWay)));
    match ran {
        Some(ran) => ran,
        None => panic!("a host did not run what it was given"),
    }
}

fn over(statement: &Statement, host: &dyn Host) -> Option<Refusal> {
    if statement.cancel.is_raised() {
        return Some(Refusal::Cancelled);
    }
    statement.deadline.is_some_and(|deadline| deadline <= host.now()).then_some(Refusal::TimedOut)
}

pub fn refuse(job: Job, refusal: Refusal) {
    send(job.reply, Reply::Refused(refusal));
    for behind in job.behind {
        refuse(behind, Refusal::Behind);
    }
}

pub fn send(reply: tokio::sync::oneshot::Sender<Reply>, message: Reply) {
    // A session that has gone needs no answer.
    drop(reply.send(message));
}
