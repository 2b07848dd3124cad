//! Three-valued logic, comparisons, and the predicates over strings and lists.

use std::cmp::Ordering;

use samyama_graph::Value;
use samyama_graph::compare::{self, Comparison};

use crate::ExecError;
use crate::plan::ComparisonOperator;

/// A boolean or null (None); anything else is a type error.
pub fn truth(value: &Value) -> Result<Option<bool>, ExecError> {
    match value {
        Value::Boolean(b) => Ok(Some(*b)),
        Value::Null => Ok(None),
        other => Err(ExecError::type_error(
            "InvalidArgumentType",
            format!("Type mismatch: expected Boolean but was {}", other.type_name()),
        )),
    }
}

/// What WHERE keeps.
pub fn is_true(value: &Value) -> Result<bool, ExecError> {
    Ok(truth(value)? == Some(true))
}

pub(super) fn from_truth(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, Value::Boolean)
}

pub(super) fn xor(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    Some(a? ^ b?)
}

pub(super) fn compare(operator: ComparisonOperator, a: &Value, b: &Value) -> Option<bool> {
    let by = |holds: fn(Ordering) -> bool| match compare::compare(a, b) {
        Comparison::Ordered(ordering) => Some(holds(ordering)),
        Comparison::Unordered => Some(false),
        Comparison::Null => None,
    };
    match operator {
        ComparisonOperator::Equal => compare::equals(a, b),
        ComparisonOperator::NotEqual => compare::equals(a, b).map(|equal| !equal),
        ComparisonOperator::Less => by(Ordering::is_lt),
        ComparisonOperator::LessOrEqual => by(Ordering::is_le),
        ComparisonOperator::Greater => by(Ordering::is_gt),
        ComparisonOperator::GreaterOrEqual => by(Ordering::is_ge),
    }
}

/// `a IN b`: false for an empty list even if `a` is null; null if nothing hits and something was null.
pub(super) fn contained(a: &Value, b: &Value) -> Result<Option<bool>, ExecError> {
    let items = match b {
        Value::List(items) => items,
        Value::Null => return Ok(None),
        other => {
            return Err(ExecError::type_error(
                "InvalidArgumentType",
                format!("Type mismatch: expected List but was {}", other.type_name()),
            ));
        }
    };
    let mut result = Some(false);
    for item in items.iter() {
        match compare::equals(a, item) {
            Some(true) => return Ok(Some(true)),
            Some(false) => {}
            None => result = None,
        }
    }
    Ok(result)
}

/// A predicate over two strings; null with any other operand.
pub(super) fn string_predicate(a: &Value, b: &Value, holds: fn(&str, &str) -> bool) -> Value {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Value::Boolean(holds(a, b)),
        _ => Value::Null,
    }
}
