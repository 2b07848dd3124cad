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

/// The outcome that a connection wrote last without any warnings, and its bytes: as long as nothing is written to the
/// graph, a backend hands out the same list for all reads.
#[derive(Default)]
pub(super) struct Told(Option<(Arc<Vec<Value>>, Vec<u8>)>);

impl Told {
    fn write(
        &mut self,
        summary: &mut Summary<'_>,
        key: &str,
        statuses: &Arc<Vec<Value>>,
    ) -> Result<(), EncodeError> {
        match &self.0 {
            Some((known, bytes)) if Arc::ptr_eq(known, statuses) => summary.encoded(key, bytes),
            _ => {
                self.0 =
                    Some((Arc::clone(statuses), summary.value_kept(key, &Value::List(Arc::clone(statuses)))?))
            }
        }
        Ok(())
    }
}

/// Writes the backend's summary as the version has it.
pub(super) fn write_done(
    summary: &mut Summary<'_>,
    done: &Map,
    version: Version,
    filter: &Filter,
    told: &mut Told,
) -> Result<(), EncodeError> {
    for (key, value) in done.iter() {
        match (key.as_ref(), value) {
            ("statuses", Value::List(statuses))
                if version.has_statuses() && statuses.len() == 1 && filter.is_open() =>
            {
                told.write(summary, key, statuses)?;
            }
            ("statuses", _) if version.has_statuses() => {
                summary.value(key, &filtered(value, filter, status_class))?;
            }
            ("statuses", _) => write_own_keys(summary, value)?,
            ("notifications", _) if version.has_statuses() => {}
            ("notifications", _) => summary.value(key, &filtered(value, filter, notification_class))?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tag;
    use crate::version::Dialect;

    const VERSION: Version = Version::new(5, 8);

    fn status(pairs: &[(&str, &str)], severity: &str) -> Value {
        let mut status =
            Map::from_pairs(pairs.iter().map(|(key, text)| (Arc::from(*key), Value::from(*text))));
        let record = Map::from_pairs([(Arc::from("_severity"), Value::from(severity))]);
        status.insert(Arc::from("diagnostic_record"), record.into());
        status.into()
    }

    fn written(done: &Map, filter: &Filter, told: &mut Told) -> Vec<u8> {
        let mut out = Vec::new();
        let mut summary = Summary::begin(&mut out, tag::SUCCESS, Dialect::of(VERSION, false));
        write_done(&mut summary, done, VERSION, filter, told).expect("it can be encoded");
        summary.end();
        out
    }

    #[test]
    fn what_was_written_before_is_written_again_only_for_the_very_same_statuses() {
        let outcome = status(&[("gql_status", "00000")], "");
        let warning = status(&[("gql_status", "01N50")], "INFORMATION");
        let done = |statuses: &[&Value]| {
            let list: Vec<Value> = statuses.iter().map(|one| (*one).clone()).collect();
            Map::from_pairs([(Arc::from("statuses"), list.into()), (Arc::from("type"), Value::from("r"))])
        };
        let (plain, warned) = (done(&[&outcome]), done(&[&outcome, &warning]));
        let open = Filter::default();
        let closed = Filter { minimum_severity: Some(Arc::from("WARNING")), ..Filter::default() };
        let mut told = Told::default();
        for (done, filter) in [
            (&plain, &open),
            (&plain, &open),
            (&warned, &open),
            (&warned, &closed),
            (&warned, &open),
            (&plain, &closed),
            (&plain, &open),
        ] {
            assert_eq!(written(done, filter, &mut told), written(done, filter, &mut Told::default()));
        }
        assert_ne!(written(&warned, &open, &mut told), written(&warned, &closed, &mut told));
    }
}
