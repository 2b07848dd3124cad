//! FOREACH: the body runs to its end for each element; the row passes on.

use samyama_graph::Value;

use super::{Operate, Source};
use crate::ExecError;
use crate::expression::{Context, Expression};

pub(super) struct Foreach {
    pub(super) input: Source,
    pub(super) slot: usize,
    pub(super) list: Expression,
    pub(super) body: Source,
}

impl Operate for Foreach {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        context.step()?;
        if !self.input.next(row, context)? {
            return Ok(false);
        }
        match self.list.evaluate(row, context)? {
            Value::Null => {}
            Value::List(items) => {
                for item in items.iter() {
                    row[self.slot] = item.clone();
                    self.body.restart(context);
                    while self.body.next(row, context)? {
                        context.step()?;
                    }
                }
            }
            other => {
                let what = format!("Expected a List for FOREACH, but there was a {}", other.type_name());
                return Err(ExecError::type_error("InvalidArgumentType", what));
            }
        }
        Ok(true)
    }
}
