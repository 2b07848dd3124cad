//! The routing table that drivers ask for.

use std::sync::Arc;

use samyama_bolt::{Failure, RoutingTable};

use super::options::check_database;
use crate::database::{DATABASE_NAME, Database};
use crate::limits::ROUTING_TTL_SECONDS;

/// The leader writes, every voter reads, everybody routes. Answered from what this node knows, without asking anybody.
pub fn table(database: &Database, name: Option<&str>) -> Result<RoutingTable, Failure> {
    let system = check_database(name)?;
    let status = database.raft.status();
    let all: Vec<String> = status.members.iter().map(|member| member.address.bolt.clone()).collect();
    let readers =
        status.members.iter().filter(|member| member.voter).map(|member| member.address.bolt.clone());
    let leader = *database.raft.leader().borrow();
    let writers = status
        .members
        .iter()
        .filter(|member| Some(member.id) == leader)
        .map(|member| member.address.bolt.clone());
    Ok(RoutingTable {
        ttl_seconds: ROUTING_TTL_SECONDS,
        database: Arc::from(if system { "system" } else { DATABASE_NAME }),
        route: all,
        read: readers.collect(),
        write: writers.collect(),
    })
}
