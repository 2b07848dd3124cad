//! The lane without its surroundings: statements in, entries and answers out, one after the other. No tasks, no waiting;
//! `run.rs` gives it a clock, a log and threads.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use samyama_exec::{ExecError, ReadSet};
use samyama_graph::{Draft, Effect};

use super::head::{Head, HeadError};
use super::job::{Job, Kind, Refusal, Reply, Transaction};
use super::keys::{Standing, now_ms};
use super::open::{Open, Start, Waiter, keyed, outdated};
use crate::answer;
use crate::engine::{self, Failed, Ran, Statement, Stay};
use crate::entry::Opening;
use crate::host::Host;
use crate::keys::{Keyed, Keys, RelayKey};
use crate::limits::{
    ENTRY_BYTES_TARGET, LANE_QUEUE_MAX, LANE_WAIT_MAX, POOL_CONFLICTS_MAX, TRANSACTION_EFFECTS_MAX,
};
use crate::shared::{Published, Shared};

/// A statement that is too long for the lane: run `engine::run_write` on the transaction's draft, then `pool_done`.
pub struct PoolRun {
    pub job: Job,
    pub statement: Arc<Statement>,
    pub transaction: Box<Transaction>,
    start: Start,
}

/// What a turn of the lane leaves to do.
#[derive(Default)]
pub struct Todo {
    pub pool: Vec<PoolRun>,
}

/// The lane's state. `None` in `open` while this node does not lead or is not ready.
pub struct Core {
    host: Arc<dyn Host>,
    shared: Arc<Shared>,
    pub open: Option<Open>,
    pub queue: VecDeque<Job>,
    /// Statements that waited behind a claim which is gone, one group per claim: they run before the queue.
    woken: VecDeque<VecDeque<Job>>,
    /// The transaction that the last statement claimed for, or was parked behind.
    blocker: Option<u64>,
    next_generation: u64,
    next_transaction: u64,
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
    fn requeue(&mut self, job: Job) {
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
    fn write(&mut self, job: Job, todo: &mut Todo) -> bool {
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

    fn new_transaction(&mut self, client_key: Option<Arc<str>>) -> Box<Transaction> {
        let id = self.next_transaction;
        self.next_transaction += 1;
        let (generation, base, draft) = match &self.open {
            Some(open) => (open.generation, open.head.number(), open.head.draft().clone()),
            None => (0, 0, Draft::new(&samyama_graph::View::default())),
        };
        Box::new(Transaction {
            id,
            generation,
            base,
            draft,
            effects: Vec::new(),
            reads: ReadSet::default(),
            answered: 0,
            spoilt: false,
            client_key,
            answers: Vec::new(),
        })
    }

    /// A statement of an explicit transaction, on the transaction's own draft.
    fn step(&mut self, mut job: Job, todo: &mut Todo) {
        let Kind::Step { statement, transaction } = &mut job.kind else { return };
        let (statement, transaction) = (Arc::clone(statement), transaction.take());
        let client = statement.keys.client.clone();
        let mut transaction = match (transaction, &client) {
            (Some(transaction), _) => transaction,
            (None, None) => self.new_transaction(None),
            (None, Some(_)) => {
                let Some(open) = &mut self.open else { return self.requeue(job) };
                let keys = Keys { relay: None, client: client.clone() };
                let Ok(admitted) = open.admit(job, &keys, &self.shared) else { return };
                job = admitted;
                self.new_transaction(client)
            }
        };
        let Some(open) = &mut self.open else { return self.restore(job, transaction) };
        if transaction.client_key.is_some() && !answer::has_room(&transaction.answers) {
            self.end(transaction.id);
            let what = "it has more statements than are remembered with an idempotency key".to_owned();
            return refuse(job, Refusal::TooLarge { what });
        }
        if let Err(refusal) = open.rebase(&mut transaction) {
            self.end(transaction.id);
            return refuse(job, refusal);
        }
        let last_resort = job.conflicts >= POOL_CONFLICTS_MAX;
        let start = Start::now(&open.head, (0, 0));
        transaction.draft.reserve_ids(start.node, start.relationship);
        match run_here(&*self.host, &statement, &mut transaction.draft, last_resort) {
            Err(failed) if engine::is_budget_spent(&failed.error) => {
                self.move_to_pool(job, statement, transaction, todo)
            }
            ran => self.finish(job, transaction, start, ran.map_err(|failed| failed.error), todo),
        }
    }

    /// Run it away from the lane, on a draft of its own.
    fn move_to_pool(
        &mut self,
        job: Job,
        statement: Arc<Statement>,
        mut transaction: Box<Transaction>,
        todo: &mut Todo,
    ) {
        let Some(open) = &mut self.open else { return self.restore(job, transaction) };
        // The head may have moved, too: begin anew.
        transaction.spoilt = true;
        if let Err(refusal) = open.rebase(&mut transaction) {
            self.end(transaction.id);
            return refuse(job, refusal);
        }
        let start = Start::now(&open.head, job.used);
        transaction.draft.reserve_ids(start.node, start.relationship);
        open.head.reserve(start.node_end, start.relationship_end);
        todo.pool.push(PoolRun { job, statement, transaction, start });
    }

    /// A statement has run on the pool.
    pub fn pool_done(&mut self, mut run: PoolRun, ran: Result<Ran, Failed>, todo: &mut Todo) {
        let Some(open) = &self.open else { return self.restore(run.job, run.transaction) };
        if open.generation != run.transaction.generation {
            return self.restore(run.job, run.transaction);
        }
        let draft = &run.transaction.draft;
        run.job.used = (
            draft.next_node_id().0 - run.start.node.0,
            draft.next_relationship_id().0 - run.start.relationship.0,
        );
        if ran.as_ref().is_ok_and(|ran| open.stale(&run.transaction, &run.start, ran)) {
            run.job.conflicts += 1;
            if matches!(run.job.kind, Kind::Write { .. }) {
                self.end(run.transaction.id);
                if run.job.conflicts >= POOL_CONFLICTS_MAX {
                    self.write(run.job, todo);
                    return;
                }
                let transaction = self.new_transaction(None);
                return self.move_to_pool(run.job, run.statement, transaction, todo);
            }
            if run.job.conflicts >= POOL_CONFLICTS_MAX {
                run.transaction.spoilt = true;
                return self.restore_and_run(run.job, run.transaction, todo);
            }
            return self.move_to_pool(run.job, run.statement, run.transaction, todo);
        }
        self.finish(run.job, run.transaction, run.start, ran.map_err(|failed| failed.error), todo);
    }

    fn restore_and_run(&mut self, mut job: Job, transaction: Box<Transaction>, todo: &mut Todo) {
        if let Kind::Step { transaction: slot, .. } = &mut job.kind {
            *slot = Some(transaction);
        }
        self.step(job, todo);
    }

    /// The lane has closed meanwhile: back to the queue.
    fn restore(&mut self, mut job: Job, transaction: Box<Transaction>) {
        if let Kind::Step { transaction: slot, .. } = &mut job.kind
            && transaction.answered > 0
        {
            *slot = Some(transaction);
        }
        self.requeue(job);
    }

    /// A statement of a transaction has run; everything it saw is as it is on the head now.
    fn finish(
        &mut self,
        mut job: Job,
        mut transaction: Box<Transaction>,
        start: Start,
        ran: Result<Ran, ExecError>,
        todo: &mut Todo,
    ) {
        let Some(open) = &mut self.open else { return self.restore(job, transaction) };
        let mut ran = match ran {
            Ok(ran) => ran,
            Err(error) => {
                // A failed statement ends its transaction.
                open.answer(Waiter::new(job, Err(error)));
                return self.end(transaction.id);
            }
        };
        let effects = std::mem::take(&mut ran.effects);
        let mut reads = transaction.reads.clone();
        reads.extend(&ran.reads);
        if !effects.is_empty()
            && let Some(holder) =
                open.claims.met_by(Some(transaction.id), &effects, Some(&reads), open.head.draft())
        {
            let waiter = open.claims.holds(transaction.id).then_some(transaction.id);
            if waiter.is_some_and(|waiter| open.claims.closes_cycle(waiter, holder)) {
                self.end(transaction.id);
                return refuse(job, Refusal::Deadlock);
            }
            transaction.spoilt = true;
            if let Kind::Step { transaction: slot, .. } = &mut job.kind {
                *slot = Some(transaction);
            }
            self.blocker = Some(holder);
            return open.claims.park(holder, waiter, job);
        }
        if transaction.effects.len() + effects.len() > TRANSACTION_EFFECTS_MAX {
            self.end(transaction.id);
            return refuse(
                job,
                Refusal::TooLarge { what: format!("it has more than {TRANSACTION_EFFECTS_MAX} changes") },
            );
        }
        // From here on others' effects, its own new names among them, are kept for it.
        open.history.set_base(transaction.id, transaction.base);
        let (tokens, effects): (Vec<Effect>, Vec<Effect>) =
            effects.into_iter().partition(|effect| matches!(effect, Effect::CreateToken { .. }));
        if !tokens.is_empty()
            && let Err(error) = open.commit_tokens(tokens)
        {
            self.end(transaction.id);
            return refuse(job, Refusal::Outdated(format!("its new names could not be given: {error}")));
        }
        let (node, relationship) =
            (transaction.draft.next_node_id(), transaction.draft.next_relationship_id());
        open.head.reserve(node.max(start.node), relationship.max(start.relationship));
        transaction.reads = reads;
        transaction.effects.extend(effects.iter().cloned());
        if matches!(job.kind, Kind::Write { .. }) {
            return self.commit_pooled(job, transaction, ran, todo);
        }
        if !effects.is_empty() {
            open.claims.add(transaction.id, &transaction.reads, effects.into(), self.host.now());
            self.blocker = Some(transaction.id);
        }
        transaction.answered += 1;
        if transaction.client_key.is_some()
            && let Some(statement) = job.statement()
        {
            answer::record(statement.digest, &ran, &mut transaction.answers);
        }
        open.answer(Waiter { transaction: Some(transaction), ..Waiter::new(job, Ok(ran)) });
    }

    /// An auto-commit write that ran on the pool.
    fn commit_pooled(&mut self, mut job: Job, transaction: Box<Transaction>, ran: Ran, todo: &mut Todo) {
        let id = transaction.id;
        let Some(open) = &mut self.open else { return self.requeue(job) };
        let statement = job.statement().cloned();
        let keys = statement.as_ref().map(|statement| statement.keys.clone()).unwrap_or_default();
        if !matches!(open.keys.standing(&keys, &self.shared), Standing::New) {
            // While it ran another one came with its key: it is told what became of that one.
            self.end(id);
            return self.requeue(job);
        }
        if transaction.effects.is_empty() && statement.as_ref().is_none_or(|s| !s.takes_key) {
            open.answer(Waiter::new(job, Ok(ran)));
            return self.end(id);
        }
        let effects: Arc<[Effect]> = transaction.effects.into();
        let keyed = statement.and_then(|statement| keyed(&statement, &ran, &*self.host));
        let applied = open.head.apply(Arc::clone(&effects), keyed.as_ref());
        match applied {
            Ok(number) => {
                open.committed(job, ran, number, &effects, keyed);
                self.end(id);
            }
            Err(error @ HeadError::TooLarge(_)) => {
                refuse(job, Refusal::from_head(&error));
                self.end(id);
            }
            Err(HeadError::Apply(_)) => {
                job.conflicts = POOL_CONFLICTS_MAX;
                self.end(id);
                self.write(job, todo);
            }
        }
    }

    fn commit(&mut self, job: Job) {
        let Job { kind: Kind::Commit { transaction, relay }, reply, .. } = job else { return };
        let (id, generation) = (transaction.id, transaction.generation);
        let Some(open) = self.open.as_mut().filter(|open| open.generation == generation) else {
            return send(reply, Reply::Refused(Refusal::LostBase));
        };
        let keys = Keys { relay, client: transaction.client_key.clone() };
        let refusal = match open.keys.standing(&keys, &self.shared) {
            Standing::New => None,
            // Run again it finds the other one, and is answered as that was.
            Standing::OnHead | Standing::Applied(_) => Some(taken_key()),
            Standing::Refused(refusal) => Some(refusal),
        };
        if let Some(refusal) = refusal {
            self.end(id);
            return send(reply, Reply::Refused(refusal));
        }
        if open.history.changed_since(transaction.base, &transaction.reads, open.head.draft())
            && !transaction.effects.is_empty()
        {
            self.end(id);
            return send(reply, Reply::Refused(outdated()));
        }
        let effects: Arc<[Effect]> = transaction.effects.clone().into();
        let answers = transaction.answers.as_slice().into();
        let job = Job::committing(transaction, relay, reply);
        if effects.is_empty() && keys.client.is_none() {
            open.answer(Waiter::new(job, Ok(Ran::default())));
            return self.end(id);
        }
        let stamp_ms = keys.client.as_ref().map_or(0, |_| now_ms(&*self.host));
        let keyed = (!keys.is_empty()).then_some(Keyed { keys, is_abandoned: false, stamp_ms, answers });
        match open.head.apply(Arc::clone(&effects), keyed.as_ref()) {
            Ok(number) => open.committed(job, Ran::default(), number, &effects, keyed),
            Err(error) => refuse(job, Refusal::from_head(&error)),
        }
        self.end(id);
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
fn run_here(host: &dyn Host, statement: &Statement, draft: &mut Draft, long: bool) -> Result<Ran, Failed> {
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

/// Another transaction with the same key came first.
fn taken_key() -> Refusal {
    Refusal::Outdated("one with the same key was committed meanwhile; nothing of this one was".into())
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
