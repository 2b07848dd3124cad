//! The task around the lane: takes jobs, proposes entries, gives answers when entries are applied.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use samyama_raft::{Applied, Leadership, LogIndex, ProposeError, watch};
use tokio::sync::mpsc;

use super::core::{Core, Todo, refuse};
use super::in_flight::{Arrival, Entry, InFlight, Outcome, Proposal};
use super::job::{Answer, Job, Kind, Receivers, Refusal, Reply};
use super::open::Waiter;
use super::pool::PoolRun;
use crate::engine::{self, Failed, Ran, Statement, Stay};
use crate::entry::{EntryHeader, Opening};
use crate::host::{Boxed, Host};
use crate::limits::{
    ENTRIES_IN_FLIGHT_MAX, ENTRIES_IN_FLIGHT_USUAL, ENTRY_BYTES_TARGET, ENTRY_BYTES_WORTH_IT, ENTRY_SPACING,
    LANE_PAUSE, LANE_TICK, LANE_TURN_STATEMENTS_MAX, LEADER_WAIT, PARTS_IN_FLIGHT_MAX, RESOLVE_TIMEOUT,
};
use crate::shared::{Fate, Shared};

pub type ReadyReceiver = watch::Receiver<Option<(Leadership, LogIndex)>>;

/// The log as the lane sees it: `RaftNode`, or a script in tests.
pub trait Log: Send + Sync + 'static {
    fn propose(&self, payload: Bytes) -> Proposal;
    fn ready(&self) -> ReadyReceiver;
    /// Whether this node may come to lead, or leads, as far as it knows.
    fn may_lead(&self) -> bool;
    /// Why the log takes nothing new at present, if it does not: the disk is full.
    fn shortage(&self) -> Option<Arc<str>>;
}

/// How much a lane lets pile up, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of entries that are computed and not yet committed.
    pub uncommitted_bytes_max: usize,
    /// What is proposed and not committed for so long is given up: its fate is unknown.
    pub commit_timeout: Duration,
}

enum Message {
    Job(Job),
    /// A transaction's session has given it up.
    End(u64),
    /// A turn ended with statements left in the queue.
    GoOn,
    PoolDone(Box<PoolRun>, Result<Ran, Failed>),
}

/// Counters for `/metrics`.
#[derive(Default)]
pub struct LaneMetrics {
    pub statements: AtomicU64,
    pub transactions: AtomicU64,
    pub entries: AtomicU64,
    pub bytes: AtomicU64,
    pub openings: AtomicU64,
    pub pool_runs: AtomicU64,
    pub unknown_outcomes: AtomicU64,
    pub refused_entries: AtomicU64,
}

/// The sessions' end of the lane. Cheap to clone.
#[derive(Clone)]
pub struct LaneHandle {
    sender: mpsc::UnboundedSender<Message>,
    pub metrics: Arc<LaneMetrics>,
}

impl LaneHandle {
    /// Start the lane as a task of the host of `shared`.
    pub fn start(log: Arc<dyn Log>, shared: Arc<Shared>, bounds: Bounds) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let metrics = Arc::new(LaneMetrics::default());
        let host = Arc::clone(shared.host());
        let lane = Lane {
            ready: log.ready(),
            log,
            core: Core::new(Arc::clone(&shared)),
            shared,
            host: Arc::clone(&host),
            receiver,
            pool: sender.downgrade(),
            sealed: VecDeque::new(),
            in_flight: InFlight::new(host.now()),
            bounds,
            last_opening: None,
            appended: false,
            closed_until: None,
            metrics: Arc::clone(&metrics),
        };
        host.spawn(Box::pin(lane.run()));
        Self { sender, metrics }
    }

    /// Run a job; resolves when everything it rests on is applied, or with a reason.
    pub async fn run(&self, kind: Kind) -> Reply {
        let (job, reply) = Job::new(kind);
        self.metrics.statements.fetch_add(1, Ordering::Relaxed);
        if self.sender.send(Message::Job(job)).is_err() {
            return Reply::Refused(Refusal::NotLeader);
        }
        reply.await.unwrap_or(Reply::Refused(Refusal::Unknown))
    }

    /// Hand in auto-commit writes of one session, of which each takes effect only if those before it have. One reply each,
    /// at the earliest when what it rests on is applied.
    pub fn run_in_order(&self, statements: Vec<Arc<Statement>>) -> Receivers {
        self.metrics.statements.fetch_add(statements.len() as u64, Ordering::Relaxed);
        let Some((job, receivers)) = Job::in_order(statements) else { return Receivers::new() };
        if let Err(mpsc::error::SendError(Message::Job(job))) = self.sender.send(Message::Job(job)) {
            refuse(job, Refusal::NotLeader);
        }
        receivers
    }

    /// A transaction ends without COMMIT.
    pub fn end(&self, transaction: u64) {
        // A lane that has stopped holds no claims.
        drop(self.sender.send(Message::End(transaction)));
    }
}

/// A payload that is ready to be proposed.
struct Sealed {
    header: EntryHeader,
    payload: Bytes,
    /// Of an entry in parts the last one has them all.
    waiters: Vec<Waiter>,
}

struct Lane {
    host: Arc<dyn Host>,
    log: Arc<dyn Log>,
    ready: ReadyReceiver,
    shared: Arc<Shared>,
    core: Core,
    receiver: mpsc::UnboundedReceiver<Message>,
    pool: mpsc::WeakUnboundedSender<Message>,
    /// Parts of an entry too large to be proposed at once. While there are any nothing else runs: it would only queue behind.
    sealed: VecDeque<Sealed>,
    in_flight: InFlight,
    bounds: Bounds,
    last_opening: Option<Opening>,
    /// Something of the last opening may stand in the log.
    appended: bool,
    /// A proposal was refused a moment ago: not open before this.
    closed_until: Option<Instant>,
    metrics: Arc<LaneMetrics>,
}

impl Lane {
    async fn run(mut self) {
        let mut tick = self.host.sleep_until(self.host.now() + LANE_TICK);
        loop {
            let next = self.closed_until.or_else(|| self.holds_back().then(|| self.next_entry_at()));
            let next = next.map(|at| self.host.sleep_until(at));
            tokio::select! {
                biased;
                Some(arrival) = self.in_flight.arrival(), if !self.in_flight.is_empty() => self.arrived(arrival),
                changed = self.ready.changed() => {
                    if changed.is_err() {
                        return self.stop();
                    }
                }
                // Before the messages: however many there are, time passes.
                () = &mut tick => {
                    self.core.tick(self.host.now());
                    self.give_up_overdue();
                    tick = self.host.sleep_until(self.host.now() + LANE_TICK);
                }
                message = self.receiver.recv() => match message {
                    Some(message) => self.take(message),
                    None => return self.stop(),
                },
                () = or_never(next) => self.closed_until = None,
            }
            self.follow_leadership();
            self.turn().await;
        }
    }

    /// What has run is kept back, to be joined by more.
    fn holds_back(&self) -> bool {
        self.sealed.is_empty()
            && self.core.open.as_ref().is_some_and(|open| !open.head.batch_is_empty())
            && self.in_flight.len() < ENTRIES_IN_FLIGHT_MAX
    }

    fn next_entry_at(&self) -> Instant {
        self.in_flight.newest().map_or_else(|| self.host.now(), |newest| newest.proposed + ENTRY_SPACING)
    }

    /// Few entries, each with what has come together meanwhile: two in flight keep the disk busy. Where a commit takes long
    /// for other reasons they follow each other at a distance.
    fn may_propose(&self) -> bool {
        let bytes = self.core.open.as_ref().map_or(0, |open| open.head.batch_bytes());
        match self.in_flight.len() {
            ENTRIES_IN_FLIGHT_MAX.. => false,
            few if few < ENTRIES_IN_FLIGHT_USUAL => true,
            _ => bytes >= ENTRY_BYTES_WORTH_IT || self.host.now() >= self.next_entry_at(),
        }
    }

    /// Execute what has queued and propose it.
    async fn turn(&mut self) {
        self.drain();
        if !self.in_flight.is_empty() {
            // The disk is busy: let sessions whose requests have arrived queue theirs for this entry too.
            self.host.give_way().await;
            self.drain();
        }
        let mut todo = Todo::default();
        self.propose_sealed();
        for _ in 0..LANE_TURN_STATEMENTS_MAX {
            if !self.has_room() || !self.core.run_next(&mut todo) {
                break;
            }
            if self.core.open.as_ref().is_some_and(|open| open.head.batch_bytes() >= ENTRY_BYTES_TARGET) {
                self.propose();
            }
        }
        self.start_pool_runs(todo);
        self.propose();
        self.settle_dependents();
        if self.core.open.is_some() && self.core.has_work() && self.has_room() {
            // More is queued than one turn takes: come back after the others.
            if let Some(sender) = self.pool.upgrade() {
                drop(sender.send(Message::GoOn));
            }
        }
    }

    /// May statements run? What they come to is held until it is committed, and that is bounded: if not, the
    /// next outcome makes room.
    fn has_room(&self) -> bool {
        self.sealed.is_empty()
            && self.in_flight.len() < ENTRIES_IN_FLIGHT_MAX
            && self.in_flight.bytes() < self.bounds.uncommitted_bytes_max
    }

    fn drain(&mut self) {
        while let Ok(message) = self.receiver.try_recv() {
            self.take(message);
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Job(job) => self.core.push(job),
            Message::End(id) => self.core.end(id),
            Message::GoOn => {}
            Message::PoolDone(run, ran) => {
                let mut todo = Todo::default();
                self.core.pool_done(*run, ran, &mut todo);
                self.start_pool_runs(todo);
            }
        }
    }

    fn start_pool_runs(&mut self, todo: Todo) {
        for mut run in todo.pool {
            let Some(sender) = self.pool.upgrade() else { return };
            self.metrics.pool_runs.fetch_add(1, Ordering::Relaxed);
            let host = Arc::clone(&self.host);
            self.host.on_pool(Box::new(move || {
                let ran = engine::run_write(&*host, &run.statement, &mut run.transaction.draft, Stay::Apart);
                drop(sender.send(Message::PoolDone(Box::new(run), ran)));
            }));
        }
    }

    /// Close the entry that is being filled, and propose it.
    fn propose(&mut self) {
        if !self.sealed.is_empty() || !self.may_propose() {
            return;
        }
        let Some(open) = &mut self.core.open else { return };
        let Some((header, payloads)) = open.head.seal(&self.shared) else { return };
        let mut waiters = std::mem::take(&mut open.waiters);
        if self.in_flight.is_empty() {
            waiters.extend(std::mem::take(&mut open.dependents));
        }
        self.metrics.transactions.fetch_add(u64::from(header.count), Ordering::Relaxed);
        for payload in payloads {
            self.sealed.push_back(Sealed { header, payload, waiters: Vec::new() });
        }
        if let Some(last) = self.sealed.back_mut() {
            last.waiters = waiters;
        }
        self.propose_sealed();
    }

    fn propose_sealed(&mut self) {
        while let Some(next) = self.sealed.pop_front() {
            if next.header.parts > 1 && self.in_flight.len() >= PARTS_IN_FLIGHT_MAX {
                return self.sealed.push_front(next);
            }
            let Sealed { header, payload, waiters } = next;
            let bytes = payload.len();
            self.metrics.entries.fetch_add(1, Ordering::Relaxed);
            self.metrics.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            let proposal = self.log.propose(payload);
            self.in_flight.push(header, bytes, waiters, proposal, self.host.now());
        }
    }

    /// Statements that have effects of their own in no entry: they wait for the newest one on its way, or for none.
    fn settle_dependents(&mut self) {
        let Some(open) = &mut self.core.open else { return };
        if open.dependents.is_empty() {
            return;
        }
        let dependents = std::mem::take(&mut open.dependents);
        if let Some(newest) = self.sealed.back_mut() {
            newest.waiters.extend(dependents);
            return;
        }
        if let Some(newest) = self.in_flight.newest_mut() {
            newest.waiters.extend(dependents);
            return;
        }
        let leader = open.head.opening().leader;
        let index = self.shared.published().index;
        for waiter in dependents {
            if waiter.outcome.is_none() {
                self.core.again(waiter);
            } else if let Some(abandoned) = answer(waiter, index, leader, false) {
                self.core.end(abandoned);
            }
        }
    }

    /// The outcome of a proposal is known.
    fn arrived(&mut self, arrival: Arrival) {
        match self.in_flight.note(arrival) {
            None => {}
            Some((opening, waiters, ProposeError::NoRoom(why))) => {
                self.refuse_for_room(opening, waiters, &why);
            }
            Some((opening, waiters, _)) => {
                tracing::info!(?opening, "a proposal was refused: the lane opens again in a moment");
                self.closed_until = Some(self.host.now() + LANE_PAUSE);
                self.take_back(opening, waiters);
            }
        }
        while let Some((entry, outcome)) = self.in_flight.settled() {
            self.settle(entry, outcome);
        }
    }

    /// An entry was appended, and this is what became of it.
    fn settle(&mut self, entry: Entry, outcome: Outcome) {
        let opening = entry.header.opening;
        self.appended = true;
        match outcome {
            Ok((index, Applied::Done)) => {
                for waiter in entry.waiters {
                    self.core.applied(&waiter);
                    if waiter.outcome.is_none() {
                        self.core.again(waiter);
                    } else if let Some(abandoned) = answer(waiter, index, opening.leader, true) {
                        self.core.end(abandoned);
                    }
                }
            }
            Ok((index, Applied::Fenced)) => {
                tracing::info!(index, ?opening, "an entry was fenced: the lane opens again");
                self.take_back(opening, entry.waiters);
            }
            Err(error) => {
                tracing::warn!(?opening, %error, "the outcome of a proposal is not known here");
                self.metrics.unknown_outcomes.fetch_add(1, Ordering::Relaxed);
                self.close(opening);
                self.resolve(opening, entry.waiters, RESOLVE_TIMEOUT);
            }
        }
    }

    /// What was proposed and is not committed in time: this node is cut off, or the others are gone. It may still be committed,
    /// so who waits for it is told that nobody knows, and nothing else runs here until somebody does: the lane opens again
    /// when what it has proposed is settled.
    fn give_up_overdue(&mut self) {
        for (header, waiters) in self.in_flight.tick(self.host.now(), self.bounds.commit_timeout) {
            let opening = header.opening;
            tracing::warn!(
                ?opening,
                first = header.first,
                "a proposal is not committed in time: it is given up"
            );
            self.metrics.unknown_outcomes.fetch_add(1, Ordering::Relaxed);
            self.close(opening);
            self.resolve(opening, waiters, Duration::ZERO);
        }
    }

    /// An entry certainly did not and will not take effect: its statements run again.
    fn take_back(&mut self, opening: Opening, waiters: Vec<Waiter>) {
        self.metrics.refused_entries.fetch_add(1, Ordering::Relaxed);
        self.close(opening);
        for job in waiters.into_iter().rev().filter_map(Waiter::into_job) {
            self.core.queue.push_front(job);
        }
    }

    /// The disk is full. Run again, writes would only be refused again; what changes nothing needs no room.
    fn refuse_for_room(&mut self, opening: Opening, mut waiters: Vec<Waiter>, why: &Arc<str>) {
        waiters.extend(self.drop_sealed());
        let (without_effects, writes): (Vec<Waiter>, Vec<Waiter>) =
            waiters.into_iter().partition(|waiter| waiter.number.is_none());
        self.take_back(opening, without_effects);
        for waiter in writes {
            refuse(waiter.job, Refusal::NoRoom(Arc::clone(why)));
        }
    }

    fn close(&mut self, opening: Opening) {
        if self.core.open.as_ref().is_none_or(|open| open.head.opening() != opening) {
            return;
        }
        self.core.close();
        for job in self.drop_sealed().into_iter().rev().filter_map(Waiter::into_job) {
            self.core.queue.push_front(job);
        }
    }

    /// Parts that were not proposed never are: an entry takes effect with its last part, so this one certainly never does.
    /// Returns who waits for it.
    fn drop_sealed(&mut self) -> Vec<Waiter> {
        std::mem::take(&mut self.sealed).into_iter().flat_map(|sealed| sealed.waiters).collect()
    }

    /// Find out what became of transactions whose proposal has no answer, and tell each client.
    fn resolve(&self, opening: Opening, waiters: Vec<Waiter>, timeout: Duration) {
        if waiters.is_empty() {
            return;
        }
        let (shared, sender) = (Arc::clone(&self.shared), self.pool.clone());
        self.host.spawn(Box::pin(async move {
            for waiter in waiters {
                let fate = match waiter.number {
                    Some(number) => shared.resolve(opening, number, timeout).await,
                    None => Fate::Never,
                };
                match fate {
                    Fate::Applied(index) => {
                        if let (Some(id), Some(sender)) =
                            (answer(waiter, index, opening.leader, true), sender.upgrade())
                        {
                            drop(sender.send(Message::End(id)));
                        }
                    }
                    Fate::Never => {
                        if let (Some(job), Some(sender)) = (waiter.into_job(), sender.upgrade()) {
                            drop(sender.send(Message::Job(job)));
                        }
                    }
                    Fate::Open => refuse(waiter.job, Refusal::Unknown),
                }
            }
        }));
    }

    /// Open or close the lane as leadership says.
    fn follow_leadership(&mut self) {
        let ready = *self.ready.borrow_and_update();
        match (ready, self.core.open.as_ref().map(|open| open.head.opening())) {
            (Some((leader, _)), Some(opening)) if opening.leader == leader => {}
            (Some((leader, index)), None) => self.try_open(leader, index),
            (_, Some(opening)) => {
                // Proposals in flight keep their waiters: their outcomes come, one way or another.
                self.close(opening);
                if let Some((leader, index)) = ready {
                    self.try_open(leader, index);
                }
            }
            (None, None) => {}
        }
        if self.core.open.is_none() && !self.core.queue.is_empty() {
            self.give_up_queue();
        }
    }

    /// Another node leads, or none has for too long: what waits is to be handed on.
    fn give_up_queue(&mut self) {
        let may_lead = self.log.may_lead();
        let shortage = self.log.shortage();
        let now = self.host.now();
        for mut job in std::mem::take(&mut self.core.queue) {
            let since = *job.waits_since.get_or_insert(now);
            if may_lead && now.duration_since(since) < LEADER_WAIT {
                self.core.queue.push_back(job);
                continue;
            }
            match &shortage {
                Some(why) if may_lead => refuse(job, Refusal::NoRoom(Arc::clone(why))),
                _ => refuse(job, Refusal::NotLeader),
            }
        }
    }

    fn try_open(&mut self, leader: Leadership, index: LogIndex) {
        if self.closed_until.is_some() {
            return;
        }
        let published = self.shared.published();
        if !self.in_flight.is_empty() || published.index < index {
            return;
        }
        let opening = Opening { leader, opened_at: published.index };
        // The same name must never stand for two things: what may be in the log under it has to be applied first.
        if self.last_opening == Some(opening) && self.appended {
            return;
        }
        tracing::debug!(term = leader.term, index = published.index, "the lane opens");
        self.core.open(opening, &published);
        self.last_opening = Some(opening);
        self.appended = false;
        self.metrics.openings.fetch_add(1, Ordering::Relaxed);
    }

    /// The node stops: what waits is told so; what is proposed stays with its outcome.
    fn stop(mut self) {
        if let Some(opening) = self.core.open.as_ref().map(|open| open.head.opening()) {
            self.close(opening);
        }
        for job in std::mem::take(&mut self.core.queue) {
            refuse(job, Refusal::NotLeader);
        }
        for waiter in self.in_flight.into_waiters() {
            refuse(waiter.job, Refusal::Unknown);
        }
    }
}

/// A sleep that may not be wanted.
async fn or_never(sleep: Option<Boxed<()>>) {
    match sleep {
        Some(sleep) => sleep.await,
        None => std::future::pending().await,
    }
}

/// Give a statement its answer. Returns the transaction that nobody waits for any more, to be ended.
#[must_use]
fn answer(waiter: Waiter, index: LogIndex, leader: Leadership, proven: bool) -> Option<u64> {
    let Waiter { job: Job { kind, reply, .. }, outcome: Some(outcome), transaction, .. } = waiter else {
        return None;
    };
    debug_assert!(
        !matches!(kind, Kind::Commit { .. }) || transaction.is_none(),
        "a committed transaction is not given back"
    );
    let answer = Reply::Answer(Box::new(Answer { outcome, index, leader, proven, transaction }));
    match reply.send(answer) {
        Err(Reply::Answer(unread)) => unread.transaction.map(|transaction| transaction.id()),
        _ => None,
    }
}
