//! Expressions over the elements of a list: literals, comprehensions, quantifiers, reduce.
//!
//! The variable is a slot of the row. Lists under construction are charged while they grow and released when they are
//! done: from then on they belong to whoever keeps the value.

use std::mem::take;
use std::sync::Arc;

use samyama_graph::Value;

use super::memory::check_depth;
use super::{Context, Node, logic, value_bytes};
use crate::ExecError;
use crate::limits::LIST_LENGTH_MAX;
use crate::plan::QuantifierKind;

/// Turns between two looks at the clock and the cancel flag.
const CHECK_EVERY: usize = 1024;

/// The elements of a list; None for null.
fn elements(
    list: &Node,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Option<Arc<Vec<Value>>>, ExecError> {
    match list.evaluate(row, context)? {
        Value::List(items) => Ok(Some(items)),
        Value::Null => Ok(None),
        other => Err(ExecError::type_error(
            "InvalidArgumentType",
            format!("Type mismatch: expected List but was {}", other.type_name()),
        )),
    }
}

fn turn(i: usize, context: &Context<'_>) -> Result<(), ExecError> {
    if i % CHECK_EVERY == CHECK_EVERY - 1 { context.check() } else { Ok(()) }
}

pub(super) fn list_literal(
    items: &[Node],
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Value, ExecError> {
    build(context, |list, context| {
        items.iter().try_for_each(|item| list.push(item.evaluate(row, context)?, context))
    })
}

/// A list that is charged for while it grows.
struct Growing {
    items: Vec<Value>,
    charged_bytes: usize,
}

impl Growing {
    fn push(&mut self, item: Value, context: &mut Context<'_>) -> Result<(), ExecError> {
        check_depth(&item)?;
        let bytes = value_bytes(&item);
        context.memory.charge(bytes)?;
        self.charged_bytes += bytes;
        if self.items.len() >= LIST_LENGTH_MAX {
            context.memory.ensure_list(LIST_LENGTH_MAX + 1)?;
        }
        self.items.push(item);
        Ok(())
    }
}

/// Run `fill` on a growing list; its charge ends here, whatever comes of it.
fn build(
    context: &mut Context<'_>,
    fill: impl FnOnce(&mut Growing, &mut Context<'_>) -> Result<(), ExecError>,
) -> Result<Value, ExecError> {
    let mut list = Growing { items: Vec::new(), charged_bytes: 0 };
    let result = fill(&mut list, context);
    context.memory.release(list.charged_bytes);
    result.map(|()| Value::from(list.items))
}

pub(super) fn comprehension(
    slot: usize,
    list: &Node,
    predicate: Option<&Node>,
    projection: Option<&Node>,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Value, ExecError> {
    let Some(items) = elements(list, row, context)? else { return Ok(Value::Null) };
    build(context, |list, context| {
        for (i, item) in items.iter().enumerate() {
            turn(i, context)?;
            row[slot] = item.clone();
            if let Some(predicate) = predicate
                && !logic::is_true(&predicate.evaluate(row, context)?)?
            {
                continue;
            }
            let value = match projection {
                Some(projection) => projection.evaluate(row, context)?,
                None => item.clone(),
            };
            list.push(value, context)?;
        }
        Ok(())
    })
}

/// Ternary: `all` is false as soon as one is false, `any` true as soon as one is true, and so on; null if nothing is
/// decided and a predicate was null.
pub(super) fn quantifier(
    kind: QuantifierKind,
    slot: usize,
    list: &Node,
    predicate: &Node,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Value, ExecError> {
    let Some(items) = elements(list, row, context)? else { return Ok(Value::Null) };
    let (mut hits, mut unknown) = (0_usize, false);
    for (i, item) in items.iter().enumerate() {
        turn(i, context)?;
        row[slot] = item.clone();
        match (logic::truth(&predicate.evaluate(row, context)?)?, kind) {
            (Some(false), QuantifierKind::All) | (Some(true), QuantifierKind::None) => {
                return Ok(Value::Boolean(false));
            }
            (Some(true), QuantifierKind::Any) => return Ok(Value::Boolean(true)),
            (Some(true), QuantifierKind::Single) if hits == 1 => return Ok(Value::Boolean(false)),
            (Some(true), _) => hits += 1,
            (Some(false), _) => {}
            (None, _) => unknown = true,
        }
    }
    if unknown {
        return Ok(Value::Null);
    }
    Ok(Value::Boolean(match kind {
        QuantifierKind::All | QuantifierKind::None => true,
        QuantifierKind::Any => false,
        QuantifierKind::Single => hits == 1,
    }))
}

pub(super) fn reduce(
    (accumulator, slot): (usize, usize),
    initial: &Node,
    list: &Node,
    body: &Node,
    row: &mut [Value],
    context: &mut Context<'_>,
) -> Result<Value, ExecError> {
    let initial = initial.evaluate(row, context)?;
    let Some(items) = elements(list, row, context)? else { return Ok(Value::Null) };
    row[accumulator] = initial;
    for (i, item) in items.iter().enumerate() {
        turn(i, context)?;
        row[slot] = item.clone();
        let next = body.evaluate(row, context)?;
        row[accumulator] = next;
    }
    Ok(take(&mut row[accumulator]))
}
