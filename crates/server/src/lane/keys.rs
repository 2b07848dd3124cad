//! Keys in the lane: which are on the head, and what a job with keys may do.
//!
//! Why looking here and in the table of applied keys is enough to say that a key is new: `crate::keys`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::job::Refusal;
use crate::host::Host;
use crate::keys::{Applied, Keys, RelayId, RelayStanding};
use crate::shared::Shared;

/// Keys of transactions that are on the head and not applied yet.
#[derive(Default)]
pub struct KeysOnHead {
    relays: BTreeSet<RelayId>,
    /// With the bytes of their answers.
    clients: BTreeMap<Arc<str>, usize>,
    client_bytes: usize,
}

/// What is known of the keys of a job.
pub enum Standing {
    /// No transaction with them was, is or can be proposed before this one.
    New,
    /// One is on the head: its outcome decides.
    OnHead,
    Applied(Applied),
    Refused(Refusal),
}

impl KeysOnHead {
    pub fn standing(&self, keys: &Keys, shared: &Shared) -> Standing {
        if keys.is_empty() {
            return Standing::New;
        }
        let on_head = keys.client.as_ref().is_some_and(|key| self.clients.contains_key(key))
            || keys.relay.as_ref().is_some_and(|key| self.relays.contains(&key.id()));
        if on_head {
            return Standing::OnHead;
        }
        let table = shared.keys.lock();
        if let Some(applied) = keys.client.as_ref().and_then(|key| table.client(key)) {
            return Standing::Applied(applied.clone());
        }
        match keys.relay.as_ref().map(|key| table.relay(key)) {
            Some(RelayStanding::Applied(applied)) => return Standing::Applied(applied),
            Some(RelayStanding::Stale) => return Standing::Refused(Refusal::KeyStale),
            Some(RelayStanding::New) | None => {}
        }
        if keys.client.is_some()
            && table.is_full(self.clients.len(), self.client_bytes, now_ms(&**shared.host()))
        {
            return Standing::Refused(Refusal::KeysFull);
        }
        Standing::New
    }

    pub fn add(&mut self, keys: &Keys, answer_bytes: usize) {
        if let Some(key) = &keys.relay {
            self.relays.insert(key.id());
        }
        if let Some(key) = &keys.client {
            self.clients.insert(Arc::clone(key), answer_bytes);
            self.client_bytes += answer_bytes;
        }
    }

    /// Their entry is applied: they are in the table now.
    pub fn remove(&mut self, keys: &Keys) {
        if let Some(key) = &keys.relay {
            self.relays.remove(&key.id());
        }
        if let Some(bytes) = keys.client.as_ref().and_then(|key| self.clients.remove(key)) {
            self.client_bytes -= bytes;
        }
    }
}

pub fn now_ms(host: &dyn Host) -> u64 {
    (host.now_ns() / 1_000_000) as u64
}
