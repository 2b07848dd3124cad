//! Sorting by orderability, stable; with a limit only the first rows are kept.

use std::cmp::Ordering;
use std::collections::VecDeque;

use samyama_graph::Value;
use samyama_graph::compare::order;

use super::rows::row_count;
use super::{Operate, Source};
use crate::ExecError;
use crate::expression::{Context, Expression, value_bytes};

/// With a limit, rows are cut back to it whenever twice as many have gathered.
const CUT_AT_LEAST: usize = 64;

pub(super) struct Sort {
    pub(super) input: Source,
    pub(super) keys: Vec<Expression>,
    pub(super) descending: Vec<bool>,
    pub(super) limit: Option<Expression>,
    pub(super) sorted: Option<VecDeque<Keyed>>,
    pub(super) charged_bytes: usize,
}

pub(super) struct Keyed {
    keys: Vec<Value>,
    row: Vec<Value>,
    bytes: usize,
}

impl Sort {
    fn compare(&self, a: &Keyed, b: &Keyed) -> Ordering {
        let pairs = a.keys.iter().zip(&b.keys).zip(&self.descending);
        pairs
            .map(|((a, b), descending)| if *descending { order(b, a) } else { order(a, b) })
            .find(|ordering| ordering.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    fn run(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        let limit = match &self.limit {
            None => usize::MAX,
            Some(limit) => match row_count(limit, "LIMIT", row, context) {
                // SKIP and LIMIT together are more rows than there can be.
                Err(error) if error.detail == "IntegerOverflow" => usize::MAX,
                count => usize::try_from(count?).unwrap_or(usize::MAX),
            },
        };
        let mut rows: Vec<Keyed> = Vec::new();
        while self.input.next(row, context)? {
            context.step()?;
            let mut keys = Vec::with_capacity(self.keys.len());
            for key in &self.keys {
                keys.push(key.evaluate(row, context)?);
            }
            let bytes = 72 + keys.iter().chain(row.iter()).map(value_bytes).sum::<usize>();
            context.memory.charge(bytes)?;
            self.charged_bytes += bytes;
            rows.push(Keyed { keys, row: row.to_vec(), bytes });
            if rows.len() >= limit.saturating_mul(2).max(CUT_AT_LEAST) {
                self.cut(&mut rows, limit, context);
            }
        }
        self.cut(&mut rows, limit, context);
        self.sorted = Some(rows.into());
        Ok(())
    }

    fn cut(&mut self, rows: &mut Vec<Keyed>, limit: usize, context: &mut Context<'_>) {
        rows.sort_by(|a, b| self.compare(a, b));
        let bytes: usize = rows.iter().skip(limit).map(|row| row.bytes).sum();
        rows.truncate(limit);
        context.memory.release(bytes);
        self.charged_bytes -= bytes;
    }
}

impl Operate for Sort {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.sorted = None;
        context.memory.release(std::mem::take(&mut self.charged_bytes));
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        if self.sorted.is_none() {
            self.run(row, context)?;
        }
        let Some(kept) = self.sorted.as_mut().and_then(VecDeque::pop_front) else { return Ok(false) };
        row.clone_from_slice(&kept.row);
        Ok(true)
    }
}
