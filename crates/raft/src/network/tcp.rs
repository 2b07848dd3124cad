//! The production transport: one TCP connection per peer and lane, kept open, requests pipelined by number.
//!
//! A connection is an actor with a queue. It dials when there is something to send; while it cannot, requests fail at once,
//! so that consensus' own back-off decides. A connection on which a request goes unanswered while the peer is silent on all
//! other lanes too is closed: after a cut the next one starts fresh instead of waiting for TCP's back-off. A slow disk, or a
//! snapshot that takes its time to be read, is no silence as long as heartbeats are answered.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc, oneshot};

use super::frame::{FrameKind, put_frame, read_frame};
use super::hello::Credentials;
use super::{CallError, CallFuture, Lane, Transport};
use crate::limits::REQUESTS_QUEUED_MAX;
use crate::{NodeAddress, NodeId};

/// A refused peer is not dialled again before this.
const REDIAL_AFTER: Duration = Duration::from_millis(20);
/// A connection with a request open is given up after this long even if the peer answers on other lanes: this one connection
/// may have been cut. Longer than any call waits.
const LANE_SILENCE_MAX: Duration = Duration::from_secs(70);
/// How often silence is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

struct Call {
    request: Bytes,
    answer: oneshot::Sender<Result<Bytes, CallError>>,
}

pub(crate) struct TcpTransport {
    credentials: Credentials,
    /// Addresses to dial instead of the peers' own.
    dial: BTreeMap<NodeId, String>,
    patience: Duration,
    peers: Mutex<BTreeMap<NodeId, Link>>,
}

/// What leads to one peer.
struct Link {
    address: String,
    heard: Arc<Heard>,
    /// Each ends when its queue goes.
    connections: BTreeMap<Lane, mpsc::Sender<Call>>,
}

impl Link {
    fn to(address: String) -> Self {
        let heard = Arc::new(Heard { began: Instant::now(), last_ms: AtomicU64::new(0) });
        Link { address, heard, connections: BTreeMap::new() }
    }
}

/// When a peer was last heard, on whatever lane.
struct Heard {
    began: Instant,
    last_ms: AtomicU64,
}

impl Heard {
    fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn note(&self) {
        self.last_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    fn silent_ms(&self) -> u64 {
        self.now_ms().saturating_sub(self.last_ms.load(Ordering::Relaxed))
    }
}

impl TcpTransport {
    /// `patience`: how long a dial may take, greetings included (two round trips), and how long a peer that owes an answer may
    /// be silent on every lane. Distance makes both longer, and so it does the longest election timeout, which this is.
    pub(crate) fn new(credentials: Credentials, dial: BTreeMap<NodeId, String>, patience: Duration) -> Self {
        TcpTransport { credentials, dial, patience, peers: Mutex::default() }
    }

    fn address_of(&self, id: NodeId, address: &NodeAddress) -> String {
        self.dial.get(&id).unwrap_or(&address.peer).clone()
    }

    fn queue_to(&self, to: NodeId, lane: Lane) -> Option<mpsc::Sender<Call>> {
        let mut peers = self.peers.lock();
        let link = peers.get_mut(&to)?;
        if let Some(queue) = link.connections.get(&lane).filter(|queue| !queue.is_closed()) {
            return Some(queue.clone());
        }
        let (sender, receiver) = mpsc::channel(REQUESTS_QUEUED_MAX);
        let (address, heard) = (link.address.clone(), Arc::clone(&link.heard));
        let connection = Connection {
            credentials: self.credentials.clone(),
            to,
            lane,
            address,
            heard,
            patience: self.patience,
            refused: Mutex::default(),
        };
        tokio::spawn(connection.run(receiver));
        link.connections.insert(lane, sender.clone());
        Some(sender)
    }

    /// Nobody listens at the peer's address any more. False when that is not certain.
    pub(crate) async fn is_refused(&self, peer: NodeId) -> bool {
        let address = self.peers.lock().get(&peer).map(|link| link.address.clone());
        let Some(address) = address else { return false };
        let dialled = tokio::time::timeout(self.patience, TcpStream::connect(address)).await;
        matches!(dialled, Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused)
    }

    /// A plain byte stream to a peer's `StreamHandler`.
    ///
    /// # Errors
    /// When it cannot be reached, or refuses.
    pub(crate) async fn open_stream(&self, to: NodeId) -> io::Result<TcpStream> {
        let address = self.peers.lock().get(&to).map(|link| link.address.clone());
        let address = address.ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("no address is known for node {to}"))
        })?;
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        self.credentials.introduce(&mut stream, to, Lane::Stream).await?;
        Ok(stream)
    }
}

impl Transport for TcpTransport {
    fn meet(&self, id: NodeId, address: &NodeAddress) {
        if id == self.credentials.roster.identity().node {
            return;
        }
        let address = self.address_of(id, address);
        let mut peers = self.peers.lock();
        if peers.get(&id).is_none_or(|link| link.address != address) {
            peers.insert(id, Link::to(address));
        }
    }

    fn keep(&self, members: &BTreeMap<NodeId, NodeAddress>) {
        for (id, address) in members {
            self.meet(*id, address);
        }
        self.peers.lock().retain(|id, _| members.contains_key(id));
    }

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
    heard: Arc<Heard>,
    patience: Duration,
    /// The last refusal that was written down: a peer that goes on refusing says it once.
    refused: Mutex<String>,
}

/// Requests that wait for their answers.
#[derive(Default)]
struct Pending {
    calls: Mutex<Calls>,
    broken: Notify,
}

#[derive(Default)]
struct Calls {
    open: HashMap<u64, oneshot::Sender<Result<Bytes, CallError>>>,
    /// Since when something has been owed on this connection. Askers that give up do not end it: the peer still owes.
    owed_since: Option<Instant>,
}

impl Pending {
    fn ask(&self, number: u64, answer: oneshot::Sender<Result<Bytes, CallError>>) {
        let mut calls = self.calls.lock();
        calls.open.insert(number, answer);
        calls.owed_since.get_or_insert_with(Instant::now);
    }

    fn answer(&self, number: u64, body: Bytes) {
        let mut calls = self.calls.lock();
        let asker = calls.open.remove(&number);
        calls.owed_since = (!calls.open.is_empty()).then(Instant::now);
        if let Some(asker) = asker {
            drop(asker.send(Ok(body)));
        }
    }

    /// Must the connection be given up? Forgets askers that have gone, which bounds what is kept.
    fn is_silent(&self, heard: &Heard, patience: Duration) -> bool {
        let mut calls = self.calls.lock();
        calls.open.retain(|_, asker| !asker.is_closed());
        let Some(owed) = calls.owed_since.map(|since| since.elapsed()) else { return false };
        owed > LANE_SILENCE_MAX || (owed > patience && u128::from(heard.silent_ms()) > patience.as_millis())
    }

    fn fail_all(&self, why: &str) {
        for (_, answer) in self.calls.lock().open.drain() {
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
        tokio::time::timeout(self.patience, connecting)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Nobody there: everything that waits fails now.
    async fn refuse(&self, first: Call, error: io::Error, queue: &mut mpsc::Receiver<Call>) {
        let text = error.to_string();
        if error.kind() == io::ErrorKind::PermissionDenied
            && std::mem::replace(&mut *self.refused.lock(), text.clone()) != text
        {
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
        let pending = Arc::new(Pending::default());
        let reader = tokio::spawn(read_answers(read, Arc::clone(&pending), Arc::clone(&self.heard)));
        // Outlives each turn of the loop, so that a busy lane is looked at too.
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut number, mut buffer, mut next) = (0_u64, BytesMut::new(), Some(first));
        let result = loop {
            buffer.clear();
            // All that has queued goes out with one write.
            while let Some(call) = next.take() {
                number += 1;
                put_frame(&mut buffer, FrameKind::Request, number, &call.request);
                pending.ask(number, call.answer);
                if buffer.len() < 1 << 20 {
                    next = queue.try_recv().ok();
                }
            }
            if !buffer.is_empty()
                && let Err(error) = self.write(&mut write, &buffer, &pending, &mut look).await
            {
                break Err(error);
            }
            tokio::select! {
                biased;
                () = pending.broken.notified() => break Err(io::ErrorKind::ConnectionReset.into()),
                _ = look.tick() => if pending.is_silent(&self.heard, self.patience) {
                    break Err(io::Error::new(io::ErrorKind::TimedOut, "the peer has gone silent"));
                },
                call = queue.recv() => match call {
                    Some(call) => next = Some(call),
                    None => break Ok(()),
                },
            }
        };
        reader.abort();
        pending.fail_all("the connection to the peer broke");
        result
    }

    /// A peer that is cut off takes nothing once the socket's buffer is full: silence ends a write as well.
    async fn write(
        &self,
        write: &mut OwnedWriteHalf,
        bytes: &[u8],
        pending: &Pending,
        look: &mut tokio::time::Interval,
    ) -> io::Result<()> {
        let mut writing = std::pin::pin!(write.write_all(bytes));
        loop {
            tokio::select! {
                biased;
                written = &mut writing => return written,
                _ = look.tick() => if pending.is_silent(&self.heard, self.patience) {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "the peer has gone silent"));
                },
            }
        }
    }
}

async fn read_answers(mut read: OwnedReadHalf, pending: Arc<Pending>, heard: Arc<Heard>) {
    let why = loop {
        match read_frame(&mut read).await {
            Ok(Some(frame)) if frame.kind == FrameKind::Answer => {
                heard.note();
                pending.answer(frame.request, frame.body);
            }
            Ok(Some(_)) => break "the peer sent a request where an answer was due".to_owned(),
            Ok(None) => break "the peer closed the connection".to_owned(),
            Err(error) => break error.to_string(),
        }
    };
    pending.fail_all(&why);
    pending.broken.notify_one();
}
