//! How nodes talk: requests with answers over lanes, so that none waits behind another.
//!
//! [`Transport`] is what consensus asks for; [`tcp`](mod@tcp) is production, a simulation brings its own.

mod accept;
pub(crate) mod frame;
pub(crate) mod hello;
pub(crate) mod listen;
pub(crate) mod tcp;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::{NodeAddress, NodeId};

pub use self::accept::Acceptor;

/// Each lane is a connection of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Votes, heartbeats, transfers of leadership.
    Heartbeat = 0,
    Append = 1,
    Snapshot = 2,
    /// Read-index requests of followers.
    Read = 3,
    /// After the hello a plain byte stream, given to the peer's `StreamHandler`.
    Stream = 4,
}

impl Lane {
    pub(crate) fn from_byte(byte: u8) -> Option<Lane> {
        [Lane::Heartbeat, Lane::Append, Lane::Snapshot, Lane::Read, Lane::Stream]
            .into_iter()
            .find(|l| *l as u8 == byte)
    }
}

/// Why a call has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// Surely down: refused.
    #[error("unreachable: {0}")]
    Unreachable(String),
    #[error("no answer in time")]
    Timeout,
    #[error("{0}")]
    Broken(String),
}

/// Answers one request's bytes with an answer's bytes.
pub type Answerer = Arc<dyn Fn(Bytes) -> Pin<Box<dyn Future<Output = Bytes> + Send>> + Send + Sync>;

pub type CallFuture = Pin<Box<dyn Future<Output = Result<Bytes, CallError>> + Send>>;

/// Requests to peers. Cheap to call; never connects in the caller's time beyond `ttl`.
pub trait Transport: Send + Sync + 'static {
    fn call(&self, to: NodeId, lane: Lane, request: Bytes, ttl: Duration) -> CallFuture;

    /// This node is about to speak to that one, which may be new. A transport that goes by ids needs nothing of it.
    fn meet(&self, _id: NodeId, _address: &NodeAddress) {}

    /// These are the members now: links to others end.
    fn keep(&self, _members: &BTreeMap<NodeId, NodeAddress>) {}
}
