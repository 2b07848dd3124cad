//! The production transport: one TCP connection per peer and lane, kept open, requests pipelined by number.
//!
//! A connection is an actor with a queue. It dials when there is something to send; while it cannot, requests fail at once,
//! so that consensus' own back-off decides. A connection on which a request goes unanswered past its time while nothing at
//! all arrives is closed: after a cut the next one starts fresh instead of waiting for TCP's back-off.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::{Notify, mpsc, oneshot};

use super::frame::{FrameKind, put_frame, read_frame};
use super::hello::Credentials;
use super::{CallError, CallFuture, Lane, Transport};
use crate::NodeId;
use crate::limits::REQUESTS_QUEUED_MAX;

const CONNECT_TIMEOUT: Duration = Duration::from_millis(150);
/// A refused peer is not dialled again before this.
const REDIAL_AFTER: Duration = Duration::from_millis(20);
/// A connection that stays silent this long with a request open is given up.
const SILENCE_MAX: Duration = Duration::from_millis(300);

struct Call {
    request: Bytes,
    answer: oneshot::Sender<Result<Bytes, CallError>>,
}

/// Where each node can be dialled.
pub(crate) type Addresses = BTreeMap<NodeId, String>;

pub(crate) struct TcpTransport {
    credentials: Credentials,
    addresses: Addresses,
    connections: Mutex<BTreeMap<(NodeId, Lane), mpsc::Sender<Call>>>,
}

impl TcpTransport {
    pub(crate) fn new(credentials: Credentials, addresses: Addresses) -> Self {
        TcpTransport { credentials, addresses, connections: Mutex::default() }
    }

    fn queue_to(&self, to: NodeId, lane: Lane) -> Option<mpsc::Sender<Call>> {
        let address = self.addresses.get(&to)?.clone();
        let mut connections = self.connections.lock();
        if let Some(queue) = connections.get(&(to, lane)).filter(|queue| !queue.is_closed()) {
            return Some(queue.clone());
        }
        let (sender, receiver) = mpsc::channel(REQUESTS_QUEUED_MAX);
        let connection = Connection { credentials: self.credentials.clone(), to, lane, address };
        tokio::spawn(connection.run(receiver));
        connections.insert((to, lane), sender.clone());
        Some(sender)
    }

    /// A plain byte stream to a peer's `StreamHandler`.
    ///
    /// # Errors
    /// When it cannot be reached, or refuses.
    pub(crate) async fn open_stream(&self, to: NodeId) -> io::Result<TcpStream> {
        let address = self.addresses.get(&to).ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("no address is known for node {to}"))
        })?;
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        self.credentials.introduce(&mut stream, to, Lane::Stream).await?;
        Ok(stream)
    }
}

impl Transport for TcpTransport {
    fn call(&self, to: NodeId, lane: Lane, request: Bytes, ttl: Duration) -> CallFuture {
        let queue = self.queue_to(to, lane);
        Box::pin(async move {
            let Some(queue) = queue else {
                return Err(CallError::Unreachable(format!("no address is known for node {to}")));
            };
            let (answer, outcome) = oneshot::channel();
            let exchange = async {
                queue
                    .send(Call { request, answer })
                    .await
                    .map_err(|_| CallError::Broken("the connection ended".into()))?;
                outcome.await.map_err(|_| CallError::Broken("the connection ended".into()))?
            };
            tokio::time::timeout(ttl, exchange).await.unwrap_or(Err(CallError::Timeout))
        })
    }
}

struct Connection {
    credentials: Credentials,
    to: NodeId,
    lane: Lane,
    address: String,
}

/// Requests that wait for their answers.
#[derive(Default)]
struct Pending {
    calls: Mutex<HashMap<u64, oneshot::Sender<Result<Bytes, CallError>>>>,
    broken: Notify,
    /// Milliseconds since `began` at which something last arrived.
    heard_ms: AtomicU64,
}

impl Pending {
    fn fail_all(&self, why: &str) {
        for (_, answer) in self.calls.lock().drain() {
            drop(answer.send(Err(CallError::Broken(why.to_owned()))));
        }
    }
}

impl Connection {
    async fn run(self, mut queue: mpsc::Receiver<Call>) {
        while let Some(first) = queue.recv().await {
            match self.dial().await {
                Ok(stream) => {
                    if let Err(error) = self.exchange(stream, first, &mut queue).await {
                        tracing::debug!(peer = self.to, lane = ?self.lane, "peer connection ended: {error}");
                    }
                }
                Err(error) => self.refuse(first, error, &mut queue).await,
            }
        }
    }

    async fn dial(&self) -> io::Result<TcpStream> {
        let connecting = async {
            let mut stream = TcpStream::connect(&self.address).await?;
            stream.set_nodelay(true)?;
            self.credentials.introduce(&mut stream, self.to, self.lane).await?;
            Ok(stream)
        };
        tokio::time::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Nobody there: everything that waits fails now.
    async fn refuse(&self, first: Call, error: io::Error, queue: &mut mpsc::Receiver<Call>) {
        if error.kind() == io::ErrorKind::PermissionDenied {
            tracing::warn!(peer = self.to, "node {} at {} refused this node: {error}", self.to, self.address);
        }
        let failure = match error.kind() {
            io::ErrorKind::ConnectionRefused => CallError::Unreachable(format!("{}: {error}", self.address)),
            io::ErrorKind::TimedOut => CallError::Timeout,
            _ => CallError::Broken(format!("{}: {error}", self.address)),
        };
        drop(first.answer.send(Err(failure.clone())));
        while let Ok(call) = queue.try_recv() {
            drop(call.answer.send(Err(failure.clone())));
        }
        tokio::time::sleep(REDIAL_AFTER).await;
    }

    async fn exchange(
        &self,
        stream: TcpStream,
        first: Call,
        queue: &mut mpsc::Receiver<Call>,
    ) -> io::Result<()> {
        let (read, mut write) = stream.into_split();
        let (pending, began) = (Arc::new(Pending::default()), Instant::now());
        let reader = tokio::spawn(read_answers(read, Arc::clone(&pending), began));
        let (mut number, mut buffer, mut next) = (0_u64, BytesMut::new(), Some(first));
        let result = loop {
            buffer.clear();
            // All that has queued goes out with one write.
            while let Some(call) = next.take() {
                number += 1;
                put_frame(&mut buffer, FrameKind::Request, number, &call.request);
                pending.calls.lock().insert(number, call.answer);
                if buffer.len() < 1 << 20 {
                    next = queue.try_recv().ok();
                }
            }
            if let Err(error) = write.write_all(&buffer).await {
                break Err(error);
            }
            let silent = async {
                loop {
                    tokio::time::sleep(SILENCE_MAX / 3).await;
                    let heard = Duration::from_millis(pending.heard_ms.load(Ordering::Relaxed));
                    pending
                        .calls
                        .lock()
                        .retain(|_, answer| !answer.is_closed() || heard + SILENCE_MAX > began.elapsed());
                    let is_waiting = !pending.calls.lock().is_empty();
                    if (is_waiting || pending_was_dropped(&pending, number))
                        && began.elapsed() > heard + SILENCE_MAX
                    {
                        return;
                    }
                }
            };
            tokio::select! {
                biased;
                () = pending.broken.notified() => break Err(io::ErrorKind::ConnectionReset.into()),
                call = queue.recv() => match call {
                    Some(call) => next = Some(call),
                    None => break Ok(()),
                },
                () = silent => break Err(io::Error::new(io::ErrorKind::TimedOut, "the peer has gone silent")),
            }
        };
        reader.abort();
        pending.fail_all("the connection to the peer broke");
        result
    }
}

/// Were requests sent whose askers have given up, with nothing heard since?
fn pending_was_dropped(pending: &Pending, sent: u64) -> bool {
    sent > 0 && pending.calls.lock().values().any(oneshot::Sender::is_closed)
}

async fn read_answers(mut read: OwnedReadHalf, pending: Arc<Pending>, began: Instant) {
    let why = loop {
        match read_frame(&mut read).await {
            Ok(Some(frame)) if frame.kind == FrameKind::Answer => {
                pending.heard_ms.store(began.elapsed().as_millis() as u64, Ordering::Relaxed);
                if let Some(answer) = pending.calls.lock().remove(&frame.request) {
                    drop(answer.send(Ok(frame.body)));
                }
            }
            Ok(Some(_)) => break "the peer sent a request where an answer was due".to_owned(),
            Ok(None) => break "the peer closed the connection".to_owned(),
            Err(error) => break error.to_string(),
        }
    };
    pending.fail_all(&why);
    pending.broken.notify_one();
}
