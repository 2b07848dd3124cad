//! Temporal values. Being written: only sums of durations work so far.

use samyama_graph::{Duration, Value};

use super::Function;
use crate::ExecError;
use crate::plan::BinaryOperator;

pub(super) static FUNCTIONS: &[Function] = &[];

pub(crate) fn arithmetic(operator: BinaryOperator, a: &Value, b: &Value) -> Result<Value, ExecError> {
    Err(ExecError::type_error(
        "InvalidArgumentType",
        format!("Cannot apply {operator:?} to {} and {}", a.type_name(), b.type_name()),
    ))
}

pub(crate) fn negate(duration: &Duration) -> Result<Value, ExecError> {
    arithmetic(BinaryOperator::Sub, &Value::Integer(0), &Value::Duration(std::sync::Arc::new(*duration)))
}

pub(crate) fn add_durations(a: &Duration, b: &Duration) -> Result<Duration, ExecError> {
    let overflow = || ExecError::integer_overflow("a duration is too long");
    let nanoseconds = i64::from(a.nanoseconds) + i64::from(b.nanoseconds);
    let seconds =
        a.seconds.checked_add(b.seconds).and_then(|s| s.checked_add(nanoseconds.div_euclid(1_000_000_000)));
    Ok(Duration {
        months: a.months.checked_add(b.months).ok_or_else(overflow)?,
        days: a.days.checked_add(b.days).ok_or_else(overflow)?,
        seconds: seconds.ok_or_else(overflow)?,
        nanoseconds: nanoseconds.rem_euclid(1_000_000_000) as i32,
    })
}

pub(crate) fn component(_: &Value, _: &str) -> Option<Result<Value, ExecError>> {
    None
}

pub(crate) fn format(value: &Value) -> String {
    format!("{value:?}")
}
