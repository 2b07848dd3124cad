//! Two logs that hold an entry of the same leader at the same index hold the same entry, and the same before it.
//!
//! With leader ids of (term, node) there may be two leaders in a term; each has a log of its own, and this holds for each.

use std::collections::BTreeMap;

use samyama_raft::NodeId;
use samyama_raft::log::{Log, LogId};

use crate::oracle::{Event, Invariant};

#[derive(Default)]
pub struct LogMatching {
    /// Of every entry ever seen: what stood before it, and the CRC of what it says.
    known: BTreeMap<LogId, (Option<LogId>, u32)>,
    /// Up to where each node's log has been compared, entry by entry.
    compared: BTreeMap<NodeId, Vec<LogId>>,
}

impl LogMatching {
    fn compare(&mut self, node: NodeId, log: &Log) -> Result<(), String> {
        let compared = self.compared.entry(node).or_default();
        let (purged, last) = log.ends();
        // What stands as it stood needs no second look: by what was compared before, all in front of it is the same too.
        while compared.last().is_some_and(|id| {
            last.is_none_or(|last| id.index > last.index) || log.id_at(id.index).is_some_and(|now| now != *id)
        }) {
            compared.pop();
        }
        let from = compared.last().map_or(0, |id| id.index + 1);
        let mut before = compared.last().copied().or(purged);
        for entry in log.read(from..u64::MAX, usize::MAX) {
            // Behind a purge or a snapshot the log goes on with a gap.
            let previous = before.filter(|id| id.index + 1 == entry.id.index);
            let crc = crc32c::crc32c(&entry.payload);
            match self.known.get(&entry.id) {
                None => drop(self.known.insert(entry.id, (previous, crc))),
                Some((known_previous, known_crc)) => {
                    if *known_crc != crc {
                        return Err(format!(
                            "node {node} has another entry {:?} than was seen before",
                            entry.id
                        ));
                    }
                    if let (Some(known), Some(here)) = (known_previous, previous)
                        && *known != here
                    {
                        return Err(format!(
                            "node {node} has {here:?} before {:?}, where another log has {known:?}",
                            entry.id
                        ));
                    }
                }
            }
            before = Some(entry.id);
            compared.push(entry.id);
        }
        Ok(())
    }
}

impl Invariant for LogMatching {
    fn name(&self) -> &'static str {
        "log matching"
    }

    fn see(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Began { node, log } => {
                self.compared.remove(node);
                self.compare(*node, log)
            }
            Event::Looked { node, log, .. } => self.compare(*node, log),
            _ => Ok(()),
        }
    }
}
