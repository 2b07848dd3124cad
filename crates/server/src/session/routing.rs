//! The routing table that drivers ask for.

use std::sync::Arc;

use samyama_bolt::{Failure, RoutingTable};

use super::options::check_database;
use crate::database::{DATABASE_NAME, Database};
use crate::limits::ROUTING_TTL_SECONDS;

/// Every voter reads and takes writes, everybody routes. Answered from what this node knows, without asking anybody.
///
/// Why not the leader alone for writes: `docs/decisions/0508-every-voter-takes-writes.md`.
pub fn table(database: &Database, name: Option<&str>) -> Result<RoutingTable, Failure> {
    let system = check_database(name)?;
    let status = database.raft.status();
    // One that is being stopped does not list itself, as long as there are others.
    let leaves = |id| database.is_stopping() && id == status.id && status.members.len() > 1;
    let members = || status.members.iter().filter(|member| !leaves(member.id));
    let all: Vec<String> = members().map(|member| member.address.bolt.clone()).collect();
    let voters = || members().filter(|member| member.voter);
    let read = voters().map(|member| member.address.bolt.clone()).collect();
    // The leader first: who takes the first one, as our own commands do, saves a hop. Drivers choose among all.
    let mut write: Vec<_> = voters().collect();
    write.sort_by_key(|member| Some(member.id) != status.leader);
    let write = write.into_iter().map(|member| member.address.bolt.clone()).collect();
    Ok(RoutingTable {
        ttl_seconds: ROUTING_TTL_SECONDS,
        database: Arc::from(if system { "system" } else { DATABASE_NAME }),
        route: all,
        read,
        write,
    })
}
