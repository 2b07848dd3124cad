//! What a node has promised it stands by, in every later life: its vote never goes back, in memory or on disk.

use std::collections::BTreeMap;

use samyama_raft::{Leadership, NodeId};

use crate::oracle::{Event, Invariant};

#[derive(Default)]
pub struct VotesForward {
    promised: BTreeMap<NodeId, Leadership>,
}

impl VotesForward {
    fn compare(&self, node: NodeId, what: &str, vote: Option<Leadership>) -> Result<(), String> {
        match self.promised.get(&node) {
            Some(promised) if vote.is_none_or(|vote| vote < *promised) => Err(format!(
                "node {node} said yes to {promised:?}, and its vote {what} is {vote:?}: it could say yes to another"
            )),
            _ => Ok(()),
        }
    }
}

impl Invariant for VotesForward {
    fn name(&self) -> &'static str {
        "votes never go back"
    }

    fn see(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Promised { node, vote } => {
                let promised = self.promised.entry(*node).or_insert(vote.leader);
                *promised = (*promised).max(vote.leader);
                Ok(())
            }
            Event::Began { node, log } => {
                self.compare(*node, "at its start", log.vote().map(|vote| vote.leader))
            }
            Event::Durable { logs } => logs.iter().try_for_each(|(node, log)| {
                self.compare(*node, "on its disk", log.vote.map(|vote| vote.leader))
            }),
            _ => Ok(()),
        }
    }
}
