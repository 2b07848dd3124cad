//! Changing who belongs to a running cluster, one step at a time, on the leader.
//!
//! A node comes in as a learner ([`Change::Add`]), catches up by snapshot and log, and is made a voter when it has
//! ([`Change::Promote`], which can take another's place in the same step); a node goes by [`Change::Remove`]. Each step can
//! be asked for again when its answer was lost: what is so already is answered with success. Voters change by joint
//! consensus: the old and the new majority both agree before the old one is given up.
//!
//! One task does all of it, so changes of one leader never interleave; that the membership is still the one that was looked
//! at is a precondition of the entry, so those of two leaders do not either. A leader that finds a joint membership which
//! nobody works on (its author has lost the leadership between the two entries) finishes it.
//!
//! What is refused, before anything is appended: a step after which the voters that answer would be no majority; a learner
//! that is too far behind; an id that was used before; a node that does not let this one in.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use openraft::error::{ChangeMembershipError, ClientWriteError, ForwardReason, RaftError};
use openraft::raft::Precondition;
use openraft::{AsyncRuntime, ChangeMembers, ServerState};
use tokio::sync::{mpsc, oneshot};

use crate::consensus::types::{Cfg, MemberRecord};
use crate::limits::PROMOTION_LAG_ENTRIES_MAX;
use crate::member::{Inner, Member};
use crate::messages::Request;
use crate::network::{CallError, Lane};
use crate::runtime::Runtime;
use crate::status::{Metrics, metrics};
use crate::{NodeAddress, NodeId};

/// How long a step may take to be committed, both entries of a joint one.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a node that is to be added may take to answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is looked whether a change was left unfinished.
const FINISH_EVERY: Duration = Duration::from_millis(500);

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// As a learner. It must run, and wait to be added.
    Add {
        id: NodeId,
        address: NodeAddress,
    },
    /// Make a learner a voter; in the same step take the vote and the place of another member, if one is named.
    Promote {
        id: NodeId,
        instead_of: Option<NodeId>,
    },
    Remove {
        id: NodeId,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Add { id, .. } => write!(f, "node {id} is being added"),
            Change::Promote { id, instead_of: None } => write!(f, "node {id} is being made a voter"),
            Change::Promote { id, instead_of: Some(old) } => {
                write!(f, "node {id} is taking the place of node {old}")
            }
            Change::Remove { id } => write!(f, "node {id} is being removed"),
        }
    }
}

/// Why a step was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    #[error("this node does not lead")]
    NotLeader { leader: Option<NodeId> },
    /// Nothing was changed. The reason, with the way out.
    #[error("{0}")]
    Refused(String),
    /// Nothing was changed; the same may succeed in a moment.
    #[error("{0}")]
    NotNow(String),
    /// It may come into force, or not. Ask again.
    #[error("{0}")]
    Unknown(String),
    #[error("the node has stopped: {0}")]
    Fatal(String),
}

pub(crate) struct Asked {
    change: Change,
    answer: oneshot::Sender<Result<(), ChangeError>>,
}

type Outcome = Result<(), ChangeError>;

fn refused<A>(why: impl Into<String>) -> Result<A, ChangeError> {
    Err(ChangeError::Refused(why.into()))
}

impl<T: Runtime> Member<T> {
    /// Take a step. It goes on when the future is dropped.
    pub fn change_members(&self, change: Change) -> impl Future<Output = Outcome> + Send + 'static + use<T> {
        let (answer, answered) = oneshot::channel();
        let inner = &self.inner;
        let mut going_on = inner.watched.change.lock();
        let handed = match &*going_on {
            Some(what) => {
                Err(ChangeError::NotNow(format!("{what}: one change at a time; ask again when it is done")))
            }
            None => {
                let what = change.to_string();
                match inner.changes.try_send(Asked { change, answer }) {
                    Ok(()) => {
                        *going_on = Some(what);
                        Ok(())
                    }
                    Err(_) => Err(ChangeError::Fatal("it was shut down".into())),
                }
            }
        };
        drop(going_on);
        async move {
            handed?;
            answered
                .await
                .unwrap_or_else(|_| Err(ChangeError::Unknown("the node stopped in the middle of it".into())))
        }
    }
}

/// The task that takes all steps.
pub(crate) async fn serve<T: Runtime>(inner: Arc<Inner<T>>, mut asked: mpsc::Receiver<Asked>) {
    loop {
        match T::Rt::timeout(FINISH_EVERY, asked.recv()).await {
            Ok(Some(Asked { change, answer })) => {
                let outcome = take(&inner, &change).await;
                match &outcome {
                    Ok(()) => tracing::info!("done: {change}"),
                    Err(error) => tracing::warn!("{change}: {error}"),
                }
                *inner.watched.change.lock() = None;
                // Whoever asked may have gone.
                let _ = answer.send(outcome);
            }
            Ok(None) => return,
            Err(_) => {
                let now = metrics(&inner);
                let is_joint = now.membership_config.membership().get_joint_config().len() > 1;
                if is_joint && inner.watched.lane_ready.borrow().is_some() {
                    match finish(&inner).await {
                        Ok(()) => tracing::info!("a change of members that was begun is finished"),
                        Err(error) => tracing::warn!("a change of members that was begun: {error}"),
                    }
                }
            }
        }
    }
}

async fn take<T: Runtime>(inner: &Arc<Inner<T>>, change: &Change) -> Outcome {
    let now = metrics(inner);
    if now.state != ServerState::Leader || now.current_leader != Some(inner.id) {
        return Err(ChangeError::NotLeader {
            leader: now.current_leader.filter(|leader| *leader != inner.id),
        });
    }
    if now.membership_config.membership().get_joint_config().len() > 1 {
        finish(inner).await?;
    }
    let roll = Roll::of(inner);
    match change {
        Change::Add { id, address } => add(inner, &roll, *id, address).await,
        Change::Promote { id, instead_of } => promote(inner, &roll, *id, *instead_of).await,
        Change::Remove { id } => remove(inner, &roll, *id).await,
    }
}

/// The members as they are when a step begins, and what the leader knows of them.
struct Roll<T: Runtime> {
    metrics: Metrics<T>,
    members: Vec<(NodeId, MemberRecord)>,
    voters: BTreeSet<NodeId>,
}

impl<T: Runtime> Roll<T> {
    fn of(inner: &Inner<T>) -> Self {
        let metrics = metrics(inner);
        let membership = metrics.membership_config.membership();
        let members = membership.nodes().map(|(id, record)| (*id, record.clone())).collect();
        let voters = membership.voter_ids().collect();
        Roll { metrics, members, voters }
    }

    fn find(&self, id: NodeId) -> Option<&MemberRecord> {
        self.members.iter().find(|(member, _)| *member == id).map(|(_, record)| record)
    }
}

/// Would these voters have a majority that answers, now? Asked, because a leader misses a node that has just died only later.
async fn check_majority<T: Runtime>(inner: &Arc<Inner<T>>, voters: &BTreeSet<NodeId>) -> Outcome {
    let others: Vec<_> = voters.iter().copied().filter(|id| *id != inner.id).collect();
    let answers = futures_util::future::join_all(others.iter().map(|id| ask(inner, *id))).await;
    let silent = others.iter().zip(answers).filter(|(_, answer)| answer.is_err());
    let silent: Vec<_> = silent.map(|(id, _)| *id).collect();
    let needed = voters.len() / 2 + 1;
    if voters.len() - silent.len() >= needed {
        return Ok(());
    }
    let is_one = silent.len() == 1;
    refused(format!(
        "the voters would be {}, a write would need {needed} of them, and {} not answer: bring {} back first, or remove {} instead",
        names(voters),
        if is_one { format!("node {} does", silent[0]) } else { format!("nodes {} do", names(&silent)) },
        if is_one { "it" } else { "them" },
        if is_one { "it" } else { "those" },
    ))
}

/// Anything, to hear whether it answers.
async fn ask<T: Runtime>(inner: &Arc<Inner<T>>, id: NodeId) -> Result<(), CallError> {
    let call = || inner.transport.call(id, Lane::Read, Request::Room.encode(), PROBE_TIMEOUT);
    match call().await {
        // The connection may have been one to the peer's last life.
        Err(CallError::Broken(_)) => call().await,
        answer => answer,
    }
    .map(drop)
}

fn names<'a>(ids: impl IntoIterator<Item = &'a NodeId>) -> String {
    let ids: Vec<_> = ids.into_iter().map(NodeId::to_string).collect();
    match ids.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => ids.concat(),
    }
}

async fn add<T: Runtime>(
    inner: &Arc<Inner<T>>,
    roll: &Roll<T>,
    id: NodeId,
    address: &NodeAddress,
) -> Outcome {
    match roll.find(id) {
        Some(_) if roll.voters.contains(&id) => {
            return refused(format!("node {id} is a member already, and votes"));
        }
        // Asked for again: it is one of us, and catches up.
        Some(record) if record.address == *address => return Ok(()),
        Some(record) => {
            return refused(format!(
                "node {id} is being added under another address ({}): remove it first, and give the node a new id",
                record.address.peer
            ));
        }
        None => {}
    }
    let ids_max = inner.roster.ids_max();
    if id <= ids_max {
        return refused(format!(
            "ids are used once, and {id} is no new one: start the node with an empty directory and an id of {} or higher",
            ids_max + 1
        ));
    }
    if inner.config.dial.is_empty() {
        check_reachable(roll, id, address)?;
    }
    probe(inner, id, address).await?;
    let record = |id, address: &NodeAddress| MemberRecord {
        address: address.clone(),
        incarnation: inner.roster.incarnation(id).unwrap_or(0),
    };
    // The first members have written their first entry before they had met: what is known of them now goes with it.
    let met = roll.members.iter().filter(|(_, member)| member.incarnation == 0);
    let met =
        met.map(|(id, member)| (*id, record(*id, &member.address))).filter(|(_, now)| now.incarnation != 0);
    let nodes = [(id, record(id, address))].into_iter().collect();
    let change =
        ChangeMembers::Batch(vec![ChangeMembers::SetNodes(met.collect()), ChangeMembers::AddNodes(nodes)]);
    submit(inner, &roll.metrics, change).await
}

/// As far as can be told from the addresses alone: all members have to reach each other at them, for as long as they are members.
fn check_reachable<T: Runtime>(roll: &Roll<T>, id: NodeId, address: &NodeAddress) -> Outcome {
    for (what, at) in [("peer", &address.peer), ("bolt", &address.bolt)] {
        if reach(at) == Reach::Nowhere {
            return refused(format!(
                "node {id} listens at {at}, which is every address of its machine and none that others can dial: start it \
                 with advertise.{what}"
            ));
        }
    }
    let is_local = reach(&address.peer) == Reach::Machine;
    let other =
        roll.members.iter().find(|(_, member)| (reach(&member.address.peer) == Reach::Machine) != is_local);
    let Some((other, record)) = other else { return Ok(()) };
    let (local, local_at) = if is_local { (id, &address.peer) } else { (*other, &record.address.peer) };
    refused(format!(
        "nodes {id} and {other} cannot reach each other at {} and {}: {local_at} is for the machine of node {local} only. {}",
        address.peer,
        record.address.peer,
        if is_local {
            "Start it with a listen.peer (or advertise.peer) that others can dial"
        } else {
            "A member keeps its address: back up, and restore into a cluster that is started with addresses others can dial"
        },
    ))
}

/// From where an address can be dialled.
#[derive(PartialEq, Eq)]
enum Reach {
    Anywhere,
    Machine,
    Nowhere,
}

fn reach(address: &str) -> Reach {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    if host.eq_ignore_ascii_case("localhost") {
        return Reach::Machine;
    }
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => Reach::Nowhere,
        Ok(ip) if ip.is_loopback() => Reach::Machine,
        _ => Reach::Anywhere,
    }
}

/// Does the node let this one in? After that its incarnation is known.
async fn probe<T: Runtime>(inner: &Arc<Inner<T>>, id: NodeId, address: &NodeAddress) -> Outcome {
    inner.transport.meet(id, address);
    if let Err(error) = ask(inner, id).await {
        inner.transport.keep(&addresses_of(&metrics(inner)));
        return refused(format!(
            "node {id} does not let this one in at {}: {error}. It has to run, started with --join and members of this \
             cluster, and its listen.peer (or advertise.peer) has to be reachable from all members",
            address.peer
        ));
    }
    Ok(())
}

/// Where peers are, by the newest membership.
pub(crate) fn addresses_of<T: Runtime>(
    metrics: &Metrics<T>,
) -> std::collections::BTreeMap<NodeId, NodeAddress> {
    let membership = metrics.membership_config.membership();
    membership.nodes().map(|(id, record)| (*id, record.address.clone())).collect()
}

async fn promote<T: Runtime>(
    inner: &Arc<Inner<T>>,
    roll: &Roll<T>,
    id: NodeId,
    instead_of: Option<NodeId>,
) -> Outcome {
    if roll.find(id).is_none() {
        return refused(format!("node {id} is no member: add it first"));
    }
    let mut voters = roll.voters.clone();
    voters.insert(id);
    if let Some(old) = instead_of {
        if old == id {
            return refused(format!("node {id} cannot take its own place"));
        }
        voters.remove(&old);
    }
    if voters == roll.voters && instead_of.is_none_or(|old| roll.find(old).is_none()) {
        return Ok(());
    }
    check_caught_up(roll, id)?;
    check_majority(inner, &voters).await?;
    if instead_of == Some(inner.id) {
        return hand_over(inner).await;
    }
    submit(inner, &roll.metrics, ChangeMembers::ReplaceAllVoters(voters)).await?;
    match instead_of {
        // It was a learner, whom a change of voters leaves where it is.
        Some(old) if Roll::of(inner).find(old).is_some() => {
            submit(inner, &metrics(inner), ChangeMembers::RemoveNodes([old].into())).await
        }
        _ => Ok(()),
    }
}

fn check_caught_up<T: Runtime>(roll: &Roll<T>, id: NodeId) -> Outcome {
    if roll.voters.contains(&id) {
        return Ok(());
    }
    let last = roll.metrics.last_log_index.unwrap_or(0);
    let matched =
        roll.metrics.replication.as_ref().and_then(|all| all.get(&id)?.as_ref().map(|id| id.index()));
    match matched {
        Some(matched) if last.saturating_sub(matched) <= PROMOTION_LAG_ENTRIES_MAX => Ok(()),
        Some(matched) => Err(ChangeError::NotNow(format!(
            "node {id} has {matched} of {last} entries: it votes when at most {PROMOTION_LAG_ENTRIES_MAX} are missing"
        ))),
        None => Err(ChangeError::NotNow(format!(
            "node {id} has no entry yet of {last}: it votes when it has caught up"
        ))),
    }
}

async fn remove<T: Runtime>(inner: &Arc<Inner<T>>, roll: &Roll<T>, id: NodeId) -> Outcome {
    if roll.find(id).is_none() {
        let members = names(roll.members.iter().map(|(id, _)| id));
        return refused(if id <= inner.roster.ids_max() {
            format!("node {id} is no member any more; members are {members}")
        } else {
            format!("there is no node {id}; members are {members}")
        });
    }
    if !roll.voters.contains(&id) {
        return submit(inner, &roll.metrics, ChangeMembers::RemoveNodes([id].into())).await;
    }
    let mut voters = roll.voters.clone();
    voters.remove(&id);
    if voters.is_empty() {
        return refused(format!("node {id} is the only voter: add another before it goes"));
    }
    check_majority(inner, &voters).await?;
    if id == inner.id {
        return hand_over(inner).await;
    }
    submit(inner, &roll.metrics, ChangeMembers::ReplaceAllVoters(voters)).await
}

/// Whoever leads next takes the step.
async fn hand_over<T: Runtime>(inner: &Arc<Inner<T>>) -> Outcome {
    let member = Member { inner: Arc::clone(inner) };
    match member.transfer_leadership(None, HANDOVER_TIMEOUT).await {
        Ok(leader) => Err(ChangeError::NotLeader { leader: Some(leader) }),
        Err(error) => Err(ChangeError::NotNow(format!(
            "node {} leads and has to hand over before it goes, and nobody has taken over: {error}",
            inner.id
        ))),
    }
}

/// Leave a joint membership for the one it leads to.
async fn finish<T: Runtime>(inner: &Arc<Inner<T>>) -> Outcome {
    submit(inner, &metrics(inner), ChangeMembers::AddVoterIds(BTreeSet::new())).await
}

/// Append it if the membership is still the one that `seen` shows, and wait until it is in force.
async fn submit<T: Runtime>(
    inner: &Arc<Inner<T>>,
    seen: &Metrics<T>,
    change: ChangeMembers<NodeId, MemberRecord>,
) -> Outcome {
    let still =
        Precondition::LastMembershipLogId { last_membership_log_id: *seen.membership_config.log_id() };
    let changing = inner.raft.change_membership_if(change, false, [still]);
    match T::Rt::timeout(COMMIT_TIMEOUT, changing).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(change_error(&error)),
        Err(_) => Err(ChangeError::Unknown(format!(
            "no majority has agreed within {:?}, and it may still happen: look at the members when a majority answers",
            COMMIT_TIMEOUT
        ))),
    }
}

fn change_error<T: Runtime>(error: &RaftError<Cfg<T>, ClientWriteError<Cfg<T>>>) -> ChangeError {
    let error = match error {
        RaftError::APIError(error) => error,
        RaftError::Fatal(fatal) => return ChangeError::Fatal(fatal.to_string()),
    };
    match error {
        ClientWriteError::ForwardToLeader(forward) => match forward.reason {
            ForwardReason::LeaseExpired => ChangeError::NotNow(
                "no majority answers this leader: bring nodes back, or wait for the next leader".into(),
            ),
            _ => ChangeError::NotLeader { leader: forward.leader_id },
        },
        ClientWriteError::LogEntryDiscarded(_) => ChangeError::Unknown(
            "leadership was lost in the middle of it: look at the members, and ask again".into(),
        ),
        ClientWriteError::ChangeMembershipError(ChangeMembershipError::InProgress(_)) => ChangeError::NotNow(
            "an earlier change is not agreed on yet: ask again when a majority answers".into(),
        ),
        ClientWriteError::ChangeMembershipError(other) => ChangeError::Refused(other.to_string()),
        ClientWriteError::PreconditionFailed(_) => {
            ChangeError::NotNow("the members have changed meanwhile: look at them, and ask again".into())
        }
    }
}
