//! The lane with a real graph and a real state machine, on a log that does what a test tells it to.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use samyama_exec::{CancelFlag, ErrorKind, ExecError, Lookup, Parameters, Procedures, Read, ReadSet};
use samyama_graph::{Draft, Effect, Graph, KeyId, LabelId, NodeId, TokenKind, Value};
use samyama_raft::{Applied, CommittedEntry, Leadership, LogIndex, ProposeError, StateMachine, watch};
use tokio::sync::oneshot;

use super::*;
use crate::engine::{Failed, Program, Ran, Script, Statement};
use crate::keys::Keys;
use crate::machine::Machine;
use crate::shared::Shared;

mod keys;
mod large;
mod outcomes;
mod overdue;
mod statements;

type Outcome = Result<(LogIndex, Applied), ProposeError>;

/// What becomes of the next proposal.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fortune {
    Accept,
    /// Appended; committed when the test says so.
    Hold,
    Refuse,
    /// The lane hears of it only when the test says so.
    RefuseLate,
    RefuseNotLeader,
    /// The disk is full.
    RefuseNoRoom,
    /// Appended, and leadership is lost before the outcome is known.
    Lose,
    /// Appended, and the node fails before the outcome is known.
    Fail,
    /// Committed under another leader than the one that computed it.
    Fence,
}

struct LogState {
    machine: Machine,
    index: LogIndex,
    leader: Leadership,
    fortunes: VecDeque<Fortune>,
    default: Fortune,
    held: VecDeque<(Bytes, oneshot::Sender<Outcome>)>,
    refused_late: Vec<oneshot::Sender<Outcome>>,
    lost: Vec<Bytes>,
    /// Everything committed, for a follower.
    committed: Vec<CommittedEntry>,
}

struct FakeLog {
    state: Mutex<LogState>,
    ready: watch::Sender<Option<(Leadership, LogIndex)>>,
}

impl LogState {
    fn commit(&mut self, payload: Bytes) -> (LogIndex, Applied) {
        self.index += 1;
        let entry = CommittedEntry { index: self.index, leader: self.leader, payload };
        self.committed.push(entry.clone());
        let applied = self.machine.apply(vec![entry]);
        (self.index, applied[0].clone())
    }
}

impl Log for FakeLog {
    fn propose(&self, payload: Bytes) -> Pin<Box<dyn Future<Output = Outcome> + Send>> {
        let mut state = self.state.lock();
        let fortune = state.fortunes.pop_front().unwrap_or(state.default);
        let (sender, receiver) = oneshot::channel();
        match fortune {
            Fortune::Accept => {
                let outcome = state.commit(payload);
                return Box::pin(async move { Ok(outcome) });
            }
            Fortune::Refuse => return Box::pin(async { Err(ProposeError::NoQuorum) }),
            Fortune::RefuseLate => state.refused_late.push(sender),
            Fortune::RefuseNotLeader => {
                return Box::pin(async { Err(ProposeError::NotLeader { leader: Some(2) }) });
            }
            Fortune::RefuseNoRoom => {
                return Box::pin(async { Err(ProposeError::NoRoom("on purpose".into())) });
            }
            Fortune::Lose => {
                state.lost.push(payload);
                return Box::pin(async { Err(ProposeError::Unknown) });
            }
            Fortune::Fail => {
                state.lost.push(payload);
                return Box::pin(async { Err(ProposeError::Fatal("on purpose".into())) });
            }
            Fortune::Fence => {
                state.leader.node += 1;
                self.ready.send_replace(None);
                let outcome = state.commit(payload);
                return Box::pin(async move { Ok(outcome) });
            }
            Fortune::Hold => state.held.push_back((payload, sender)),
        }
        Box::pin(async move { receiver.await.unwrap_or(Err(ProposeError::Unknown)) })
    }

    fn ready(&self) -> ReadyReceiver {
        self.ready.subscribe()
    }

    fn may_lead(&self) -> bool {
        true
    }

    fn shortage(&self) -> Option<Arc<str>> {
        None
    }
}

/// A lane, its log, and what the tests do with them.
struct Bench {
    log: Arc<FakeLog>,
    shared: Arc<Shared>,
    lane: LaneHandle,
}

/// Longer than any test waits that is about something else.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(5);
const LABEL: LabelId = LabelId(0);
const KEY: KeyId = KeyId(0);

impl Bench {
    /// A leader in term 1, with a label, a key, and `nodes` nodes whose key is 0.
    async fn new(nodes: u64) -> Self {
        Self::with_uncommitted_max(nodes, 1 << 26).await
    }

    async fn with_uncommitted_max(nodes: u64, uncommitted_bytes_max: usize) -> Self {
        let bounds = Bounds { uncommitted_bytes_max, commit_timeout: COMMIT_TIMEOUT };
        let shared = Shared::new();
        let machine = Machine::new(Arc::clone(&shared), true);
        let state = LogState {
            machine,
            index: 0,
            leader: Leadership { term: 0, node: 1 },
            fortunes: VecDeque::new(),
            default: Fortune::Accept,
            held: VecDeque::new(),
            refused_late: Vec::new(),
            lost: Vec::new(),
            committed: Vec::new(),
        };
        let log = Arc::new(FakeLog { state: Mutex::new(state), ready: watch::Sender::new(None) });
        let log_of_lane = Arc::clone(&log) as Arc<dyn Log>;
        let lane = LaneHandle::start(log_of_lane, Arc::clone(&shared), bounds);
        let bench = Self { log, shared, lane };
        bench.elect(1, None);
        let set_up = bench.write(move |draft: &mut Draft| {
            let mut effects = vec![
                Effect::CreateToken { kind: TokenKind::Label, id: 0, name: Arc::from("L") },
                Effect::CreateToken { kind: TokenKind::PropertyKey, id: 0, name: Arc::from("k") },
            ];
            for id in 0..nodes {
                effects.push(create(NodeId(id), 0));
            }
            done(draft, ReadSet::default(), effects)
        });
        assert!(matches!(set_up.await, Reply::Answer(_)), "the graph is set up");
        bench
    }

    /// Another term begins: its first entry is committed, and with it what the old leader had appended, if `lost` says so.
    fn elect(&self, term: u64, lost: Option<bool>) {
        self.log.ready.send_replace(None);
        let mut state = self.log.state.lock();
        let mut appended = std::mem::take(&mut state.lost);
        for (payload, reply) in std::mem::take(&mut state.held) {
            appended.push(payload);
            drop(reply.send(Err(ProposeError::Unknown)));
        }
        if lost == Some(true) {
            for payload in appended {
                state.commit(payload);
            }
        }
        state.leader = Leadership { term, node: 1 };
        let (index, _) = state.commit(Bytes::new());
        let leader = state.leader;
        drop(state);
        self.log.ready.send_replace(Some((leader, index)));
    }

    fn set_default(&self, fortune: Fortune) {
        self.log.state.lock().default = fortune;
    }

    fn next(&self, fortunes: &[Fortune]) {
        self.log.state.lock().fortunes.extend(fortunes);
    }

    /// Tell of late refusals, and commit what is held, in order.
    fn release(&self) {
        let mut state = self.log.state.lock();
        for reply in std::mem::take(&mut state.refused_late) {
            drop(reply.send(Err(ProposeError::NoQuorum)));
        }
        while let Some((payload, reply)) = state.held.pop_front() {
            let outcome = state.commit(payload);
            drop(reply.send(Ok(outcome)));
        }
    }

    async fn until(&self, what: &str, condition: impl Fn(&LogState) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !condition(&self.log.state.lock()) {
            assert!(Instant::now() < deadline, "waited 10 s for {what}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn write(
        &self,
        script: impl Fn(&mut Draft) -> Result<Ran, Failed> + Send + Sync + 'static,
    ) -> Reply {
        self.lane.run(Kind::Write { statement: statement(script) }).await
    }

    async fn step(
        &self,
        transaction: Option<Box<Transaction>>,
        script: impl Fn(&mut Draft) -> Result<Ran, Failed> + Send + Sync + 'static,
    ) -> Result<Box<Transaction>, Refusal> {
        match self.lane.run(Kind::Step { statement: statement(script), transaction }).await {
            Reply::Repeated(_) => panic!("it has no key"),
            Reply::Answer(answer) => {
                assert!(answer.outcome.is_ok(), "the statement failed: {:?}", answer.outcome.err());
                Ok(answer.transaction.expect("a statement that succeeds gives its transaction back"))
            }
            Reply::Refused(refusal) => Err(refusal),
        }
    }

    async fn commit(&self, transaction: Box<Transaction>) -> Result<(), Refusal> {
        match self.lane.run(Kind::Commit { transaction, relay: None }).await {
            Reply::Answer(_) => Ok(()),
            Reply::Repeated(_) => panic!("it has no key"),
            Reply::Refused(refusal) => Err(refusal),
        }
    }

    fn counter(&self, node: u64) -> i64 {
        integer(&self.shared.published().view, NodeId(node))
    }

    /// A replica that only knows the log has the same graph, and the graph is sound.
    fn check_replica(&self) {
        let follower = Shared::new();
        let mut machine = Machine::new(Arc::clone(&follower), false);
        machine.apply(self.log.state.lock().committed.clone());
        let (here, there) = (self.shared.published(), follower.published());
        assert_eq!(here.view.transaction_number(), there.view.transaction_number());
        assert_eq!(
            here.view.fingerprint(),
            there.view.fingerprint(),
            "leader and follower differ at the same index"
        );
        here.view.verify().expect("the leader's graph is sound");
        assert_eq!(*self.shared.keys.lock(), *follower.keys.lock(), "leader and follower know other keys");
    }
}

fn statement(script: impl Fn(&mut Draft) -> Result<Ran, Failed> + Send + Sync + 'static) -> Arc<Statement> {
    let script: Script = Box::new(move |draft, _| script(draft));
    timed_statement(script)
}

fn timed_statement(script: Script) -> Arc<Statement> {
    Arc::new(plain_statement(script))
}

fn plain_statement(script: Script) -> Statement {
    Statement {
        program: Program::Script(script),
        parameters: Parameters::default(),
        memory_bytes_max: usize::MAX,
        deadline: None,
        cancel: CancelFlag::default(),
        transaction_ns: 0,
        procedures: Arc::new(NoProcedures),
        keys: Keys::default(),
        takes_key: false,
        digest: 0,
        fetched: crate::sources::Fetched::default(),
    }
}

struct NoProcedures;

impl Procedures for NoProcedures {
    fn call(
        &self,
        _: &str,
        _: &[Value],
        _: &[Arc<str>],
        _: &Graph,
    ) -> Option<Result<Vec<Vec<Value>>, ExecError>> {
        None
    }
}

/// Apply effects as a plan would.
fn done(draft: &mut Draft, reads: ReadSet, effects: Vec<Effect>) -> Result<Ran, Failed> {
    for effect in &effects {
        if let Err(error) = draft.apply(effect) {
            return Err(failed(ErrorKind::ConstraintViolation, &error.to_string()));
        }
    }
    Ok(Ran { effects, reads, ..Ran::default() })
}

fn failed(kind: ErrorKind, message: &str) -> Failed {
    let error =
        ExecError { kind, code: "", gql_status: "", error_type: "", detail: "", message: message.to_owned() };
    Failed { error, dirty: true }
}

fn create(id: NodeId, value: i64) -> Effect {
    Effect::CreateNode { id, labels: vec![LABEL], properties: vec![(KEY, Value::Integer(value))] }
}

fn integer(graph: &Graph, node: NodeId) -> i64 {
    match graph.node_property(node, KEY) {
        Value::Integer(integer) => integer,
        other => panic!("node {} has {other:?}, not an integer", node.0),
    }
}

fn reads(read: impl IntoIterator<Item = Read>) -> ReadSet {
    let mut set = ReadSet::default();
    read.into_iter().for_each(|read| set.add(read));
    set
}

/// `MATCH (n) WHERE id(n) = $node SET n.k = n.k + 1`.
fn increment(node: u64) -> impl Fn(&mut Draft) -> Result<Ran, Failed> + Send + Sync + 'static {
    move |draft| {
        let id = NodeId(node);
        let value = Value::Integer(integer(draft, id) + 1);
        done(draft, reads([Read::Node(id)]), vec![Effect::SetNodeProperty { id, key: KEY, value }])
    }
}

/// `CREATE (:L {k: $value})`.
fn create_node(value: i64) -> impl Fn(&mut Draft) -> Result<Ran, Failed> + Send + Sync + 'static {
    move |draft| {
        let id = draft.next_node_id();
        done(draft, ReadSet::default(), vec![create(id, value)])
    }
}

/// `MERGE (:L {k: $value})`.
fn merge(value: i64) -> impl Fn(&mut Draft) -> Result<Ran, Failed> + Send + Sync + 'static {
    move |draft| {
        let lookup = Lookup { keys: Arc::from([Arc::from("k")]), equal: vec![Value::Integer(value)] };
        let read = Read::Index { label: Arc::from("L"), lookup };
        let mut nodes = Vec::new();
        draft.nodes_with_label_from(LABEL, NodeId(0), usize::MAX, &mut nodes);
        let found = nodes.iter().any(|id| integer(draft, *id) == value);
        let effects = if found { Vec::new() } else { vec![create(draft.next_node_id(), value)] };
        done(draft, reads([read]), effects)
    }
}

fn answer(reply: Reply) -> Box<Answer> {
    match reply {
        Reply::Answer(answer) => answer,
        Reply::Repeated(_) => panic!("it has no key"),
        Reply::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}
