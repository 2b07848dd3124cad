//! Within a life every entry is applied once, in order, without a gap, on what a snapshot left.

use std::collections::BTreeMap;

use samyama_raft::{LogIndex, NodeId};

use crate::oracle::{Event, Invariant};

#[derive(Default)]
pub struct AppliedOrder {
    /// The index that is due on each node.
    due: BTreeMap<NodeId, LogIndex>,
}

impl Invariant for AppliedOrder {
    fn name(&self) -> &'static str {
        "entries are applied in order"
    }

    fn see(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Began { node, .. } => {
                // A snapshot on disk is loaded before the log is looked at, and said so.
                self.due.entry(*node).or_default();
                Ok(())
            }
            Event::Installed { node, last } => {
                self.due.insert(*node, last.map_or(0, |last| last + 1));
                Ok(())
            }
            Event::Applied { node, entry, .. } => {
                let due = self.due.entry(*node).or_default();
                if entry.index != *due {
                    return Err(format!("node {node} applies entry {} where {due} is due", entry.index));
                }
                *due += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
