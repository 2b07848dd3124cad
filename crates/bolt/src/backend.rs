//! What a Bolt server needs from the database behind it. Implemented by `crates/server`; by a table of replies in tests.

use std::collections::{BTreeMap, btree_map};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use samyama_graph::{Map, NodeId, RelationshipId, Value};

/// A failure as it goes to the client. `gql_status`, message and description are mandatory from 5.7 on.
#[derive(Clone, Debug)]
pub struct Failure {
    pub code: String,
    pub gql_status: String,
    pub message: String,
    /// Extra keys of the diagnostic record: `_error_type`, `_phase`, `_detail`, `_position`, `_classification`.
    pub diagnostics: Map,
}

#[derive(Clone, Debug)]
pub struct ConnectionInfo {
    pub peer: Option<SocketAddr>,
    pub version: (u8, u8),
    /// Whether datetimes travel with UTC seconds: always from 5.0 on, in 4.4 when the client asked for it.
    /// One that forwards records raw opens its own connection with the same version and the same answer here.
    pub utc_datetimes: bool,
    pub user_agent: Arc<str>,
    /// The client's routing context; None for `bolt://`.
    pub routing: Option<Arc<Map>>,
    /// Set when another node forwards for a client: its principal travels here.
    pub forwarded_by: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Auth {
    pub scheme: Arc<str>,
    pub principal: Option<Arc<str>>,
    pub credentials: Option<Arc<str>>,
}

/// The `extra` map of BEGIN and of an auto-commit RUN.
#[derive(Clone, Debug, Default)]
pub struct TransactionOptions {
    pub bookmarks: Vec<Arc<str>>,
    pub timeout_ms: Option<u64>,
    pub metadata: Arc<Map>,
    pub read_only: bool,
    pub database: Option<Arc<str>>,
    pub impersonated_user: Option<Arc<str>>,
    pub notifications_minimum_severity: Option<Arc<str>>,
    pub notifications_disabled: Vec<Arc<str>>,
    /// What a member that relays for a client adds on its own account. Null from anybody else.
    pub relay: Value,
}

/// An auto-commit statement that has arrived behind others.
#[derive(Clone, Debug)]
pub struct Announced {
    pub query: Arc<str>,
    pub parameters: Arc<Map>,
    pub options: TransactionOptions,
}

#[derive(Clone, Debug)]
pub struct RunReply {
    pub fields: Arc<[Arc<str>]>,
    /// Inside an explicit transaction only.
    pub qid: Option<i64>,
    /// Other keys of RUN's SUCCESS (`t_first`, `db`).
    pub extra: Map,
}

#[derive(Clone, Debug)]
pub enum PullReply {
    HasMore,
    /// Everything of the last SUCCESS: `type`, `stats`, `bookmark`, `db`, `t_last`, `statuses`, `notifications`, `plan`...
    /// The server half writes `statuses` or `notifications` as the version asks: the backend gives both forms ready.
    Done(Map),
}

#[derive(Clone, Debug)]
pub struct CommitReply {
    pub bookmark: Arc<str>,
}

#[derive(Clone, Debug)]
pub struct RoutingTable {
    pub ttl_seconds: i64,
    pub database: Arc<str>,
    pub route: Vec<String>,
    pub read: Vec<String>,
    pub write: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct NodeRecord {
    pub labels: Vec<Arc<str>>,
    pub properties: Vec<(Arc<str>, Value)>,
}

#[derive(Clone, Debug)]
pub struct RelationshipRecord {
    pub start: NodeId,
    pub end: NodeId,
    pub type_name: Arc<str>,
    pub properties: Vec<(Arc<str>, Value)>,
}

/// The entities that values refer to, each as it was when it was first noted.
#[derive(Clone, Debug, Default)]
pub struct EntityRecords {
    pub nodes: BTreeMap<NodeId, NodeRecord>,
    pub relationships: BTreeMap<RelationshipId, RelationshipRecord>,
}

impl EntityRecords {
    /// Take down every entity that a value refers to.
    pub fn note(&mut self, value: &Value, entities: &dyn Entities) {
        match value {
            Value::Node(id) => self.note_node(*id, entities),
            Value::Relationship(id) => self.note_relationship(*id, entities),
            Value::Path(path) => {
                self.note_node(path.start, entities);
                for step in &path.steps {
                    self.note_relationship(step.relationship, entities);
                    self.note_node(step.node, entities);
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.note(item, entities)),
            Value::Map(map) => map.iter().for_each(|(_, item)| self.note(item, entities)),
            _ => {}
        }
    }

    fn note_node(&mut self, id: NodeId, entities: &dyn Entities) {
        self.nodes.entry(id).or_insert_with(|| entities.node(id));
    }

    fn note_relationship(&mut self, id: RelationshipId, entities: &dyn Entities) {
        if let btree_map::Entry::Vacant(place) = self.relationships.entry(id)
            && let Some(record) = entities.relationship(id)
        {
            place.insert(record);
        }
    }
}

/// Looks up the entities that result values refer to, in the graph the result was computed on. What was deleted is empty.
pub trait Entities {
    fn node(&self, id: NodeId) -> NodeRecord;
    fn relationship(&self, id: RelationshipId) -> Option<RelationshipRecord>;
    /// `4:<database uuid>:` and `5:<database uuid>:` go in front of the ids.
    fn database_uuid(&self) -> &str;
}

/// Where a backend puts records: encoded at once into the connection's buffer.
pub trait Records: Send {
    fn record(&mut self, values: &[Value], entities: &dyn Entities);
    /// A record that is PackStream already (forwarded from another node): the encoded list of values.
    fn raw(&mut self, record: &[u8]);
    /// Send what is buffered if it is much; waits while the client does not read (back-pressure).
    fn flush_if_full(&mut self) -> impl Future<Output = std::io::Result<()>> + Send;
}

/// One per server.
pub trait Backend: Send + Sync + 'static {
    type Session: Session;

    fn connect(&self, info: ConnectionInfo) -> Self::Session;

    fn route(
        &self,
        routing: &Map,
        bookmarks: &[Arc<str>],
        database: Option<&str>,
    ) -> impl Future<Output = Result<RoutingTable, Failure>> + Send;
}

/// One per connection. Calls come one after the other, except [`Session::interrupter`]'s.
pub trait Session: Send + 'static {
    fn authenticate(&mut self, auth: Auth) -> impl Future<Output = Result<(), Failure>> + Send;
    fn begin(&mut self, options: TransactionOptions) -> impl Future<Output = Result<Map, Failure>> + Send;
    /// `options` is None inside an explicit transaction. Compiles; a write starts with the first pull.
    fn run(
        &mut self,
        query: Arc<str>,
        parameters: Arc<Map>,
        options: Option<TransactionOptions>,
    ) -> impl Future<Output = Result<RunReply, Failure>> + Send;
    /// At most `n` records (None = all) of result `qid` (None = the last one). `discard` runs to the end, sends nothing.
    fn pull<R: Records>(
        &mut self,
        qid: Option<i64>,
        n: Option<u64>,
        discard: bool,
        records: &mut R,
    ) -> impl Future<Output = Result<PullReply, Failure>> + Send;
    /// Auto-commit statements that stand behind the one that is pulled next, each followed by its own PULL or DISCARD. They
    /// come by `run` and `pull` one after the other, with the very same `query` and `parameters`, unless something fails
    /// before. A backend may begin them early, as long as none takes effect whose predecessor has not.
    fn announce(&mut self, _ahead: Vec<Announced>) {}
    /// Whether it is of use to [`Session::announce`] before the next pull. Asked anew for each.
    fn looks_ahead(&self) -> bool {
        true
    }
    /// `relay` as in [`TransactionOptions::relay`].
    fn commit(&mut self, relay: Value) -> impl Future<Output = Result<CommitReply, Failure>> + Send;
    fn rollback(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Drop every result and transaction; must be cheap and cannot fail. Also called after any failure.
    fn reset(&mut self) -> impl Future<Output = ()> + Send;
    /// Called by the reading half when RESET arrives or the connection is gone, while another call may be running:
    /// that call must end soon, with [`Failure::terminated`] if it did not get through. The client is then answered
    /// IGNORED; any other outcome, success or failure, is reported as it is.
    fn interrupter(&self) -> Arc<dyn Fn() + Send + Sync>;
    /// Whether results are open (TX_STREAMING) is tracked by the server half; LOGOFF drops all that belongs to the user.
    fn logoff(&mut self);
}
