//! The keys of applied transactions: part of the replicated state and of snapshots, the same on every node.
//!
//! Every bound works on transaction numbers and on what stands in the log, so that all replicas forget the same.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::Arc;

use imbl::OrdMap;
use samyama_raft::LogIndex;

use super::{Keyed, Keys, RelayKey};
use crate::limits::{
    CLIENT_KEY_AGE_MS_MIN, CLIENT_KEYS_BYTES_MAX, CLIENT_KEYS_MAX, RELAY_KEYS_BYTES_MAX, RELAY_KEYS_MAX,
    RELAYING_NODES_MAX,
};

/// What a key costs besides its text and answers, roughly.
const KEY_BYTES: usize = 128;

/// The transaction that a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub index: LogIndex,
    pub number: u64,
    pub is_abandoned: bool,
    pub answers: Arc<[u8]>,
}

/// What is known of a relay key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayStanding {
    /// No transaction with it was applied.
    New,
    Applied(Applied),
    /// Its node has said that it will not ask any more, or has been started anew, or it was dropped: it must not take
    /// effect, and whether it did is not known.
    Stale,
}

/// Of one relaying node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Relaying {
    incarnation: u64,
    settled_below: u64,
    /// Of its last transaction.
    number: u64,
    bytes: usize,
    kept: BTreeMap<u64, Applied>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ClientApplied {
    applied: Applied,
    stamp_ms: u64,
}

/// Cheap to clone: the clients' keys are a persistent map, and few relay keys are open at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyTable {
    relaying: BTreeMap<u64, Relaying>,
    clients: OrdMap<Arc<str>, ClientApplied>,
    /// The clients' keys by transaction number, which is by age.
    by_age: OrdMap<u64, Arc<str>>,
    client_bytes: usize,
}

impl KeyTable {
    /// A transaction with keys was applied.
    pub fn note(&mut self, keyed: Keyed, index: LogIndex, number: u64) {
        let Keyed { keys: Keys { relay, client }, is_abandoned, stamp_ms, answers } = keyed;
        let applied = Applied { index, number, is_abandoned, answers };
        if let Some(client) = client {
            self.note_client(client, ClientApplied { applied: applied.clone(), stamp_ms });
        }
        if let Some(relay) = relay {
            self.note_relay(&relay, applied);
        }
    }

    fn note_relay(&mut self, key: &RelayKey, applied: Applied) {
        let relaying = self.relaying.entry(key.node).or_default();
        if key.incarnation < relaying.incarnation {
            return;
        }
        if key.incarnation > relaying.incarnation {
            *relaying = Relaying { incarnation: key.incarnation, ..Relaying::default() };
        }
        relaying.number = applied.number;
        relaying.forget_below(key.settled_below);
        if key.sequence >= relaying.settled_below && !relaying.kept.contains_key(&key.sequence) {
            relaying.bytes += KEY_BYTES + applied.answers.len();
            relaying.kept.insert(key.sequence, applied);
        }
        while (relaying.kept.len() > RELAY_KEYS_MAX || relaying.bytes > RELAY_KEYS_BYTES_MAX)
            && let Some((&oldest, _)) = relaying.kept.first_key_value()
        {
            relaying.forget_below(oldest + 1);
        }
        if self.relaying.len() > RELAYING_NODES_MAX {
            let oldest = self.relaying.iter().min_by_key(|(_, relaying)| relaying.number);
            if let Some(node) = oldest.map(|(node, _)| *node) {
                self.relaying.remove(&node);
            }
        }
    }

    fn note_client(&mut self, key: Arc<str>, client: ClientApplied) {
        if self.clients.contains_key(&key) {
            return;
        }
        self.client_bytes += KEY_BYTES + key.len() + client.applied.answers.len();
        self.by_age.insert(client.applied.number, Arc::clone(&key));
        self.clients.insert(key, client);
        while (self.clients.len() > CLIENT_KEYS_MAX || self.client_bytes > CLIENT_KEYS_BYTES_MAX)
            && let Some((number, oldest)) = self.by_age.get_min().cloned()
        {
            self.by_age.remove(&number);
            if let Some(client) = self.clients.remove(&oldest) {
                self.client_bytes -= KEY_BYTES + oldest.len() + client.applied.answers.len();
            }
        }
    }

    pub fn relay(&self, key: &RelayKey) -> RelayStanding {
        let Some(relaying) = self.relaying.get(&key.node) else { return RelayStanding::New };
        if key.incarnation != relaying.incarnation {
            return if key.incarnation > relaying.incarnation {
                RelayStanding::New
            } else {
                RelayStanding::Stale
            };
        }
        match relaying.kept.get(&key.sequence) {
            Some(applied) => RelayStanding::Applied(applied.clone()),
            None if key.sequence < relaying.settled_below => RelayStanding::Stale,
            None => RelayStanding::New,
        }
    }

    pub fn client(&self, key: &str) -> Option<&Applied> {
        self.clients.get(key).map(|client| &client.applied)
    }

    /// Would one more key of a client, beside `more` of `more_bytes` that are on their way, push out one that is younger than
    /// promised?
    pub fn is_full(&self, more: usize, more_bytes: usize, now_ms: u64) -> bool {
        let count = self.clients.len() + more + 1;
        let bytes = self.client_bytes + more_bytes + more * KEY_BYTES;
        if count <= CLIENT_KEYS_MAX && bytes <= CLIENT_KEYS_BYTES_MAX {
            return false;
        }
        let oldest = self.by_age.get_min().and_then(|(_, key)| self.clients.get(key));
        oldest.is_some_and(|client| now_ms.saturating_sub(client.stamp_ms) < CLIENT_KEY_AGE_MS_MIN)
    }

    /// The incarnation of a node that relays, as far as the log tells.
    pub fn incarnation(&self, node: u64) -> u64 {
        self.relaying.get(&node).map_or(0, |relaying| relaying.incarnation)
    }

    /// How many keys are kept: of relaying nodes, of clients.
    pub fn counts(&self) -> (usize, usize) {
        (self.relaying.values().map(|relaying| relaying.kept.len()).sum(), self.clients.len())
    }
}

impl Relaying {
    fn forget_below(&mut self, sequence: u64) {
        if sequence <= self.settled_below {
            return;
        }
        self.settled_below = sequence;
        let kept = self.kept.split_off(&sequence);
        for applied in std::mem::replace(&mut self.kept, kept).values() {
            self.bytes -= KEY_BYTES + applied.answers.len();
        }
    }
}

// ------------------------------------------------------------------------------------------------ in snapshots

impl KeyTable {
    /// `docs/format/snapshot_state.md`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut bytes = Vec::new();
        put(&mut bytes, self.relaying.len() as u64);
        for (node, relaying) in &self.relaying {
            let Relaying { incarnation, settled_below, number, kept, .. } = relaying;
            for word in [*node, *incarnation, *settled_below, *number, kept.len() as u64] {
                put(&mut bytes, word);
            }
            for (sequence, applied) in kept {
                put(&mut bytes, *sequence);
                put_applied(&mut bytes, applied);
            }
        }
        put(&mut bytes, self.clients.len() as u64);
        for (key, client) in &self.clients {
            put(&mut bytes, client.stamp_ms);
            bytes.push(key.len() as u8);
            bytes.extend_from_slice(key.as_bytes());
            put_applied(&mut bytes, &client.applied);
        }
        let crc = crc32c::crc32c(&bytes);
        out.write_all(&(bytes.len() as u64).to_le_bytes())?;
        out.write_all(&bytes)?;
        out.write_all(&crc.to_le_bytes())
    }

    pub fn read(input: &mut dyn Read) -> io::Result<Self> {
        let mut length = [0; 8];
        input.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let mut bytes = Vec::new();
        (&mut *input).take(length).read_to_end(&mut bytes)?;
        let mut crc = [0; 4];
        input.read_exact(&mut crc)?;
        if bytes.len() as u64 != length || crc32c::crc32c(&bytes) != u32::from_le_bytes(crc) {
            return Err(bad("the CRC of its keys does not fit"));
        }
        Self::decode(&mut bytes.as_slice()).ok_or_else(|| bad("its keys cannot be read"))
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let mut table = Self::default();
        for _ in 0..super::take_word(bytes)? {
            let node = super::take_word(bytes)?;
            let [incarnation, settled_below, number, kept] = [
                super::take_word(bytes)?,
                super::take_word(bytes)?,
                super::take_word(bytes)?,
                super::take_word(bytes)?,
            ];
            let mut relaying = Relaying { incarnation, settled_below, number, ..Relaying::default() };
            for _ in 0..kept {
                let sequence = super::take_word(bytes)?;
                let applied = take_applied(bytes)?;
                relaying.bytes += KEY_BYTES + applied.answers.len();
                relaying.kept.insert(sequence, applied);
            }
            table.relaying.insert(node, relaying);
        }
        for _ in 0..super::take_word(bytes)? {
            let stamp_ms = super::take_word(bytes)?;
            let [length] = super::take(bytes)?;
            let key: Arc<str> =
                Arc::from(std::str::from_utf8(super::take_slice(bytes, length.into())?).ok()?);
            let applied = take_applied(bytes)?;
            table.client_bytes += KEY_BYTES + key.len() + applied.answers.len();
            table.by_age.insert(applied.number, Arc::clone(&key));
            table.clients.insert(key, ClientApplied { applied, stamp_ms });
        }
        bytes.is_empty().then_some(table)
    }
}

fn put(out: &mut Vec<u8>, word: u64) {
    out.extend_from_slice(&word.to_le_bytes());
}

fn put_applied(out: &mut Vec<u8>, applied: &Applied) {
    put(out, applied.index);
    put(out, applied.number);
    out.push(u8::from(applied.is_abandoned));
    out.extend_from_slice(&(applied.answers.len() as u32).to_le_bytes());
    out.extend_from_slice(&applied.answers);
}

fn take_applied(bytes: &mut &[u8]) -> Option<Applied> {
    let (index, number) = (super::take_word(bytes)?, super::take_word(bytes)?);
    let [is_abandoned] = super::take(bytes)?;
    let length = u32::from_le_bytes(super::take(bytes)?) as usize;
    let answers = Arc::from(super::take_slice(bytes, length)?);
    Some(Applied { index, number, is_abandoned: is_abandoned != 0, answers })
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("snapshot content: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(incarnation: u64, sequence: u64, settled_below: u64) -> RelayKey {
        RelayKey { node: 2, incarnation, sequence, settled_below }
    }

    fn keyed(relay: Option<RelayKey>, client: Option<&str>, stamp_ms: u64) -> Keyed {
        let keys = Keys { relay, client: client.map(Arc::from) };
        Keyed { keys, is_abandoned: false, stamp_ms, answers: Arc::from([9]) }
    }

    fn is_applied(standing: &RelayStanding) -> bool {
        matches!(standing, RelayStanding::Applied(_))
    }

    #[test]
    fn what_a_relaying_node_has_settled_is_forgotten_and_can_not_come_again() {
        let mut table = KeyTable::default();
        for sequence in 1..=5 {
            table.note(keyed(Some(relay(1, sequence, 0)), None, 0), sequence, sequence);
        }
        assert!(is_applied(&table.relay(&relay(1, 3, 0))));
        assert_eq!(table.relay(&relay(1, 6, 0)), RelayStanding::New);
        table.note(keyed(Some(relay(1, 7, 5)), None, 0), 7, 7);
        assert_eq!(table.relay(&relay(1, 3, 0)), RelayStanding::Stale, "it was settled");
        assert!(is_applied(&table.relay(&relay(1, 5, 0))) && is_applied(&table.relay(&relay(1, 7, 0))));
        assert_eq!(table.relay(&relay(1, 6, 0)), RelayStanding::New, "it may still come");
        assert_eq!(table.counts(), (2, 0));
        table.note(keyed(Some(relay(2, 0, 0)), None, 0), 8, 8);
        assert_eq!(table.relay(&relay(1, 6, 0)), RelayStanding::Stale, "its process is gone");
        assert_eq!(table.relay(&relay(2, 1, 0)), RelayStanding::New);
        assert_eq!(table.incarnation(2), 2);
    }

    #[test]
    fn of_two_transactions_with_one_key_the_first_stands() {
        let mut table = KeyTable::default();
        table.note(keyed(Some(relay(1, 1, 0)), Some("k"), 5), 10, 20);
        table.note(keyed(Some(relay(1, 1, 0)), Some("k"), 6), 11, 21);
        assert_eq!(table.client("k").map(|applied| (applied.index, applied.number)), Some((10, 20)));
        let RelayStanding::Applied(applied) = table.relay(&relay(1, 1, 0)) else { panic!("it was applied") };
        assert_eq!(applied.index, 10);
    }

    #[test]
    fn the_oldest_keys_of_clients_go_first_and_never_too_early() {
        let mut table = KeyTable::default();
        for number in 1..=CLIENT_KEYS_MAX as u64 {
            table.note(keyed(None, Some(&format!("k{number}")), 1_000), number, number);
        }
        assert!(table.is_full(0, 0, 1_000 + CLIENT_KEY_AGE_MS_MIN - 1), "the oldest is too young to go");
        assert!(!table.is_full(0, 0, 1_000 + CLIENT_KEY_AGE_MS_MIN));
        let next = CLIENT_KEYS_MAX as u64 + 1;
        table.note(keyed(None, Some("new"), 2_000), next, next);
        assert_eq!(table.counts(), (0, CLIENT_KEYS_MAX));
        assert!(
            table.client("k1").is_none() && table.client("k2").is_some() && table.client("new").is_some()
        );
    }

    #[test]
    fn a_node_with_too_many_open_keys_loses_the_oldest() {
        let mut table = KeyTable::default();
        for sequence in 0..=RELAY_KEYS_MAX as u64 {
            table.note(keyed(Some(relay(1, sequence, 0)), None, 0), sequence, sequence);
        }
        assert_eq!(table.relay(&relay(1, 0, 0)), RelayStanding::Stale);
        assert!(is_applied(&table.relay(&relay(1, 1, 0))));
    }

    #[test]
    fn a_table_reads_back_and_every_flipped_bit_is_noticed() {
        let mut table = KeyTable::default();
        table.note(keyed(Some(relay(1, 4, 2)), Some("mine"), 5), 10, 20);
        table.note(keyed(Some(relay(1, 6, 2)), None, 0), 11, 21);
        let mut bytes = Vec::new();
        table.write(&mut bytes).expect("a vector takes it");
        assert_eq!(KeyTable::read(&mut bytes.as_slice()).ok(), Some(table));
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(
                KeyTable::read(&mut damaged.as_slice()).is_err(),
                "bit {bit} is flipped and nobody notices"
            );
        }
    }
}
