//! Draws the keys of relayed writes, and remembers which of them are still in question.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use samyama_graph::Value;
use samyama_raft::NodeId;

use crate::keys::RelayKey;
use crate::shared::Shared;

/// Of one process.
pub struct KeyRing {
    node: NodeId,
    shared: Arc<Shared>,
    state: Mutex<Ring>,
}

#[derive(Default)]
struct Ring {
    /// Later processes of this node have larger ones. 0: not chosen yet.
    incarnation: u64,
    next: u64,
    open: BTreeSet<u64>,
}

/// A key of one write. Dropped when nothing will be asked about that write any more.
pub struct DrawnKey {
    ring: Arc<KeyRing>,
    incarnation: u64,
    sequence: u64,
}

impl KeyRing {
    pub fn new(node: NodeId, shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self { node, shared, state: Mutex::default() })
    }

    pub fn draw(self: &Arc<Self>) -> DrawnKey {
        let mut ring = self.state.lock();
        if ring.incarnation == 0 {
            ring.incarnation = self.incarnation();
        }
        let (incarnation, sequence) = (ring.incarnation, ring.next);
        ring.next += 1;
        ring.open.insert(sequence);
        DrawnKey { ring: Arc::clone(self), incarnation, sequence }
    }

    pub fn renew(&self) {
        *self.state.lock() = Ring { incarnation: self.incarnation(), ..Ring::default() };
    }

    /// The clock orders processes of one node; where it was set back, the log does.
    fn incarnation(&self) -> u64 {
        let known = self.shared.keys.lock().incarnation(self.node);
        (self.shared.host().now_ns() as u64).max(known + 1)
    }
}

impl DrawnKey {
    pub fn key(&self) -> RelayKey {
        let ring = self.ring.state.lock();
        let settled_below = match ring.open.first() {
            Some(first) if ring.incarnation == self.incarnation => *first,
            _ => 0,
        };
        RelayKey {
            node: self.ring.node,
            incarnation: self.incarnation,
            sequence: self.sequence,
            settled_below,
        }
    }
}

impl Drop for DrawnKey {
    fn drop(&mut self) {
        let mut ring = self.ring.state.lock();
        if ring.incarnation == self.incarnation {
            ring.open.remove(&self.sequence);
        }
    }
}

/// What a relaying member says with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayNote {
    pub key: RelayKey,
    /// An earlier attempt may still be on its way: this one takes the key even if it changes nothing.
    pub is_again: bool,
    /// With COMMIT: commit nothing, but take care that nothing with this key comes any more.
    pub settles: bool,
}

impl RelayNote {
    pub fn to_value(self) -> Value {
        let flags = Value::Integer(i64::from(self.is_again) | i64::from(self.settles) << 1);
        vec![self.key.to_value(), flags].into()
    }

    /// None: it is none.
    pub fn from_value(value: &Value) -> Option<Self> {
        let Value::List(parts) = value else { return None };
        let [key, Value::Integer(flags)] = parts.as_slice() else { return None };
        let key = RelayKey::from_value(key)?;
        Some(Self { key, is_again: flags & 1 != 0, settles: flags & 2 != 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_settled_when_it_is_dropped_and_all_before_it_are() {
        let ring = KeyRing::new(3, Shared::new());
        let (one, two, three) = (ring.draw(), ring.draw(), ring.draw());
        assert_eq!([one.key().sequence, two.key().sequence, three.key().sequence], [0, 1, 2]);
        drop(two);
        assert_eq!(three.key().settled_below, 0, "the first is still in question");
        drop(one);
        assert_eq!(three.key().settled_below, 2);
        ring.renew();
        let new = ring.draw();
        assert!(new.key().incarnation > 0 && new.key().incarnation >= three.key().incarnation);
        drop(three);
        assert_eq!(new.key().settled_below, 0);
    }

    #[test]
    fn a_note_reads_back() {
        let key = RelayKey { node: 1, incarnation: 2, sequence: 3, settled_below: 4 };
        for (is_again, settles) in [(false, false), (true, false), (false, true)] {
            let note = RelayNote { key, is_again, settles };
            assert_eq!(RelayNote::from_value(&note.to_value()), Some(note));
        }
        assert_eq!(RelayNote::from_value(&Value::Null), None);
    }
}
