//! The reading half of a connection: bytes to requests, and the queue of those that wait.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Sleep;

use super::config::ServerConfig;
use crate::backend::Announced;
use crate::chunk::{Dechunker, MessageTooLong};
use crate::limits::{ANNOUNCED_MAX, BUFFER_BYTES_KEPT};
use crate::message::Request;
use crate::packstream::Interner;
use crate::version::Version;

/// Read at a time of what is only thrown away.
const DISCARDED_BYTES: usize = 8 * 1024;

/// How the stream of requests came to its end.
pub(super) enum End {
    /// The client closed the connection.
    Closed,
    Io(io::Error),
    /// The client broke the protocol: the connection ends with a FAILURE that says how.
    Broken(String),
}

pub(super) struct Input<R> {
    reader: R,
    dechunker: Dechunker,
    interner: Interner,
    config: Arc<ServerConfig>,
    pub version: Version,
    /// Another member relays for its client.
    from_member: bool,
    /// Before authentication messages are short, and only one is taken at a time.
    pub authenticated: bool,
    queue: VecDeque<(Request, usize)>,
    queued_bytes: usize,
    resets_queued: usize,
    end: Option<End>,
    /// Wakes the task while a call of the backend takes long; kept, because making one costs.
    pub ticker: Option<Pin<Box<Sleep>>>,
}

impl<R: AsyncRead + Unpin> Input<R> {
    pub fn new(reader: R, config: Arc<ServerConfig>, from_member: bool) -> Self {
        Self {
            reader,
            dechunker: Dechunker::new(),
            interner: Interner::new(),
            config,
            version: Version::new(0, 0),
            from_member,
            authenticated: false,
            queue: VecDeque::new(),
            queued_bytes: 0,
            resets_queued: 0,
            end: None,
            ticker: None,
        }
    }

    /// For the handshake, which comes before messages.
    pub fn reader(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The next request that has arrived whole.
    pub fn next(&mut self) -> Option<Request> {
        if self.queue.is_empty() {
            self.decode();
        }
        let (request, bytes) = self.queue.pop_front()?;
        self.queued_bytes -= bytes;
        self.resets_queued -= usize::from(matches!(request, Request::Reset));
        Some(request)
    }

    /// Auto-commit statements at the front of the queue, each with its PULL or DISCARD behind it. None while a RESET waits:
    /// they will not be run.
    pub fn announced(&self) -> Vec<Announced> {
        if self.resets_queued > 0 {
            return Vec::new();
        }
        let mut announced = Vec::new();
        let mut requests = self.queue.iter().map(|(request, _)| request);
        while let (Some(run), Some(Request::Pull(_) | Request::Discard(_))) =
            (requests.next(), requests.next())
        {
            let Request::Run { query, parameters, options } = run else { break };
            announced.push(Announced {
                query: Arc::clone(query),
                parameters: Arc::clone(parameters),
                options: options.clone(),
            });
            if announced.len() == ANNOUNCED_MAX {
                break;
            }
        }
        announced
    }

    /// A RESET waits behind what is being done.
    pub fn reset_is_queued(&self) -> bool {
        self.resets_queued > 0
    }

    /// The client is gone, or has broken the protocol: nothing that runs is of use to it any more.
    pub fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Why no more requests come. To be asked when [`Input::next`] gives none.
    pub fn take_end(&mut self) -> Option<End> {
        self.end.take()
    }

    /// Waits for more bytes and reads requests from them.
    pub async fn fill(&mut self) {
        if self.queue.is_empty() {
            self.dechunker.shrink(BUFFER_BYTES_KEPT);
        }
        std::future::poll_fn(|cx| self.poll_fill(cx)).await;
        self.decode();
    }

    /// Reads what can be read now, without waiting.
    pub fn fill_now(&mut self, cx: &mut Context<'_>) {
        while self.end.is_none() && self.may_read_on() && self.poll_fill(cx).is_ready() {
            self.decode();
            let pending = self.queued_bytes + self.dechunker.pending_bytes();
            let most = self.config.limits.pipelined_bytes_max;
            if pending > most && self.end.is_none() {
                self.end = Some(End::Broken(format!(
                    "more than {most} bytes were sent ahead of the request that is running; \
                     read the answers to earlier requests before sending more"
                )));
            }
        }
    }

    /// Before authentication nothing is sent that must be seen at once, and strangers get little memory.
    fn may_read_on(&self) -> bool {
        let most = self.config.limits.message_bytes_max_before_authentication;
        self.authenticated || self.dechunker.pending_bytes() < most
    }

    /// Reads and forgets until the client closes, or it is enough.
    pub async fn discard(&mut self, bytes_max: usize, time_max: Duration) {
        let mut scratch = vec![0; DISCARDED_BYTES];
        let mut discarded = 0;
        let reading = async {
            while discarded < bytes_max {
                match self.reader.read(&mut scratch).await {
                    Ok(0) | Err(_) => return,
                    Ok(count) => discarded += count,
                }
            }
        };
        // Both ways out are fine: the client has closed, or has had its time.
        drop(tokio::time::timeout(time_max, reading).await);
    }

    /// Reads once; an end is noted.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.end.is_some() {
            return Poll::Ready(());
        }
        let read = pin!(self.reader.read_buf(self.dechunker.roomy_buffer())).poll(cx);
        match std::task::ready!(read) {
            Ok(0) => self.end = Some(End::Closed),
            Ok(_) => {}
            Err(error) => self.end = Some(End::Io(error)),
        }
        Poll::Ready(())
    }

    fn decode(&mut self) {
        let limits = &self.config.limits;
        while self.authenticated || self.queue.is_empty() {
            if matches!(self.end, Some(End::Broken(_))) {
                return;
            }
            let bytes_max = if self.authenticated {
                limits.message_bytes_max
            } else {
                limits.message_bytes_max_before_authentication
            };
            let message = match self.dechunker.next_message(bytes_max) {
                Ok(Some(message)) => message,
                Ok(None) => return,
                Err(MessageTooLong { bytes_max }) => {
                    let when = if self.authenticated { "" } else { " before authentication" };
                    let text = format!("a message is longer than the {bytes_max} bytes allowed{when}");
                    self.end = Some(End::Broken(text));
                    return;
                }
            };
            let bytes = message.len();
            let (interner, zones) = (&mut self.interner, &*self.config.zones);
            match Request::read(message, self.version, self.from_member, limits, interner, zones) {
                Ok(request) => {
                    self.resets_queued += usize::from(matches!(request, Request::Reset));
                    self.queued_bytes += bytes;
                    self.queue.push_back((request, bytes));
                }
                Err(error) => {
                    self.end = Some(End::Broken(error.to_string()));
                    return;
                }
            }
        }
    }
}
