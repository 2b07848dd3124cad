//! An open result: rows that are there already, or that a pool thread is still making.

use std::collections::VecDeque;
use std::sync::Arc;

use samyama_bolt::packstream::{NoEntities, write_record};
use samyama_bolt::{Dialect, Entities, NodeRecord, Records, RelationshipRecord};
use samyama_exec::{Batch, ExecError, schema_graph};
use samyama_graph::{Graph, NodeId, RelationshipId, Value, View};
use tokio::sync::mpsc;

use crate::answer::Recalled;
use crate::database::Database;
use crate::engine::{self, ReadDone, Statement, Stay};
use crate::forward::Seen;
use crate::limits::{INLINE_READ_BUDGET, INLINE_READ_ROWS_MAX, STREAM_BATCHES_MAX};

/// What a pool thread sends.
pub enum Piece {
    Rows(Batch),
    End(Result<ReadDone, ExecError>),
}

/// The rows of a result.
pub struct Rows {
    ready: VecDeque<Batch>,
    /// Rows of the first batch that are gone already.
    skip: usize,
    stream: Option<mpsc::Receiver<Piece>>,
    /// There are rows, and they cannot be given.
    pub are_missing: bool,
    /// Rows that a client got from elsewhere, and that are not given again.
    sent_before: u64,
    source: Source,
    pub profile: Option<Value>,
    pub any: bool,
}

/// What entities are looked up in.
enum Source {
    /// There are none.
    Nothing,
    Graph {
        view: View,
        uuid: Arc<str>,
    },
    Recalled(Recalled),
}

impl Source {
    fn with<T>(&self, work: impl FnOnce(&dyn Entities) -> T) -> T {
        match self {
            Source::Nothing => work(&NoEntities),
            Source::Graph { view, uuid } => work(&GraphEntities { graph: view, uuid }),
            Source::Recalled(recalled) => work(recalled),
        }
    }
}

impl Rows {
    pub fn buffered(batches: Vec<Batch>, view: View, uuid: Arc<str>) -> Self {
        Self::of(batches.into(), Source::Graph { view, uuid })
    }

    /// Rows that were given before. None: they are not kept.
    pub fn recalled(rows: Option<Batch>, recalled: Recalled) -> Self {
        let are_missing = rows.is_none();
        Self { are_missing, ..Self::of(rows.into_iter().collect(), Source::Recalled(recalled)) }
    }

    fn of(ready: VecDeque<Batch>, source: Source) -> Self {
        Self {
            ready,
            skip: 0,
            stream: None,
            are_missing: false,
            sent_before: 0,
            source,
            profile: None,
            any: false,
        }
    }

    /// Leave out the rows that a client has. False: these are not they. Only for rows that are all here.
    pub fn skip(&mut self, has: Seen, dialect: Dialect) -> bool {
        let (mut seen, mut bytes) = (Seen::default(), Vec::new());
        while seen.count < has.count {
            let Some(batch) = self.ready.front().filter(|_| !self.are_missing) else { return false };
            if self.skip >= batch.rows {
                self.skip = 0;
                self.ready.pop_front();
                continue;
            }
            bytes.clear();
            let row = batch.row(self.skip);
            let written = self.source.with(|entities| write_record(&mut bytes, row, dialect, entities));
            if written.is_err() {
                return false;
            }
            seen.note(&bytes);
            self.skip += 1;
        }
        self.any |= has.count > 0;
        self.sent_before = has.count;
        seen == has
    }

    /// Rows that a client got from elsewhere.
    pub fn sent_before(&self) -> u64 {
        self.sent_before
    }

    /// All rows have been given. Only for rows that are all here.
    pub fn is_over(&self) -> bool {
        self.ready.iter().map(|batch| batch.rows).sum::<usize>() <= self.skip
    }

    /// Hand on at most `n` rows. True: there are more.
    pub async fn emit<R: Records>(
        &mut self,
        n: Option<u64>,
        discard: bool,
        records: &mut R,
    ) -> Result<bool, ExecError> {
        let mut left = n.unwrap_or(u64::MAX);
        loop {
            let Some(batch) = self.ready.front() else {
                if self.fill().await? { continue } else { return Ok(false) }
            };
            if self.skip >= batch.rows {
                self.skip = 0;
                self.ready.pop_front();
                continue;
            }
            if left == 0 {
                return Ok(true);
            }
            let end = batch.rows.min(self.skip.saturating_add(usize::try_from(left).unwrap_or(usize::MAX)));
            if !discard {
                self.source.with(|entities| {
                    (self.skip..end).for_each(|row| records.record(batch.row(row), entities));
                });
            }
            self.any = true;
            left -= (end - self.skip) as u64;
            self.skip = end;
            if !discard {
                // A client that has gone is noticed by the server half.
                drop(records.flush_if_full().await);
            }
        }
    }

    /// Get the next batch from the pool. False: there is none.
    async fn fill(&mut self) -> Result<bool, ExecError> {
        let Some(stream) = &mut self.stream else { return Ok(false) };
        match stream.recv().await {
            Some(Piece::Rows(batch)) => {
                self.ready.push_back(batch);
                Ok(true)
            }
            Some(Piece::End(end)) => {
                self.stream = None;
                self.profile = end?.profile;
                Ok(false)
            }
            None => {
                self.stream = None;
                Err(pool_died())
            }
        }
    }
}

fn pool_died() -> ExecError {
    ExecError {
        kind: samyama_exec::ErrorKind::Internal,
        code: "Neo.DatabaseError.Statement.ExecutionFailed",
        gql_status: "50N00",
        error_type: "",
        detail: "",
        message: "the thread that ran the query has ended; this is a bug, the node's log says more".into(),
    }
}

/// What came of a read that was to be short.
pub enum Short {
    Done(Rows),
    /// It is not: nothing of it has been seen.
    Long,
}

/// Run a read to its end on this thread, unless it takes long or has many rows.
pub fn read_here(database: &Database, statement: &Statement, view: &View) -> Result<Short, ExecError> {
    let mut batches = VecDeque::new();
    let mut rows = 0;
    let budget = std::time::Instant::now() + INLINE_READ_BUDGET;
    let ran = engine::run_read(statement, view, Stay::Until(budget), |batch| {
        rows += batch.rows;
        batches.push_back(batch);
        rows <= INLINE_READ_ROWS_MAX
    });
    match ran {
        Ok(done) if rows <= INLINE_READ_ROWS_MAX => {
            let has_entities = |batch: &Batch| batch.values.iter().any(engine::has_entities);
            let source = if batches.iter().any(has_entities) {
                Source::Graph { view: view.clone(), uuid: Arc::clone(&database.uuid) }
            } else {
                Source::Nothing
            };
            Ok(Short::Done(Rows { profile: done.profile, ..Rows::of(batches, source) }))
        }
        Ok(_) => Ok(Short::Long),
        Err(error) if engine::is_budget_spent(&error) => Ok(Short::Long),
        Err(error) => Err(error),
    }
}

/// Run a read on a view: here if it is short, else on the pool.
pub async fn read(
    database: &Arc<Database>,
    statement: Arc<Statement>,
    view: View,
) -> Result<Rows, ExecError> {
    match read_here(database, &statement, &view)? {
        Short::Done(rows) => Ok(rows),
        Short::Long => read_on_pool(database, statement, view).await,
    }
}

/// Run a read where it delays nobody, from the start.
pub async fn read_on_pool(
    database: &Arc<Database>,
    statement: Arc<Statement>,
    view: View,
) -> Result<Rows, ExecError> {
    let uuid = Arc::clone(&database.uuid);
    let permit = Arc::clone(&database.pool).acquire_owned().await.map_err(|_| pool_died())?;
    let (sender, receiver) = mpsc::channel(STREAM_BATCHES_MAX);
    let pool_view = view.clone();
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let end = engine::run_read(&statement, &pool_view, Stay::Apart, |batch| {
            sender.blocking_send(Piece::Rows(batch)).is_ok()
        });
        // A reader that has gone needs no end.
        drop(sender.blocking_send(Piece::End(end)));
    });
    Ok(Rows { stream: Some(receiver), ..Rows::buffered(Vec::new(), view, uuid) })
}

/// Looks entities up in the graph that the result was computed on.
pub struct GraphEntities<'a> {
    pub graph: &'a Graph,
    pub uuid: &'a str,
}

impl Entities for GraphEntities<'_> {
    fn node(&self, id: NodeId) -> NodeRecord {
        if let Some(label) = id.as_label() {
            let properties = schema_graph::node_properties(self.graph, label);
            return NodeRecord { labels: vec![Arc::clone(self.graph.label_name(label))], properties };
        }
        let labels = self.graph.labels(id).map(|label| Arc::clone(self.graph.label_name(label)));
        let properties = self
            .graph
            .node_properties(id)
            .map(|(key, value)| (Arc::clone(self.graph.property_key_name(key)), value));
        NodeRecord { labels: labels.collect(), properties: properties.collect() }
    }

    fn relationship(&self, id: RelationshipId) -> Option<RelationshipRecord> {
        if let Some((start, type_id, end)) = id.as_pattern() {
            let properties = schema_graph::relationship_properties(self.graph, start, type_id);
            let type_name = Arc::clone(self.graph.relationship_type_name(type_id));
            let (start, end) = (NodeId::of_label(start), NodeId::of_label(end));
            return Some(RelationshipRecord { start, end, type_name, properties });
        }
        let ends = self.graph.relationship(id)?;
        let properties = self
            .graph
            .relationship_properties(id)
            .map(|(key, value)| (Arc::clone(self.graph.property_key_name(key)), value));
        Some(RelationshipRecord {
            start: ends.start,
            end: ends.end,
            type_name: Arc::clone(self.graph.relationship_type_name(ends.type_id)),
            properties: properties.collect(),
        })
    }

    fn database_uuid(&self) -> &str {
        self.uuid
    }
}
