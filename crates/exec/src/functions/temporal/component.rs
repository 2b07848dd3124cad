//! `value.year`, `.epochSeconds`, `.minutesOfHour`: parts of temporal values by name.

use samyama_graph::{Value, Zone};

use super::civil::*;
use super::duration;
use super::parts::Parts;
use super::zone::{offset_seconds, offset_text};
use crate::ExecError;

/// The part of that name; None if the value is not temporal, null if it has no such part.
pub(crate) fn component(value: &Value, name: &str) -> Option<Result<Value, ExecError>> {
    if let Value::Duration(d) = value {
        return Some(duration::component(d, name).unwrap_or(Ok(Value::Null)));
    }
    let parts = Parts::of(value)?;
    let found = parts.days.and_then(|days| of_date(days, name));
    let found = found.or_else(|| parts.nanoseconds.and_then(|ns| of_time(ns, name)));
    if let Some(integer) = found {
        return Some(Ok(Value::Integer(integer)));
    }
    let of_zone = parts.zone.as_ref().map(|zone| of_zone(zone, &parts, name));
    Some(of_zone.unwrap_or(Ok(Value::Null)))
}

fn of_date(days: i64, name: &str) -> Option<i64> {
    let civil = civil_of(days);
    Some(match name {
        "year" => civil.year,
        "quarter" => quarter_of(civil.month),
        "month" => civil.month,
        "week" => week_of(days).1,
        "weekYear" => week_of(days).0,
        "day" => civil.day,
        "ordinalDay" => day_of_year(days),
        "weekDay" | "dayOfWeek" => day_of_week(days),
        "dayOfQuarter" => days - first_of_quarter(civil.year, quarter_of(civil.month)) + 1,
        _ => return None,
    })
}

fn of_time(nanoseconds: u64, name: &str) -> Option<i64> {
    let (second, ns) = (nanoseconds / NS_PER_SECOND, nanoseconds % NS_PER_SECOND);
    Some(match name {
        "hour" => second / 3600,
        "minute" => second / 60 % 60,
        "second" => second % 60,
        "millisecond" => ns / 1_000_000,
        "microsecond" => ns / 1_000,
        "nanosecond" => ns,
        _ => return None,
    } as i64)
}

fn of_zone(zone: &Zone, parts: &Parts, name: &str) -> Result<Value, ExecError> {
    let offset = offset_seconds(zone);
    Ok(match (name, zone) {
        ("timezone", Zone::Named { name, .. }) => Value::String(name.clone()),
        ("timezone" | "offset", _) => Value::from(offset_text(offset)),
        ("offsetMinutes", _) => Value::Integer(i64::from(offset / 60)),
        ("offsetSeconds", _) => Value::Integer(i64::from(offset)),
        ("epochSeconds", _) if parts.days.is_some() => Value::Integer(parts.instant()?),
        ("epochMillis", _) if parts.days.is_some() => {
            let millisecond = (parts.nanoseconds.unwrap_or(0) % NS_PER_SECOND / 1_000_000) as i64;
            Value::Integer(parts.instant()? * 1000 + millisecond)
        }
        _ => Value::Null,
    })
}
