//! Lists, and what strings share with them: `size`, `reverse`, `isEmpty`.

use samyama_graph::Value;
use samyama_graph::compare::order;

use super::{Function, lenient, strict, wrong_type};
use crate::ExecError;
use crate::expression::Context;

pub(super) static FUNCTIONS: &[Function] = &[
    strict("size", 1..=1, |a, _| match &a[0] {
        Value::List(items) => Ok(Value::Integer(items.len() as i64)),
        Value::String(text) => Ok(Value::Integer(text.chars().count() as i64)),
        other => Err(wrong_type("size", "a List or String", other)),
    }),
    strict("isempty", 1..=1, |a, _| match &a[0] {
        Value::List(items) => Ok(Value::Boolean(items.is_empty())),
        Value::Map(map) => Ok(Value::Boolean(map.is_empty())),
        Value::String(text) => Ok(Value::Boolean(text.is_empty())),
        other => Err(wrong_type("isEmpty", "a List, Map or String", other)),
    }),
    strict("head", 1..=1, |a, _| Ok(list("head", &a[0])?.first().cloned().unwrap_or_default())),
    strict("last", 1..=1, |a, _| Ok(list("last", &a[0])?.last().cloned().unwrap_or_default())),
    strict("tail", 1..=1, |a, c| {
        let items = list("tail", &a[0])?;
        c.memory.ensure_list(items.len())?;
        Ok(Value::from(items.get(1..).unwrap_or_default().to_vec()))
    }),
    strict("reverse", 1..=1, |a, c| match &a[0] {
        Value::List(items) => {
            c.memory.ensure_list(items.len())?;
            Ok(Value::from(items.iter().rev().cloned().collect::<Vec<_>>()))
        }
        Value::String(text) => {
            c.memory.ensure_string(text.len())?;
            Ok(Value::from(text.chars().rev().collect::<String>()))
        }
        other => Err(wrong_type("reverse", "a List or String", other)),
    }),
    lenient("range", 2..=3, range),
    strict("apoc.coll.toset", 1..=1, |a, c| {
        let items = list("apoc.coll.toSet", &a[0])?;
        c.memory.ensure_list(items.len())?;
        // Of those that are the same, the first stays where it is.
        let mut places: Vec<usize> = (0..items.len()).collect();
        places.sort_by(|one, other| order(&items[*one], &items[*other]));
        places.dedup_by(|one, kept| order(&items[*one], &items[*kept]).is_eq());
        places.sort_unstable();
        Ok(Value::from(places.into_iter().map(|place| items[place].clone()).collect::<Vec<_>>()))
    }),
    strict("apoc.coll.flatten", 1..=2, |a, c| {
        let is_deep = match a.get(1) {
            None => false,
            Some(Value::Boolean(is_deep)) => *is_deep,
            Some(other) => return Err(wrong_type("apoc.coll.flatten", "a Boolean", other)),
        };
        let mut flat = Vec::new();
        for item in list("apoc.coll.flatten", &a[0])? {
            flatten(item, if is_deep { usize::MAX } else { 1 }, &mut flat);
            c.memory.ensure_list(flat.len())?;
        }
        Ok(Value::from(flat))
    }),
];

fn flatten(item: &Value, levels: usize, flat: &mut Vec<Value>) {
    match item {
        Value::List(items) if levels > 0 => {
            items.iter().for_each(|item| flatten(item, levels - 1, flat));
        }
        other => flat.push(other.clone()),
    }
}

fn list<'v>(function: &str, value: &'v Value) -> Result<&'v [Value], ExecError> {
    if let Value::List(items) = value { Ok(items) } else { Err(wrong_type(function, "a List", value)) }
}

fn range(arguments: &[Value], context: &mut Context<'_>) -> Result<Value, ExecError> {
    let mut bounds = [0, 0, 1];
    for (bound, argument) in bounds.iter_mut().zip(arguments) {
        let Value::Integer(integer) = argument else {
            return Err(ExecError::argument_error(
                "InvalidArgumentType",
                format!("range() takes integers, got {}", argument.type_name()),
            ));
        };
        *bound = *integer;
    }
    let [start, end, step] = bounds.map(i128::from);
    if step == 0 {
        return Err(ExecError::argument_error("NumberOutOfRange", "the step of range() must not be 0"));
    }
    // In 128 bits nothing here can overflow; the length is checked before anything is allocated.
    let length = ((end - start) / step + 1).max(0);
    let length = if (end - start).signum() * step.signum() < 0 { 0 } else { length };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    context.memory.ensure_list(length)?;
    Ok(Value::from(
        (0..length).map(|i| Value::Integer((start + i as i128 * step) as i64)).collect::<Vec<_>>(),
    ))
}
