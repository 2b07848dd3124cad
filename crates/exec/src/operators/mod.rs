//! The operators: one tree of them per execution, pulled row by row.
//!
//! All operators of an execution share one row, a value per slot: an operator writes the slots it owns and leaves the
//! others as its input left them, so nothing is copied on the way. What must outlive the next pull (sorting, grouping, eager
//! buffers) copies rows out and charges them. Adjacency and scans are read in chunks into buffers of the operator, so no
//! operator holds a borrow of the graph while another writes. The planner gives every variable a slot of its own; that is
//! what makes the shared row safe.
//!
//! Last hops of counts are not materialised: [`Operate::count`] says how many rows are left without making them.
//! Not here: batches of columns, parallel operators, spilling to disk.

mod aggregation;
mod apply;
mod bound;
mod build;
mod count_store;
mod create;
mod csv;
mod delete;
mod expand;
mod foreach;
mod index_options;
mod join;
mod load_csv;
mod merge;
mod names;
mod procedure;
mod reach;
mod relationship_seek;
mod repeat;
mod rows;
mod scan;
mod schema;
mod seek;
mod select_paths;
mod set;
mod shortest;
mod show;
mod sort;
mod statement;
mod subplan;
mod var_length;
mod walk;
mod write_procedures;

use samyama_graph::Value;

pub(crate) use build::Builder;
pub use statement::{ProfileEntry, Statement};

use crate::ExecError;
use crate::expression::Context;

/// Steps of a loop between two looks at the clock and the cancel flag.
pub(crate) const STEPS_PER_CHECK: u32 = 1_024;

/// A row source over the shared row.
pub(crate) trait Operate {
    /// Begin anew: the next pull takes the row as it then stands for its argument.
    fn restart(&mut self, context: &mut Context<'_>);

    /// Write the next row; false at the end.
    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError>;

    /// How many rows are left; they are gone afterwards.
    fn count(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<u64, ExecError> {
        let mut rows = 0;
        while self.next(row, context)? {
            rows += 1;
        }
        Ok(rows)
    }
}

pub(crate) type Source = Box<dyn Operate>;
