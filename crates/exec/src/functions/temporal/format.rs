//! Temporal values as text, in ISO 8601.

use samyama_graph::{Duration, Value, Zone};

use super::civil::{NS_PER_SECOND, civil_of};
use super::parts::Parts;
use super::zone::{offset_seconds, offset_text};

/// What `toString` gives; empty for a value that is not temporal.
pub(crate) fn format(value: &Value) -> String {
    if let Value::Duration(duration) = value {
        return duration_text(duration);
    }
    let Some(parts) = Parts::of(value) else { return String::new() };
    let mut text = String::new();
    if let Some(days) = parts.days {
        text.push_str(&date_text(days));
    }
    if let Some(ns) = parts.nanoseconds {
        if parts.days.is_some() {
            text.push('T');
        }
        text.push_str(&time_text(ns));
    }
    if let Some(zone) = &parts.zone {
        text.push_str(&offset_text(offset_seconds(zone)));
        if let Zone::Named { name, .. } = zone {
            text.push_str(&format!("[{name}]"));
        }
    }
    text
}

pub(super) fn date_text(days: i64) -> String {
    let civil = civil_of(days);
    let year = match civil.year {
        year @ 0..=9999 => format!("{year:04}"),
        year @ 10_000.. => format!("+{year}"),
        year => format!("-{:04}", -year),
    };
    format!("{year}-{:02}-{:02}", civil.month, civil.day)
}

/// Seconds only if there are any; a fraction of 3, 6 or 9 digits.
fn time_text(nanoseconds: u64) -> String {
    let (second, fraction) = (nanoseconds / NS_PER_SECOND, nanoseconds % NS_PER_SECOND);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    match fraction {
        0 if second == 0 => format!("{hour:02}:{minute:02}"),
        0 => format!("{hour:02}:{minute:02}:{second:02}"),
        f if f % 1_000_000 == 0 => format!("{hour:02}:{minute:02}:{second:02}.{:03}", f / 1_000_000),
        f if f % 1_000 == 0 => format!("{hour:02}:{minute:02}:{second:02}.{:06}", f / 1_000),
        f => format!("{hour:02}:{minute:02}:{second:02}.{f:09}"),
    }
}

/// Each part with its own sign; hours are not folded into days.
fn duration_text(duration: &Duration) -> String {
    let mut text = "P".to_owned();
    for (count, unit) in [(duration.months / 12, 'Y'), (duration.months % 12, 'M'), (duration.days, 'D')] {
        if count != 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    let total = i128::from(duration.seconds) * 1_000_000_000 + i128::from(duration.nanoseconds);
    let seconds = total / 1_000_000_000;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, total % 60_000_000_000);
    if total != 0 {
        text.push('T');
        for (count, unit) in [(hours, 'H'), (minutes, 'M')] {
            if count != 0 {
                text.push_str(&format!("{count}{unit}"));
            }
        }
        if rest != 0 {
            let sign = if rest < 0 { "-" } else { "" };
            let fraction = format!("{:09}", rest.abs() % 1_000_000_000);
            let fraction = fraction.trim_end_matches('0');
            let point = if fraction.is_empty() { "" } else { "." };
            text.push_str(&format!("{sign}{}{point}{fraction}S", rest.abs() / 1_000_000_000));
        }
    }
    if text == "P" { "PT0S".to_owned() } else { text }
}
