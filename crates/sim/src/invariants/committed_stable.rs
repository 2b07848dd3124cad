//! What was committed at an index is what every node applies there, in every life, and leaders never go back along it.

use std::collections::BTreeMap;

use samyama_raft::{Applied, LogIndex};

use crate::oracle::{Entry, Event, Invariant};

#[derive(Default)]
pub struct CommittedStable {
    committed: BTreeMap<LogIndex, (Entry, Applied)>,
}

impl Invariant for CommittedStable {
    fn name(&self) -> &'static str {
        "committed entries never change"
    }

    fn see(&mut self, event: &Event) -> Result<(), String> {
        let Event::Applied { node, entry, outcome } = event else { return Ok(()) };
        if let Some((known, result)) = self.committed.get(&entry.index) {
            if known != entry {
                return Err(format!("node {node} applies {entry:?} where {known:?} was applied"));
            }
            if result != outcome {
                return Err(format!(
                    "entry {} came to {outcome:?} on node {node} and to {result:?} elsewhere",
                    entry.index
                ));
            }
            return Ok(());
        }
        let before = self.committed.range(..entry.index).next_back();
        if let Some((_, (before, _))) = before.filter(|(_, (before, _))| before.leader > entry.leader) {
            return Err(format!("{entry:?} follows {before:?}: leaders went back"));
        }
        let after = self.committed.range(entry.index..).next();
        if let Some((_, (after, _))) = after.filter(|(_, (after, _))| after.leader < entry.leader) {
            return Err(format!("{after:?} follows {entry:?}: leaders went back"));
        }
        self.committed.insert(entry.index, (*entry, outcome.clone()));
        Ok(())
    }
}
