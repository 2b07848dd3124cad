//! Who belongs to the cluster, who did, and who may speak to this node.
//!
//! Ids are never used twice. A node that was removed, or has lost its disk, has forgotten or may have missed what it voted
//! for; under a new id it is another node and knows nothing that it could have forgotten. Two facts make the rule hold on
//! every node alike, because both come from the log: the highest id that ever was a member's (kept as committed memberships
//! are applied, and in snapshots), and the incarnation of each member (in the membership itself, written by the leader that
//! added it). Whom the log does not know yet is remembered from the first meeting, in `PEERS`.
//!
//! Committed: a node whose id is at most the highest one used, and that is no member, was removed, for ever. It is told so
//! when it dials, and may not vote or be voted for: it never disturbs.

use std::collections::{BTreeMap, BTreeSet};

use openraft::Membership;
use parking_lot::Mutex;

use crate::consensus::types::MemberRecord;
use crate::identity::{Identity, KnownPeers};
use crate::{NodeId, Standing};

/// Shared by the state machine (which feeds it), the log (members' incarnations as soon as they stand in it) and the peers'
/// connections (which ask it).
pub(crate) struct Roster {
    me: Identity,
    met: KnownPeers,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of the last committed membership that was applied here; empty before the first.
    members: BTreeSet<NodeId>,
    /// The highest id that was ever in a committed membership.
    ids_max: NodeId,
    /// Of the newest membership in the log, committed or not.
    named: BTreeSet<NodeId>,
    /// By that membership: a fact about the disk, whatever becomes of the entry.
    incarnations: BTreeMap<NodeId, u64>,
    /// What a peer said that knows that this node was removed.
    told: Option<String>,
}

/// Why a peer may not speak to this node, in words for its operator.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    Removed(String),
    Other(String),
}

impl Stranger {
    pub(crate) fn why(self) -> String {
        match self {
            Stranger::Removed(why) | Stranger::Other(why) => why,
        }
    }
}

impl Roster {
    pub(crate) fn new(me: Identity, met: KnownPeers) -> Self {
        Roster { me, met, state: Mutex::default() }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.me
    }

    /// A membership that stands in the log, or in a snapshot.
    pub(crate) fn note_known(&self, membership: &Membership<NodeId, MemberRecord>) {
        let mut state = self.state.lock();
        state.named = membership.nodes().map(|(id, _)| *id).collect();
        for (id, record) in membership.nodes().filter(|(_, record)| record.incarnation != 0) {
            state.incarnations.insert(*id, record.incarnation);
        }
    }

    /// A membership that is committed, in the order of the log.
    pub(crate) fn note_committed(&self, membership: &Membership<NodeId, MemberRecord>) {
        self.note_known(membership);
        let mut state = self.state.lock();
        state.members = membership.nodes().map(|(id, _)| *id).collect();
        state.ids_max = state.ids_max.max(state.members.last().copied().unwrap_or(0));
    }

    /// What a snapshot says: its membership, and the highest id used up to it.
    pub(crate) fn restore(&self, membership: &Membership<NodeId, MemberRecord>, ids_max: NodeId) {
        self.note_committed(membership);
        let mut state = self.state.lock();
        state.ids_max = state.ids_max.max(ids_max);
    }

    pub(crate) fn ids_max(&self) -> NodeId {
        self.state.lock().ids_max
    }

    /// The disk that belongs to this id; None for one never met.
    pub(crate) fn incarnation(&self, id: NodeId) -> Option<u64> {
        if id == self.me.node {
            return Some(self.me.incarnation);
        }
        let known = self.state.lock().incarnations.get(&id).copied();
        known.or_else(|| self.met.of(id))
    }

    /// By the committed log, and for ever.
    pub(crate) fn was_removed(&self, id: NodeId) -> bool {
        self.state.lock().was_removed(id)
    }

    /// Whether this node may speak and listen to that one.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check(&self, id: NodeId, incarnation: u64) -> Result<(), Stranger> {
        let known = {
            let state = self.state.lock();
            if state.was_removed(id) {
                return Err(Stranger::Removed(format!(
                    "node {id} was removed from this cluster, and an id is used once. Stop it; to have it back, start it with an \
                     empty directory and a new id ({} or higher), and add that",
                    state.ids_max + 1
                )));
            }
            state.incarnations.get(&id).copied()
        };
        match known {
            Some(known) if known == incarnation => Ok(()),
            Some(_) => Err(Stranger::Other(KnownPeers::another_disk(id))),
            None => self.met.check(id, incarnation).map_err(Stranger::Other),
        }
    }

    /// A peer says that this node was removed. It has that from the committed log.
    pub(crate) fn note_told(&self, what: &str) {
        let mut state = self.state.lock();
        if state.told.is_none() {
            tracing::error!("this node was removed: {what}");
            state.told = Some(what.to_owned());
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        let state = self.state.lock();
        if let Some(told) = &state.told {
            return Standing::Removed(told.clone());
        }
        if state.was_removed(self.me.node) {
            return Standing::Removed(format!(
                "node {} was removed from its cluster: stop it; its id is not used again",
                self.me.node
            ));
        }
        let is_named = state.members.contains(&self.me.node) || state.named.contains(&self.me.node);
        if is_named { Standing::Member } else { Standing::Waiting }
    }
}

impl State {
    fn was_removed(&self, id: NodeId) -> bool {
        id <= self.ids_max && !self.members.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn membership(ids: &[(NodeId, u64)]) -> Membership<NodeId, MemberRecord> {
        let record = |incarnation| MemberRecord { incarnation, ..MemberRecord::default() };
        let nodes: BTreeMap<_, _> = ids.iter().map(|(id, incarnation)| (*id, record(*incarnation))).collect();
        Membership::new(vec![nodes.keys().copied().collect()], nodes).unwrap()
    }

    fn roster(node: NodeId) -> Roster {
        Roster::new(
            Identity { cluster: [7; 16], node, incarnation: 9, founder: true },
            KnownPeers::load(None).unwrap(),
        )
    }

    #[test]
    fn a_removed_node_stays_removed_and_a_later_one_is_not_taken_for_it() {
        let roster = roster(1);
        assert_eq!(roster.standing(), Standing::Waiting);
        assert_eq!(roster.check(4, 5), Ok(()), "whom the log does not know may be on its way in");
        roster.note_committed(&membership(&[(1, 0), (2, 0), (3, 0)]));
        assert_eq!(roster.standing(), Standing::Member);
        roster.note_committed(&membership(&[(1, 0), (2, 0)]));
        assert!(matches!(roster.check(3, 1), Err(Stranger::Removed(why)) if why.contains("(4 or higher)")));
        assert_eq!(roster.check(4, 5), Ok(()));
        assert!(
            matches!(roster.check(4, 6), Err(Stranger::Other(_))),
            "another disk under the id it came with"
        );
        roster.restore(&membership(&[(2, 0)]), 8);
        assert!(roster.was_removed(7), "the snapshot says that ids up to 8 were used");
        assert!(matches!(roster.standing(), Standing::Removed(_)));
    }

    #[test]
    fn the_log_s_incarnation_counts_more_than_the_first_meeting() {
        let roster = roster(1);
        roster.check(2, 5).unwrap();
        assert_eq!(roster.incarnation(2), Some(5));
        roster.note_known(&membership(&[(1, 9), (2, 6)]));
        assert_eq!(roster.incarnation(2), Some(6));
        assert_eq!(roster.check(2, 6), Ok(()));
        assert!(matches!(roster.check(2, 5), Err(Stranger::Other(why)) if why.contains("another disk")));
        assert_eq!(roster.incarnation(1), Some(9), "its own");
    }
}
