//! The plan IR and the executor: plan + view -> rows (+ effects).
//!
//! A [`Plan`] is decoded from the planner's MessagePack document and validated once. An [`Execution`] runs it, pulled
//! batch by batch, over a view (reads) or on a draft (writes). The executor obeys the plan: it never decides what a query
//! means. It is deterministic given plan, graph, parameters and the [`Draws`] (clock, random seed) it is handed.

mod batch;
mod context;
mod error;
mod execution;
pub mod expression;
pub mod functions;
pub mod limits;
mod operators;
mod parameters;
pub mod plan;
mod reads;
pub mod schema_graph;
mod search;

pub use batch::Batch;
pub use context::{Access, CancelFlag, Counters, Draws, Limits, Patience, Procedures};
pub use error::{ErrorKind, ExecError};
pub use execution::{Execution, Finished};
pub use operators::Statement;
pub use parameters::Parameters;
pub use plan::{Batched, NameKind, NamePiece, Notification, OnError, Plan, PlanKind, PlanMode};
pub use reads::{Lookup, Read, ReadSet, Side};
