//! `apoc.date.convertFormat`: temporal text from one named ISO 8601 format into another.
//!
//! The formats are those that Java's formatters of the same names know (`iso_offset_date_time`, ...): seconds always, and a
//! fraction without zeros at its end (an instant's has 3, 6 or 9 digits), which is not what `toString` writes. Patterns such
//! as `dd.MM.yyyy` are refused.

use samyama_graph::{Value, Zone};

use super::build::construct;
use super::civil::NS_PER_SECOND;
use super::format::date_text;
use super::invalid;
use super::parts::{Kind, Parts, split};
use super::zone::{offset_seconds, offset_text};
use crate::ExecError;
use crate::expression::Context;

/// One format: what it is called, what it is of, whether the zone's name is written, whether it is in UTC.
struct Format {
    name: &'static str,
    kind: Kind,
    has_zone_name: bool,
    is_utc: bool,
}

const fn of(name: &'static str, kind: Kind) -> Format {
    Format { name, kind, has_zone_name: false, is_utc: false }
}

static FORMATS: [Format; 8] = [
    of("iso_local_date", Kind::Date),
    of("iso_local_time", Kind::LocalTime),
    of("iso_offset_time", Kind::Time),
    of("iso_local_date_time", Kind::LocalDateTime),
    of("iso_offset_date_time", Kind::DateTime),
    Format { has_zone_name: true, ..of("iso_zoned_date_time", Kind::DateTime) },
    Format { is_utc: true, ..of("iso_instant", Kind::DateTime) },
    of("yyyy-MM-dd", Kind::Date),
];

fn find(name: &str) -> Result<&'static Format, ExecError> {
    FORMATS.iter().find(|format| format.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let known: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
        invalid(format!("the format `{name}` is not supported; there are {}", known.join(", ")))
    })
}

/// None for the empty text, as for null.
pub(super) fn convert_format(
    text: &str,
    from: &str,
    to: &str,
    context: &Context<'_>,
) -> Result<Option<String>, ExecError> {
    let (from, to) = (find(from)?, find(to)?);
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || invalid(format!("'{text}' cannot be read as `{}`", from.name));
    let clock = text.split_once('T').map_or(if from.kind.has_date() { "" } else { text }, |(_, clock)| clock);
    if from.kind.has_time() == clock.is_empty() || from.kind.has_zone() != clock.contains(['Z', '+', '-']) {
        return Err(wrong());
    }
    let value = construct(from.kind, &[Value::from(text.to_owned())], context)?;
    let parts = Parts::of(&value).ok_or_else(wrong)?;
    written(&parts, to).map(Some).ok_or_else(|| {
        invalid(format!("'{text}', read as `{}`, has not all of what `{}` shows", from.name, to.name))
    })
}

/// None if the parts lack one that the format shows.
fn written(parts: &Parts, format: &Format) -> Option<String> {
    let mut parts = parts.clone();
    if format.is_utc {
        let seconds = parts.days.zip(parts.zone.as_ref()).and_then(|_| parts.instant().ok())?;
        let fraction = (parts.nanoseconds? % NS_PER_SECOND) as u32;
        let (days, nanoseconds) = split(seconds, fraction);
        parts = Parts { days: Some(days), nanoseconds: Some(nanoseconds), zone: Some(Zone::Offset(0)) };
    }
    let mut text = String::new();
    if format.kind.has_date() {
        text.push_str(&date_text(parts.days?));
    }
    if format.kind.has_time() {
        text.push_str(if format.kind.has_date() { "T" } else { "" });
        text.push_str(&clock_text(parts.nanoseconds?, if format.is_utc { 3 } else { 1 }));
    }
    if format.kind.has_zone() {
        let zone = parts.zone.as_ref()?;
        text.push_str(&offset_text(offset_seconds(zone)));
        if let (true, Zone::Named { name, .. }) = (format.has_zone_name, zone) {
            text.push_str(&format!("[{name}]"));
        }
    }
    Some(text)
}

/// The fraction, if there is one, has as many digits as it needs, in steps of `digits`.
fn clock_text(nanoseconds: u64, digits: usize) -> String {
    let (second, fraction) = (nanoseconds / NS_PER_SECOND, nanoseconds % NS_PER_SECOND);
    let (fraction, point) = (format!("{fraction:09}"), if fraction == 0 { "" } else { "." });
    let needed = fraction.trim_end_matches('0').len().next_multiple_of(digits);
    let fraction = &fraction[..needed];
    format!("{:02}:{:02}:{:02}{point}{fraction}", second / 3600, second / 60 % 60, second % 60)
}
