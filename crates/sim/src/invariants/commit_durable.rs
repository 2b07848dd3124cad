//! An entry that any node has applied is on the disks of a majority: in the log, or covered by a snapshot that is.

use samyama_raft::{Leadership, LogIndex, NodeId};

use crate::oracle::{DurableLog, Event, Invariant};

pub struct CommitDurable {
    majority: usize,
    /// The last entry that any node has applied.
    last: Option<(LogIndex, Leadership)>,
}

impl CommitDurable {
    pub fn new(nodes: usize) -> Self {
        CommitDurable { majority: nodes / 2 + 1, last: None }
    }
}

/// By log matching the entry itself stands for all before it.
fn holds(log: &DurableLog, index: LogIndex, leader: Leadership) -> bool {
    if log.purged.is_some_and(|purged| purged.index >= index) {
        return log.snapshot >= Some(index);
    }
    let first = log.purged.map_or(0, |purged| purged.index + 1);
    let entry = index.checked_sub(first).and_then(|at| log.entries.get(at as usize));
    entry.is_some_and(|id| id.leader == leader)
}

impl Invariant for CommitDurable {
    fn name(&self) -> &'static str {
        "committed means durable on a majority"
    }

    fn see(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Applied { entry, .. } => {
                if self.last.is_none_or(|(last, _)| last < entry.index) {
                    self.last = Some((entry.index, entry.leader));
                }
                Ok(())
            }
            Event::Durable { logs } => {
                let Some((index, leader)) = self.last else { return Ok(()) };
                let having: Vec<NodeId> =
                    logs.iter().filter(|(_, log)| holds(log, index, leader)).map(|(node, _)| *node).collect();
                if having.len() >= self.majority {
                    return Ok(());
                }
                Err(format!(
                    "entry {index} of {leader:?} was applied and is on the disks of {having:?} only; {} are needed",
                    self.majority
                ))
            }
            _ => Ok(()),
        }
    }
}
