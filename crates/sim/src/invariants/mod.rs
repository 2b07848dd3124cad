//! What must hold at every moment, one property a file. Properties of what clients were told are in [`crate::history`].

mod applied_order;
mod commit_durable;
mod committed_stable;
mod equal_states;
mod leader_completeness;
mod log_matching;
mod order_of_marks;
mod votes_forward;

use crate::oracle::Invariant;

/// All of them, for a cluster of so many voters.
pub fn all(nodes: usize) -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(applied_order::AppliedOrder::default()),
        Box::new(commit_durable::CommitDurable::new(nodes)),
        Box::new(committed_stable::CommittedStable::default()),
        Box::new(equal_states::EqualStates::default()),
        Box::new(leader_completeness::LeaderCompleteness::default()),
        Box::new(log_matching::LogMatching::default()),
        Box::new(order_of_marks::OrderOfMarks::default()),
        Box::new(votes_forward::VotesForward::default()),
    ]
}
