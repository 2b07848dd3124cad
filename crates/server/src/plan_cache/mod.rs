//! Query text to plan, in front of Python.
//!
//! Two levels: the raw text (what drivers with parameters send, over and over), then the text with its literals cut out
//! (`strip.rs`), so that `{id: 1}` and `{id: 2}` share a plan. In front of both, each thread keeps what it ran lately, read
//! from the plan's document anew: running a plan counts references to it and to the names in it, and threads that count in
//! one place wait for each other. The key holds everything a plan depends on: text, type class
//! of each parameter, type of each literal, the epoch of the graph's indexes and rough size, and that of the procedures
//! which were defined on this node. One compilation per key at a time; errors are not cached, and they are made from the original text, so that their positions fit.

mod generations;
mod notifications;
mod strip;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;
use samyama_exec::{ErrorKind, NamePiece, Notification, Plan};
use samyama_graph::{Graph, Map, Value};
use tokio::sync::OnceCell;

use self::generations::Generations;
use crate::catalog;
use crate::frontend::{CompileError, CompileRequest, Planner};
use crate::limits::{THREAD_PLAN_KEY_BYTES_MAX, THREAD_PLANS_MAX, THREAD_PLANS_QUESTIONS};
use crate::shards::Sharded;

/// A plan and what this text adds to it. Handed about as one `Arc`, since whoever runs it counts references to it.
#[derive(Clone)]
pub struct Prepared {
    pub plan: Arc<Plan>,
    /// What the plan was read from.
    document: Arc<[u8]>,
    pub fields: Arc<[Arc<str>]>,
    /// Values of the literals that were cut out.
    pub literals: Arc<[Value]>,
    /// What the plan warns of, at its places in this text.
    pub notifications: Arc<[Notification]>,
    pub source: PlanSource,
}

impl Prepared {
    /// Without the warnings that this graph has made untrue.
    fn on(self: Arc<Self>, graph: &Graph) -> Arc<Self> {
        if self.notifications.is_empty() {
            return self;
        }
        let notifications = notifications::holding(&self.notifications, graph);
        if Arc::ptr_eq(&notifications, &self.notifications) {
            return self;
        }
        Arc::new(Self { notifications, ..(*self).clone() })
    }

    /// The same for one thread: nothing in it is counted by another, names in the plan included.
    fn apart(&self) -> Self {
        let plan = Plan::decode(&self.document).map_or_else(|_| Arc::clone(&self.plan), Arc::new);
        Self { plan, fields: self.fields.iter().map(Arc::clone).collect(), ..self.clone() }
    }
}

/// A plan and where its warnings stand, whatever the text.
#[derive(Clone)]
struct SharedPlan {
    plan: Arc<Plan>,
    document: Arc<[u8]>,
    places: Arc<[notifications::Place]>,
}

/// Whether a query found its plan or waited for Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanSource {
    Cached,
    Compiled,
}

/// Counters for `/metrics`.
#[derive(Default)]
pub struct PlanCacheMetrics {
    pub hits_raw: Sharded,
    pub hits_stripped: AtomicU64,
    pub misses: AtomicU64,
    pub compilations: AtomicU64,
    pub compile_errors: AtomicU64,
    pub compile_us: AtomicU64,
}

static CACHES: AtomicU64 = AtomicU64::new(0);

/// What the plans of all texts depend on: worked out once per change and thread, not per query.
#[derive(Default)]
struct Environment {
    /// Number of the cache, schema epoch, rough size and epoch of the procedures that the rest was made from.
    of: Option<[u64; 4]>,
    epoch: u64,
    /// As it stands in keys.
    text: String,
}

thread_local! {
    /// Where keys are put together that are only looked up.
    static KEY: RefCell<String> = const { RefCell::new(String::new()) };
    static ENVIRONMENT: RefCell<Environment> = RefCell::default();
}

/// What one thread has run lately, in front of what all share: no lock, and no count that another thread touches. Belongs
/// to the cache that the thread asked last, and is forgotten when it asks another.
#[derive(Default)]
struct Own {
    /// The number of that cache.
    of: Option<u64>,
    /// How often it was asked.
    questions: u32,
    plans: HashMap<Box<str>, Arc<Prepared>, FxBuildHasher>,
}

thread_local! {
    static OWN: RefCell<Own> = RefCell::default();
}

type Flight = Arc<OnceCell<Result<Arc<Prepared>, CompileError>>>;

pub struct PlanCache {
    planner: Planner,
    raw: Mutex<Generations<Box<str>, Arc<Prepared>>>,
    stripped: Mutex<Generations<Box<str>, SharedPlan>>,
    in_flight: Mutex<HashMap<Box<str>, Flight>>,
    /// Tells this cache from others of the process.
    number: u64,
    procedures: Mutex<Arc<[u8]>>,
    /// How often `procedures` were replaced.
    procedures_epoch: AtomicU64,
    pub metrics: PlanCacheMetrics,
}

impl PlanCache {
    pub fn new(planner: Planner, bytes_max: usize) -> Self {
        Self {
            planner,
            raw: Mutex::new(Generations::new(bytes_max / 2)),
            stripped: Mutex::new(Generations::new(bytes_max / 2)),
            in_flight: Mutex::default(),
            number: CACHES.fetch_add(1, Ordering::Relaxed),
            procedures: Mutex::new(Arc::from([])),
            procedures_epoch: AtomicU64::new(0),
            metrics: PlanCacheMetrics::default(),
        }
    }

    /// Replace the procedures that were defined on this node. Plans made with the old ones are not used again.
    pub fn define_procedures(&self, document: Arc<[u8]>) {
        *self.procedures.lock() = document;
        self.procedures_epoch.fetch_add(1, Ordering::Release);
    }

    /// The plan of a text that was asked before, just like this.
    pub fn remembered(&self, text: &Arc<str>, parameters: &Map, graph: &Graph) -> Option<Arc<Prepared>> {
        KEY.with_borrow_mut(|key| {
            key.clear();
            self.push_environment(key, parameters, graph);
            key.push_str(text);
            OWN.with_borrow_mut(|own| self.own(own, key))
        })
        .map(|prepared| prepared.on(graph))
    }

    /// The thread's own copy of a plan, made of the shared one if it has none yet.
    fn own(&self, own: &mut Own, key: &str) -> Option<Arc<Prepared>> {
        own.questions += 1;
        if own.of != Some(self.number) || own.questions >= THREAD_PLANS_QUESTIONS {
            *own = Own { of: Some(self.number), ..Own::default() };
        }
        if let Some(prepared) = own.plans.get(key) {
            self.metrics.hits_raw.add(1);
            return Some(Arc::clone(prepared));
        }
        let shared = self.raw.lock().get(key)?;
        self.metrics.hits_raw.add(1);
        // More texts than fit share: to read a plan anew for each run would cost more than all that it saves.
        if key.len() > THREAD_PLAN_KEY_BYTES_MAX || own.plans.len() >= THREAD_PLANS_MAX {
            return Some(shared);
        }
        let prepared = Arc::new(shared.apart());
        own.plans.insert(key.into(), Arc::clone(&prepared));
        Some(prepared)
    }

    /// The plan of a query on this graph.
    pub async fn prepare(
        &self,
        text: &Arc<str>,
        parameters: &Map,
        graph: &Graph,
    ) -> Result<Arc<Prepared>, CompileError> {
        let mut key = String::with_capacity(text.len() + 64);
        let epoch = self.push_environment(&mut key, parameters, graph);
        let environment = key.len();
        key.push_str(text);
        if let Some(prepared) = self.raw.lock().get(key.as_str()) {
            self.metrics.hits_raw.add(1);
            return Ok(prepared.on(graph));
        }
        let stripped = strip::strip(text);
        let mut stripped_key = String::with_capacity(environment + stripped.text.len());
        stripped_key.push_str(&key[..environment]);
        stripped_key.push_str(&stripped.text);
        if let Some(shared) = self.stripped.lock().get(stripped_key.as_str()) {
            self.metrics.hits_stripped.fetch_add(1, Ordering::Relaxed);
            let prepared = Arc::new(assemble(&shared, text, &stripped, PlanSource::Cached));
            self.remember_raw(key, &prepared);
            return Ok(prepared.on(graph));
        }
        self.metrics.misses.fetch_add(1, Ordering::Relaxed);
        self.compile_once(key, stripped_key, text, parameters, graph, epoch, stripped).await
    }

    /// Compile, or wait for the compilation of the same text that is under way.
    #[allow(clippy::too_many_arguments)]
    async fn compile_once(
        &self,
        key: String,
        stripped_key: String,
        text: &Arc<str>,
        parameters: &Map,
        graph: &Graph,
        epoch: u64,
        stripped: strip::Stripped,
    ) -> Result<Arc<Prepared>, CompileError> {
        let flight = Arc::clone(self.in_flight.lock().entry(key.as_str().into()).or_default());
        let result = flight
            .get_or_init(|| async {
                let (plan, document) = self.compile(text, &stripped, parameters, graph, epoch).await?;
                let places = notifications::places(plan.notifications(), &stripped.tokens);
                // Decoded, a plan takes several times its document, which is kept as well.
                let bytes = document.len() * 7;
                let shared = SharedPlan { plan, document, places };
                let prepared = Arc::new(assemble(&shared, text, &stripped, PlanSource::Compiled));
                if shared.plan.cacheable() {
                    self.stripped.lock().insert(
                        stripped_key.clone().into(),
                        shared,
                        bytes + stripped_key.len(),
                    );
                    self.remember_raw(key.clone(), &prepared);
                }
                Ok(prepared)
            })
            .await
            .clone();
        self.in_flight.lock().remove(key.as_str());
        result.map(|prepared| prepared.on(graph))
    }

    async fn compile(
        &self,
        text: &Arc<str>,
        stripped: &strip::Stripped,
        parameters: &Map,
        graph: &Graph,
        epoch: u64,
    ) -> Result<(Arc<Plan>, Arc<[u8]>), CompileError> {
        let started = std::time::Instant::now();
        let catalog =
            catalog::encode(graph, epoch).map_err(|error| CompileError::internal(error.to_string()))?;
        let request = CompileRequest {
            text: Arc::clone(text),
            literals: stripped.spans.clone(),
            parameter_types: parameters
                .iter()
                .map(|(name, value)| (Arc::clone(name), type_class(value)))
                .collect(),
            catalog: catalog.into(),
            procedures: Arc::clone(&self.procedures.lock()),
        };
        self.metrics.compilations.fetch_add(1, Ordering::Relaxed);
        let compiled = self.planner.compile(request).await;
        self.metrics.compile_us.fetch_add(started.elapsed().as_micros() as u64, Ordering::Relaxed);
        let decoded = compiled.and_then(|bytes| match Plan::decode(&bytes) {
            Ok(plan) => Ok((Arc::new(plan), bytes.into())),
            // A limit of plans that the query has run into, such as their depth.
            Err(error) if error.kind == ErrorKind::MemoryLimit => Err(CompileError {
                code: error.code.into(),
                gql_status: error.gql_status.into(),
                message: error.message.into(),
                ..CompileError::internal("")
            }),
            Err(error) => {
                Err(CompileError::internal(format!("the planner made a plan that cannot be read: {error}")))
            }
        });
        if decoded.is_err() {
            self.metrics.compile_errors.fetch_add(1, Ordering::Relaxed);
        }
        decoded
    }

    fn remember_raw(&self, key: String, prepared: &Prepared) {
        let bytes = key.len() + 64 + prepared.literals.len() * 48;
        let prepared = Prepared { source: PlanSource::Cached, ..prepared.clone() };
        self.raw.lock().insert(key.into(), Arc::new(prepared), bytes);
    }

    /// Compilations that wait for the planner's thread.
    pub fn planner_queue_length(&self) -> u64 {
        self.planner.queue_length()
    }

    pub fn bytes(&self) -> usize {
        self.raw.lock().bytes() + self.stripped.lock().bytes()
    }

    pub fn entries(&self) -> usize {
        self.raw.lock().len() + self.stripped.lock().len()
    }

    pub fn evictions(&self) -> u64 {
        self.raw.lock().evicted + self.stripped.lock().evicted
    }

    /// The part of a key that is not the text. Returns the epoch of the graph.
    fn push_environment(&self, key: &mut String, parameters: &Map, graph: &Graph) -> u64 {
        let procedures = self.procedures_epoch.load(Ordering::Acquire);
        let size = (64 - graph.node_count().leading_zeros()) / 3 * 64
            + (64 - graph.relationship_count().leading_zeros()) / 3;
        let of = [self.number, graph.schema_epoch(), u64::from(size), procedures];
        let epoch = ENVIRONMENT.with_borrow_mut(|known| {
            if known.of != Some(of) {
                let epoch = catalog::plan_epoch(graph);
                *known = Environment { of: Some(of), epoch, text: format!("{epoch:x}.{procedures:x}") };
            }
            key.push_str(&known.text);
            known.epoch
        });
        for (name, value) in parameters.iter() {
            key.push('\u{1}');
            key.push_str(name);
            key.push('\u{2}');
            key.push_str(type_class(value));
        }
        key.push('\u{0}');
        epoch
    }
}

/// The classes on which plans and static errors depend.
fn type_class(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL",
        Value::Boolean(_) => "BOOLEAN",
        Value::Integer(_) => "INTEGER",
        Value::Float(_) => "FLOAT",
        Value::String(_) => "STRING",
        Value::Bytes(_) => "BYTES",
        Value::List(_) => "LIST",
        Value::Map(_) => "MAP",
        Value::Node(_) => "NODE",
        Value::Relationship(_) => "RELATIONSHIP",
        Value::Path(_) => "PATH",
        Value::Date(_) => "DATE",
        Value::LocalTime(_) => "LOCAL TIME",
        Value::Time(_) => "ZONED TIME",
        Value::LocalDateTime(_) => "LOCAL DATETIME",
        Value::DateTime(_) => "ZONED DATETIME",
        Value::Duration(_) => "DURATION",
        Value::Point(_) => "POINT",
    }
}

fn assemble(shared: &SharedPlan, text: &str, stripped: &strip::Stripped, source: PlanSource) -> Prepared {
    let (plan, document) = (Arc::clone(&shared.plan), Arc::clone(&shared.document));
    let notifications = notifications::placed(plan.notifications(), &shared.places, text, &stripped.tokens);
    let fields = plan.columns().iter().map(|pieces| column_name(pieces, text, stripped)).collect();
    Prepared { plan, document, fields, literals: stripped.values.clone().into(), notifications, source }
}

/// A column is named by the text of its expression, literals as they stand in this very query.
fn column_name(pieces: &[NamePiece], text: &str, stripped: &strip::Stripped) -> Arc<str> {
    if let [NamePiece::Text(name)] = pieces {
        return Arc::clone(name);
    }
    let mut name = String::new();
    for piece in pieces {
        match piece {
            NamePiece::Text(text) => name.push_str(text),
            NamePiece::Literal(i) => {
                name.push_str(
                    stripped
                        .byte_spans
                        .get(*i)
                        .and_then(|(start, end)| text.get(*start..*end))
                        .unwrap_or_default(),
                );
            }
        }
    }
    name.into()
}
