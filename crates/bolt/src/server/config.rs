//! What a server is told, and how connections end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use thiserror::Error;

use crate::limits::Limits;
use crate::packstream::{UtcOnly, Zones};

/// Settings of a Bolt server. Shared by its connections.
pub struct ServerConfig {
    /// `server` in the answer to HELLO. Drivers check that it begins with `Neo4j/` and take its digits as a version.
    pub agent: String,
    /// Where HTTP is served: told to HTTP clients that knock here.
    pub http_address: String,
    /// In the answer to LOGON from 5.8 on.
    pub advertised_address: Option<String>,
    /// When set, clients are told to expect a sign of life in every such span (whole seconds), and get one.
    pub receive_timeout_hint: Option<Duration>,
    pub zones: Arc<dyn Zones>,
    pub limits: Limits,
    connections: AtomicU64,
}

impl ServerConfig {
    pub fn new(http_address: String, limits: Limits) -> Self {
        Self {
            agent: "Neo4j/5.26.0".to_owned(),
            http_address,
            advertised_address: None,
            receive_timeout_hint: None,
            zones: Arc::new(UtcOnly),
            limits,
            connections: AtomicU64::new(1),
        }
    }

    /// A connection id, unique while this server runs.
    pub(super) fn next_connection_id(&self) -> String {
        format!("bolt-{}", self.connections.fetch_add(1, Ordering::Relaxed))
    }
}

/// Why a connection ended other than by its client leaving in order.
#[derive(Debug, Error)]
pub enum ConnectionError {
    #[error("input or output failed: {0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    NotBolt(&'static str),
    #[error("no common protocol version; this server speaks Bolt 5.8 to 5.6, 5.4 to 5.0 and 4.4")]
    NoCommonVersion,
    #[error("the handshake is broken: {0}")]
    Handshake(String),
    #[error("the client broke the protocol: {0}")]
    Protocol(String),
    #[error("the client did not {what} within {seconds} seconds", seconds = limit.as_secs())]
    Timeout { what: &'static str, limit: Duration },
}
