//! Time zones. Offsets come from the IANA data that `jiff` bundles, never from the system's: two nodes must agree.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use jiff::civil::DateTime as CivilDateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use samyama_graph::Zone;

use super::civil::{Civil, civil_of};
use super::invalid;
use crate::ExecError;

static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

pub(super) const UTC: Zone = Zone::Offset(0);
const OFFSET_SECONDS_MAX: i32 = 18 * 3600;

/// A zone as someone names it, before an instant says which offset is in force.
#[derive(Clone, Debug)]
pub(super) enum ZoneName {
    Offset(i32),
    Named(Arc<str>),
}

fn find(name: &str) -> Result<TimeZone, ExecError> {
    BUNDLED
        .get(name)
        .map_err(|_| invalid(format!("Unknown time zone '{name}': give an IANA name or an offset")))
}

/// `Z`, `+01`, `+0100`, `+01:00`, `+01:00:59`, `Europe/Stockholm`.
pub(super) fn parse(text: &str) -> Result<ZoneName, ExecError> {
    if text.eq_ignore_ascii_case("z") {
        return Ok(ZoneName::Offset(0));
    }
    if text.starts_with(['+', '-']) {
        return parse_offset(text)
            .map(ZoneName::Offset)
            .ok_or_else(|| invalid(format!("'{text}' is no offset from UTC: write it as +01:00")));
    }
    let zone = find(text)?;
    Ok(ZoneName::Named(Arc::from(zone.iana_name().unwrap_or(text))))
}

pub(super) fn parse_offset(text: &str) -> Option<i32> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    let separators_fit = match text[1..].matches(':').count() {
        0 => true,
        colons => text.len() == 3 + colons * 3,
    };
    if !separators_fit || !matches!(digits.len(), 2 | 4 | 6) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |part| part.parse::<i32>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    let offset = hours * 3600 + minutes * 60 + seconds;
    (minutes < 60 && seconds < 60 && offset <= OFFSET_SECONDS_MAX).then_some(sign * offset)
}

/// The zone at an instant.
pub(super) fn at_instant(zone: &ZoneName, utc_seconds: i64) -> Result<Zone, ExecError> {
    match zone {
        ZoneName::Offset(seconds) => Ok(Zone::Offset(*seconds)),
        ZoneName::Named(name) => {
            // Beyond the years that the data covers its first and last rules go on.
            let clamped =
                utc_seconds.clamp(Timestamp::MIN.as_second() + 86_400, Timestamp::MAX.as_second() - 86_400);
            let timestamp = Timestamp::from_second(clamped).map_err(|error| invalid(error.to_string()))?;
            Ok(Zone::Named { name: name.clone(), offset_seconds: find(name)?.to_offset(timestamp).seconds() })
        }
    }
}

/// The instant (seconds since the epoch) of a local date and time. A time that a clock skipped is moved on by the gap; of
/// one that came twice the first is taken.
pub(super) fn instant_of(zone: &ZoneName, days: i64, second_of_day: i64) -> Result<i64, ExecError> {
    let local = days * 86_400 + second_of_day;
    match zone {
        ZoneName::Offset(seconds) => Ok(local - i64::from(*seconds)),
        ZoneName::Named(name) => {
            let Civil { year, month, day } = civil_of(days);
            let time =
                [second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60].map(|part| part as i8);
            let civil = CivilDateTime::new(
                year.clamp(-9998, 9998) as i16,
                month as i8,
                if year.abs() > 9998 { day.min(28) as i8 } else { day as i8 },
                time[0],
                time[1],
                time[2],
                0,
            )
            .map_err(|error| invalid(error.to_string()))?;
            let offset = match find(name)?.to_ambiguous_timestamp(civil).offset() {
                AmbiguousOffset::Unambiguous { offset } => offset,
                AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
            };
            Ok(local - i64::from(offset.seconds()))
        }
    }
}

/// Seconds east of UTC in a named zone at an instant; None for an unknown zone.
pub fn zone_offset_at_instant(name: &str, utc_seconds: i64) -> Option<i32> {
    let zone = at_instant(&ZoneName::Named(Arc::from(name)), utc_seconds).ok()?;
    Some(offset_seconds(&zone))
}

/// The same for a reading of the zone's own clock: where it shows it twice the earlier, where it skips it moved on.
pub fn zone_offset_at_local(name: &str, local_seconds: i64) -> Option<i32> {
    let (days, second) = (local_seconds.div_euclid(86_400), local_seconds.rem_euclid(86_400));
    let instant = instant_of(&ZoneName::Named(Arc::from(name)), days, second).ok()?;
    i32::try_from(local_seconds - instant).ok()
}

pub(super) fn offset_seconds(zone: &Zone) -> i32 {
    match zone {
        Zone::Offset(seconds) => *seconds,
        Zone::Named { offset_seconds, .. } => *offset_seconds,
    }
}

pub(super) fn name_of(zone: &Zone) -> ZoneName {
    match zone {
        Zone::Offset(seconds) => ZoneName::Offset(*seconds),
        Zone::Named { name, .. } => ZoneName::Named(name.clone()),
    }
}

/// `Z`, `+01:00`, `+02:05:59`.
pub(super) fn offset_text(seconds: i32) -> String {
    if seconds == 0 {
        return "Z".to_owned();
    }
    let (sign, absolute) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let (hours, minutes, rest) = (absolute / 3600, absolute / 60 % 60, absolute % 60);
    match rest {
        0 => format!("{sign}{hours:02}:{minutes:02}"),
        rest => format!("{sign}{hours:02}:{minutes:02}:{rest:02}"),
    }
}
