//! Instants and durations: sums, differences, and what lies between two instants.

use samyama_graph::{Duration, Value};

use super::civil::*;
use super::duration;
use super::invalid;
use super::parts::{Kind, Parts, assemble, at_instant, checked_days, split};
use super::zone::{self, ZoneName};
use crate::ExecError;
use crate::functions::wrong_type;
use crate::plan::BinaryOperator;

/// Arithmetic in which a duration takes part; a type error for anything else.
pub(crate) fn arithmetic(operator: BinaryOperator, a: &Value, b: &Value) -> Result<Value, ExecError> {
    use BinaryOperator as B;
    match (operator, a, b) {
        (B::Add, Value::Duration(a), Value::Duration(b)) => {
            Ok(duration::value(duration::add_durations(a, b)?))
        }
        (B::Sub, Value::Duration(a), Value::Duration(b)) => {
            Ok(duration::value(duration::add_durations(a, &duration::negated(b)?)?))
        }
        (B::Mul, Value::Duration(d), number @ (Value::Integer(_) | Value::Float(_)))
        | (B::Mul, number @ (Value::Integer(_) | Value::Float(_)), Value::Duration(d)) => {
            duration::scaled(d, number, false)
        }
        (B::Div, Value::Duration(d), number @ (Value::Integer(_) | Value::Float(_))) => {
            duration::scaled(d, number, true)
        }
        (B::Add, instant, Value::Duration(d)) | (B::Add, Value::Duration(d), instant) => {
            moved(instant, d)?.ok_or_else(|| mismatch(operator, a, b))
        }
        (B::Sub, instant, Value::Duration(d)) => {
            moved(instant, &duration::negated(d)?)?.ok_or_else(|| mismatch(operator, a, b))
        }
        _ => Err(mismatch(operator, a, b)),
    }
}

fn mismatch(operator: BinaryOperator, a: &Value, b: &Value) -> ExecError {
    let sign = match operator {
        BinaryOperator::Add => "+",
        BinaryOperator::Sub => "-",
        BinaryOperator::Mul => "*",
        BinaryOperator::Div => "/",
        BinaryOperator::Mod => "%",
        _ => "^",
    };
    ExecError::type_error(
        "InvalidArgumentType",
        format!("Cannot compute {} {sign} {}: these types do not go together", a.type_name(), b.type_name()),
    )
}

/// Months first (the day clamped to the month's end), then days, then seconds; None if it is no instant.
fn moved(instant: &Value, by: &Duration) -> Result<Option<Value>, ExecError> {
    let kind = match instant {
        Value::Date(_) => Kind::Date,
        Value::LocalTime(_) => Kind::LocalTime,
        Value::Time(_) => Kind::Time,
        Value::LocalDateTime(_) => Kind::LocalDateTime,
        Value::DateTime(_) => Kind::DateTime,
        _ => return Ok(None),
    };
    let Some(parts) = Parts::of(instant) else { return Ok(None) };
    let out_of_range = || invalid("the result is beyond the years -999999999 to +999999999");
    let by_ns = i128::from(by.seconds) * i128::from(NS_PER_SECOND) + i128::from(by.nanoseconds);
    let day_ns = i128::from(NS_PER_DAY);
    let Some(days) = parts.days else {
        let local = (i128::from(parts.nanoseconds.unwrap_or(0)) + by_ns).rem_euclid(day_ns) as u64;
        let offset = ZoneName::Offset(parts.zone.as_ref().map_or(0, zone::offset_seconds));
        return assemble(kind, 0, local, &offset).map(Some);
    };
    let days =
        add_months(days, by.months).and_then(|days| days.checked_add(by.days)).ok_or_else(out_of_range)?;
    let days = checked_days(days)?;
    let nanoseconds = parts.nanoseconds.unwrap_or(0);
    match (kind, &parts.zone) {
        (Kind::Date, _) => {
            let days = days.checked_add((by_ns / day_ns) as i64).ok_or_else(out_of_range)?;
            assemble(kind, days, 0, &ZoneName::Offset(0)).map(Some)
        }
        (Kind::DateTime, Some(zone)) => {
            // The calendar moves the local clock, seconds the timeline.
            let name = zone::name_of(zone);
            let unmoved = by.months == 0 && by.days == 0;
            let start = match unmoved {
                true => parts.instant()?,
                false => zone::instant_of(&name, days, (nanoseconds / NS_PER_SECOND) as i64)?,
            };
            let total = i128::from(start) * i128::from(NS_PER_SECOND)
                + i128::from(nanoseconds % NS_PER_SECOND)
                + by_ns;
            let seconds =
                i64::try_from(total.div_euclid(i128::from(NS_PER_SECOND))).map_err(|_| out_of_range())?;
            at_instant(seconds, total.rem_euclid(i128::from(NS_PER_SECOND)) as u32, &name).map(Some)
        }
        _ => {
            let total = i128::from(days) * day_ns + i128::from(nanoseconds) + by_ns;
            let days = i64::try_from(total.div_euclid(day_ns)).map_err(|_| out_of_range())?;
            assemble(kind, days, total.rem_euclid(day_ns) as u64, &ZoneName::Offset(0)).map(Some)
        }
    }
}

/// Which group `between` is to fill.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    All,
    Months,
    Days,
    Seconds,
}

/// A side without a date borrows the other's, a side without a zone borrows the other's zone; then whole months, whole
/// days and seconds, all of one sign.
pub(super) fn between(group: Group, a: &Value, b: &Value) -> Result<Value, ExecError> {
    let parts = |value: &Value| {
        Parts::of(value).ok_or_else(|| wrong_type("duration.between", "a temporal value", value))
    };
    let (mut a, mut b) = (parts(a)?, parts(b)?);
    let dated = a.days.is_some() && b.days.is_some();
    let day = a.days.or(b.days).unwrap_or(0);
    a.days = a.days.or(b.days).or(Some(day));
    b.days = b.days.or(Some(day));
    let zone =
        a.zone.clone().or_else(|| b.zone.clone()).map_or(ZoneName::Offset(0), |zone| zone::name_of(&zone));
    let (a, b) = (Side::new(&a, &zone)?, Side::new(&b, &zone)?);
    let months = if dated && matches!(group, Group::All | Group::Months) { whole_months(&a, &b)? } else { 0 };
    let moved = a.later(months, 0, &zone)?;
    let days = if dated && matches!(group, Group::All | Group::Days) { whole_days(&moved, &b) } else { 0 };
    let moved = moved.later(0, days, &zone)?;
    let ns = if matches!(group, Group::All | Group::Seconds) { b.instant_ns - moved.instant_ns } else { 0 };
    let per_second = i128::from(NS_PER_SECOND);
    Ok(duration::value(Duration {
        months,
        days,
        seconds: ns.div_euclid(per_second) as i64,
        nanoseconds: ns.rem_euclid(per_second) as i32,
    }))
}

/// One end: its local day and time in the common zone, and its place on the timeline.
struct Side {
    days: i64,
    nanoseconds: u64,
    instant_ns: i128,
}

impl Side {
    fn new(parts: &Parts, zone: &ZoneName) -> Result<Side, ExecError> {
        let (days, nanoseconds) = (parts.days.unwrap_or(0), parts.nanoseconds.unwrap_or(0));
        if parts.zone.is_none() {
            return Side::local(days, nanoseconds, zone);
        }
        let seconds = parts.instant()?;
        let offset = zone::offset_seconds(&zone::at_instant(zone, seconds)?);
        let ns = nanoseconds % NS_PER_SECOND;
        let (days, nanoseconds) = split(seconds + i64::from(offset), ns as u32);
        let instant_ns = i128::from(seconds) * i128::from(NS_PER_SECOND) + i128::from(ns);
        Ok(Side { days, nanoseconds, instant_ns })
    }

    fn local(days: i64, nanoseconds: u64, zone: &ZoneName) -> Result<Side, ExecError> {
        let seconds = zone::instant_of(zone, days, (nanoseconds / NS_PER_SECOND) as i64)?;
        let instant_ns =
            i128::from(seconds) * i128::from(NS_PER_SECOND) + i128::from(nanoseconds % NS_PER_SECOND);
        Ok(Side { days, nanoseconds, instant_ns })
    }

    fn later(&self, months: i64, days: i64, zone: &ZoneName) -> Result<Side, ExecError> {
        if months == 0 && days == 0 {
            return Ok(Side { ..*self });
        }
        let moved = add_months(self.days, months).ok_or_else(|| invalid("a date is out of range"))?;
        Side::local(moved + days, self.nanoseconds, zone)
    }

    fn clock(&self) -> (i64, u64) {
        (self.days, self.nanoseconds)
    }
}

fn whole_months(a: &Side, b: &Side) -> Result<i64, ExecError> {
    let month0 = |side: &Side| {
        let civil = civil_of(side.days);
        civil.year * 12 + civil.month - 1
    };
    let mut months = month0(b) - month0(a);
    let moved = add_months(a.days, months).ok_or_else(|| invalid("a date is out of range"))?;
    let clock = (moved, a.nanoseconds);
    if months > 0 && clock > b.clock() {
        months -= 1;
    } else if months < 0 && clock < b.clock() {
        months += 1;
    }
    Ok(months)
}

fn whole_days(a: &Side, b: &Side) -> i64 {
    let days = b.days - a.days;
    if days > 0 && a.nanoseconds > b.nanoseconds {
        days - 1
    } else if days < 0 && a.nanoseconds < b.nanoseconds {
        days + 1
    } else {
        days
    }
}
