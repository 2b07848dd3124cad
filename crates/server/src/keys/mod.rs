//! Keys: names under which a transaction takes effect at most once, however often it is sent.
//!
//! Two kinds. A *relay key* is drawn by a member that relays a write for its client: when the connection to the leader is
//! lost it sends the same write again under the same key, to whoever leads by then. An *idempotency key* is the client's
//! own (`samyama.idempotency_key`), for the case that the client itself has lost its connection or was restarted.
//!
//! **What decides.** The log alone: of all transactions with one key the first in the log is the one, and every other gets
//! its answer. The lane refuses the others before they are proposed ([`crate::lane`]), and can, because at any time it
//! knows every transaction with the key that will ever stand in the log before its own:
//!
//! 1. It opens when everything in the leader's log is applied (`RaftNode::lane_ready`), the leader's own first entry
//!    included. An entry that an earlier leader proposed and that is not applied by then comes too late for ever: leaders
//!    never go back along the committed log, so it could only be committed behind an entry of this leader, and there its
//!    leader id (which it carries, and which the fence compares) is not that of its log id.
//! 2. From then on all entries that pass the fence are the lane's own. The keys of those that are not applied yet are on its
//!    head ([`crate::lane`]); the others are in the [`KeyTable`].
//!
//! So "not found by an open lane" means: never by any earlier attempt. An attempt that is still under way, in the buffer of a
//! socket say, comes later, and finds the key taken. That is also how the fate of a COMMIT is settled whose answer was lost:
//! the relaying node proposes the key alone, without effects (*abandoned*). Either the COMMIT was there first, and its index
//! is the answer, or it will find the key taken, whenever it comes.
//!
//! **What is forgotten, and when.** Relay keys are numbers: the relaying node says with each how far back it still has
//! questions, older ones are dropped, and one that arrives below that line is refused. So a key that was dropped can not take
//! effect again. Idempotency keys are texts, of which nobody can tell a forgotten one from a new one: they are kept for at
//! least [`CLIENT_KEY_AGE_MS_MIN`], and a table that is full of younger ones refuses new ones.
//!
//! [`CLIENT_KEY_AGE_MS_MIN`]: crate::limits::CLIENT_KEY_AGE_MS_MIN

mod table;

use std::sync::Arc;

use samyama_graph::Value;

use crate::limits::{ANSWERS_BYTES_MAX, CLIENT_KEY_BYTES_MAX};

pub use self::table::{Applied, KeyTable, RelayStanding};

/// A key drawn by a member for one write that it relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayKey {
    pub node: u64,
    /// Of the relaying process: later ones are larger.
    pub incarnation: u64,
    pub sequence: u64,
    /// What became of all keys of this incarnation below is known to the relaying node: it will not ask again.
    pub settled_below: u64,
}

/// What tells relay keys apart: node, incarnation, sequence.
pub type RelayId = (u64, u64, u64);

impl RelayKey {
    pub fn id(&self) -> RelayId {
        (self.node, self.incarnation, self.sequence)
    }

    /// As it travels in the options of a relayed request.
    pub fn to_value(self) -> Value {
        let words = [self.node, self.incarnation, self.sequence, self.settled_below];
        Value::from(words.map(|word| Value::Integer(word.cast_signed())).to_vec())
    }

    /// None: it is none.
    pub fn from_value(value: &Value) -> Option<Self> {
        let Value::List(words) = value else { return None };
        let [
            Value::Integer(node),
            Value::Integer(incarnation),
            Value::Integer(sequence),
            Value::Integer(settled_below),
        ] = words.as_slice()
        else {
            return None;
        };
        let [node, incarnation, sequence, settled_below] =
            [node, incarnation, sequence, settled_below].map(|word| word.cast_unsigned());
        Some(Self { node, incarnation, sequence, settled_below })
    }
}

/// The keys of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    pub relay: Option<RelayKey>,
    pub client: Option<Arc<str>>,
}

impl Keys {
    pub fn is_empty(&self) -> bool {
        self.relay.is_none() && self.client.is_none()
    }
}

/// What an entry says of a transaction that has keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    pub keys: Keys,
    /// It has no effects and never was a transaction of a client: it makes sure that no other with this relay key comes.
    pub is_abandoned: bool,
    /// Milliseconds since the epoch on the leader's clock. 0 without a client's key.
    pub stamp_ms: u64,
    /// What its client was or is told (`crate::answer`).
    pub answers: Arc<[u8]>,
}

const HAS_RELAY: u8 = 1;
const HAS_CLIENT: u8 = 2;
const IS_ABANDONED: u8 = 4;

impl Keyed {
    /// Append it as it stands in an entry (`docs/format/entry.md`).
    pub fn encode(&self, out: &mut Vec<u8>) {
        let Keys { relay, client } = &self.keys;
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        out.push(
            flag(relay.is_some(), HAS_RELAY)
                | flag(client.is_some(), HAS_CLIENT)
                | flag(self.is_abandoned, IS_ABANDONED),
        );
        if let Some(key) = relay {
            for word in [key.node, key.incarnation, key.sequence, key.settled_below] {
                out.extend_from_slice(&word.to_le_bytes());
            }
        }
        if let Some(key) = client {
            assert!(key.len() <= CLIENT_KEY_BYTES_MAX, "the session has checked its length");
            out.extend_from_slice(&self.stamp_ms.to_le_bytes());
            out.push(key.len() as u8);
            out.extend_from_slice(key.as_bytes());
        }
        out.extend_from_slice(&(self.answers.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.answers);
    }

    /// Read all of `bytes`. None: they are damaged.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let rest = &mut bytes;
        let [flags] = take(rest)?;
        if flags > HAS_RELAY | HAS_CLIENT | IS_ABANDONED {
            return None;
        }
        let mut keys = Keys::default();
        let mut stamp_ms = 0;
        if flags & HAS_RELAY != 0 {
            let node = take_word(rest)?;
            let (incarnation, sequence, settled_below) =
                (take_word(rest)?, take_word(rest)?, take_word(rest)?);
            keys.relay = Some(RelayKey { node, incarnation, sequence, settled_below });
        }
        if flags & HAS_CLIENT != 0 {
            stamp_ms = take_word(rest)?;
            let [length] = take(rest)?;
            keys.client = Some(Arc::from(std::str::from_utf8(take_slice(rest, length.into())?).ok()?));
        }
        let length = u32::from_le_bytes(take(rest)?) as usize;
        let answers = take_slice(rest, length)?;
        let is_whole = rest.is_empty() && !keys.is_empty() && length <= ANSWERS_BYTES_MAX;
        is_whole.then(|| Keyed {
            keys,
            is_abandoned: flags & IS_ABANDONED != 0,
            stamp_ms,
            answers: Arc::from(answers),
        })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

fn take_word(bytes: &mut &[u8]) -> Option<u64> {
    take(bytes).map(u64::from_le_bytes)
}

fn take_slice<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_damage_is_noticed() {
        let relay = RelayKey { node: 1, incarnation: u64::MAX, sequence: 3, settled_below: 2 };
        assert_eq!(RelayKey::from_value(&relay.to_value()), Some(relay));
        for keys in [
            Keys { relay: Some(relay), client: None },
            Keys { relay: None, client: Some(Arc::from("an order")) },
            Keys { relay: Some(relay), client: Some(Arc::from("ä")) },
        ] {
            let stamp_ms = if keys.client.is_some() { 7 } else { 0 };
            let keyed = Keyed { keys, is_abandoned: false, stamp_ms, answers: Arc::from([1, 2, 3]) };
            let mut bytes = Vec::new();
            keyed.encode(&mut bytes);
            assert_eq!(Keyed::decode(&bytes), Some(keyed));
            for length in 0..bytes.len() {
                assert_eq!(Keyed::decode(&bytes[..length]), None, "it is cut to {length} bytes");
            }
            bytes.push(0);
            assert_eq!(Keyed::decode(&bytes), None, "a byte too many");
        }
    }
}
