//! Joins of two independent sides: every pair, or pairs with equal keys. The right side is read once and kept.

use rustc_hash::FxHashMap;
use samyama_graph::compare::equals;
use samyama_graph::{Equivalent, Value};

use super::{Operate, Source};
use crate::ExecError;
use crate::expression::{Context, Expression, value_bytes};

/// Keys of both sides; none: every pair.
pub(super) struct Keys {
    pub(super) left: Vec<Expression>,
    pub(super) right: Vec<Expression>,
}

pub(super) struct Join {
    pub(super) input: Source,
    pub(super) right: Source,
    pub(super) right_slots: Vec<usize>,
    pub(super) keys: Option<Keys>,
    pub(super) table: Option<Table>,
    /// Right rows that go with the present left row, and which comes next.
    pub(super) matches: Vec<usize>,
    pub(super) at: usize,
    pub(super) charged_bytes: usize,
}

#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Vec<Value>>,
    keys: Vec<Vec<Value>>,
    by_key: FxHashMap<Vec<Equivalent>, Vec<usize>>,
}

fn evaluate_all(
    expressions: &[Expression],
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Vec<Value>, ExecError> {
    expressions.iter().map(|expression| expression.evaluate(row, context)).collect()
}

impl Join {
    fn read_right(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<Table, ExecError> {
        let mut table = Table::default();
        self.right.restart(context);
        while self.right.next(row, context)? {
            context.step()?;
            let values: Vec<_> = self.right_slots.iter().map(|slot| row[*slot].clone()).collect();
            let mut bytes = 48 + values.iter().map(value_bytes).sum::<usize>();
            if let Some(keys) = &self.keys {
                let key = evaluate_all(&keys.right, row, context)?;
                if key.iter().any(Value::is_null) {
                    continue;
                }
                bytes += 96 + 2 * key.iter().map(value_bytes).sum::<usize>();
                let hashed = key.iter().cloned().map(Equivalent).collect();
                table.by_key.entry(hashed).or_default().push(table.rows.len());
                table.keys.push(key);
            }
            context.memory.charge(bytes)?;
            self.charged_bytes += bytes;
            table.rows.push(values);
        }
        Ok(table)
    }

    /// Equivalence finds candidates; equality decides (NaN, nulls inside lists).
    fn find(&mut self, table: &Table, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        self.matches.clear();
        self.at = 0;
        let Some(keys) = &self.keys else {
            self.matches.extend(0..table.rows.len());
            return Ok(());
        };
        let key = evaluate_all(&keys.left, row, context)?;
        let hashed: Vec<_> = key.iter().cloned().map(Equivalent).collect();
        let candidates = table.by_key.get(&hashed).map_or(&[][..], |found| found);
        let is_equal =
            |at: &&usize| table.keys[**at].iter().zip(&key).all(|(a, b)| equals(a, b) == Some(true));
        self.matches.extend(candidates.iter().filter(is_equal));
        Ok(())
    }
}

impl Operate for Join {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.table = None;
        self.matches.clear();
        self.at = 0;
        context.memory.release(std::mem::take(&mut self.charged_bytes));
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        let table = match self.table.take() {
            Some(table) => table,
            None => self.read_right(row, context)?,
        };
        let found = loop {
            if let Some(place) = self.matches.get(self.at) {
                self.at += 1;
                for (slot, value) in self.right_slots.iter().zip(&table.rows[*place]) {
                    row[*slot] = value.clone();
                }
                break true;
            }
            context.step()?;
            if !self.input.next(row, context)? {
                break false;
            }
            self.find(&table, row, context)?;
        };
        self.table = Some(table);
        Ok(found)
    }
}
