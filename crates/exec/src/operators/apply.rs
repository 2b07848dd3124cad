//! A right side that runs once for each left row: for its rows, for whether it has any, or with nulls where it has none.

use samyama_graph::Value;

use super::{Operate, Source};
use crate::ExecError;
use crate::expression::Context;

pub(super) enum Keep {
    /// Every right row.
    Rows,
    /// The left row, if there is a right row (or, with false, if there is none).
    If(bool),
    /// Every right row, or the left row once with these slots null.
    OrNulls(Vec<usize>),
}

pub(super) struct Apply {
    pub(super) input: Source,
    pub(super) right: Source,
    pub(super) keep: Keep,
    pub(super) is_open: bool,
}

impl Operate for Apply {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.is_open = false;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            if self.is_open {
                if self.right.next(row, context)? {
                    return Ok(true);
                }
                self.is_open = false;
            }
            context.step()?;
            if !self.input.next(row, context)? {
                return Ok(false);
            }
            self.right.restart(context);
            match &self.keep {
                Keep::Rows => self.is_open = true,
                Keep::If(wanted) => {
                    if self.right.next(row, context)? == *wanted {
                        return Ok(true);
                    }
                }
                Keep::OrNulls(slots) => {
                    self.is_open = self.right.next(row, context)?;
                    if !self.is_open {
                        slots.iter().for_each(|slot| row[*slot] = Value::Null);
                    }
                    return Ok(true);
                }
            }
        }
    }
}
