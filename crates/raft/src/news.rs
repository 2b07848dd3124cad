//! What a node's log says of its cluster: who the members are, who leads, that nobody does. In words, and once for each change.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::member::Inner;
use crate::runtime::Runtime;
use crate::status::Metrics;
use crate::{NodeAddress, NodeId, Standing};

/// An election is over long before. Nobody leads for longer: a majority is not there.
const ELECTION_PATIENCE: Duration = Duration::from_secs(2);

/// What was said last.
#[derive(Default)]
pub(crate) struct News {
    members: String,
    leader: Option<(NodeId, u64)>,
    leaderless_since: Option<Instant>,
    is_leaderless_said: bool,
}

impl News {
    pub(crate) fn tell_members<T: Runtime>(&mut self, current: &Metrics<T>) {
        let membership = current.membership_config.membership();
        let voters: BTreeSet<NodeId> = membership.voter_ids().collect();
        let text = in_words(&voters, membership.nodes().map(|(id, record)| (*id, &record.address)));
        if text != self.members {
            tracing::info!("{text}");
            self.members = text;
        }
    }

    /// `leader`: as this node publishes it.
    pub(crate) fn tell_leader<T: Runtime>(
        &mut self,
        inner: &Inner<T>,
        current: &Metrics<T>,
        leader: Option<NodeId>,
    ) {
        let Some(leader) = leader else {
            let since = *self.leaderless_since.get_or_insert_with(T::now);
            // Who waits to be added, or was removed, knows no leader as a rule.
            let is_bad = T::now() - since >= ELECTION_PATIENCE && inner.roster.standing() == Standing::Member;
            if is_bad && !self.is_leaderless_said {
                self.is_leaderless_said = true;
                tracing::warn!(
                    "nobody leads: no majority of the members reaches one another, so nothing is written here and no \
                     linearizable read answered; `samyama cluster status` says who is missing"
                );
            }
            return;
        };
        let term = current.vote.leader_id.term;
        if self.leader != Some((leader, term)) || self.is_leaderless_said {
            self.leader = Some((leader, term));
            match leader == inner.id {
                true => tracing::info!("this node leads in term {term}"),
                false => tracing::info!("node {leader} leads in term {term}"),
            }
        }
        self.leaderless_since = None;
        self.is_leaderless_said = false;
    }
}

fn in_words<'a>(
    voters: &BTreeSet<NodeId>,
    members: impl Iterator<Item = (NodeId, &'a NodeAddress)>,
) -> String {
    let mut text = String::new();
    for (id, address) in members {
        let lead = if text.is_empty() { "members: " } else { ", " };
        let note = if voters.contains(&id) { "" } else { ", without a vote" };
        // Writing to a string does not fail.
        let _ = write!(text, "{lead}node {id} (peer {}{note})", address.peer);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_told_in_words() {
        let address = |port: u16| NodeAddress {
            peer: format!("10.0.0.1:{port}"),
            bolt: "10.0.0.1:7687".into(),
            http: "10.0.0.1:7474".into(),
        };
        let (first, second) = (address(1), address(2));
        let said = in_words(&BTreeSet::from([1]), [(1, &first), (2, &second)].into_iter());
        assert_eq!(said, "members: node 1 (peer 10.0.0.1:1), node 2 (peer 10.0.0.1:2, without a vote)");
    }
}
