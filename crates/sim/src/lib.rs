//! Whole clusters in virtual time: the real raft, log, state machine and lane code on a simulated network and simulated disks.
//!
//! A seed decides everything: how large the cluster is, what breaks and when, how long each message and each flush takes. The
//! same seed gives the same run, byte for byte, so whatever is found can be looked at again. `docs/architecture/simulation.md`
//! says what is real here, what is simulated, and how to replay a seed.
//!
//! From below: [`world`] (random numbers, trace, findings), [`life`] (the tasks of a node, which a crash takes away), [`runtime`],
//! [`disk`], [`network`], [`host`]; then [`cluster`], its [`clients`] and their [`history`], the [`faults`], the [`oracle`] with its
//! [`invariants`]; then [`run`], which plays a seed.
//!
//! Not here: sessions and Bolt (their part around the lane is redone by the clients), TCP and the hello of peers, changes of
//! membership, threads racing inside one node.

pub mod clients;
pub mod cluster;
pub mod disk;
pub mod faults;
pub mod history;
pub mod host;
pub mod invariants;
pub mod life;
pub mod linearizability;
pub mod machine;
pub mod network;
pub mod oracle;
pub mod panics;
pub mod plans;
pub mod relays;
pub mod report;
pub mod run;
pub mod runtime;
pub mod sessions;
pub mod setup;
pub mod world;
