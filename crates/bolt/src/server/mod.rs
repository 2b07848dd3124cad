//! The server half: one task per connection.
//!
//! The task takes requests one after the other and answers them in order. While a request runs it goes on reading, so that
//! it sees a RESET (or the end of the connection) at once and can end what runs. Answers of requests that came
//! together leave in one write.

mod connection;
mod greeting;
mod inbox;
mod outbox;
mod reply;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use thiserror::Error;

use crate::limits::Limits;
use crate::packstream::{UtcOnly, Zones};

pub use connection::serve_connection;

/// What all connections of a server share.
pub struct ServerConfig {
    /// Sent as `server`; drivers insist on `Neo4j/` and two numbers.
    pub agent: String,
    /// Named to those who come with HTTP.
    pub http_address: String,
    pub limits: Limits,
    pub zones: Arc<dyn Zones>,
    next_connection: AtomicU64,
}

impl ServerConfig {
    pub fn new(http_address: String, limits: Limits) -> Self {
        Self {
            agent: "Neo4j/5.26.0".to_owned(),
            http_address,
            limits,
            zones: Arc::new(UtcOnly),
            next_connection: AtomicU64::new(1),
        }
    }
}

/// Why a connection ended other than by GOODBYE or by the client closing it.
#[derive(Debug, Error)]
pub enum ConnectionError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the client does not speak this protocol: {0}")]
    Protocol(String),
    #[error("the client was too slow: {0}")]
    TooSlow(&'static str),
}
