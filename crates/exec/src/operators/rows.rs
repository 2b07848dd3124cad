//! Operators over rows: argument, filter, projection, distinct, skip, limit, unwind, union, eager.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;
use samyama_graph::{Equivalent, Value};

use super::{Operate, Source};
use crate::ExecError;
use crate::expression::{Context, Expression, value_bytes};

/// The row as it stands, once.
pub(super) struct Argument {
    pub(super) is_given: bool,
}

impl Operate for Argument {
    fn restart(&mut self, _: &mut Context<'_>) {
        self.is_given = false;
    }

    fn next(&mut self, _: &mut [Value], _: &mut Context<'_>) -> Result<bool, ExecError> {
        Ok(!std::mem::replace(&mut self.is_given, true))
    }
}

pub(super) struct Filter {
    pub(super) input: Source,
    pub(super) predicate: Expression,
}

impl Operate for Filter {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        while self.input.next(row, context)? {
            context.step()?;
            if self.predicate.holds(row, context)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

pub(super) struct Projection {
    pub(super) input: Source,
    pub(super) slots: Vec<usize>,
    pub(super) expressions: Vec<Expression>,
    pub(super) values: Vec<Value>,
}

impl Operate for Projection {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        if !self.input.next(row, context)? {
            return Ok(false);
        }
        // All expressions see the input row; only then are the slots written.
        self.values.clear();
        for expression in &self.expressions {
            self.values.push(expression.evaluate(row, context)?);
        }
        for (slot, value) in self.slots.iter().zip(self.values.drain(..)) {
            row[*slot] = value;
        }
        Ok(true)
    }
}

pub(super) struct Distinct {
    pub(super) input: Source,
    pub(super) slots: Vec<usize>,
    pub(super) seen: FxHashSet<Vec<Equivalent>>,
    pub(super) charged_bytes: usize,
}

impl Operate for Distinct {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.seen.clear();
        context.memory.release(std::mem::take(&mut self.charged_bytes));
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        while self.input.next(row, context)? {
            context.step()?;
            let key: Vec<_> = self.slots.iter().map(|slot| Equivalent(row[*slot].clone())).collect();
            if !self.seen.contains(&key) {
                let bytes = 32 + key.iter().map(|value| value_bytes(&value.0)).sum::<usize>();
                context.memory.charge(bytes)?;
                self.charged_bytes += bytes;
                self.seen.insert(key);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A count of SKIP or LIMIT, from whatever was given.
pub(super) fn row_count(
    expression: &Expression,
    clause: &str,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<u64, ExecError> {
    match expression.evaluate(row, context)? {
        Value::Integer(count) if count >= 0 => Ok(count as u64),
        Value::Integer(count) => Err(ExecError::syntax_error(
            "NegativeIntegerArgument",
            format!("{clause}: {count} is not a valid value, must be a non-negative integer"),
        )),
        other => Err(ExecError::syntax_error(
            "InvalidArgumentType",
            format!("{clause}: a {} is not a valid value, must be a non-negative integer", other.type_name()),
        )),
    }
}

pub(super) struct Skip {
    pub(super) input: Source,
    pub(super) count: Expression,
    pub(super) is_skipped: bool,
}

impl Operate for Skip {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.is_skipped = false;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        if !std::mem::replace(&mut self.is_skipped, true) {
            for _ in 0..row_count(&self.count, "SKIP", row, context)? {
                context.step()?;
                if !self.input.next(row, context)? {
                    return Ok(false);
                }
            }
        }
        self.input.next(row, context)
    }
}

pub(super) struct Limit {
    pub(super) input: Source,
    pub(super) count: Expression,
    /// A write stands below: it runs to its end all the same.
    pub(super) exhaust: bool,
    pub(super) left: Option<u64>,
    /// Rows of an exhausted input that are still to be given.
    pub(super) kept: VecDeque<Vec<Value>>,
}

impl Limit {
    /// Run the input to its end, keeping the first rows.
    fn run_out(&mut self, count: u64, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        while self.input.next(row, context)? {
            context.step()?;
            if (self.kept.len() as u64) < count {
                self.kept.push_back(row.to_vec());
            }
        }
        Ok(())
    }
}

impl Operate for Limit {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.left = None;
        self.kept.clear();
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        let left = match self.left {
            Some(left) => left,
            None => {
                let count = row_count(&self.count, "LIMIT", row, context)?;
                if self.exhaust {
                    self.run_out(count, row, context)?;
                }
                count
            }
        };
        self.left = Some(left.saturating_sub(1));
        if self.exhaust {
            return Ok(self.kept.pop_front().map(|kept| row.clone_from_slice(&kept)).is_some());
        }
        Ok(left > 0 && self.input.next(row, context)?)
    }
}

pub(super) struct Unwind {
    pub(super) input: Source,
    pub(super) slot: usize,
    pub(super) list: Expression,
    pub(super) items: Option<std::sync::Arc<Vec<Value>>>,
    pub(super) at: usize,
}

impl Operate for Unwind {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.items = None;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            if let Some(item) = self.items.as_ref().and_then(|items| items.get(self.at)) {
                self.at += 1;
                row[self.slot] = item.clone();
                return Ok(true);
            }
            context.step()?;
            if !self.input.next(row, context)? {
                return Ok(false);
            }
            self.at = 0;
            self.items = match self.list.evaluate(row, context)? {
                Value::List(items) => Some(items),
                Value::Null => None,
                single => Some(std::sync::Arc::new(vec![single])),
            };
        }
    }
}

pub(super) struct Union {
    pub(super) inputs: Vec<Source>,
    pub(super) mappings: Vec<Vec<usize>>,
    pub(super) slots: Vec<usize>,
    pub(super) at: usize,
}

impl Operate for Union {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.inputs.iter_mut().for_each(|input| input.restart(context));
        self.at = 0;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        while let Some(input) = self.inputs.get_mut(self.at) {
            if input.next(row, context)? {
                let values: Vec<_> = self.mappings[self.at].iter().map(|slot| row[*slot].clone()).collect();
                for (slot, value) in self.slots.iter().zip(values) {
                    row[*slot] = value;
                }
                return Ok(true);
            }
            self.at += 1;
        }
        Ok(false)
    }
}

/// Rows copied out of the shared row, charged, given back in order.
#[derive(Default)]
pub(super) struct Buffer {
    pub(super) rows: VecDeque<Vec<Value>>,
    charged_bytes: usize,
}

impl Buffer {
    pub(super) fn push(&mut self, row: &[Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        let bytes = 24 + row.iter().map(value_bytes).sum::<usize>();
        context.memory.charge(bytes)?;
        self.charged_bytes += bytes;
        self.rows.push_back(row.to_vec());
        Ok(())
    }

    pub(super) fn pop(&mut self, row: &mut [Value]) -> bool {
        self.rows.pop_front().map(|kept| row.clone_from_slice(&kept)).is_some()
    }

    pub(super) fn clear(&mut self, context: &mut Context<'_>) {
        self.rows.clear();
        context.memory.release(std::mem::take(&mut self.charged_bytes));
    }
}

pub(super) struct Eager {
    pub(super) input: Source,
    pub(super) buffer: Buffer,
    pub(super) is_full: bool,
}

impl Operate for Eager {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.buffer.clear(context);
        self.is_full = false;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        if !std::mem::replace(&mut self.is_full, true) {
            while self.input.next(row, context)? {
                context.step()?;
                self.buffer.push(row, context)?;
            }
        }
        Ok(self.buffer.pop(row))
    }
}
