//! Procedures that only a server can answer: about the cluster, the program and the session.

use std::sync::Arc;

use samyama_exec::{ExecError, Patience, Procedures};
use samyama_graph::{Graph, Value};

use crate::consensus::Consensus;
use crate::database::DATABASE_NAME;
use crate::http::role_name;
use crate::registry::Registry;
use crate::sources::Sources;

pub struct ServerProcedures {
    raft: Consensus,
    uuid: Arc<str>,
    settings: Vec<(String, String)>,
    registry: Arc<Registry>,
    sources: Sources,
}

impl ServerProcedures {
    pub fn new(
        raft: Consensus,
        settings: Vec<(String, String)>,
        registry: Arc<Registry>,
        sources: Sources,
    ) -> Self {
        let uuid = raft.status().cluster_id.into();
        Self { raft, uuid, settings, registry, sources }
    }

    /// All columns of a procedure's rows, by name; None if it is not one of these.
    fn rows(&self, name: &str, arguments: &[Value]) -> Option<Vec<Vec<(&'static str, Value)>>> {
        match name {
            "db.ping" => Some(vec![vec![("success", Value::Boolean(true))]]),
            // A compatibility string: tools switch syntax on it. The real version is samyama.version's.
            "dbms.components" => Some(vec![vec![
                ("name", "Neo4j Kernel".into()),
                ("versions", vec![Value::from("5.26.0")].into()),
                ("edition", "community".into()),
            ]]),
            "samyama.version" => Some(vec![vec![("version", env!("CARGO_PKG_VERSION").into())]]),
            "db.info" => {
                let id = self.raft.status().cluster_id;
                Some(vec![vec![
                    ("id", id.into()),
                    ("name", DATABASE_NAME.into()),
                    ("creationDate", Value::from("")),
                ]])
            }
            "samyama.cluster" => Some(self.members()),
            "samyama.settings" => Some(
                self.settings
                    .iter()
                    .map(|(name, value)| vec![("name", name.clone().into()), ("value", value.clone().into())])
                    .collect(),
            ),
            "samyama.transactions" => Some(self.registry.transactions()),
            "samyama.connections" => Some(self.registry.connections()),
            "samyama.terminate" => {
                let Some(Value::List(ids)) = arguments.first() else { return Some(Vec::new()) };
                Some(self.registry.terminate(ids))
            }
            _ => None,
        }
    }

    fn members(&self) -> Vec<Vec<(&'static str, Value)>> {
        let status = self.raft.status();
        let role = |id: u64| match status.leader {
            _ if id == status.id => role_name(status.role),
            Some(leader) if leader == id => "leader",
            _ => "follower",
        };
        let members = status.members.iter().map(|member| {
            vec![
                ("id", Value::Integer(member.id as i64)),
                ("bolt", member.address.bolt.clone().into()),
                ("http", member.address.http.clone().into()),
                ("role", role(member.id).into()),
                ("voter", member.voter.into()),
            ]
        });
        members.collect()
    }
}

impl Procedures for ServerProcedures {
    fn database_uuid(&self) -> Arc<str> {
        Arc::clone(&self.uuid)
    }

    fn open_csv(&self, url: &str, patience: &Patience) -> Result<Box<dyn std::io::Read + Send>, ExecError> {
        self.sources.open(url, patience)
    }

    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        columns: &[Arc<str>],
        _graph: &Graph,
    ) -> Option<Result<Vec<Vec<Value>>, ExecError>> {
        let rows = self.rows(&name.to_ascii_lowercase(), arguments)?;
        let pick = |row: &Vec<(&'static str, Value)>, column: &Arc<str>| {
            row.iter()
                .find(|(name, _)| *name == column.as_ref())
                .map_or(Value::Null, |(_, value)| value.clone())
        };
        Some(Ok(rows.iter().map(|row| columns.iter().map(|column| pick(row, column)).collect()).collect()))
    }
}
