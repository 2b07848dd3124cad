//! On every node: purged ≤ snapshot ≤ applied ≤ committed ≤ last; and within a life term and applied never go back.

use std::collections::BTreeMap;

use samyama_raft::{LogIndex, NodeId};

use crate::oracle::{Event, Invariant};

#[derive(Default)]
pub struct OrderOfMarks {
    /// Term and applied index as last seen.
    before: BTreeMap<NodeId, (u64, LogIndex)>,
}

impl Invariant for OrderOfMarks {
    fn name(&self) -> &'static str {
        "marks stand in order"
    }

    fn see(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Began { node, .. } => {
                self.before.remove(node);
                Ok(())
            }
            Event::Looked { node, log, status, .. } => {
                // `status` is put together from parts that move apart for a moment; the log's own marks are exact.
                let (purged, last) = log.ends();
                let (purged, last) = (purged.map_or(0, |id| id.index), last.map_or(0, |id| id.index));
                let applied = status.applied_index;
                if purged > applied {
                    return Err(format!("node {node} has purged up to {purged} and applied up to {applied}"));
                }
                if applied > last.max(purged) {
                    return Err(format!("node {node} has applied {applied} and its log ends at {last}"));
                }
                if status.committed_index < applied {
                    return Err(format!(
                        "node {node} has applied {applied} beyond {}",
                        status.committed_index
                    ));
                }
                let now = (status.term, applied);
                let before = self.before.insert(*node, now).unwrap_or(now);
                if now.0 < before.0 || now.1 < before.1 {
                    return Err(format!(
                        "node {node} went back: (term, applied) was {before:?} and is {now:?}"
                    ));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
