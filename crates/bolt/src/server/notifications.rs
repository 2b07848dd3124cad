//! Which notifications a client wants, and in which form its version takes them.

use std::sync::Arc;

use samyama_graph::{Map, Value};

use crate::backend::TransactionOptions;
use crate::message::Summary;
use crate::packstream::EncodeError;
use crate::version::Version;

/// Keys of ours in the outcome's diagnostic record; below 5.6 they stand at the top level.
const OWN_PREFIX: &str = "_samyama_";

/// The filter of HELLO, or of the transaction where it names its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub minimum_severity: Option<Arc<str>>,
    pub disabled: Vec<Arc<str>>,
}

impl Filter {
    /// Fills what a transaction leaves open from the connection's filter.
    pub fn complete(&self, options: &mut TransactionOptions) {
        if options.notifications_minimum_severity.is_none() {
            options.notifications_minimum_severity.clone_from(&self.minimum_severity);
        }
        if options.notifications_disabled.is_empty() {
            options.notifications_disabled.clone_from(&self.disabled);
        }
    }

    pub fn of(options: &TransactionOptions) -> Self {
        Self {
            minimum_severity: options.notifications_minimum_severity.clone(),
            disabled: options.notifications_disabled.clone(),
        }
    }

    fn is_open(&self) -> bool {
        self.minimum_severity.is_none() && self.disabled.is_empty()
    }

    fn lets_pass(&self, severity: Option<&str>, classification: Option<&str>) -> bool {
        let severe_enough = match self.minimum_severity.as_deref() {
            Some("OFF") => false,
            Some("WARNING") => severity != Some("INFORMATION"),
            _ => true,
        };
        severe_enough && !self.disabled.iter().any(|disabled| Some(disabled.as_ref()) == classification)
    }
}

/// Writes the backend's summary as the version has it.
pub(super) fn write_done(
    summary: &mut Summary<'_>,
    done: &Map,
    version: Version,
    filter: &Filter,
) -> Result<(), EncodeError> {
    for (key, value) in done.iter() {
        match key.as_ref() {
            "statuses" if version.has_statuses() => {
                summary.value(key, &filtered(value, filter, status_class))?;
            }
            "statuses" => write_own_keys(summary, value)?,
            "notifications" if version.has_statuses() => {}
            "notifications" => summary.value(key, &filtered(value, filter, notification_class))?,
            _ => summary.value(key, value)?,
        }
    }
    Ok(())
}

/// Severity and classification of an entry; None for the outcome, which is never filtered.
type Class = fn(&Map) -> Option<(Option<&str>, Option<&str>)>;

fn filtered(list: &Value, filter: &Filter, class: Class) -> Value {
    let Value::List(entries) = list else { return list.clone() };
    if filter.is_open() {
        return list.clone();
    }
    let passes = |entry: &&Value| match entry {
        Value::Map(map) => {
            class(map).is_none_or(|(severity, classification)| filter.lets_pass(severity, classification))
        }
        _ => true,
    };
    Value::from(entries.iter().filter(passes).cloned().collect::<Vec<_>>())
}

fn status_class(status: &Map) -> Option<(Option<&str>, Option<&str>)> {
    if is_outcome(status) {
        return None;
    }
    let Some(Value::Map(record)) = status.get("diagnostic_record") else { return Some((None, None)) };
    Some((text(record, "_severity"), text(record, "_classification")))
}

fn notification_class(notification: &Map) -> Option<(Option<&str>, Option<&str>)> {
    Some((text(notification, "severity"), text(notification, "category")))
}

fn is_outcome(status: &Map) -> bool {
    text(status, "gql_status").is_some_and(|code| code.starts_with("00") || code.starts_with("02"))
}

fn text<'a>(map: &'a Map, key: &str) -> Option<&'a str> {
    match map.get(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn write_own_keys(summary: &mut Summary<'_>, statuses: &Value) -> Result<(), EncodeError> {
    let Value::List(statuses) = statuses else { return Ok(()) };
    let records = statuses.iter().filter_map(|status| match status {
        Value::Map(status) if is_outcome(status) => status.get("diagnostic_record"),
        _ => None,
    });
    for record in records {
        let Value::Map(record) = record else { continue };
        for (key, value) in record.iter().filter(|(key, _)| key.starts_with(OWN_PREFIX)) {
            summary.value(key, value)?;
        }
    }
    Ok(())
}
