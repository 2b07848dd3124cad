//! Where sessions come from: one a connection.

use std::sync::Arc;

use samyama_bolt::{Backend, ConnectionInfo, Failure, RoutingTable};
use samyama_graph::Map;

use super::ahead::Ahead;
use super::interrupt::Interrupt;
use super::results::Results;
use super::{BoltSession, failures, routing};
use crate::database::Database;
use crate::forward::Relays;

/// The whole server side of Bolt.
pub struct BoltBackend {
    pub database: Arc<Database>,
    pub relays: Arc<Relays>,
}

impl Backend for BoltBackend {
    type Session = BoltSession;

    fn connect(&self, info: ConnectionInfo) -> BoltSession {
        let (info, interrupt) = (Arc::new(info), Arc::new(Interrupt::default()));
        BoltSession {
            presence: self.database.registry.enter(Arc::clone(&info), Arc::clone(&interrupt)),
            procedures: Arc::new(Arc::clone(&self.database.procedures)),
            database: Arc::clone(&self.database),
            relays: Arc::clone(&self.relays),
            info,
            interrupt,
            open: None,
            results: Results::default(),
            next_qid: 0,
            ahead: Ahead::default(),
        }
    }

    async fn route(
        &self,
        _routing: &Map,
        _bookmarks: &[Arc<str>],
        database: Option<&str>,
    ) -> Result<RoutingTable, Failure> {
        failures::check_member(&self.database)?;
        routing::table(&self.database, database)
    }
}
