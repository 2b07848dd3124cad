//! A leader's log holds every entry that was committed under an earlier leader.

use std::collections::BTreeMap;

use samyama_raft::{Leadership, LogIndex};

use crate::oracle::{Event, Invariant};

#[derive(Default)]
pub struct LeaderCompleteness {
    /// The last index known to be committed under each leader.
    committed: BTreeMap<Leadership, LogIndex>,
}

impl Invariant for LeaderCompleteness {
    fn name(&self) -> &'static str {
        "leader completeness"
    }

    fn see(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Applied { entry, .. } => {
                let last = self.committed.entry(entry.leader).or_default();
                *last = (*last).max(entry.index);
                Ok(())
            }
            Event::Looked { node, log, leads: Some(leadership), .. } => {
                // By log matching the last one of a leader stands for all before it.
                let Some((leader, index)) = self.committed.range(..*leadership).next_back() else {
                    return Ok(());
                };
                let (purged, _) = log.ends();
                let is_there = purged.is_some_and(|purged| purged.index >= *index)
                    || log.id_at(*index).is_some_and(|id| id.leader == *leader);
                if is_there {
                    return Ok(());
                }
                Err(format!(
                    "node {node} leads as {leadership:?} without entry {index}, committed under {leader:?}: it has {:?}",
                    log.id_at(*index)
                ))
            }
            _ => Ok(()),
        }
    }
}
