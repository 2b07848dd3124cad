//! LOAD CSV: per input row, the records of a file.

use std::sync::Arc;

use samyama_graph::{Map, Value};

use super::csv::Reader;
use super::{Operate, Source};
use crate::expression::{Context, Expression};
use crate::{ExecError, Patience};

pub(super) struct LoadCsv {
    pub(super) input: Source,
    pub(super) slot: usize,
    pub(super) url: Expression,
    pub(super) headers: bool,
    pub(super) delimiter: Option<Expression>,
    pub(super) open: Option<Open>,
}

pub(super) struct Open {
    reader: Reader,
    file: Arc<str>,
    names: Option<Vec<Arc<str>>>,
}

impl LoadCsv {
    fn open(&self, row: &mut [Value], context: &mut Context<'_>) -> Result<Open, ExecError> {
        let Value::String(file) = self.url.evaluate(row, context)? else {
            return Err(ExecError::type_error("InvalidArgumentType", "LOAD CSV takes a URL as a String"));
        };
        let delimiter = match &self.delimiter {
            None => b',',
            Some(expression) => match expression.evaluate(row, context)? {
                Value::String(text) if text.len() == 1 && !"\"\n\r".contains(text.as_ref()) => {
                    text.as_bytes()[0]
                }
                _ => {
                    let what = "FIELDTERMINATOR takes a String of one ASCII character";
                    return Err(ExecError::type_error("InvalidArgumentType", what));
                }
            },
        };
        let procedures = context.statement.procedures;
        let patience = Patience {
            may_wait: context.limits.may_wait,
            until: context.limits.deadline,
            cancel: context.cancel.clone(),
        };
        let bytes = match procedures {
            Some(procedures) => procedures.open_csv(&file, &patience)?,
            None => return Err(ExecError::internal("LOAD CSV without a place to read from")),
        };
        let mut reader = Reader::new(bytes, delimiter)?;
        let names = if self.headers {
            let names = reader.record()?.unwrap_or_default();
            Some(names.into_iter().map(|name| Arc::from(name.unwrap_or_default())).collect())
        } else {
            None
        };
        Ok(Open { reader, file, names })
    }
}

impl Open {
    fn next(&mut self, context: &mut Context<'_>) -> Result<Option<Value>, ExecError> {
        let record = self.reader.record().map_err(|error| over(context).unwrap_or(error));
        let Some(fields) = record? else { return Ok(None) };
        context.statement.csv = Some((Arc::clone(&self.file), self.reader.line));
        let value = |field: Option<String>| field.map_or(Value::Null, Value::from);
        Ok(Some(match &self.names {
            None => Value::from(fields.into_iter().map(value).collect::<Vec<_>>()),
            Some(names) => {
                let mut fields = fields.into_iter().map(value);
                let pairs = names.iter().map(|name| (Arc::clone(name), fields.next().unwrap_or_default()));
                Map::from_pairs(pairs).into()
            }
        }))
    }
}

/// Why the statement is to end, if it is: then what could not be read has waited until its own time was up.
fn over(context: &Context<'_>) -> Option<ExecError> {
    context.check().err()
}

impl Operate for LoadCsv {
    fn restart(&mut self, context: &mut Context<'_>) {
        self.input.restart(context);
        self.open = None;
    }

    fn next(&mut self, row: &mut [Value], context: &mut Context<'_>) -> Result<bool, ExecError> {
        loop {
            context.step()?;
            if let Some(open) = &mut self.open {
                if let Some(value) = open.next(context)? {
                    row[self.slot] = value;
                    return Ok(true);
                }
                self.open = None;
            }
            if !self.input.next(row, context)? {
                return Ok(false);
            }
            let opened = self.open(row, context).map_err(|error| over(context).unwrap_or(error));
            self.open = Some(opened?);
        }
    }
}
