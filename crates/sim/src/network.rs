//! A network between the nodes that delays, loses, doubles, reorders and cuts.
//!
//! Every direction of every pair has its own mood. A request and its answer travel apart, so that an answer can be lost when
//! the request has done its work. A lane is a connection, answered in order one after the other as in production, or, in
//! half of the seeds, a heap of messages of which any may overtake any: harsher than TCP, and Raft must bear it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use openraft_rt::AsyncRuntime;
use openraft_rt_sim::SimRuntime;
use parking_lot::Mutex;
use samyama_raft::NodeId;
use samyama_raft::log::Vote;
use samyama_raft::messages::{Answer, Request};
use samyama_raft::network::{Answerer, CallError, CallFuture, Lane, Transport};
use tokio::sync::{mpsc, oneshot};

use crate::life::Life;
use crate::oracle::{Event, Oracle};
use crate::runtime::{now, sleep, sleep_until};
use crate::world::World;

/// How a direction behaves.
#[derive(Clone, Copy, Debug)]
pub struct Mood {
    pub delay: Duration,
    pub loss: f64,
    pub doubling: f64,
}

type Reply = oneshot::Sender<Result<Bytes, CallError>>;

struct Station {
    life: Arc<Life>,
    answerer: Answerer,
}

/// An ordered lane: the requests that have arrived, and when the last one does.
struct Channel {
    /// The life that answers it.
    life: Arc<Life>,
    requests: mpsc::UnboundedSender<Arrived>,
    last_arrival: Instant,
}

/// A request at its goal.
struct Arrived {
    from: NodeId,
    request: Bytes,
    reply: Reply,
}

#[derive(Default)]
struct State {
    stations: BTreeMap<NodeId, Station>,
    blocked: BTreeSet<(NodeId, NodeId)>,
    moods: BTreeMap<(NodeId, NodeId), Mood>,
    /// Whether a direction is open, whatever faults say: for the time after them.
    settled: BTreeMap<(NodeId, NodeId), bool>,
    channels: BTreeMap<(NodeId, NodeId, Lane), Channel>,
}

pub struct Network {
    world: Arc<World>,
    oracle: Arc<Oracle>,
    usual: Mood,
    is_ordered: bool,
    state: Mutex<State>,
}

impl Network {
    pub fn new(world: Arc<World>, oracle: Arc<Oracle>, usual: Mood, is_ordered: bool) -> Arc<Network> {
        Arc::new(Network { world, oracle, usual, is_ordered, state: Mutex::default() })
    }

    /// A life of a node is there, and answers.
    pub fn enter(&self, life: &Arc<Life>, answerer: Answerer) {
        self.state.lock().stations.insert(life.node, Station { life: Arc::clone(life), answerer });
    }

    pub fn block(&self, from: NodeId, to: NodeId) {
        self.state.lock().blocked.insert((from, to));
    }

    pub fn unblock(&self, from: NodeId, to: NodeId) {
        self.state.lock().blocked.remove(&(from, to));
    }

    pub fn unblock_all(&self) {
        self.state.lock().blocked.clear();
    }

    pub fn set_mood(&self, from: NodeId, to: NodeId, mood: Mood) {
        self.state.lock().moods.insert((from, to), mood);
    }

    /// From now on these nodes hear each other, without loss, and nobody else; faults that are under way change nothing of it.
    pub fn settle(&self, together: &[NodeId], all: &[NodeId]) {
        let mut state = self.state.lock();
        for from in all {
            for to in all {
                let is_open = together.contains(from) == together.contains(to);
                state.settled.insert((*from, *to), is_open);
            }
        }
    }

    pub fn forget_moods(&self) {
        self.state.lock().moods.clear();
    }

    fn mood(&self, from: NodeId, to: NodeId) -> Mood {
        let state = self.state.lock();
        if state.settled.contains_key(&(from, to)) {
            return Mood { loss: 0.0, doubling: 0.0, ..self.usual };
        }
        state.moods.get(&(from, to)).copied().unwrap_or(self.usual)
    }

    pub fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        let state = self.state.lock();
        let is_open = state.settled.get(&(from, to)).copied();
        is_open.map_or_else(|| state.blocked.contains(&(from, to)), |is_open| !is_open)
    }

    /// A message sets out; None if it gets lost on the way.
    fn set_out(&self, from: NodeId, to: NodeId, mood: Mood) -> Option<Duration> {
        let delay = self.world.delay(mood.delay);
        if self.is_cut(from, to) {
            self.world.count("messages stopped by a cut");
            return None;
        }
        if self.world.chance(mood.loss) {
            self.world.count("messages lost");
            return None;
        }
        Some(delay)
    }

    fn send(self: &Arc<Self>, from: &Arc<Life>, to: NodeId, lane: Lane, request: Bytes, reply: Reply) {
        if from.is_over() {
            return;
        }
        let mood = self.mood(from.node, to);
        self.world.note(|| format!("net {}->{to} {lane:?} {}", from.node, describe_request(&request)));
        let Some(delay) = self.set_out(from.node, to, mood) else { return self.lose(reply) };
        if self.world.chance(mood.doubling) {
            self.world.count("messages doubled");
            let (unheard, _) = oneshot::channel();
            let late = delay + self.world.delay(mood.delay * 4);
            self.deliver_later(from.node, to, lane, request.clone(), unheard, late);
        }
        self.deliver_later(from.node, to, lane, request, reply, delay);
    }

    /// The sender learns nothing: it waits for its own patience to end. Or the connection breaks, and it learns that.
    fn lose(&self, reply: Reply) {
        let breaks = self.world.chance(0.3);
        let after = self.world.delay(Duration::from_millis(if breaks { 30 } else { 3_000 }));
        drop(self.world.spawn(async move {
            sleep(after).await;
            drop(reply.send(Err(CallError::Broken("the connection broke".into()))));
        }));
    }

    fn deliver_later(
        self: &Arc<Self>,
        from: NodeId,
        to: NodeId,
        lane: Lane,
        request: Bytes,
        reply: Reply,
        delay: Duration,
    ) {
        let network = Arc::clone(self);
        let mut at = now() + delay;
        if self.is_ordered
            && let Some(channel) = self.state.lock().channels.get_mut(&(from, to, lane))
        {
            at = at.max(channel.last_arrival);
            channel.last_arrival = at;
        }
        drop(self.world.spawn(async move {
            sleep_until(at).await;
            network.deliver(from, to, lane, request, reply);
        }));
    }

    fn deliver(self: &Arc<Self>, from: NodeId, to: NodeId, lane: Lane, request: Bytes, reply: Reply) {
        if self.is_cut(from, to) {
            self.world.count("messages stopped by a cut");
            return self.lose(reply);
        }
        let station =
            self.state.lock().stations.get(&to).map(|s| (Arc::clone(&s.life), Arc::clone(&s.answerer)));
        let Some((life, answerer)) = station.filter(|(life, _)| !life.is_over()) else {
            drop(reply.send(Err(CallError::Unreachable("refused".into()))));
            return;
        };
        self.world.count("messages delivered");
        if self.is_ordered {
            let requests = self.channel(from, lane, &life, &answerer);
            drop(requests.send(Arrived { from, request, reply }));
            return;
        }
        let (network, there) = (Arc::clone(self), Arc::clone(&life));
        life.adopt(Box::pin(async move {
            network.serve(&there, &answerer, Arrived { from, request, reply }).await;
        }));
    }

    async fn serve(self: &Arc<Self>, life: &Arc<Life>, answerer: &Answerer, arrived: Arrived) {
        let Arrived { from, request, reply } = arrived;
        let asked = promise_asked_for(&request);
        let answer = answerer(request).await;
        if let Some(vote) = asked.filter(|_| is_promise(&answer) && !life.is_over()) {
            self.oracle.see(&Event::Promised { node: life.node, vote });
        }
        self.answer(life, from, answer, reply);
    }

    fn channel(
        self: &Arc<Self>,
        from: NodeId,
        lane: Lane,
        life: &Arc<Life>,
        answerer: &Answerer,
    ) -> mpsc::UnboundedSender<Arrived> {
        let key = (from, life.node, lane);
        if let Some(channel) = self.state.lock().channels.get(&key)
            && Arc::ptr_eq(&channel.life, life)
        {
            return channel.requests.clone();
        }
        let (requests, mut arrived) = mpsc::unbounded_channel::<Arrived>();
        let channel = Channel { life: Arc::clone(life), requests: requests.clone(), last_arrival: now() };
        self.state.lock().channels.insert(key, channel);
        let (network, there, answerer) = (Arc::clone(self), Arc::clone(life), Arc::clone(answerer));
        life.adopt(Box::pin(async move {
            while let Some(arrived) = arrived.recv().await {
                network.serve(&there, &answerer, arrived).await;
            }
        }));
        requests
    }

    /// The way back.
    fn answer(self: &Arc<Self>, from: &Arc<Life>, to: NodeId, answer: Bytes, reply: Reply) {
        if from.is_over() {
            return;
        }
        let mood = self.mood(from.node, to);
        self.world.note(|| format!("net {}->{to} answers {}", from.node, describe_answer(&answer)));
        let Some(delay) = self.set_out(from.node, to, mood) else { return self.lose(reply) };
        let (network, from) = (Arc::clone(self), from.node);
        drop(self.world.spawn(async move {
            sleep(delay).await;
            if network.is_cut(from, to) {
                network.world.count("messages stopped by a cut");
                return network.lose(reply);
            }
            drop(reply.send(Ok(answer)));
        }));
    }
}

/// The vote that a request asks its receiver to stand by.
fn promise_asked_for(request: &Bytes) -> Option<Vote> {
    match Request::decode(request.clone()) {
        Ok(Request::Vote { vote, .. } | Request::Append { vote, .. }) => Some(vote),
        _ => None,
    }
}

/// Did the receiver say yes? It stands by the vote then, for ever.
fn is_promise(answer: &Bytes) -> bool {
    matches!(
        Answer::decode(answer.clone()),
        Ok(Answer::Vote { granted: true, .. } | Answer::AppendSuccess | Answer::AppendPartial(_))
    )
}

fn describe_request(request: &Bytes) -> String {
    match Request::decode(request.clone()) {
        Ok(Request::Append { vote, previous, committed, entries }) => format!(
            "append {}/{} after {} committed {} entries {}",
            vote.leader.term,
            vote.leader.node,
            previous.map_or(-1, |id| id.index as i64),
            committed.map_or(-1, |id| id.index as i64),
            entries.len()
        ),
        Ok(Request::SnapshotChunk(chunk)) => {
            format!("snapshot {} {}+{} of {}", chunk.name, chunk.offset, chunk.data.len(), chunk.total)
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("unreadable: {error}"),
    }
}

fn describe_answer(answer: &Bytes) -> String {
    Answer::decode(answer.clone()).map_or_else(|error| format!("unreadable: {error}"), |a| format!("{a:?}"))
}

/// One life's end of the network.
pub struct Wire {
    pub network: Arc<Network>,
    pub life: Arc<Life>,
}

impl Transport for Wire {
    fn call(&self, to: NodeId, lane: Lane, request: Bytes, ttl: Duration) -> CallFuture {
        let (reply, answer) = oneshot::channel();
        self.network.send(&self.life, to, lane, request, reply);
        Box::pin(async move {
            match SimRuntime::timeout(ttl, answer).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(CallError::Broken("the connection ended".into())),
                Err(_) => Err(CallError::Timeout),
            }
        })
    }
}
