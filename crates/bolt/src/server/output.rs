//! The writing half of a connection, and the records that a backend puts into it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use parking_lot::Mutex;
use samyama_graph::Value;
use tokio::io::AsyncWrite;

use crate::backend::{Entities, Records};
use crate::chunk::{begin_message, end_message};
use crate::limits::{BUFFER_BYTES_KEPT, FLUSH_BYTES};
use crate::message::tag;
use crate::packstream::{EncodeError, Encoder, write_record};
use crate::version::Dialect;

/// Whole messages on their way into the socket. Behind a lock that is never held across a wait: a call of the backend
/// flushes records while the connection's own future may have to send a sign of life.
pub(super) struct Output<W> {
    writer: W,
    pending: Vec<u8>,
    written: usize,
    /// When the socket last took something, or the wait for it began. Kept up only while something is stuck.
    progress_at: Option<Instant>,
    failed: bool,
}

impl<W: AsyncWrite + Unpin> Output<W> {
    pub fn new(writer: W) -> Self {
        Self { writer, pending: Vec::new(), written: 0, progress_at: None, failed: false }
    }

    /// Takes over whole messages; `messages` is empty afterwards.
    pub fn push(&mut self, messages: &mut Vec<u8>) {
        if messages.is_empty() {
            return;
        }
        if self.pending.is_empty() {
            std::mem::swap(&mut self.pending, messages);
        } else {
            self.pending.extend_from_slice(messages);
            messages.clear();
        }
        if messages.capacity() > BUFFER_BYTES_KEPT {
            *messages = Vec::new();
        }
    }

    /// Bytes that were taken over and have not left.
    pub fn len(&self) -> usize {
        self.pending.len() - self.written
    }

    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Since when the socket has taken nothing, if something waits for it.
    pub fn stuck_since(&self) -> Option<Instant> {
        self.progress_at
    }

    /// Gives up: every flush fails from now on.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.failed {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        while self.written < self.pending.len() {
            let rest = &self.pending[self.written..];
            match Pin::new(&mut self.writer).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    self.written += count;
                    self.progress_at = None;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.progress_at.get_or_insert_with(Instant::now);
                    return Poll::Pending;
                }
            }
        }
        ready!(Pin::new(&mut self.writer).poll_flush(cx))?;
        self.progress_at = None;
        self.written = 0;
        self.pending.clear();
        if self.pending.capacity() > BUFFER_BYTES_KEPT {
            self.pending = Vec::new();
        }
        Poll::Ready(Ok(()))
    }

    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}

/// Writes all that is pending.
pub(super) async fn flush<W: AsyncWrite + Unpin>(output: &Mutex<Output<W>>) -> io::Result<()> {
    poll_fn(|cx| output.lock().poll_flush(cx)).await
}

/// Where a backend's records go: encoded at once, and handed to the socket when there are many.
pub(super) struct RecordWriter<'a, W> {
    messages: &'a mut Vec<u8>,
    output: &'a Mutex<Output<W>>,
    dialect: Dialect,
    /// A record that could not be encoded. The records after it are dropped, the request fails.
    pub failure: Option<EncodeError>,
}

impl<'a, W> RecordWriter<'a, W> {
    pub fn new(messages: &'a mut Vec<u8>, output: &'a Mutex<Output<W>>, dialect: Dialect) -> Self {
        Self { messages, output, dialect, failure: None }
    }

    fn encode(&mut self, values: &[Value], entities: &dyn Entities) -> Result<(), EncodeError> {
        Encoder::new(self.messages).structure(tag::RECORD, 1);
        write_record(self.messages, values, self.dialect, entities)
    }
}

impl<W: AsyncWrite + Unpin + Send> Records for RecordWriter<'_, W> {
    fn record(&mut self, values: &[Value], entities: &dyn Entities) {
        if self.failure.is_some() {
            return;
        }
        let start = begin_message(self.messages);
        match self.encode(values, entities) {
            Ok(()) => end_message(self.messages, start),
            Err(error) => {
                self.messages.truncate(start);
                self.failure = Some(error);
            }
        }
    }

    fn raw(&mut self, record: &[u8]) {
        let start = begin_message(self.messages);
        let mut encoder = Encoder::new(self.messages);
        encoder.structure(tag::RECORD, 1);
        encoder.raw(record);
        end_message(self.messages, start);
    }

    async fn flush_if_full(&mut self) -> io::Result<()> {
        if self.messages.len() < FLUSH_BYTES {
            return Ok(());
        }
        self.output.lock().push(self.messages);
        flush(self.output).await
    }
}
