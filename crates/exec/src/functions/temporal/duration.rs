//! Durations: months, days and seconds that are never carried into each other, fractions that go down.
//!
//! Fractions are computed in fixed point (18 decimal digits in 128 bits) from the shortest decimal text of a float, so
//! that 0.1 is a tenth. A fraction of a month is that share of 30.436875 days, a fraction of a day of 86,400 seconds.

use std::sync::Arc;

use samyama_graph::{Duration, Map, Value};

use super::invalid;
use crate::ExecError;
use crate::functions::wrong_type;

/// One in fixed point.
const ONE: i128 = 1_000_000_000_000_000_000;
const NS: i128 = 1_000_000_000;
/// Days of a month, times a million.
const MONTH_MICRODAYS: i128 = 30_436_875;

fn too_long() -> ExecError {
    ExecError::integer_overflow("the duration is too long")
}

/// A decimal as numerator and power of ten: `1.25` is 125 / 10^2.
struct Decimal {
    numerator: i128,
    denominator: i128,
}

fn decimal(value: &Value) -> Result<Decimal, ExecError> {
    match value {
        Value::Integer(i) => Ok(Decimal { numerator: i128::from(*i), denominator: 1 }),
        Value::Float(f) if f.is_finite() && f.abs() < 1e19 => {
            parse_decimal(&format!("{f}")).ok_or_else(too_long)
        }
        Value::Float(f) => Err(invalid(format!("{f} is no part of a duration"))),
        other => Err(wrong_type("duration", "numbers", other)),
    }
}

/// Digits with at most one point or comma; digits behind the eighteenth decimal are dropped.
fn parse_decimal(text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let fraction = &fraction[..fraction.len().min(18)];
    if fraction.bytes().any(|b| !b.is_ascii_digit()) || whole.trim_start_matches(['-', '+']).is_empty() {
        return None;
    }
    let numerator = format!("{whole}{fraction}").parse().ok()?;
    Some(Decimal { numerator, denominator: 10_i128.pow(fraction.len() as u32) })
}

impl Decimal {
    fn fixed(&self) -> Result<i128, ExecError> {
        self.numerator.checked_mul(ONE / self.denominator).ok_or_else(too_long)
    }
}

/// From months, days and seconds in fixed point.
fn cascade(months: i128, days: i128, seconds: i128) -> Result<Duration, ExecError> {
    let days = days.checked_add(months % ONE * MONTH_MICRODAYS / 1_000_000).ok_or_else(too_long)?;
    let seconds = seconds.checked_add(days % ONE * 86_400).ok_or_else(too_long)?;
    let nanoseconds = seconds / (ONE / NS);
    let whole = |fixed: i128| i64::try_from(fixed / ONE).map_err(|_| too_long());
    Ok(Duration {
        months: whole(months)?,
        days: whole(days)?,
        seconds: i64::try_from(nanoseconds.div_euclid(NS)).map_err(|_| too_long())?,
        nanoseconds: nanoseconds.rem_euclid(NS) as i32,
    })
}

/// Parts in their own units, added up.
#[derive(Default)]
struct Builder {
    months: i128,
    days: i128,
    seconds: i128,
}

impl Builder {
    fn add(&mut self, unit: &str, amount: &Decimal) -> Result<bool, ExecError> {
        let (group, factor, divisor) = match unit {
            "years" => (&mut self.months, 12, 1),
            "quarters" => (&mut self.months, 3, 1),
            "months" => (&mut self.months, 1, 1),
            "weeks" => (&mut self.days, 7, 1),
            "days" => (&mut self.days, 1, 1),
            "hours" => (&mut self.seconds, 3600, 1),
            "minutes" => (&mut self.seconds, 60, 1),
            "seconds" => (&mut self.seconds, 1, 1),
            "milliseconds" => (&mut self.seconds, 1, 1_000),
            "microseconds" => (&mut self.seconds, 1, 1_000_000),
            "nanoseconds" => (&mut self.seconds, 1, NS),
            _ => return Ok(false),
        };
        let amount = amount.fixed()?.checked_mul(factor).ok_or_else(too_long)? / divisor;
        *group = group.checked_add(amount).ok_or_else(too_long)?;
        Ok(true)
    }

    fn finish(self) -> Result<Value, ExecError> {
        Ok(value(cascade(self.months, self.days, self.seconds)?))
    }
}

pub(super) fn value(duration: Duration) -> Value {
    Value::Duration(Arc::new(duration))
}

pub(super) fn from_map(map: &Map) -> Result<Value, ExecError> {
    let mut builder = Builder::default();
    for (unit, amount) in map.iter() {
        if amount.is_null() {
            return Ok(Value::Null);
        }
        if !builder.add(unit, &decimal(amount)?)? {
            return Err(invalid(format!("`{unit}` is no part of a duration")));
        }
    }
    builder.finish()
}

/// `P1Y2M3DT4H5M6.7S`, `P2.5W`, `P2012-02-02T14:37:21.545`.
pub(super) fn parse(text: &str) -> Result<Value, ExecError> {
    parse_text(text)?.ok_or_else(|| invalid(format!("'{text}' is no duration: write it as P1Y2M3DT4H5M6.7S")))
}

fn parse_text(text: &str) -> Result<Option<Value>, ExecError> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let Some(body) = rest.strip_prefix('P') else { return Ok(None) };
    let (date, time) = match body.split_once('T') {
        Some((_, "")) => return Ok(None),
        Some((date, time)) => (date, time),
        None => (body, ""),
    };
    let mut builder = Builder::default();
    let date_form = date.len() == 10 && date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
    let read = if date_form {
        let date_parts = [("years", &date[..4]), ("months", &date[5..7]), ("days", &date[8..])];
        let mut time_parts = time.split(':');
        let units = ["hours", "minutes", "seconds"];
        let time_parts = units
            .into_iter()
            .filter_map(|unit| time_parts.next().filter(|p| !p.is_empty()).map(|p| (unit, p)));
        all_parts(&mut builder, date_parts.into_iter().chain(time_parts))?
    } else {
        designated(&mut builder, date, &[('Y', "years"), ('M', "months"), ('W', "weeks"), ('D', "days")])?
            && designated(&mut builder, time, &[('H', "hours"), ('M', "minutes"), ('S', "seconds")])?
            && !body.is_empty()
    };
    if !read {
        return Ok(None);
    }
    if negative {
        builder = Builder { months: -builder.months, days: -builder.days, seconds: -builder.seconds };
    }
    builder.finish().map(Some)
}

fn all_parts<'t>(
    builder: &mut Builder,
    parts: impl Iterator<Item = (&'t str, &'t str)>,
) -> Result<bool, ExecError> {
    for (unit, text) in parts {
        let Some(amount) = parse_decimal(text) else { return Ok(false) };
        builder.add(unit, &amount)?;
    }
    Ok(true)
}

/// Numbers, each followed by a letter, in the order of `units`.
fn designated(builder: &mut Builder, mut text: &str, units: &[(char, &str)]) -> Result<bool, ExecError> {
    let mut next = 0;
    while !text.is_empty() {
        let Some(end) = text.find(|c: char| c.is_ascii_alphabetic()) else { return Ok(false) };
        let letter = text[end..].chars().next();
        let Some(at) = units[next..].iter().position(|(unit, _)| Some(*unit) == letter) else {
            return Ok(false);
        };
        let Some(amount) = parse_decimal(&text[..end]) else { return Ok(false) };
        builder.add(units[next + at].1, &amount)?;
        next += at + 1;
        text = &text[end + 1..];
    }
    Ok(true)
}

pub(crate) fn add_durations(a: &Duration, b: &Duration) -> Result<Duration, ExecError> {
    let nanoseconds = i64::from(a.nanoseconds) + i64::from(b.nanoseconds);
    let seconds = a.seconds.checked_add(b.seconds).and_then(|s| s.checked_add(nanoseconds / NS as i64));
    Ok(Duration {
        months: a.months.checked_add(b.months).ok_or_else(too_long)?,
        days: a.days.checked_add(b.days).ok_or_else(too_long)?,
        seconds: seconds.ok_or_else(too_long)?,
        nanoseconds: (nanoseconds % NS as i64) as i32,
    })
}

pub(super) fn negated(duration: &Duration) -> Result<Duration, ExecError> {
    let nanoseconds = -(i128::from(duration.seconds) * NS + i128::from(duration.nanoseconds));
    Ok(Duration {
        months: duration.months.checked_neg().ok_or_else(too_long)?,
        days: duration.days.checked_neg().ok_or_else(too_long)?,
        seconds: i64::try_from(nanoseconds.div_euclid(NS)).map_err(|_| too_long())?,
        nanoseconds: nanoseconds.rem_euclid(NS) as i32,
    })
}

/// Part by part, the remainders going down.
pub(super) fn scaled(duration: &Duration, by: &Value, divide: bool) -> Result<Value, ExecError> {
    let by = decimal(by)?;
    let (multiplier, divisor) =
        if divide { (by.denominator, by.numerator) } else { (by.numerator, by.denominator) };
    if divisor == 0 {
        return Err(ExecError::division_by_zero());
    }
    let part = |fixed: i128| match fixed.checked_mul(multiplier) {
        Some(product) => Ok(product / divisor),
        // Too wide for 128 bits on the way: the quotient first, then the remainder, which is smaller than the divisor.
        None => (fixed / divisor)
            .checked_mul(multiplier)
            .and_then(|whole| whole.checked_add((fixed % divisor).checked_mul(multiplier)? / divisor))
            .ok_or_else(too_long),
    };
    let seconds = (i128::from(duration.seconds) * NS + i128::from(duration.nanoseconds)) * (ONE / NS);
    Ok(value(cascade(
        part(i128::from(duration.months) * ONE)?,
        part(i128::from(duration.days) * ONE)?,
        part(seconds)?,
    )?))
}

/// `duration.months`, `.minutesOfHour` and so on; None for a name that is none of them.
pub(super) fn component(duration: &Duration, name: &str) -> Option<Result<Value, ExecError>> {
    let Duration { months, days, seconds, nanoseconds } = *duration;
    let ns = i64::from(nanoseconds);
    let in_units = |per_second: i64| {
        let total = i128::from(seconds) * i128::from(per_second) + i128::from(ns / (NS as i64 / per_second));
        i64::try_from(total).map(Value::Integer).map_err(|_| too_long())
    };
    let found = match name {
        "years" => months / 12,
        "quarters" => months / 3,
        "months" => months,
        "weeks" => days / 7,
        "days" => days,
        "hours" => seconds / 3600,
        "minutes" => seconds / 60,
        "seconds" => seconds,
        "milliseconds" => return Some(in_units(1_000)),
        "microseconds" => return Some(in_units(1_000_000)),
        "nanoseconds" => return Some(in_units(NS as i64)),
        "quartersOfYear" => months / 3 % 4,
        "monthsOfQuarter" => months % 3,
        "monthsOfYear" => months % 12,
        "daysOfWeek" => days % 7,
        "minutesOfHour" => seconds / 60 % 60,
        "secondsOfMinute" => seconds % 60,
        "millisecondsOfSecond" => ns / 1_000_000,
        "microsecondsOfSecond" => ns / 1_000,
        "nanosecondsOfSecond" => ns,
        _ => return None,
    };
    Some(Ok(Value::Integer(found)))
}
