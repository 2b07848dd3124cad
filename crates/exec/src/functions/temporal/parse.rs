//! Dates and times from text: the basic and extended forms of ISO 8601.

use super::civil::*;
use super::invalid;
use super::parts::checked_days;
use super::zone::{self, ZoneName};
use crate::ExecError;

/// What a text says.
pub(super) struct Parsed {
    pub days: Option<i64>,
    pub nanoseconds: Option<u64>,
    pub zone: Option<ZoneName>,
    /// An offset that stood beside a named zone.
    pub offset: Option<i32>,
}

/// `2015-07-21T21:40:32.142+01:00[Europe/London]`, or a part of it: `date` and `time` say which must and may be there.
pub(super) fn parse(text: &str, has_date: bool, has_time: bool) -> Result<Parsed, ExecError> {
    let wrong = || invalid(format!("'{text}' cannot be read as a temporal value: write it in ISO 8601"));
    let (date, time) = match (has_date, has_time) {
        (true, true) => text.split_once('T').map_or((text, ""), |(date, time)| (date, time)),
        (true, false) => (text, ""),
        _ => ("", text.strip_prefix('T').unwrap_or(text)),
    };
    let days = if has_date { Some(checked_days(parse_date(date).ok_or_else(wrong)?)?) } else { None };
    let mut parsed = Parsed { days, nanoseconds: None, zone: None, offset: None };
    if !has_time || (time.is_empty() && has_date && !text.contains('T')) {
        return Ok(parsed);
    }
    let (rest, name) = match time.strip_suffix(']').map(|rest| rest.split_once('[')) {
        Some(Some((rest, name))) => (rest, Some(name)),
        Some(None) => return Err(wrong()),
        None => (time, None),
    };
    let offset_at = rest.find(['+', '-', 'Z', 'z']).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at(offset_at);
    parsed.nanoseconds = Some(parse_time(clock).ok_or_else(wrong)?);
    if !offset.is_empty() {
        parsed.zone = Some(zone::parse(offset)?);
    }
    if let Some(name) = name {
        if let Some(ZoneName::Offset(seconds)) = parsed.zone {
            parsed.offset = Some(seconds);
        }
        parsed.zone = Some(zone::parse(name)?);
    }
    Ok(parsed)
}

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn parse_date(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    // A signed year may have more than four digits; then it ends at the separator.
    let year_end =
        if rest.len() == text.len() { 4 } else { rest.find(['-', 'W', 'Q']).unwrap_or(rest.len()) };
    let (year, rest) = (rest.get(..year_end)?, rest.get(year_end..)?);
    if !(4..=9).contains(&year.len()) {
        return None;
    }
    let year = sign * number(year)?;
    let (extended, rest) = match rest.strip_prefix('-') {
        Some("") => return None,
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if let Some(rest) = rest.strip_prefix('W') {
        let (week, day) = pair(rest, 2, extended)?;
        return of_week(year, number(week)?, day.map_or(Some(1), number)?);
    }
    if let Some(rest) = rest.strip_prefix('Q') {
        let (quarter, day) = pair(rest, 1, extended)?;
        return of_quarter(year, number(quarter)?, day.map_or(Some(1), number)?);
    }
    if rest.len() == 3 {
        return of_ordinal(year, number(rest)?);
    }
    if rest.is_empty() {
        return of_civil(year, 1, 1);
    }
    let (month, day) = pair(rest, 2, extended)?;
    of_civil(year, number(month)?, day.map_or(Some(1), number)?)
}

/// The first `width` characters, and what follows (behind a `-` in the extended form), if anything.
fn pair(text: &str, width: usize, extended: bool) -> Option<(&str, Option<&str>)> {
    let (first, rest) = (text.get(..width)?, text.get(width..)?);
    match (rest, extended) {
        ("", _) => Some((first, None)),
        (rest, true) => Some((first, Some(rest.strip_prefix('-')?))),
        (rest, false) => Some((first, Some(rest))),
    }
}

pub(super) fn of_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let fits = year.abs() <= YEAR_MAX
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day);
    fits.then(|| days_of(Civil { year, month, day }))
}

pub(super) fn of_week(year: i64, week: i64, day: i64) -> Option<i64> {
    let fits = year.abs() <= YEAR_MAX && (1..=weeks_in_year(year)).contains(&week) && (1..=7).contains(&day);
    fits.then(|| first_week(year) + (week - 1) * 7 + day - 1)
}

pub(super) fn of_quarter(year: i64, quarter: i64, day: i64) -> Option<i64> {
    if year.abs() > YEAR_MAX || !(1..=4).contains(&quarter) {
        return None;
    }
    let first = first_of_quarter(year, quarter);
    let next = if quarter == 4 { first_of_quarter(year + 1, 1) } else { first_of_quarter(year, quarter + 1) };
    (1..=next - first).contains(&day).then(|| first + day - 1)
}

pub(super) fn of_ordinal(year: i64, day: i64) -> Option<i64> {
    let fits = year.abs() <= YEAR_MAX && (1..=days_in_year(year)).contains(&day);
    fits.then(|| days_of(Civil { year, month: 1, day: 1 }) + day - 1)
}

/// `21`, `2140`, `21:40`, `214032`, `21:40:32`, with a fraction of the second.
fn parse_time(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once(['.', ',']).map_or((text, None), |(clock, f)| (clock, Some(f)));
    let digits: String = if clock.contains(':') {
        let parts: Vec<&str> = clock.split(':').collect();
        parts.iter().all(|part| part.len() == 2).then(|| parts.concat())?
    } else {
        clock.to_owned()
    };
    if !matches!(digits.len(), 2 | 4 | 6) || (fraction.is_some() && digits.len() != 6) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), number);
    let (hour, minute, second) = (part(0)?, part(2)?, part(4)?);
    let fraction = match fraction {
        Some(f) if f.len() <= 9 => number(f)? as u64 * 10_u64.pow(9 - f.len() as u32),
        Some(_) => return None,
        None => 0,
    };
    let fits = hour < 24 && minute < 60 && second < 60;
    fits.then(|| (hour * 3600 + minute * 60 + second) as u64 * NS_PER_SECOND + fraction)
}
