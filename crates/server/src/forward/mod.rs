//! Writes that reach a node which does not lead: relayed to the leader over a stream of the peer transport, as Bolt.
//!
//! The follower is then a client of the leader: it opens (or takes from a pool) a Bolt connection, sends the statement with
//! the caller's options and passes the records on as they are. What fails before the leader has the statement is certain and
//! may be tried again; what fails later is not.

use std::sync::Arc;

use samyama_bolt::{ConnectionInfo, Failure, PullReply, Records, RunReply, TransactionOptions};
use samyama_graph::Map;
use samyama_raft::{LogIndex, NodeId};

use crate::consensus::Consensus;
use crate::session::failure;

/// Connections to other members.
pub struct Relays {
    _raft: Consensus,
    _node: NodeId,
}

/// Why a relayed request failed.
pub struct RelayError {
    pub failure: Failure,
    /// Nothing was and nothing will be done: it may be tried again.
    pub certain: bool,
}

/// One connection to the leader, with at most one statement or transaction on it.
pub struct Relay {}

impl Relays {
    pub fn new(raft: Consensus, node: NodeId) -> Arc<Self> {
        Arc::new(Self { _raft: raft, _node: node })
    }

    pub async fn open(&self, node: NodeId, _for_client: &ConnectionInfo) -> Result<Relay, RelayError> {
        let message = format!("Node {node} leads, and this node cannot relay to it yet.");
        Err(RelayError {
            failure: failure("Neo.ClientError.Cluster.NotALeader", "08N07", message),
            certain: false,
        })
    }
}

fn gone() -> Failure {
    failure("Neo.TransientError.General.DatabaseUnavailable", "08N09", "The leader cannot be reached.")
}

impl Relay {
    pub async fn begin(&mut self, _options: TransactionOptions) -> Result<(), RelayError> {
        Err(RelayError { failure: gone(), certain: true })
    }

    pub async fn run(
        &mut self,
        _query: Arc<str>,
        _parameters: Arc<Map>,
        _options: Option<TransactionOptions>,
    ) -> Result<RunReply, RelayError> {
        Err(RelayError { failure: gone(), certain: true })
    }

    pub async fn pull<R: Records>(
        &mut self,
        _qid: Option<i64>,
        _n: Option<u64>,
        _discard: bool,
        _records: &mut R,
    ) -> Result<PullReply, Failure> {
        Err(gone())
    }

    pub async fn commit(self) -> Result<LogIndex, RelayError> {
        Err(RelayError { failure: gone(), certain: true })
    }

    pub async fn rollback(self) {}

    pub fn give_back(self, _relays: &Relays) {}
}
