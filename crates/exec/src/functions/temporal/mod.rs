//! Temporal values: construction, truncation, text, arithmetic, parts.
//!
//! A calendar of our own on 64-bit days and nanoseconds, because years run from -999,999,999 to +999,999,999; only the
//! offsets of named zones come from a crate, with the data it bundles. All clocks are the draws of the statement:
//! `.realtime` is the statement's clock too, because execution reads none of its own.

mod arithmetic;
mod build;
mod civil;
mod component;
mod convert_format;
mod duration;
mod format;
mod parse;
mod parts;
mod truncate;
mod zone;

use samyama_graph::{Duration, Value};

pub(crate) use arithmetic::arithmetic;
pub(crate) use component::component;
pub(crate) use duration::add_durations;
pub(crate) use format::format;
pub use zone::{zone_offset_at_instant, zone_offset_at_local};

use super::{Function, integer_argument, lenient, strict, string_argument, wrong_type};
use crate::ExecError;
use crate::expression::Context;
use arithmetic::Group;
use parts::Kind;

fn invalid(message: impl Into<String>) -> ExecError {
    ExecError::argument_error("InvalidArgumentValue", message)
}

pub(crate) fn negate(duration: &Duration) -> Result<Value, ExecError> {
    duration::negated(duration).map(duration::value)
}

/// The constructor of a type, its clocks and its truncation.
macro_rules! instants {
    ($($name:literal $kind:expr, $statement:literal, $transaction:literal, $realtime:literal, $truncate:literal;)*) => {
        [$(
            lenient($name, 0..=1, |a, c| build::construct($kind, a, c)),
            strict($statement, 0..=1, |a, c| build::from_clock($kind, c.draws.statement_ns, a)),
            strict($transaction, 0..=1, |a, c| build::from_clock($kind, c.draws.transaction_ns, a)),
            strict($realtime, 0..=1, |a, c| build::from_clock($kind, c.draws.statement_ns, a)),
            strict($truncate, 1..=3, |a, c| truncate_function($kind, a, c)),
        )*
            strict("datetime.fromepoch", 2..=2, |a, _| {
                build::from_epoch_seconds(
                    integer_argument("datetime.fromEpoch", &a[0])?,
                    integer_argument("datetime.fromEpoch", &a[1])?,
                )
            }),
            strict("datetime.fromepochmillis", 1..=1, |a, _| {
                let millis = integer_argument("datetime.fromEpochMillis", &a[0])?;
                build::from_epoch_seconds(millis.div_euclid(1000), millis.rem_euclid(1000) * 1_000_000)
            }),
            strict("apoc.date.convertformat", 2..=3, |a, c| {
                let text = |at: usize| string_argument("apoc.date.convertFormat", &a[at]);
                let to = if a.len() > 2 { text(2)? } else { "yyyy-MM-dd" };
                let converted = convert_format::convert_format(text(0)?, text(1)?, to, c)?;
                Ok(converted.map_or(Value::Null, Value::from))
            }),
            strict("duration", 1..=1, |a, _| match &a[0] {
                Value::Duration(_) => Ok(a[0].clone()),
                Value::String(text) => duration::parse(text),
                Value::Map(map) => duration::from_map(map),
                other => Err(wrong_type("duration", "a String or Map", other)),
            }),
            strict("duration.between", 2..=2, |a, _| arithmetic::between(Group::All, &a[0], &a[1])),
            strict("duration.inmonths", 2..=2, |a, _| arithmetic::between(Group::Months, &a[0], &a[1])),
            strict("duration.indays", 2..=2, |a, _| arithmetic::between(Group::Days, &a[0], &a[1])),
            strict("duration.inseconds", 2..=2, |a, _| arithmetic::between(Group::Seconds, &a[0], &a[1])),
        ]
    };
}

pub(super) static FUNCTIONS: &[Function] = &instants! {
    "date" Kind::Date, "date.statement", "date.transaction", "date.realtime", "date.truncate";
    "localtime" Kind::LocalTime, "localtime.statement", "localtime.transaction", "localtime.realtime",
        "localtime.truncate";
    "time" Kind::Time, "time.statement", "time.transaction", "time.realtime", "time.truncate";
    "localdatetime" Kind::LocalDateTime, "localdatetime.statement", "localdatetime.transaction",
        "localdatetime.realtime", "localdatetime.truncate";
    "datetime" Kind::DateTime, "datetime.statement", "datetime.transaction", "datetime.realtime", "datetime.truncate";
};

fn truncate_function(kind: Kind, arguments: &[Value], context: &Context<'_>) -> Result<Value, ExecError> {
    let unit = string_argument("truncate", &arguments[0])?;
    let now;
    let value = match arguments.get(1) {
        Some(value) => value,
        None => {
            now = build::construct(kind, &[], context)?;
            &now
        }
    };
    match arguments.get(2) {
        None => truncate::truncate(kind, unit, value, None),
        Some(Value::Map(map)) => truncate::truncate(kind, unit, value, Some(map)),
        Some(other) => Err(wrong_type("truncate", "a Map", other)),
    }
}
