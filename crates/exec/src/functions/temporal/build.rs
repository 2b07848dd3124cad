//! Constructors: from a map, a text, another value, or the clock.

use samyama_graph::{Map, Value};

use super::civil::*;
use super::invalid;
use super::parse::{self, of_civil, of_ordinal, of_quarter, of_week};
use super::parts::{Kind, Parts, assemble, at_instant, split};
use super::zone::{self, ZoneName};
use crate::ExecError;
use crate::expression::Context;
use crate::functions::{integer_argument, string_argument, wrong_type};

/// `date()`, `date('..')`, `date({..})`, `date(value)`.
pub(super) fn construct(kind: Kind, arguments: &[Value], context: &Context<'_>) -> Result<Value, ExecError> {
    let now_ns = context.draws.statement_ns;
    match arguments.first() {
        None => at(kind, now_ns, &ZoneName::Offset(0)),
        Some(Value::Null) => Ok(Value::Null),
        Some(Value::String(text)) => from_text(kind, text, now_ns),
        Some(Value::Map(map)) if map.iter().any(|(_, value)| value.is_null()) => Ok(Value::Null),
        Some(Value::Map(map)) => from_map(kind, map, now_ns),
        Some(other) => {
            let parts = Parts::of(other)
                .ok_or_else(|| wrong_type("date", "a temporal value, String or Map", other))?;
            convert(kind, &parts, other)
        }
    }
}

/// The clock, in a zone given by name or offset.
pub(super) fn from_clock(kind: Kind, ns: i128, arguments: &[Value]) -> Result<Value, ExecError> {
    let zone = match arguments.first() {
        Some(name) => zone::parse(string_argument("now", name)?)?,
        None => ZoneName::Offset(0),
    };
    at(kind, ns, &zone)
}

fn at(kind: Kind, ns: i128, zone: &ZoneName) -> Result<Value, ExecError> {
    let seconds = ns.div_euclid(i128::from(NS_PER_SECOND)) as i64;
    let fraction = ns.rem_euclid(i128::from(NS_PER_SECOND)) as u32;
    if kind == Kind::DateTime {
        return at_instant(seconds, fraction, zone);
    }
    let shown = zone::at_instant(zone, seconds)?;
    let offset = zone::offset_seconds(&shown);
    let (days, nanoseconds) = split(seconds + i64::from(offset), fraction);
    assemble(kind, days, nanoseconds, &ZoneName::Offset(offset))
}

fn convert(kind: Kind, parts: &Parts, value: &Value) -> Result<Value, ExecError> {
    if (kind.has_date() && parts.days.is_none()) || (!kind.has_date() && parts.nanoseconds.is_none()) {
        return Err(wrong_type("date", "a value that has what is selected", value));
    }
    let zone = parts.zone.as_ref().unwrap_or(&zone::UTC);
    if let (Kind::DateTime, Some(_)) = (kind, &parts.zone) {
        return Ok(value.clone());
    }
    let zone =
        if kind == Kind::Time { ZoneName::Offset(zone::offset_seconds(zone)) } else { zone::name_of(zone) };
    assemble(kind, parts.days.unwrap_or(0), parts.nanoseconds.unwrap_or(0), &zone)
}

fn from_text(kind: Kind, text: &str, now_ns: i128) -> Result<Value, ExecError> {
    let parsed = parse::parse(text, kind.has_date(), kind.has_time())?;
    let zone = parsed.zone.unwrap_or(ZoneName::Offset(0));
    let nanoseconds = parsed.nanoseconds.unwrap_or(0);
    let today = split((now_ns / i128::from(NS_PER_SECOND)) as i64, 0).0;
    if let (Some(offset), Some(days), Kind::DateTime) = (parsed.offset, parsed.days, kind) {
        // Both were given: the offset says which instant, the zone how it is shown; they must agree.
        let local = days * 86_400 + (nanoseconds / NS_PER_SECOND) as i64;
        let utc = local - i64::from(offset);
        let shown = zone::at_instant(&zone, utc)?;
        if zone::offset_seconds(&shown) != offset {
            return Err(invalid(format!("'{text}': the zone has another offset at that time")));
        }
        return at_instant(utc, (nanoseconds % NS_PER_SECOND) as u32, &zone);
    }
    assemble(kind, parsed.days.unwrap_or(today), nanoseconds, &zone)
}

const DATE_KEYS: [&str; 9] =
    ["date", "year", "month", "day", "week", "dayOfWeek", "quarter", "dayOfQuarter", "ordinalDay"];
const TIME_KEYS: [&str; 7] = ["time", "hour", "minute", "second", "millisecond", "microsecond", "nanosecond"];

fn from_map(kind: Kind, map: &Map, now_ns: i128) -> Result<Value, ExecError> {
    for (key, _) in map.iter() {
        let key = &**key;
        let fits = (kind.has_date() && DATE_KEYS.contains(&key))
            || (kind.has_time() && TIME_KEYS.contains(&key))
            || (kind.has_zone() && key == "timezone")
            || key == "datetime"
            || (kind == Kind::DateTime && matches!(key, "epochSeconds" | "epochMillis"));
        if !fits {
            return Err(invalid(format!("`{key}` is no part of such a value")));
        }
    }
    let wanted =
        map.get("timezone").map(|name| zone::parse(string_argument("timezone", name)?)).transpose()?;
    if kind == Kind::DateTime && (map.contains_key("epochSeconds") || map.contains_key("epochMillis")) {
        return from_epoch(map, &wanted.unwrap_or(ZoneName::Offset(0)));
    }
    let base = |key: &str| -> Result<Option<Parts>, ExecError> {
        let Some(value) = map.get(key) else { return Ok(None) };
        Parts::of(value).map(Some).ok_or_else(|| wrong_type(key, "a temporal value", value))
    };
    let whole = base("datetime")?;
    let date = base("date")?.or_else(|| whole.clone());
    let time = base("time")?.or(whole);
    let today = split((now_ns / i128::from(NS_PER_SECOND)) as i64, 0).0;
    let days = if kind.has_date() { date_of(map, date.and_then(|parts| parts.days))? } else { 0 };
    let nanoseconds =
        if kind.has_time() { time_of(map, time.as_ref().and_then(|parts| parts.nanoseconds))? } else { 0 };
    // Where a time without date is shown in a named zone, the day decides the offset: that of its source, or today.
    let zone_day =
        if kind.has_date() { days } else { time.as_ref().and_then(|parts| parts.days).unwrap_or(today) };
    let source = time.and_then(|parts| parts.zone);
    match (kind.has_zone(), source, wanted) {
        (false, _, _) => assemble(kind, days, nanoseconds, &ZoneName::Offset(0)),
        (true, None, None) => assemble(kind, zone_day, nanoseconds, &ZoneName::Offset(0)),
        (true, None, Some(zone)) => assemble(kind, zone_day, nanoseconds, &zone),
        (true, Some(source), None) if kind == Kind::Time => {
            assemble(kind, zone_day, nanoseconds, &ZoneName::Offset(zone::offset_seconds(&source)))
        }
        (true, Some(source), None) => assemble(kind, days, nanoseconds, &zone::name_of(&source)),
        (true, Some(source), Some(zone)) => {
            let second = (nanoseconds / NS_PER_SECOND) as i64;
            let instant = zone::instant_of(&zone::name_of(&source), zone_day, second)?;
            let ns = (nanoseconds % NS_PER_SECOND) as u32;
            if kind == Kind::DateTime {
                return at_instant(instant, ns, &zone);
            }
            let offset = zone::offset_seconds(&zone::at_instant(&zone, instant)?);
            let (_, local) = split(instant + i64::from(offset), ns);
            assemble(kind, zone_day, local, &ZoneName::Offset(offset))
        }
    }
}

fn from_epoch(map: &Map, zone: &ZoneName) -> Result<Value, ExecError> {
    let (seconds, ns) = match (map.get("epochSeconds"), map.get("epochMillis")) {
        (Some(seconds), _) => (integer_argument("epochSeconds", seconds)?, 0),
        (None, Some(millis)) => {
            let millis = integer_argument("epochMillis", millis)?;
            (millis.div_euclid(1000), millis.rem_euclid(1000) * 1_000_000)
        }
        (None, None) => (0, 0),
    };
    at_instant(seconds, (ns + fraction(map)?.unwrap_or(0) as i64) as u32, zone)
}

/// `datetime.fromepoch(seconds, nanoseconds)`.
pub(super) fn from_epoch_seconds(seconds: i64, nanoseconds: i64) -> Result<Value, ExecError> {
    let whole = seconds.checked_add(nanoseconds.div_euclid(NS_PER_SECOND as i64));
    let whole = whole.ok_or_else(|| invalid("the instant is out of range"))?;
    at_instant(whole, nanoseconds.rem_euclid(NS_PER_SECOND as i64) as u32, &ZoneName::Offset(0))
}

/// The day from the parts in the map, over those of a base; the group that the map names decides the form.
pub(super) fn date_of(map: &Map, base: Option<i64>) -> Result<i64, ExecError> {
    let get = |key: &str| map.get(key).map(|value| integer_argument(key, value)).transpose();
    let (year, week, day_of_week) = (get("year")?, get("week")?, get("dayOfWeek")?);
    let (quarter, day_of_quarter, ordinal) = (get("quarter")?, get("dayOfQuarter")?, get("ordinalDay")?);
    let (month, day) = (get("month")?, get("day")?);
    if base.is_none() && year.is_none() {
        return Err(invalid("a date needs a year"));
    }
    let gap = |upper: Option<i64>, lower: Option<i64>, what: &str| {
        if base.is_none() && upper.is_none() && lower.is_some() {
            return Err(invalid(format!("{what} is missing between the year and a smaller part")));
        }
        Ok(())
    };
    let known = base.map(|days| (days, civil_of(days)));
    let days = if week.is_some() || day_of_week.is_some() {
        gap(week, day_of_week, "the week")?;
        let (base_year, base_week) = base.map_or((0, 1), week_of);
        let weekday = day_of_week.unwrap_or_else(|| base.map_or(1, super::civil::day_of_week));
        of_week(year.unwrap_or(base_year), week.unwrap_or(base_week), weekday)
    } else if quarter.is_some() || day_of_quarter.is_some() {
        gap(quarter, day_of_quarter, "the quarter")?;
        let (base_year, base_quarter, base_day) = known.map_or((0, 1, 1), |(days, civil)| {
            let quarter = quarter_of(civil.month);
            (civil.year, quarter, days - first_of_quarter(civil.year, quarter) + 1)
        });
        of_quarter(
            year.unwrap_or(base_year),
            quarter.unwrap_or(base_quarter),
            day_of_quarter.unwrap_or(base_day),
        )
    } else if let Some(ordinal) = ordinal {
        of_ordinal(year.or(known.map(|(_, civil)| civil.year)).unwrap_or(0), ordinal)
    } else {
        gap(month, day, "the month")?;
        let civil = known.map_or(Civil { year: 0, month: 1, day: 1 }, |(_, civil)| civil);
        of_civil(year.unwrap_or(civil.year), month.unwrap_or(civil.month), day.unwrap_or(civil.day))
    };
    days.ok_or_else(|| invalid("there is no such date"))
}

/// The part below the second, if the map has any: milliseconds, microseconds and nanoseconds add up.
pub(super) fn fraction(map: &Map) -> Result<Option<u64>, ExecError> {
    let mut total = None;
    let mut limit = 1_000_i64;
    for (key, factor) in [("millisecond", 1_000_000), ("microsecond", 1_000), ("nanosecond", 1)] {
        if let Some(value) = map.get(key) {
            let part = integer_argument(key, value)?;
            if !(0..limit).contains(&part) {
                return Err(invalid(format!("{key} {part} is out of range")));
            }
            total = Some(total.unwrap_or(0) + part as u64 * factor);
            limit = 1_000;
        } else if total.is_none() {
            limit *= 1_000;
        }
    }
    Ok(total)
}

/// The time of day from the parts in the map, over those of a base.
pub(super) fn time_of(map: &Map, base: Option<u64>) -> Result<u64, ExecError> {
    let get = |key: &str, limit: i64| match map.get(key) {
        None => Ok(None),
        Some(value) => match integer_argument(key, value)? {
            part if (0..limit).contains(&part) => Ok(Some(part as u64)),
            part => Err(invalid(format!("{key} {part} is out of range"))),
        },
    };
    let (hour, minute, second) = (get("hour", 24)?, get("minute", 60)?, get("second", 60)?);
    let fraction = fraction(map)?;
    let gap = (hour.is_none() && (minute.is_some() || second.is_some() || fraction.is_some()))
        || (minute.is_none() && (second.is_some() || fraction.is_some()))
        || (second.is_none() && fraction.is_some());
    if base.is_none() && gap {
        return Err(invalid("a time needs all parts above the smallest one given"));
    }
    let known = base.unwrap_or(0);
    let clock = known / NS_PER_SECOND;
    let (hour, minute) = (hour.unwrap_or(clock / 3600), minute.unwrap_or(clock / 60 % 60));
    let second = hour * 3600 + minute * 60 + second.unwrap_or(clock % 60);
    Ok(second * NS_PER_SECOND + fraction.unwrap_or(known % NS_PER_SECOND))
}
