//! What becomes of a statement: pending between RUN and its first PULL, then running here, or relayed to the leader.

use std::sync::Arc;
use std::time::Instant;

use samyama_bolt::TransactionOptions;
use samyama_exec::Counters;
use samyama_graph::{Map, Value};
use samyama_raft::{Leadership, LogIndex};
use tokio::sync::oneshot;

use super::options::Terms;
use super::relayed::{Relayed, Relaying};
use super::result::Rows;
use super::summary::Summary;
use crate::answer::Answered;
use crate::database::Database;
use crate::engine::Ran;
use crate::lane::Reply;
use crate::plan_cache::Prepared;
use crate::shared::Basis;

/// A statement between RUN and its first PULL.
pub struct Pending {
    pub prepared: Arc<Prepared>,
    pub query: Arc<str>,
    pub parameters: Arc<Map>,
    /// Its own, if it is not part of a transaction; the original ones are needed to relay it.
    pub terms: Arc<Terms>,
    pub options: Option<TransactionOptions>,
    pub started: Instant,
    /// Where its outcome comes, if it was handed to the lane with one before it.
    pub submitted: Option<oneshot::Receiver<Reply>>,
    /// Its key and what has become of it, once it was to be relayed.
    pub relaying: Option<Relaying>,
    /// When the next attempt is the last; set with the first that fails.
    pub until: Option<Instant>,
}

/// A statement that runs or has run.
pub struct Running {
    pub prepared: Arc<Prepared>,
    pub terms: Arc<Terms>,
    pub rows: Rows,
    pub counters: Counters,
    pub profile: Option<Value>,
    pub index: LogIndex,
    pub leader: Option<Leadership>,
    pub read: bool,
    /// It was done before, under the same key.
    pub repeated: bool,
    pub started: Instant,
}

pub enum ResultState {
    Pending(Box<Pending>),
    Running(Box<Running>),
    /// An auto-commit statement that the leader has.
    Relayed(Box<Relayed>),
    /// A statement of a transaction that lives on the leader.
    Away {
        statement: usize,
    },
}

impl Pending {
    /// Nothing has been done with it yet.
    pub fn new(
        prepared: Arc<Prepared>,
        (query, parameters): (Arc<str>, Arc<Map>),
        terms: Arc<Terms>,
        options: Option<TransactionOptions>,
        started: Instant,
    ) -> Self {
        let (submitted, relaying, until) = (None, None, None);
        Self { prepared, query, parameters, terms, options, started, submitted, relaying, until }
    }

    /// A statement that has been run before, of an explicit transaction.
    pub fn again(
        prepared: &Arc<Prepared>,
        (query, parameters): (&Arc<str>, &Arc<Map>),
        terms: &Arc<Terms>,
        started: Instant,
    ) -> Self {
        let text = (Arc::clone(query), Arc::clone(parameters));
        Self::new(Arc::clone(prepared), text, Arc::clone(terms), None, started)
    }

    pub fn running(self: Box<Self>, rows: Rows, basis: Basis) -> Box<Running> {
        let Pending { prepared, terms, started, .. } = *self;
        Box::new(Running {
            profile: rows.profile.clone(),
            rows,
            prepared,
            terms,
            counters: Counters::default(),
            index: basis.index,
            leader: basis.leader,
            read: true,
            repeated: false,
            started,
        })
    }

    pub fn written(&self, ran: Ran, index: LogIndex, leader: Leadership, database: &Database) -> Running {
        let view = ran.entities.unwrap_or_default();
        Running {
            rows: Rows::buffered(ran.rows, view, Arc::clone(&database.uuid)),
            profile: ran.profile,
            prepared: Arc::clone(&self.prepared),
            terms: Arc::clone(&self.terms),
            counters: ran.counters,
            index,
            leader: Some(leader),
            read: false,
            repeated: false,
            started: self.started,
        }
    }

    /// What was answered before under its key.
    pub fn told_again(&self, answered: Answered, index: LogIndex, database: &Database) -> Running {
        let recalled = answered.recalled.with_uuid(Arc::clone(&database.uuid));
        Running {
            rows: Rows::recalled(answered.rows, recalled),
            profile: None,
            prepared: Arc::clone(&self.prepared),
            terms: Arc::clone(&self.terms),
            counters: answered.counters,
            index,
            leader: None,
            read: false,
            repeated: true,
            started: self.started,
        }
    }
}

impl Running {
    pub fn summary(&self, auto_commit: bool) -> Map {
        let profile = self.rows.profile.clone().or_else(|| self.profile.clone());
        let summary = Summary {
            plan: &self.prepared.plan,
            notifications: &self.prepared.notifications,
            terms: &self.terms,
            counters: self.counters,
            profile,
            any_row: self.rows.any,
            columns: self.prepared.fields.len(),
            index: self.index,
            leader: self.leader,
            read: self.read,
            repeated: self.repeated,
            auto_commit,
            started: self.started,
        };
        summary.into_map()
    }
}
