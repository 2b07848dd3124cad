//! `+ - * / % ^` and the signs: 64-bit integers that never wrap, floats as IEEE 754 has them.

use std::sync::Arc;

use samyama_graph::Value;

use super::Context;
use crate::ExecError;
use crate::functions::{temporal, text};
use crate::plan::BinaryOperator;

/// `a operator b` for the arithmetic operators.
pub(super) fn arithmetic(
    operator: BinaryOperator,
    a: Value,
    b: Value,
    context: &mut Context<'_>,
) -> Result<Value, ExecError> {
    if operator == BinaryOperator::Add {
        return add(a, b, context);
    }
    let result = match (&a, &b) {
        (Value::Null, _) | (_, Value::Null) => return Ok(Value::Null),
        (Value::Integer(x), Value::Integer(y)) => return integers(operator, *x, *y),
        (Value::Integer(x), Value::Float(y)) => floats(operator, *x as f64, *y),
        (Value::Float(x), Value::Integer(y)) => floats(operator, *x, *y as f64),
        (Value::Float(x), Value::Float(y)) => floats(operator, *x, *y),
        _ => return temporal::arithmetic(operator, &a, &b),
    };
    Ok(Value::Float(result))
}

fn integers(operator: BinaryOperator, x: i64, y: i64) -> Result<Value, ExecError> {
    let (result, sign) = match operator {
        BinaryOperator::Sub => (x.checked_sub(y), "-"),
        BinaryOperator::Mul => (x.checked_mul(y), "*"),
        BinaryOperator::Div | BinaryOperator::Mod if y == 0 => return Err(ExecError::division_by_zero()),
        BinaryOperator::Div => (x.checked_div(y), "/"),
        BinaryOperator::Mod => (Some(x.wrapping_rem(y)), "%"), // the minimum % -1 is 0
        BinaryOperator::Pow => return Ok(Value::Float((x as f64).powf(y as f64))),
        _ => (x.checked_add(y), "+"),
    };
    result.map(Value::Integer).ok_or_else(|| overflow(x, sign, y))
}

fn floats(operator: BinaryOperator, x: f64, y: f64) -> f64 {
    match operator {
        BinaryOperator::Sub => x - y,
        BinaryOperator::Mul => x * y,
        BinaryOperator::Div => x / y,
        BinaryOperator::Mod => x % y,
        BinaryOperator::Pow => x.powf(y),
        _ => x + y,
    }
}

fn overflow(x: i64, sign: &str, y: i64) -> ExecError {
    ExecError::integer_overflow(format!("Result of {x} {sign} {y} cannot be represented as an integer"))
}

/// `+`: numbers; strings, and a string with a number or boolean; lists, and a list with an element; temporal values.
pub(crate) fn add(a: Value, b: Value, context: &mut Context<'_>) -> Result<Value, ExecError> {
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::Integer(x), Value::Integer(y)) => integers(BinaryOperator::Add, x, y),
        (Value::Integer(x), Value::Float(y)) => Ok(Value::Float(x as f64 + y)),
        (Value::Float(x), Value::Integer(y)) => Ok(Value::Float(x + y as f64)),
        (Value::Float(x), Value::Float(y)) => Ok(Value::Float(x + y)),
        (Value::List(x), y) => {
            let more = if let Value::List(y) = &y { y.as_slice() } else { std::slice::from_ref(&y) };
            extended(x, more, context)
        }
        (x, Value::List(y)) => {
            context.memory.ensure_list(y.len() + 1)?;
            let mut items = Vec::with_capacity(y.len() + 1);
            items.push(x);
            items.extend_from_slice(&y);
            Ok(Value::from(items))
        }
        (Value::String(x), Value::String(y)) => concatenate(&x, &y, context),
        (Value::String(x), y @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_))) => {
            concatenate(&x, &text::plain(&y), context)
        }
        (x @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_)), Value::String(y)) => {
            concatenate(&text::plain(&x), &y, context)
        }
        (x, y) => temporal::arithmetic(BinaryOperator::Add, &x, &y),
    }
}

fn concatenate(x: &str, y: &str, context: &Context<'_>) -> Result<Value, ExecError> {
    context.memory.ensure_string(x.len() + y.len())?;
    let mut text = String::with_capacity(x.len() + y.len());
    text.push_str(x);
    text.push_str(y);
    Ok(Value::from(text))
}

/// A list nobody else holds (the result of another `+`) grows in place.
fn extended(mut list: Arc<Vec<Value>>, more: &[Value], context: &Context<'_>) -> Result<Value, ExecError> {
    let length = list.len() + more.len();
    context.memory.ensure_list(length)?;
    if let Some(items) = Arc::get_mut(&mut list) {
        items.extend_from_slice(more);
        return Ok(Value::List(list));
    }
    let mut items = Vec::with_capacity(length);
    items.extend_from_slice(&list);
    items.extend_from_slice(more);
    Ok(Value::from(items))
}

pub(super) fn negate(value: &Value) -> Result<Value, ExecError> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Float(x) => Ok(Value::Float(-x)),
        Value::Integer(x) => x.checked_neg().map(Value::Integer).ok_or_else(|| overflow(0, "-", *x)),
        Value::Duration(duration) => temporal::negate(duration),
        other => Err(not_a_number(other)),
    }
}

pub(super) fn plus(value: Value) -> Result<Value, ExecError> {
    match value {
        Value::Null | Value::Float(_) | Value::Integer(_) | Value::Duration(_) => Ok(value),
        other => Err(not_a_number(&other)),
    }
}

fn not_a_number(value: &Value) -> ExecError {
    ExecError::type_error(
        "InvalidArgumentType",
        format!("Type mismatch: expected Float, Integer or Duration but was {}", value.type_name()),
    )
}
