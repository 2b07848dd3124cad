//! A plan inside an expression: EXISTS, COUNT, COLLECT and pattern comprehensions.

use samyama_graph::Value;

use super::Source;
use crate::ExecError;
use crate::expression::{Context, RowSubplan, value_bytes};
use crate::plan::SubplanKind;

pub(super) struct Subplan {
    pub(super) kind: SubplanKind,
    pub(super) source: Source,
    pub(super) slot: Option<usize>,
}

impl RowSubplan for Subplan {
    fn run(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<Value, ExecError> {
        self.source.restart(context);
        match self.kind {
            SubplanKind::Exists => self.source.next(row, context).map(Value::Boolean),
            SubplanKind::Count => self.source.count(row, context).map(|rows| Value::Integer(rows as i64)),
            SubplanKind::Collect => {
                let Some(slot) = self.slot else {
                    return Err(ExecError::internal("a COLLECT without a column"));
                };
                let (mut items, mut bytes) = (Vec::new(), 0);
                while self.source.next(row, context)? {
                    context.step()?;
                    bytes += value_bytes(&row[slot]);
                    context.memory.ensure(bytes)?;
                    items.push(row[slot].clone());
                }
                Ok(Value::from(items))
            }
        }
    }
}
