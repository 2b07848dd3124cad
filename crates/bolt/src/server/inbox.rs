//! Requests that have arrived and not been answered yet.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::tcp::OwnedReadHalf;

use super::ServerConfig;
use crate::chunk::Dechunker;
use crate::limits::BUFFER_BYTES_KEPT;
use crate::message::Request;
use crate::packstream::Interner;
use crate::state::Kind;
use crate::version::Version;

/// The reading half of a connection.
pub(super) struct Inbox {
    reader: OwnedReadHalf,
    config: Arc<ServerConfig>,
    version: Version,
    dechunker: Dechunker,
    interner: Interner,
    queue: VecDeque<Request>,
    queued_bytes: usize,
    /// RESETs in the queue.
    resets: usize,
    authenticated: bool,
    /// Nothing more comes: the client has closed, or sent something that is no request (then: what).
    ended: Option<Option<String>>,
}

impl Inbox {
    pub fn new(reader: OwnedReadHalf, config: Arc<ServerConfig>, version: Version) -> Self {
        Self {
            reader,
            config,
            version,
            dechunker: Dechunker::new(),
            interner: Interner::new(),
            queue: VecDeque::new(),
            queued_bytes: 0,
            resets: 0,
            authenticated: false,
            ended: None,
        }
    }

    pub fn set_authenticated(&mut self) {
        self.authenticated = true;
    }

    pub fn pop(&mut self) -> Option<Request> {
        let request = self.queue.pop_front()?;
        if self.queue.is_empty() {
            self.queued_bytes = 0;
            self.dechunker.shrink(BUFFER_BYTES_KEPT);
        }
        if request.kind() == Kind::Reset {
            self.resets -= 1;
        }
        Some(request)
    }

    /// A RESET stands behind what runs, or nobody is there any more to answer.
    pub fn interrupts(&self) -> bool {
        self.resets > 0 || self.ended.is_some()
    }

    pub fn has_reset(&self) -> bool {
        self.resets > 0
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// What ended the stream of requests; None inside: the client closed.
    pub fn ended(&self) -> Option<&Option<String>> {
        self.ended.as_ref()
    }

    /// Wait for more bytes and take the requests in them. Safe to drop at any time. Must not be called when ended.
    pub async fn receive(&mut self) {
        let received = self.reader.read_buf(self.dechunker.buffer()).await;
        match received {
            Ok(0) => self.ended = Some(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.ended = Some(None),
            Ok(bytes) => {
                self.queued_bytes += bytes;
                self.take_messages();
            }
        }
    }

    fn take_messages(&mut self) {
        let limits = &self.config.limits;
        let bytes_max = if self.authenticated {
            limits.message_bytes_max
        } else {
            limits.message_bytes_max_before_authentication
        };
        loop {
            match self.dechunker.next_message(bytes_max) {
                Ok(None) => break,
                Ok(Some(message)) => {
                    let zones = self.config.zones.as_ref();
                    match Request::read(message, self.version, limits, &mut self.interner, zones) {
                        Ok(request) => {
                            self.resets += usize::from(request.kind() == Kind::Reset);
                            self.queue.push_back(request);
                        }
                        Err(error) => {
                            self.ended = Some(Some(error.to_string()));
                            return;
                        }
                    }
                }
                Err(too_long) => {
                    let text = format!("a message is longer than {} bytes", too_long.bytes_max);
                    self.ended = Some(Some(text));
                    return;
                }
            }
        }
        if self.queued_bytes > limits.pipelined_bytes_max && self.queue.len() > 1 {
            let most = limits.pipelined_bytes_max;
            self.ended = Some(Some(format!("more than {most} bytes were sent ahead; wait for answers")));
        }
    }
}
