//! Answers on their way to the client.
//!
//! The buffer is shared between the request that runs and the connection's loop: answers of earlier requests wait in it for
//! the next one, so that they leave in one write, but not for long ([`Sender::flush`] is called when a request takes its
//! time). Both belong to one task; whoever writes to the socket has taken the bytes out first, so order is kept.

use std::io;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use samyama_graph::Value;
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
    sender: Sender,
    pub dialect: Dialect,
    /// A record that could not be written; the result it belongs to fails with it.
    failed: Option<EncodeError>,
}

/// What is buffered, and the socket it goes to. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sender {
    writer: Arc<OwnedWriteHalf>,
    config: Arc<ServerConfig>,
    buffer: Arc<Mutex<Vec<u8>>>,
}

impl Sender {
    /// Send what is buffered. A client that does not read for too long is given up.
    pub async fn flush(&self) -> io::Result<()> {
        let bytes = std::mem::take(&mut *self.buffer.lock());
        if bytes.is_empty() {
            return Ok(());
        }
        match tokio::time::timeout(self.config.limits.write_stall_timeout, self.write_all(&bytes)).await {
            Ok(sent) => sent?,
            Err(_) => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answers"));
            }
        }
        if bytes.capacity() <= BUFFER_BYTES_KEPT {
            let mut buffer = self.buffer.lock();
            if buffer.capacity() == 0 {
                *buffer = bytes;
                buffer.clear();
            }
        }
        Ok(())
    }

    async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.writer.try_write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writer.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Outbox {
    pub fn new(writer: OwnedWriteHalf, config: Arc<ServerConfig>, dialect: Dialect) -> Self {
        let sender = Sender { writer: Arc::new(writer), config, buffer: Arc::default() };
        Self { sender, dialect, failed: None }
    }

    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Where answers are appended.
    pub fn buffer(&self) -> MutexGuard<'_, Vec<u8>> {
        self.sender.buffer.lock()
    }

    pub fn take_failure(&mut self) -> Option<EncodeError> {
        self.failed.take()
    }

    pub async fn flush(&mut self) -> io::Result<()> {
        self.sender.flush().await
    }
}

impl Records for Outbox {
    fn record(&mut self, values: &[Value], entities: &dyn Entities) {
        if self.failed.is_some() {
            return;
        }
        let mut buffer = self.sender.buffer.lock();
        let before = buffer.len();
        let message = begin_message(&mut buffer);
        let mut encoder = Encoder::new(&mut buffer);
        encoder.structure(tag::RECORD, 1);
        encoder.list(values.len());
        for value in values {
            if let Err(error) =
                write_value(&mut buffer, value, self.dialect, entities, RESULT_NESTING_DEPTH_MAX)
            {
                buffer.truncate(before);
                self.failed = Some(error);
                return;
            }
        }
        end_message(&mut buffer, message);
    }

    fn raw(&mut self, record: &[u8]) {
        let mut buffer = self.sender.buffer.lock();
        let message = begin_message(&mut buffer);
        Encoder::new(&mut buffer).structure(tag::RECORD, 1);
        buffer.extend_from_slice(record);
        end_message(&mut buffer, message);
    }

    async fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer().len() < FLUSH_BYTES {
            return Ok(());
        }
        self.flush().await
    }
}
