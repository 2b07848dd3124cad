//! The type configuration, written by hand because it is generic over the runtime.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use bytes::Bytes;
use openraft::entry::EntryPayload;
use openraft::{OptionalSend, RaftTypeConfig};
use serde::{Deserialize, Serialize};

pub(crate) use crate::runtime::Runtime;
use crate::{Applied, NodeAddress, NodeId};

/// A member as the membership in the log has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRecord {
    pub address: NodeAddress,
    /// Of its disk; 0: one of the first members, which nobody has changed anything about yet.
    pub incarnation: u64,
}

impl Display for MemberRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)
    }
}

/// What is proposed: bytes, encoded once, shared by log, peers and apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal(pub Bytes);

impl Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// What apply said, with the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome(pub Applied);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cfg<T>(PhantomData<T>);

impl<T: Runtime> RaftTypeConfig for Cfg<T> {
    type D = Proposal;
    type R = Outcome;
    type NodeId = NodeId;
    type Node = MemberRecord;
    type Term = u64;
    type LeaderId = openraft::impls::leader_id_adv::LeaderId<u64, u64>;
    type Vote = openraft::Vote<Self::LeaderId>;
    type Payload = EntryPayload<Proposal, u64, MemberRecord>;
    type Entry = openraft::Entry<Self::LeaderId, Self::Payload>;
    type AsyncRuntime = T::Rt;
    type Responder<X>
        = openraft::impls::ProgressResponder<Self, X>
    where
        X: OptionalSend + 'static;
    type Batch<X>
        = openraft::impls::InlineBatch<X>
    where
        X: OptionalSend + 'static;
    type ErrorSource = openraft::impls::BoxedErrorSource;
}

pub(crate) type Raft<T> = openraft::Raft<Cfg<T>, super::apply::Machine<T>>;
pub(crate) type OLogId<T> = openraft::alias::LogIdOf<Cfg<T>>;
pub(crate) type OVote<T> = openraft::alias::VoteOf<Cfg<T>>;
pub(crate) type OEntry<T> = openraft::alias::EntryOf<Cfg<T>>;
pub(crate) type OMembership<T> = openraft::alias::StoredMembershipOf<Cfg<T>>;
