//! Writes that reach a node which does not lead: relayed to the leader over a stream of the peer transport, as Bolt.
//!
//! The follower is then a client of the leader: it opens (or takes from a pool) a Bolt connection of the same version,
//! sends the statement with the caller's options and passes the records on as they are. What fails before the leader
//! has begun with the statement is certain and may be tried again. A relayed auto-commit statement begins with its first
//! PULL; a relayed transaction is undone by the leader when its connection goes, unless COMMIT was sent.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use samyama_bolt::client::{Client, ClientError, Introduction, Response};
use samyama_bolt::{ConnectionInfo, Failure, PullReply, Records, RunReply, TransactionOptions, Version};
use samyama_graph::{Map, Value};
use samyama_raft::{LogIndex, NodeId};
use tokio::net::TcpStream;

use crate::consensus::Consensus;
use crate::limits::{FORWARD_CONNECT_TIMEOUT, FORWARD_POOL_MAX};
use crate::session::{NOT_A_LEADER, failure, parse_bookmark};

type PoolKey = (NodeId, Version, bool);

/// Connections to other members.
pub struct Relays {
    raft: Consensus,
    /// Idle ones: logged on, nothing open.
    pool: Mutex<HashMap<PoolKey, Vec<Client>>>,
}

/// Why a relayed request failed.
pub struct RelayError {
    pub failure: Failure,
    /// Nothing was and nothing will be done: it may be tried again.
    pub certain: bool,
}

impl RelayError {
    fn certain(failure: Failure) -> Self {
        Self { failure, certain: true }
    }

    /// The leader's own answer. It is tried again only if the leader says that it is none.
    fn answered(failure: Failure) -> Self {
        let certain = failure.code == NOT_A_LEADER;
        Self { failure, certain }
    }
}

/// One connection to the leader, with at most one statement or transaction on it.
pub struct Relay {
    client: Client,
    key: PoolKey,
    /// The conversation is where both sides think it is: the connection can be used again.
    clean: bool,
}

impl Relays {
    pub fn new(raft: Consensus) -> Arc<Self> {
        Arc::new(Self { raft, pool: Mutex::default() })
    }

    /// A connection to a member, in the version that the client speaks.
    pub async fn open(&self, node: NodeId, info: &ConnectionInfo) -> Result<Relay, RelayError> {
        let version = Version::new(info.version.0, info.version.1);
        let key = (node, version, info.utc_datetimes);
        if let Some(client) = self.take(&key).await {
            return Ok(Relay { client, key, clean: true });
        }
        let introduction =
            Introduction { version, user_agent: Arc::from("samyama-relay"), utc_patch: info.utc_datetimes };
        let connect = async {
            let stream = self.raft.open_stream(node, FORWARD_CONNECT_TIMEOUT).await?;
            // It may have been opened on another runtime's reactor.
            let stream = TcpStream::from_std(stream.into_std()?)?;
            stream.set_nodelay(true)?;
            Client::connect(stream, &introduction).await
        };
        match tokio::time::timeout(FORWARD_CONNECT_TIMEOUT, connect).await {
            Ok(Ok(client)) => Ok(Relay { client, key, clean: true }),
            Ok(Err(error)) => Err(RelayError::certain(unreachable(node, &error.to_string()))),
            Err(_) => Err(RelayError::certain(unreachable(node, "it does not answer"))),
        }
    }

    /// An idle connection that still works: a RESET goes around first.
    async fn take(&self, key: &PoolKey) -> Option<Client> {
        loop {
            let mut client = self.pool.lock().get_mut(key)?.pop()?;
            client.send_reset();
            let works = async {
                client.flush().await?;
                Ok::<_, ClientError>(matches!(client.response().await?, Response::Success(_)))
            };
            if matches!(tokio::time::timeout(FORWARD_CONNECT_TIMEOUT, works).await, Ok(Ok(true))) {
                return Some(client);
            }
        }
    }

    fn give_back(&self, relay: Relay) {
        if !relay.clean {
            return;
        }
        let mut pool = self.pool.lock();
        let idle = pool.entry(relay.key).or_default();
        if idle.len() < FORWARD_POOL_MAX {
            idle.push(relay.client);
        }
    }
}

fn unreachable(node: NodeId, why: &str) -> Failure {
    failure(
        "Neo.TransientError.General.DatabaseUnavailable",
        "08N09",
        format!("Node {node} leads and cannot be reached from here: {why}."),
    )
}

/// The connection went while the statement was on its way or running.
fn unknown(node: NodeId, why: &ClientError) -> Failure {
    failure(
        "Neo.DatabaseError.Transaction.TransactionCommitFailed",
        "08007",
        format!(
            "The connection to node {node}, which led, was lost ({why}), and whether the transaction was committed is not known."
        ),
    )
}

impl Relay {
    /// One request, one summary.
    async fn ask(&mut self) -> Result<Map, RelayError> {
        let node = self.key.0;
        self.clean = false;
        let answer = async {
            self.client.flush().await?;
            Ok::<_, ClientError>(match self.client.response().await? {
                Response::Success(map) => Ok(map),
                Response::Failure(failure) => Err(failure),
                other => {
                    return Err(ClientError::Protocol(format!("{other:?} where a summary was expected")));
                }
            })
        };
        match answer.await {
            Ok(Ok(map)) => {
                self.clean = true;
                Ok(map)
            }
            Ok(Err(failure)) => Err(RelayError::answered(failure)),
            Err(error) => Err(RelayError::certain(unreachable(node, &error.to_string()))),
        }
    }

    pub async fn begin(&mut self, options: TransactionOptions) -> Result<(), RelayError> {
        self.client.send_begin(&options).map_err(|error| RelayError::certain(invalid(&error)))?;
        self.ask().await.map(|_| ())
    }

    pub async fn run(
        &mut self,
        query: Arc<str>,
        parameters: Arc<Map>,
        options: Option<TransactionOptions>,
    ) -> Result<RunReply, RelayError> {
        let sent = self.client.send_run(&query, &parameters, options.as_ref());
        sent.map_err(|error| RelayError { failure: invalid(&error), certain: false })?;
        let mut reply = self.ask().await?;
        let fields = match reply.remove("fields") {
            Some(Value::List(fields)) => fields.iter().filter_map(text_of).collect(),
            _ => Vec::new(),
        };
        let qid = match reply.remove("qid") {
            Some(Value::Integer(qid)) => Some(qid),
            _ => None,
        };
        Ok(RunReply { fields: fields.into(), qid, extra: reply })
    }

    /// Records pass through as they are.
    pub async fn pull<R: Records>(
        &mut self,
        qid: Option<i64>,
        n: Option<u64>,
        discard: bool,
        records: &mut R,
    ) -> Result<PullReply, Failure> {
        let node = self.key.0;
        self.clean = false;
        self.client.send_pull(qid, n, discard);
        if let Err(error) = self.client.flush().await {
            return Err(unknown(node, &error.into()));
        }
        loop {
            match self.client.response().await {
                Ok(Response::Record(record)) => records.raw(record),
                Ok(Response::Success(summary)) => {
                    self.clean = true;
                    if matches!(summary.get("has_more"), Some(Value::Boolean(true))) {
                        return Ok(PullReply::HasMore);
                    }
                    return Ok(PullReply::Done(summary));
                }
                Ok(Response::Failure(failure)) => return Err(failure),
                Ok(Response::Ignored) => {
                    return Err(unknown(node, &ClientError::Protocol("it was ignored".into())));
                }
                Err(error) => return Err(unknown(node, &error)),
            }
            // A client that has gone is noticed by the server half.
            drop(records.flush_if_full().await);
        }
    }

    pub async fn commit(mut self, relays: &Relays) -> Result<LogIndex, RelayError> {
        let node = self.key.0;
        self.client.send_commit();
        self.clean = false;
        let answer = async {
            self.client.flush().await?;
            Ok::<_, ClientError>(match self.client.response().await? {
                Response::Success(map) => Ok(map),
                Response::Failure(failure) => Err(failure),
                other => {
                    return Err(ClientError::Protocol(format!("{other:?} where a summary was expected")));
                }
            })
        };
        match answer.await {
            Ok(Ok(map)) => {
                self.clean = true;
                relays.give_back(self);
                Ok(map.get("bookmark").and_then(text_of).and_then(|text| parse_bookmark(&text)).unwrap_or(0))
            }
            Ok(Err(failure)) => Err(RelayError { failure, certain: false }),
            Err(error) => Err(RelayError { failure: unknown(node, &error), certain: false }),
        }
    }

    pub async fn rollback(mut self, relays: &Relays) {
        self.client.send_rollback();
        // Closing the connection rolls back as well.
        if matches!(tokio::time::timeout(Duration::from_secs(1), self.ask()).await, Ok(Ok(_))) {
            relays.give_back(self);
        }
    }

    pub fn give_back(self, relays: &Relays) {
        relays.give_back(self);
    }
}

fn invalid(error: &ClientError) -> Failure {
    failure("Neo.ClientError.Request.Invalid", "08N06", error.to_string())
}

fn text_of(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) => Some(Arc::clone(text)),
        _ => None,
    }
}
