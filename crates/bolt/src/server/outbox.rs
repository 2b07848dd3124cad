//! Answers on their way to the client.

use std::io;
use std::sync::Arc;

use samyama_graph::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;

use super::ServerConfig;
use crate::backend::{Entities, Records};
use crate::chunk::{begin_message, end_message};
use crate::limits::{BUFFER_BYTES_KEPT, FLUSH_BYTES, RESULT_NESTING_DEPTH_MAX};
use crate::message::tag;
use crate::packstream::{EncodeError, Encoder, write_value};
use crate::version::Dialect;

/// The writing half of a connection.
pub(super) struct Outbox {
    writer: OwnedWriteHalf,
    config: Arc<ServerConfig>,
    pub buffer: Vec<u8>,
    pub dialect: Dialect,
    /// A record that could not be written; the result it belongs to fails with it.
    failed: Option<EncodeError>,
}

impl Outbox {
    pub fn new(writer: OwnedWriteHalf, config: Arc<ServerConfig>, dialect: Dialect) -> Self {
        Self { writer, config, buffer: Vec::new(), dialect, failed: None }
    }

    pub fn take_failure(&mut self) -> Option<EncodeError> {
        self.failed.take()
    }

    /// Send what is buffered. A client that does not read for too long is given up.
    pub async fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let sent =
            tokio::time::timeout(self.config.limits.write_stall_timeout, self.writer.write_all(&self.buffer));
        match sent.await {
            Ok(sent) => sent?,
            Err(_) => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answers"));
            }
        }
        self.buffer.clear();
        if self.buffer.capacity() > BUFFER_BYTES_KEPT {
            self.buffer = Vec::new();
        }
        Ok(())
    }
}

impl Records for Outbox {
    fn record(&mut self, values: &[Value], entities: &dyn Entities) {
        if self.failed.is_some() {
            return;
        }
        let before = self.buffer.len();
        let message = begin_message(&mut self.buffer);
        let mut encoder = Encoder::new(&mut self.buffer);
        encoder.structure(tag::RECORD, 1);
        encoder.list(values.len());
        for value in values {
            if let Err(error) =
                write_value(&mut self.buffer, value, self.dialect, entities, RESULT_NESTING_DEPTH_MAX)
            {
                self.buffer.truncate(before);
                self.failed = Some(error);
                return;
            }
        }
        end_message(&mut self.buffer, message);
    }

    fn raw(&mut self, record: &[u8]) {
        let message = begin_message(&mut self.buffer);
        Encoder::new(&mut self.buffer).structure(tag::RECORD, 1);
        self.buffer.extend_from_slice(record);
        end_message(&mut self.buffer, message);
    }

    async fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() < FLUSH_BYTES {
            return Ok(());
        }
        self.flush().await
    }
}
