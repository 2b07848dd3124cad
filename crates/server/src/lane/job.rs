//! What sessions hand to the lane, and what they get back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use samyama_exec::{ExecError, ReadSet};
use samyama_graph::{Draft, Effect};
use samyama_raft::{Leadership, LogIndex};
use tokio::sync::oneshot;

use super::head::HeadError;
use crate::engine::{Ran, Statement};
use crate::keys::{Applied, RelayKey};

/// An open explicit transaction. Lives with its session between statements and with the lane during them.
pub struct Transaction {
    pub(super) id: u64,
    /// Which opening of the lane it belongs to; it dies with that.
    pub(super) generation: u64,
    /// The head that its draft rests on, without anything of this transaction.
    pub(super) before: Draft,
    pub(super) draft: Draft,
    pub(super) effects: Vec<Effect>,
    pub(super) reads: ReadSet,
    /// Statements that have been answered: what they said is known outside.
    pub(super) answered: u32,
    /// The draft holds leftovers of a statement that was taken back: to be made anew.
    pub(super) spoilt: bool,
    /// The client's key, and what its statements were answered so far: kept only if there is one.
    pub(super) client_key: Option<Arc<str>>,
    pub(super) answers: Vec<u8>,
}

impl Transaction {
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Number of the last transaction its draft rests on.
    pub(super) fn base(&self) -> u64 {
        self.before.transaction_number()
    }
}

pub enum Kind {
    /// An auto-commit write.
    Write { statement: Arc<Statement> },
    /// A statement of an explicit transaction; the first one opens it.
    Step { statement: Arc<Statement>, transaction: Option<Box<Transaction>> },
    Commit {
        transaction: Box<Transaction>,
        /// Drawn by the member that relays it.
        relay: Option<RelayKey>,
    },
    /// Take care that no transaction with this key comes any more. Answered as repeated if one was applied.
    Settle { key: RelayKey },
}

/// Where the replies come, in order.
pub type Receivers = VecDeque<oneshot::Receiver<Reply>>;

pub struct Job {
    pub kind: Kind,
    pub reply: oneshot::Sender<Reply>,
    /// Times that it ran on the pool and met a conflict.
    pub(super) conflicts: u32,
    /// Since when it waits for this node to lead.
    pub(super) waits_since: Option<Instant>,
    /// Since when it waits for its turn; noted from time to time only.
    pub(super) queued_since: Option<Instant>,
    /// Ids that its last run on the pool used, to reserve as many beforehand.
    pub(super) used: (u64, u64),
    /// Statements that run right after it, in the same entry, if it runs to its end; else they are refused.
    pub(super) behind: VecDeque<Job>,
    /// It was behind another one. It is never run again by itself: its predecessor might not be.
    pub(super) is_behind: bool,
}

impl Job {
    pub fn new(kind: Kind) -> (Self, oneshot::Receiver<Reply>) {
        let (reply, receiver) = oneshot::channel();
        (Self::with_reply(kind, reply), receiver)
    }

    fn with_reply(kind: Kind, reply: oneshot::Sender<Reply>) -> Self {
        let behind = VecDeque::new();
        Self {
            kind,
            reply,
            conflicts: 0,
            waits_since: None,
            queued_since: None,
            used: (0, 0),
            behind,
            is_behind: false,
        }
    }

    /// Auto-commit writes of one session: each takes effect only if those before it have. None if there are none.
    pub fn in_order(statements: impl IntoIterator<Item = Arc<Statement>>) -> Option<(Self, Receivers)> {
        let mut jobs = statements.into_iter().map(|statement| Self::new(Kind::Write { statement }));
        let (mut first, receiver) = jobs.next()?;
        let mut receivers = VecDeque::from([receiver]);
        for (mut job, receiver) in jobs {
            job.is_behind = true;
            first.behind.push_back(job);
            receivers.push_back(receiver);
        }
        Some((first, receivers))
    }

    /// A COMMIT taken apart, put together again.
    pub(super) fn committing(
        transaction: Box<Transaction>,
        relay: Option<RelayKey>,
        reply: oneshot::Sender<Reply>,
    ) -> Self {
        Self::with_reply(Kind::Commit { transaction, relay }, reply)
    }

    pub(super) fn statement(&self) -> Option<&Arc<Statement>> {
        match &self.kind {
            Kind::Write { statement } | Kind::Step { statement, .. } => Some(statement),
            Kind::Commit { .. } | Kind::Settle { .. } => None,
        }
    }

    pub(super) fn transaction(&self) -> Option<&Transaction> {
        match &self.kind {
            Kind::Step { transaction, .. } => transaction.as_deref(),
            Kind::Commit { transaction, .. } => Some(transaction),
            Kind::Write { .. } | Kind::Settle { .. } => None,
        }
    }
}

/// A statement that ran, and everything it rested on is applied.
pub struct Answer {
    pub outcome: Result<Ran, ExecError>,
    /// The index at which its effects were applied, or on which what it saw rests.
    pub index: LogIndex,
    pub leader: Leadership,
    /// Its entry, or one it waited for, was committed after it ran: this node led then. False: nothing was pending, and
    /// whoever needs to be sure asks for a read index.
    pub proven: bool,
    /// The transaction goes back to its session, unless it failed or ended.
    pub transaction: Option<Box<Transaction>>,
}

/// Why there is no answer. All but `Unknown` are certain: nothing was committed and nothing will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This node does not lead; another may.
    NotLeader,
    /// Leadership has changed since the transaction began: its base may be gone.
    LostBase,
    /// The transaction rests on something that has changed.
    Outdated(String),
    Deadlock,
    TimedOut,
    Cancelled,
    /// Too much is waiting.
    Overloaded,
    /// It has waited too long for its turn.
    NoTurn,
    /// Its relay key is of a process that is gone, or was settled, or dropped: it must not take effect under it.
    KeyStale,
    /// As many idempotency keys as are kept are too young to be forgotten.
    KeysFull,
    TooLarge {
        what: String,
    },
    /// The disk is full; the text says what to do.
    NoRoom(Arc<str>),
    /// What it stood behind did not run to its end, or is run again: neither was this.
    Behind,
    /// Proposed, and its fate could not be found out in time.
    Unknown,
}

impl Refusal {
    pub(super) fn from_head(error: &HeadError) -> Self {
        match error {
            HeadError::TooLarge(_) => Refusal::TooLarge { what: error.to_string() },
            HeadError::Apply(_) => Refusal::Outdated(format!("what it did no longer fits: {error}")),
        }
    }
}

pub enum Reply {
    Answer(Box<Answer>),
    /// A transaction with one of its keys was applied before; this one did nothing.
    Repeated(Applied),
    Refused(Refusal),
}
