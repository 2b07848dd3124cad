//! The way of a write through consensus, for PROFILE: what a client would have to ask `/log/INDEX` of the leader for.

use std::sync::Arc;

use samyama_graph::{Map, Value};
use samyama_raft::Journey;

/// The profile with `Consensus` among the arguments of its root: index and term of the entry, and microseconds since it was
/// handed to the log, until it was on this disk, on each follower's as far as they have answered, on a quorum's, applied.
/// The write is answered, so it is applied by now: what is not noted yet has happened since.
pub(super) fn with_timeline(profile: Value, journey: &Journey) -> Value {
    let Value::Map(root) = profile else { return profile };
    let now = journey.proposed.elapsed().as_micros() as u64;
    let us = |us: u64| Value::Integer(us as i64);
    let mut stations = Map::from_pairs([
        (Arc::from("index"), us(journey.index)),
        (Arc::from("term"), us(journey.term)),
        (Arc::from("proposed_us"), us(0)),
        (Arc::from("on_quorum_us"), us(journey.committed_us.unwrap_or(now))),
        (Arc::from("applied_us"), us(journey.applied_us.unwrap_or(now))),
    ]);
    if let Some(flushed) = journey.flushed_us {
        stations.insert(Arc::from("on_disk_here_us"), us(flushed));
    }
    let followers = journey.followers_us.iter().map(|(node, at)| (Arc::from(node.to_string()), us(*at)));
    stations.insert(Arc::from("on_disk_of_followers_us"), Map::from_pairs(followers).into());
    let mut root = Map::clone(&root);
    let mut arguments = match root.remove("args") {
        Some(Value::Map(arguments)) => Map::clone(&arguments),
        _ => Map::new(),
    };
    arguments.insert(Arc::from("Consensus"), stations.into());
    root.insert(Arc::from("args"), arguments.into());
    root.into()
}
