//! At equal index all nodes have the same graph, the same transaction number and the same table of keys, however they came there: by the lane that
//! built it, by applying effects, by a snapshot, by replay after a restart.

use std::collections::BTreeMap;

use samyama_raft::LogIndex;

use crate::oracle::{Event, Invariant};

#[derive(Default)]
pub struct EqualStates {
    known: BTreeMap<LogIndex, (u128, u64, u32)>,
}

impl Invariant for EqualStates {
    fn name(&self) -> &'static str {
        "equal states at equal index"
    }

    fn see(&mut self, event: &Event) -> Result<(), String> {
        let Event::State { node, index, fingerprint, number, keys } = event else { return Ok(()) };
        let state = (*fingerprint, *number, *keys);
        let known = *self.known.entry(*index).or_insert(state);
        if known != state {
            return Err(format!(
                "node {node} has {fingerprint:032x}, transaction {number} and keys {keys:08x} at index {index}, others have {:032x}, {} and {:08x}",
                known.0, known.1, known.2
            ));
        }
        // Numbers are dense and never go back along the log.
        let before = self.known.range(..*index).next_back();
        if let Some((before, (_, earlier, _))) = before.filter(|(_, (_, earlier, _))| earlier > number) {
            return Err(format!("transaction {number} at index {index} follows {earlier} at {before}"));
        }
        Ok(())
    }
}
