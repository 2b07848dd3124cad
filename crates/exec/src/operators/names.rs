//! Labels and types of what is written: names of the plan, and names that are values (`$(...)`).

use std::borrow::Cow;
use std::sync::Arc;

use samyama_graph::Value;

use crate::ExecError;
use crate::expression::{Context, Expression};
use crate::functions::names_in;

/// `values`: each gives a name or a list of names, anew for every row.
pub(super) struct Names {
    pub(super) plain: Vec<Arc<str>>,
    pub(super) values: Vec<Expression>,
}

impl Names {
    /// Those for this row.
    pub(super) fn of<'n>(
        &'n self,
        row: &mut [Value],
        context: &mut Context<'_>,
    ) -> Result<Cow<'n, [Arc<str>]>, ExecError> {
        if self.values.is_empty() {
            return Ok(Cow::Borrowed(&self.plain));
        }
        let mut all = self.plain.clone();
        for value in &self.values {
            all.extend(names_in(&value.evaluate(row, context)?)?);
        }
        Ok(Cow::Owned(all))
    }
}
