//! SHORTEST k and its kin: of the paths between the same two ends, which come shortest first, the first ones.

use rustc_hash::FxHashMap;
use samyama_graph::{Equivalent, Value};

use super::rows::row_count;
use super::{Operate, Source};
use crate::ExecError;
use crate::expression::{Context, Expression};

pub(super) struct SelectPaths {
    pub(super) input: Source,
    pub(super) partition: Vec<usize>,
    pub(super) length: Expression,
    pub(super) count: Expression,
    /// Count lengths instead of paths.
    pub(super) groups: bool,
    /// Per pair of ends: how many were given, and the length of the last one.
    pub(super) seen: FxHashMap<Vec<Equivalent>, (u64, Value)>,
    pub(super) limit: Option<u64>,
}

impl Operate for SelectPaths {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.seen.clear();
        self.limit = None;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        let limit = match self.limit {
            Some(limit) => limit,
            None => row_count(&self.count, "SHORTEST", row, context)?,
        };
        self.limit = Some(limit);
        while self.input.next(row, context)? {
            context.step()?;
            let length = self.length.evaluate(row, context)?;
            let key: Vec<_> = self.partition.iter().map(|slot| Equivalent(row[*slot].clone())).collect();
            let (given, last) = self.seen.entry(key).or_insert((0, Value::Null));
            let is_same = self.groups && Equivalent(last.clone()) == Equivalent(length.clone());
            if !is_same {
                *given += 1;
                *last = length;
            }
            if *given <= limit {
                return Ok(true);
            }
            context.memory.ensure(self.seen.len() * 96)?;
        }
        Ok(false)
    }
}
