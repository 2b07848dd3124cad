//! Between openraft's types and ours. Memberships are encoded here too: they are entries of the log and part of snapshots.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use bytes::Bytes;
use openraft::entry::EntryPayload;
use openraft::{Entry, LogId as OpenLogId, Membership, Vote as OpenVote};

use super::types::*;
use crate::log::{EntryKind, LogEntry, LogId, Vote};
use crate::wire::{Reader, Writer};
use crate::{Leadership, NodeAddress};

const MEMBERSHIP_VERSION: u8 = 2;

pub(crate) type LeaderId = openraft::impls::leader_id_adv::LeaderId<u64, u64>;

pub(crate) fn leadership(leader: &LeaderId) -> Leadership {
    Leadership { term: leader.term, node: leader.node_id }
}

pub(crate) fn leader_id(leader: Leadership) -> LeaderId {
    LeaderId { term: leader.term, node_id: leader.node }
}

pub(crate) fn log_id<T: Runtime>(id: &OLogId<T>) -> LogId {
    LogId { leader: leadership(id.committed_leader_id()), index: id.index() }
}

pub(crate) fn open_log_id<T: Runtime>(id: LogId) -> OLogId<T> {
    OpenLogId::new(leader_id(id.leader), id.index)
}

pub(crate) fn vote<T: Runtime>(vote: &OVote<T>) -> Vote {
    Vote { leader: leadership(&vote.leader_id), committed: vote.committed }
}

pub(crate) fn open_vote<T: Runtime>(vote: Vote) -> OVote<T> {
    OpenVote { leader_id: leader_id(vote.leader), committed: vote.committed }
}

pub(crate) fn log_entry<T: Runtime>(entry: OEntry<T>) -> LogEntry {
    let id = log_id::<T>(&entry.log_id);
    match entry.payload {
        EntryPayload::Blank => LogEntry { id, kind: EntryKind::Blank, payload: Bytes::new() },
        EntryPayload::Normal(proposal) => LogEntry { id, kind: EntryKind::Normal, payload: proposal.0 },
        EntryPayload::Membership(membership) => {
            LogEntry { id, kind: EntryKind::Membership, payload: encode_membership(&membership) }
        }
    }
}

/// # Errors
/// When a membership cannot be read: the log is damaged or of a later version.
pub(crate) fn open_entry<T: Runtime>(entry: LogEntry) -> io::Result<OEntry<T>> {
    let payload = match entry.kind {
        EntryKind::Blank => EntryPayload::Blank,
        EntryKind::Normal => EntryPayload::Normal(Proposal(entry.payload)),
        EntryKind::Membership => EntryPayload::Membership(decode_membership(&entry.payload)?),
    };
    Ok(Entry { log_id: open_log_id::<T>(entry.id), payload })
}

/// `version u8 | configs | nodes`: each config a set of voters, each node its id, its incarnation and three addresses.
pub(crate) fn encode_membership(membership: &Membership<u64, MemberRecord>) -> Bytes {
    let mut out = Writer::default();
    out.u8(MEMBERSHIP_VERSION);
    let configs = membership.get_joint_config();
    out.u32(configs.len() as u32);
    for config in configs {
        out.u32(config.len() as u32);
        config.iter().for_each(|id| out.u64(*id));
    }
    let nodes: Vec<_> = membership.nodes().collect();
    out.u32(nodes.len() as u32);
    for (id, MemberRecord { address, incarnation }) in nodes {
        out.u64(*id);
        out.u64(*incarnation);
        [&address.peer, &address.bolt, &address.http].into_iter().for_each(|text| out.text(text));
    }
    out.finish()
}

/// # Errors
/// When the bytes are no membership.
pub(crate) fn decode_membership(bytes: &Bytes) -> io::Result<Membership<u64, MemberRecord>> {
    let mut input = Reader::new(bytes.clone());
    let version = input.u8()?;
    if version != MEMBERSHIP_VERSION {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("membership format {version}; this program reads {MEMBERSHIP_VERSION}"),
        ));
    }
    let mut configs = Vec::new();
    for _ in 0..input.count(4)? {
        let mut config = BTreeSet::new();
        for _ in 0..input.count(8)? {
            config.insert(input.u64()?);
        }
        configs.push(config);
    }
    let mut nodes = BTreeMap::new();
    for _ in 0..input.count(16)? {
        let id = input.u64()?;
        let incarnation = input.u64()?;
        let address = NodeAddress { peer: input.text()?, bolt: input.text()?, http: input.text()? };
        nodes.insert(id, MemberRecord { address, incarnation });
    }
    Membership::new(configs, nodes)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}
