//! `truncate(unit, value, map)`: everything below the unit goes to its first; then the map sets parts below it.

use samyama_graph::{Map, Value};

use super::build::{date_of, fraction, time_of};
use super::civil::*;
use super::invalid;
use super::parts::{Kind, Parts, assemble};
use super::zone::{self, ZoneName};
use crate::ExecError;
use crate::functions::{string_argument, wrong_type};

pub(super) fn truncate(kind: Kind, unit: &str, value: &Value, map: Option<&Map>) -> Result<Value, ExecError> {
    let parts = Parts::of(value).ok_or_else(|| wrong_type("truncate", "a temporal value", value))?;
    if kind.has_date() && parts.days.is_none() {
        return Err(wrong_type("truncate", "a value with a date", value));
    }
    let (mut days, mut nanoseconds) = truncated(unit, parts.days, parts.nanoseconds.unwrap_or(0))?;
    let mut zone = zone::name_of(parts.zone.as_ref().unwrap_or(&zone::UTC));
    if let Some(map) = map {
        if kind.has_date() && map.iter().any(|(key, _)| !is_time_key(key)) {
            days = date_of(map, Some(days))?;
        }
        if kind.has_time() {
            // Parts below the second add to what the unit left: truncated to a millisecond, nanosecond: 2 is .645000002.
            let below = fraction(map)?.unwrap_or(0);
            let whole = time_of(&without_fraction(map), Some(nanoseconds))?;
            nanoseconds = whole + below;
            if nanoseconds >= NS_PER_DAY {
                return Err(invalid("the parts are no time of day"));
            }
        }
        if let Some(name) = map.get("timezone") {
            zone = zone::parse(string_argument("timezone", name)?)?;
        }
    }
    if let (Kind::Time, ZoneName::Named(_), Some(known)) = (kind, &zone, &parts.zone) {
        zone = ZoneName::Offset(zone::offset_seconds(known));
    }
    assemble(kind, days, nanoseconds, &zone)
}

fn is_time_key(key: &str) -> bool {
    matches!(key, "hour" | "minute" | "second" | "millisecond" | "microsecond" | "nanosecond" | "timezone")
}

fn without_fraction(map: &Map) -> Map {
    let kept = map.iter().filter(|(key, _)| !matches!(&***key, "millisecond" | "microsecond" | "nanosecond"));
    Map::from_pairs(kept.map(|(key, value)| (key.clone(), value.clone())))
}

fn truncated(unit: &str, days: Option<i64>, nanoseconds: u64) -> Result<(i64, u64), ExecError> {
    let step = match unit {
        "hour" => 3600 * NS_PER_SECOND,
        "minute" => 60 * NS_PER_SECOND,
        "second" => NS_PER_SECOND,
        "millisecond" => 1_000_000,
        "microsecond" => 1_000,
        "day" => NS_PER_DAY,
        _ => return Ok((truncated_date(unit, days)?, 0)),
    };
    Ok((days.unwrap_or(0), nanoseconds / step * step))
}

fn truncated_date(unit: &str, days: Option<i64>) -> Result<i64, ExecError> {
    let Some(days) = days else { return Err(invalid(format!("a time cannot be truncated to '{unit}'"))) };
    let civil = civil_of(days);
    let year = |step: i64| days_of(Civil { year: civil.year.div_euclid(step) * step, month: 1, day: 1 });
    Ok(match unit {
        "millennium" => year(1000),
        "century" => year(100),
        "decade" => year(10),
        "year" => year(1),
        "weekYear" => first_week(week_of(days).0),
        "quarter" => first_of_quarter(civil.year, quarter_of(civil.month)),
        "month" => days_of(Civil { day: 1, ..civil }),
        "week" => days - (day_of_week(days) - 1),
        _ => return Err(invalid(format!("'{unit}' is no unit to truncate to"))),
    })
}
