//! Every instant type as one: local days, local nanoseconds of the day, zone; each where the type has it.

use std::sync::Arc;

use samyama_graph::{Date, DateTime, LocalDateTime, LocalTime, Time, Value, Zone};

use super::civil::{NS_PER_DAY, NS_PER_SECOND, in_range};
use super::invalid;
use super::zone::{self, ZoneName};
use crate::ExecError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Date,
    LocalTime,
    Time,
    LocalDateTime,
    DateTime,
}

impl Kind {
    pub(super) fn has_date(self) -> bool {
        matches!(self, Kind::Date | Kind::LocalDateTime | Kind::DateTime)
    }
    pub(super) fn has_time(self) -> bool {
        self != Kind::Date
    }
    pub(super) fn has_zone(self) -> bool {
        matches!(self, Kind::Time | Kind::DateTime)
    }
}

/// A value taken apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub days: Option<i64>,
    pub nanoseconds: Option<u64>,
    pub zone: Option<Zone>,
}

impl Parts {
    pub(super) fn of(value: &Value) -> Option<Parts> {
        let (days, nanoseconds, zone) = match value {
            Value::Date(date) => (Some(date.days), None, None),
            Value::LocalTime(time) => (None, Some(time.nanoseconds), None),
            Value::Time(time) => (None, Some(time.nanoseconds), Some(Zone::Offset(time.offset_seconds))),
            Value::LocalDateTime(dt) => {
                let (days, ns) = split(dt.seconds, dt.nanoseconds);
                (Some(days), Some(ns), None)
            }
            Value::DateTime(dt) => {
                let (days, ns) =
                    split(dt.seconds + i64::from(zone::offset_seconds(&dt.zone)), dt.nanoseconds);
                (Some(days), Some(ns), Some(dt.zone.clone()))
            }
            _ => return None,
        };
        Some(Parts { days, nanoseconds, zone })
    }

    /// The instant in seconds since the epoch; needs date and zone (none is UTC).
    pub(super) fn instant(&self) -> Result<i64, ExecError> {
        let second = (self.nanoseconds.unwrap_or(0) / NS_PER_SECOND) as i64;
        let days = self.days.unwrap_or(0);
        // A value that came with an offset is that instant, also in an hour that came twice.
        let offset = self.zone.as_ref().map_or(0, zone::offset_seconds);
        Ok(days * 86_400 + second - i64::from(offset))
    }
}

/// Seconds since the epoch as day and nanosecond of the day.
pub(super) fn split(seconds: i64, nanoseconds: u32) -> (i64, u64) {
    (seconds.div_euclid(86_400), seconds.rem_euclid(86_400) as u64 * NS_PER_SECOND + u64::from(nanoseconds))
}

pub(super) fn checked_days(days: i64) -> Result<i64, ExecError> {
    if in_range(days) {
        return Ok(days);
    }
    Err(invalid("the date is beyond the years -999999999 to +999999999"))
}

/// A value of `kind` from local parts; a date without time is its midnight.
pub(super) fn assemble(kind: Kind, days: i64, nanoseconds: u64, zone: &ZoneName) -> Result<Value, ExecError> {
    debug_assert!(nanoseconds < NS_PER_DAY, "a time of day lies within a day");
    let (second, ns) = ((nanoseconds / NS_PER_SECOND) as i64, (nanoseconds % NS_PER_SECOND) as u32);
    Ok(match kind {
        Kind::Date => Value::Date(Date { days: checked_days(days)? }),
        Kind::LocalTime => Value::LocalTime(LocalTime { nanoseconds }),
        Kind::Time => {
            let zone = zone::at_instant(zone, zone::instant_of(zone, days, second)?)?;
            Value::Time(Time { nanoseconds, offset_seconds: zone::offset_seconds(&zone) })
        }
        Kind::LocalDateTime => {
            let seconds = checked_days(days)? * 86_400 + second;
            Value::LocalDateTime(LocalDateTime { seconds, nanoseconds: ns })
        }
        Kind::DateTime => {
            let seconds = zone::instant_of(zone, checked_days(days)?, second)?;
            at_instant(seconds, ns, zone)?
        }
    })
}

pub(super) fn at_instant(seconds: i64, nanoseconds: u32, zone: &ZoneName) -> Result<Value, ExecError> {
    let zone = zone::at_instant(zone, seconds)?;
    checked_days(seconds.div_euclid(86_400))?;
    Ok(Value::DateTime(Arc::new(DateTime { seconds, nanoseconds, zone })))
}
