//! Who is connected to this node and what they are doing: for SHOW TRANSACTIONS, TERMINATE TRANSACTIONS, dbms.listConnections.
//!
//! Each session holds a [`Presence`]; what runs on it is noted there under a lock of its own, so that sessions do not wait
//! for each other. Only of this node: a statement that was relayed to the leader is listed here and, as the relaying node's, there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use samyama_bolt::ConnectionInfo;
use samyama_graph::{Map, Value};

use crate::engine::now_ns;
use crate::session::Interrupt;

#[derive(Default)]
pub struct Registry {
    next_connection: AtomicU64,
    next_transaction: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Doing>>>,
}

/// What one session does.
struct Doing {
    connection: u64,
    info: Arc<ConnectionInfo>,
    connected_ns: i128,
    interrupt: Arc<Interrupt>,
    current: Mutex<Option<Current>>,
    /// Numbers that the registry has given to this session for its next transactions.
    numbers: Mutex<Range<u64>>,
}

/// Numbers that a session takes at a time: cores that draw each from one place wait for each other.
const NUMBERS_TAKEN: u64 = 64;

struct Current {
    number: u64,
    query: Arc<str>,
    queries: u64,
    began_ns: i128,
    metadata: Arc<Map>,
    is_explicit: bool,
    is_terminated: bool,
}

/// A session's place in the registry; given up when dropped.
pub struct Presence {
    registry: Arc<Registry>,
    doing: Arc<Doing>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.registry.open.lock().remove(&self.doing.connection);
    }
}

impl Presence {
    /// An explicit transaction begins.
    pub fn begin(&self, metadata: &Arc<Map>) {
        let current = self.registry.current(&self.doing, Arc::from(""), Some(metadata), true);
        *self.doing.current.lock() = Some(current);
    }

    /// A statement begins: part of the open transaction, or one of its own.
    pub fn run(&self, query: &Arc<str>, metadata: Option<&Arc<Map>>) {
        let mut current = self.doing.current.lock();
        match &mut *current {
            Some(current) if current.is_explicit => {
                current.query = Arc::clone(query);
                current.queries += 1;
            }
            _ => {
                *current = Some(self.registry.current(&self.doing, Arc::clone(query), metadata, false));
            }
        }
    }

    /// The transaction is over, or the statement, if it was one of its own.
    pub fn end(&self, transaction: bool) {
        let mut current = self.doing.current.lock();
        if let Some(ended) = current.take_if(|current| transaction || !current.is_explicit)
            && ended.is_terminated
        {
            // It came too late: what runs next on this connection is not meant.
            self.doing.interrupt.clear();
        }
    }
}

fn transaction_id(number: u64) -> String {
    format!("neo4j-transaction-{number}")
}

type Row = Vec<(&'static str, Value)>;

impl Registry {
    pub fn enter(self: &Arc<Self>, info: Arc<ConnectionInfo>, interrupt: Arc<Interrupt>) -> Presence {
        let connection = self.next_connection.fetch_add(1, Ordering::Relaxed) + 1;
        let (current, numbers) = (Mutex::default(), Mutex::default());
        let doing = Doing { connection, info, connected_ns: now_ns(), interrupt, current, numbers };
        let doing = Arc::new(doing);
        self.open.lock().insert(connection, Arc::clone(&doing));
        Presence { registry: Arc::clone(self), doing }
    }

    /// The number of a session's next transaction: no other has it, and a session's own grow.
    fn number(&self, numbers: &mut Range<u64>) -> u64 {
        numbers.next().unwrap_or_else(|| {
            let first = self.next_transaction.fetch_add(NUMBERS_TAKEN, Ordering::Relaxed) + 1;
            *numbers = first + 1..first + NUMBERS_TAKEN;
            first
        })
    }

    fn current(
        &self,
        doing: &Doing,
        query: Arc<str>,
        metadata: Option<&Arc<Map>>,
        is_explicit: bool,
    ) -> Current {
        Current {
            number: self.number(&mut doing.numbers.lock()),
            query,
            queries: 1,
            began_ns: now_ns(),
            metadata: metadata.cloned().unwrap_or_default(),
            is_explicit,
            is_terminated: false,
        }
    }

    fn sessions(&self) -> Vec<Arc<Doing>> {
        self.open.lock().values().cloned().collect()
    }

    /// Clients of this node that wait for something, or have a transaction open. What other members relay does not count:
    /// they can go on elsewhere.
    pub fn busy_clients(&self) -> usize {
        let is_busy =
            |doing: &Arc<Doing>| doing.info.forwarded_by.is_none() && doing.current.lock().is_some();
        self.sessions().iter().filter(|doing| is_busy(doing)).count()
    }

    pub fn transactions(&self) -> Vec<Row> {
        let now = now_ns();
        let row = |doing: &Arc<Doing>| {
            let current = doing.current.lock();
            let current = current.as_ref()?;
            let id = transaction_id(current.number);
            let status = if current.is_terminated { "Terminated" } else { "Running" };
            Some(vec![
                ("currentQueryId", Value::from(format!("{id}-query-{}", current.queries))),
                ("transactionId", id.into()),
                ("connectionId", connection_id(doing).into()),
                ("clientAddress", client_address(doing).into()),
                ("username", "".into()),
                ("currentQuery", Value::String(Arc::clone(&current.query))),
                ("startMillis", Value::Integer((current.began_ns / 1_000_000) as i64)),
                ("elapsedMillis", Value::Integer(((now - current.began_ns) / 1_000_000) as i64)),
                ("status", status.into()),
                ("metaData", Value::Map(Arc::clone(&current.metadata))),
            ])
        };
        self.sessions().iter().filter_map(row).collect()
    }

    pub fn connections(&self) -> Vec<Row> {
        let row = |doing: &Arc<Doing>| {
            vec![
                ("connectionId", Value::from(connection_id(doing))),
                ("connectMillis", Value::Integer((doing.connected_ns / 1_000_000) as i64)),
                ("connector", if doing.info.peer.is_some() { "bolt" } else { "embedded" }.into()),
                ("username", "".into()),
                ("userAgent", Value::String(Arc::clone(&doing.info.user_agent))),
                ("clientAddress", client_address(doing).into()),
            ]
        };
        self.sessions().iter().map(row).collect()
    }

    /// End these transactions, and say of each what came of it.
    pub fn terminate(&self, ids: &[Value]) -> Vec<Row> {
        let sessions = self.sessions();
        let end = |id: &Value| {
            let Value::String(id) = id else { return (id.clone(), "A transaction id is a text.") };
            for doing in &sessions {
                let mut current = doing.current.lock();
                if let Some(current) = current.as_mut().filter(|c| transaction_id(c.number) == id.as_ref()) {
                    current.is_terminated = true;
                    doing.interrupt.raise();
                    return (Value::String(Arc::clone(id)), "Transaction terminated.");
                }
            }
            (Value::String(Arc::clone(id)), "Transaction not found.")
        };
        let row = |(id, message): (Value, &'static str)| {
            vec![("transactionId", id), ("username", Value::Null), ("message", message.into())]
        };
        ids.iter().map(end).map(row).collect()
    }
}

fn connection_id(doing: &Doing) -> String {
    format!("bolt-{}", doing.connection)
}

fn client_address(doing: &Doing) -> String {
    doing.info.peer.map(|peer| peer.to_string()).unwrap_or_default()
}
