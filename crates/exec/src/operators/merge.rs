//! MERGE: for each row all matches, or, where there are none, the whole pattern created. It sees what it made for earlier
//! rows, because the right side starts afresh for each.

use samyama_graph::Value;

use super::create::Pattern;
use super::set::Item;
use super::{Operate, Source};
use crate::ExecError;
use crate::expression::{Context, Expression};

pub(super) struct Merge {
    pub(super) input: Source,
    pub(super) right: Source,
    pub(super) pattern: Pattern,
    pub(super) on_match: Vec<Item>,
    pub(super) on_create: Vec<Item>,
    pub(super) not_null: Vec<Expression>,
    /// Matches of the present row that have been found and not given yet.
    pub(super) matches: super::rows::Buffer,
}

impl Merge {
    /// Property values of the pattern; none may be null.
    fn check(&self, row: &mut [Value], context: &mut Context<'_>) -> Result<(), ExecError> {
        for expression in &self.not_null {
            if expression.evaluate(row, context)?.is_null() {
                return Err(ExecError::semantic_error(
                    "MergeReadOwnWrites",
                    "Cannot merge using a null property value: it would never match and create a new entity each time",
                ));
            }
        }
        Ok(())
    }
}

impl Operate for Merge {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.matches.clear(context);
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            if self.matches.pop(row) {
                return Ok(true);
            }
            self.matches.clear(context);
            context.step()?;
            if !self.input.next(row, context)? {
                return Ok(false);
            }
            self.check(row, context)?;
            self.right.restart(context);
            // All matches first: ON MATCH must not change what is still to be matched.
            while self.right.next(row, context)? {
                self.matches.push(row, context)?;
            }
            if self.matches.rows.is_empty() {
                self.pattern.create(row, context)?;
                for item in &self.on_create {
                    item.apply(row, context)?;
                }
                return Ok(true);
            }
            for at in 0..self.matches.rows.len() {
                if self.on_match.is_empty() {
                    break;
                }
                row.clone_from_slice(&self.matches.rows[at]);
                for item in &self.on_match {
                    item.apply(row, context)?;
                }
            }
        }
    }
}
