//! One connection to the leader, with at most one statement or transaction on it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use samyama_bolt::client::{Client, ClientError, Response};
use samyama_bolt::{Failure, PullReply, Records, TransactionOptions};
use samyama_graph::{Map, Value};
use samyama_raft::{LogIndex, NodeId, watch};

use super::PoolKey;
use super::ring::RelayNote;
use super::seen::{Passing, Seen};
use crate::limits::RELAY_DEPOSED_GRACE;
use crate::session::parse_bookmark;

/// Why a relayed request failed.
#[derive(Debug)]
pub enum RelayError {
    /// The leader's own answer.
    Answered(Failure),
    /// The connection is gone, or never was. What was sent may or may not have been done.
    Lost(String),
    /// It cannot be put into a message. Nothing was sent.
    Invalid(Failure),
    /// The records are not those that the client has already.
    Differs,
}

impl RelayError {
    /// Of a request that certainly was not done.
    pub fn into_failure(self, node: NodeId) -> Failure {
        match self {
            RelayError::Answered(failure) | RelayError::Invalid(failure) => failure,
            RelayError::Lost(why) => unreachable(node, &why),
            RelayError::Differs => unreachable(node, "another run gives another answer"),
        }
    }
}

fn unreachable(node: NodeId, why: &str) -> Failure {
    crate::session::failure(
        "Neo.TransientError.General.DatabaseUnavailable",
        "08N09",
        format!("Node {node} led and cannot be reached from here: {why}. Nothing was done."),
    )
}

/// An answer that comes before that of the request that is being made.
enum Owed {
    Begin,
    Run,
}

pub struct Relay {
    client: Client,
    key: PoolKey,
    leader: watch::Receiver<Option<NodeId>>,
    owed: VecDeque<Owed>,
    /// The leader's numbers of the statements whose RUN it has answered, in the order of `run`. None: it gave none, as
    /// there is no transaction.
    qids: Vec<Option<i64>>,
    /// Statements that were given to `run`.
    ran: usize,
    /// The conversation is where both sides think it is: the connection can be used again.
    is_clean: bool,
}

impl Relay {
    pub(super) fn new(client: Client, key: PoolKey, leader: watch::Receiver<Option<NodeId>>) -> Self {
        Self { client, key, leader, owed: VecDeque::new(), qids: Vec::new(), ran: 0, is_clean: true }
    }

    pub fn node(&self) -> NodeId {
        self.key.0
    }

    pub(super) fn into_idle(self) -> Option<(Client, PoolKey)> {
        (self.is_clean && self.owed.is_empty()).then_some((self.client, self.key))
    }

    /// Goes out with the next request that is answered.
    pub fn begin(&mut self, options: &TransactionOptions) -> Result<(), RelayError> {
        self.client.send_begin(options).map_err(invalid)?;
        self.owed.push_back(Owed::Begin);
        Ok(())
    }

    /// Goes out with the next request that is answered. Statements are numbered from 0 in the order of these calls.
    pub fn run(
        &mut self,
        query: &str,
        parameters: &Map,
        options: Option<&TransactionOptions>,
    ) -> Result<(), RelayError> {
        self.client.send_run(query, parameters, options).map_err(invalid)?;
        self.owed.push_back(Owed::Run);
        self.ran += 1;
        Ok(())
    }

    /// Records pass through as they are. `has`: what the client has got already, which is compared and not sent again.
    pub async fn pull<R: Records>(
        &mut self,
        statement: usize,
        n: Option<u64>,
        discard: bool,
        records: &mut R,
        seen: &mut Seen,
        has: Seen,
    ) -> Result<PullReply, RelayError> {
        if statement >= self.qids.len() && statement + 1 != self.ran {
            // It can be named only by its number. The last one is what is meant without one.
            self.send().await?;
        }
        let qid = self.qids.get(statement).copied().flatten();
        let behind = has.count.saturating_sub(seen.count);
        self.client.send_pull(qid, n.map(|n| n.saturating_add(behind)), discard);
        self.send().await?;
        let mut passing = Passing::new(records, *seen, has);
        loop {
            let response = answer(&mut self.client, &mut self.leader, self.key.0).await;
            match response.map_err(|error| RelayError::Lost(error.to_string()))? {
                Response::Record(record) => passing.raw(record),
                Response::Success(summary) => {
                    *seen = passing.seen;
                    if passing.differs || (!discard && seen.count < has.count) {
                        return Err(RelayError::Differs);
                    }
                    self.is_clean = true;
                    if matches!(summary.get("has_more"), Some(Value::Boolean(true))) {
                        return Ok(PullReply::HasMore);
                    }
                    return Ok(PullReply::Done(summary));
                }
                Response::Failure(failure) => return Err(RelayError::Answered(failure)),
                Response::Ignored => return Err(out_of_step()),
            }
            if passing.differs {
                return Err(RelayError::Differs);
            }
            passing.flush_if_full().await;
            // What the client has got by now, should the connection break.
            *seen = passing.seen;
        }
    }

    /// Send all that is written, and take the answers that come before the one that is waited for.
    async fn send(&mut self) -> Result<(), RelayError> {
        self.is_clean = false;
        self.client.flush().await.map_err(|error| RelayError::Lost(error.to_string()))?;
        while let Some(owed) = self.owed.pop_front() {
            let response = answer(&mut self.client, &mut self.leader, self.key.0).await;
            match response.map_err(|error| RelayError::Lost(error.to_string()))? {
                Response::Success(mut reply) => {
                    if matches!(owed, Owed::Run) {
                        self.qids.push(match reply.remove("qid") {
                            Some(Value::Integer(qid)) => Some(qid),
                            _ => None,
                        });
                    }
                }
                Response::Failure(failure) => return Err(RelayError::Answered(failure)),
                _ => return Err(out_of_step()),
            }
        }
        Ok(())
    }

    async fn summary(&mut self) -> Result<Map, RelayError> {
        self.send().await?;
        let response = answer(&mut self.client, &mut self.leader, self.key.0).await;
        match response.map_err(|error| RelayError::Lost(error.to_string()))? {
            Response::Success(map) => {
                self.is_clean = true;
                Ok(map)
            }
            Response::Failure(failure) => Err(RelayError::Answered(failure)),
            _ => Err(out_of_step()),
        }
    }

    /// The index at which it was committed.
    pub async fn commit(&mut self, note: RelayNote) -> Result<LogIndex, RelayError> {
        self.client.send_commit_relayed(&note.to_value());
        let summary = self.summary().await?;
        Ok(summary.get("bookmark").and_then(text_of).and_then(|text| parse_bookmark(&text)).unwrap_or(0))
    }

    /// True: the connection is as good as new.
    pub async fn rollback(&mut self) -> bool {
        if !self.is_clean {
            return false;
        }
        self.client.send_rollback();
        // Closing the connection rolls back as well.
        matches!(tokio::time::timeout(Duration::from_secs(1), self.summary()).await, Ok(Ok(_)))
    }
}

/// The next answer. Given up when the node is known not to lead any more and has had its time to say so itself.
async fn answer<'a>(
    client: &'a mut Client,
    leader: &mut watch::Receiver<Option<NodeId>>,
    node: NodeId,
) -> Result<Response<'a>, ClientError> {
    let deposed = async {
        // An error: this node stops.
        let _ = leader.wait_for(|leader| leader.is_some_and(|leader| leader != node)).await;
        tokio::time::sleep(RELAY_DEPOSED_GRACE).await;
    };
    tokio::select! {
        biased;
        response = client.response() => response,
        () = deposed => Err(ClientError::Protocol(format!("node {node} leads no more, and does not answer"))),
    }
}

fn out_of_step() -> RelayError {
    RelayError::Lost("it gave an answer to another question".into())
}

fn invalid(error: ClientError) -> RelayError {
    let failure = crate::session::failure("Neo.ClientError.Request.Invalid", "08N06", error.to_string());
    RelayError::Invalid(failure)
}

fn text_of(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(Arc::clone(text)),
        _ => None,
    }
}
