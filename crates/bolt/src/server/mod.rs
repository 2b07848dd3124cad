//! The server half: one future per connection, driving a [`Backend`](crate::Backend).
//!
//! [`serve_connection`] shakes hands, then reads, runs and answers requests until the connection ends. There is one task:
//! while a call of the backend waits, the same task goes on reading, so that a RESET behind it is seen at once
//! (`drive`). All complete requests that have arrived are run before their answers are written, with one write.
//! Not here: listening, TLS, the limit on the number of connections; they belong to the caller.

mod config;
mod connection;
mod drive;
mod greeting;
mod handlers;
mod input;
mod notifications;
mod output;

pub use config::{ConnectionError, ServerConfig};
pub use connection::{serve_connection, serve_stream};
