//! One connection of a load.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Window;
use super::request::{Random, Requests};
use super::tally::Shared;
use crate::chunk::{Dechunker, begin_message, end_message};
use crate::failure::read_failure;
use crate::limits::{MESSAGE_BYTES_MAX, RESULT_NESTING_DEPTH_MAX};
use crate::message::tag;
use crate::packstream::{Decoder, Encoder, Interner, UtcOnly};

/// What the next SUCCESS answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Run,
    Pull,
    /// Something failed; what was sent before RESET is ignored.
    Reset,
}

pub(super) struct Driver {
    stream: TcpStream,
    requests: Arc<Requests>,
    depth: usize,
    window: Window,
    random: Random,
    dechunker: Dechunker,
    out: Vec<u8>,
    /// When each request on its way was sent.
    in_flight: VecDeque<Instant>,
    awaited: Awaited,
}

impl Driver {
    pub fn new(stream: TcpStream, requests: Arc<Requests>, depth: usize, window: Window) -> Self {
        let stream_number = stream.local_addr().map_or(0, |address| u64::from(address.port()));
        let random = requests.random(stream_number);
        Self {
            stream,
            requests,
            depth,
            window,
            random,
            dechunker: Dechunker::new(),
            out: Vec::new(),
            in_flight: VecDeque::with_capacity(depth),
            awaited: Awaited::Run,
        }
    }

    /// Until the window is over and everything is answered, or the connection breaks.
    pub async fn run(mut self, tally: Shared) {
        if let Err(error) = self.converse(&tally).await {
            let lost = self.in_flight.len() as u64;
            tally.borrow_mut().connection_lost(&error.to_string(), lost);
        }
    }

    async fn converse(&mut self, tally: &Shared) -> io::Result<()> {
        loop {
            let now = Instant::now();
            let refills = self.in_flight.len() <= self.depth / 2;
            if refills && self.awaited != Awaited::Reset && now < self.window.until {
                while self.in_flight.len() < self.depth && self.requests.take() {
                    self.requests.write(&mut self.out, &self.random);
                    self.in_flight.push_back(now);
                }
            }
            if !self.out.is_empty() {
                self.stream.write_all(&self.out).await?;
                self.out.clear();
            }
            if self.in_flight.is_empty() && self.awaited != Awaited::Reset {
                return Ok(());
            }
            if self.stream.read_buf(self.dechunker.roomy_buffer()).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.take_answers(tally)?;
        }
    }

    fn take_answers(&mut self, tally: &Shared) -> io::Result<()> {
        let now = Instant::now();
        let mut tally = tally.borrow_mut();
        loop {
            let message = match self.dechunker.next_message(MESSAGE_BYTES_MAX) {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(()),
                Err(_) => return Err(io::Error::other("an answer is too long")),
            };
            match (message.get(1).copied(), self.awaited) {
                (Some(tag::RECORD), _) => tally.rows += 1,
                (Some(tag::SUCCESS), Awaited::Run) => self.awaited = Awaited::Pull,
                (Some(tag::SUCCESS), Awaited::Pull) => {
                    self.awaited = Awaited::Run;
                    if let Some(sent) = self.in_flight.pop_front() {
                        tally.answered(sent, now);
                    }
                }
                (Some(tag::SUCCESS), Awaited::Reset) => {
                    self.awaited = Awaited::Run;
                    tally.ignored(self.in_flight.len() as u64, now);
                    self.in_flight.clear();
                }
                (Some(tag::IGNORED), Awaited::Reset) => {}
                (Some(tag::FAILURE), Awaited::Run | Awaited::Pull) => {
                    tally.failed(&failure_code(message), now);
                    self.in_flight.pop_front();
                    self.awaited = Awaited::Reset;
                    let reset = begin_message(&mut self.out);
                    Encoder::new(&mut self.out).structure(tag::RESET, 0);
                    end_message(&mut self.out, reset);
                }
                _ => return Err(io::Error::other("the server sent an answer that fits nothing")),
            }
        }
    }
}

fn failure_code(message: &[u8]) -> String {
    let mut interner = Interner::new();
    let mut decoder = Decoder::new(message, RESULT_NESTING_DEPTH_MAX, &mut interner, &UtcOnly);
    let failure = decoder.structure().and_then(|_| decoder.dictionary()).map(read_failure);
    failure.map_or_else(|error| format!("unreadable failure: {error}"), |failure| failure.code)
}
