//! Writes requests and summaries.

use std::sync::Arc;

use samyama_graph::{Map, Value};

use super::{RELAY, tag};
use crate::backend::TransactionOptions;
use crate::chunk::{begin_message, end_message};
use crate::limits::RESULT_NESTING_DEPTH_MAX;
use crate::packstream::{EncodeError, Encoder, NoEntities, TINY_DICTIONARY, write_value};
use crate::version::{Dialect, Version};

/// A dictionary whose pairs are written before their number is known.
pub(crate) struct Summary<'a> {
    out: &'a mut Vec<u8>,
    message: usize,
    header: usize,
    dialect: Dialect,
    pairs: usize,
}

impl<'a> Summary<'a> {
    /// Begins a message with one dictionary.
    pub fn begin(out: &'a mut Vec<u8>, message_tag: u8, dialect: Dialect) -> Self {
        let message = begin_message(out);
        Encoder::new(out).structure(message_tag, 1);
        let header = out.len();
        out.push(0);
        Self { out, message, header, dialect, pairs: 0 }
    }

    /// Writes a key; its value must follow through the encoder that is returned.
    pub fn key(&mut self, key: &str) -> Encoder<'_> {
        self.pairs += 1;
        let mut encoder = Encoder::new(self.out);
        encoder.string(key);
        encoder
    }

    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key).string(value);
    }

    pub fn value(&mut self, key: &str, value: &Value) -> Result<(), EncodeError> {
        self.key(key);
        write_value(self.out, value, self.dialect, &NoEntities, RESULT_NESTING_DEPTH_MAX)
    }

    /// A pair whose value is encoded already.
    pub fn encoded(&mut self, key: &str, value: &[u8]) {
        self.key(key).raw(value);
    }

    /// A pair, and how its value was encoded.
    pub fn value_kept(&mut self, key: &str, value: &Value) -> Result<Vec<u8>, EncodeError> {
        self.key(key);
        let start = self.out.len();
        write_value(self.out, value, self.dialect, &NoEntities, RESULT_NESTING_DEPTH_MAX)?;
        Ok(self.out[start..].to_vec())
    }

    pub fn end(self) {
        if self.pairs <= 15 {
            self.out[self.header] = TINY_DICTIONARY | self.pairs as u8;
        } else {
            // One byte is reserved; more pairs than 15 need up to four bytes more.
            let mut header = Vec::with_capacity(5);
            Encoder::new(&mut header).dictionary(self.pairs);
            self.out.splice(self.header..=self.header, header);
        }
        end_message(self.out, self.message);
    }
}

/// Appends RUN.
pub(crate) fn write_request_run(
    out: &mut Vec<u8>,
    query: &str,
    parameters: &Map,
    options: Option<&TransactionOptions>,
    version: Version,
    dialect: Dialect,
) -> Result<(), EncodeError> {
    let message = begin_message(out);
    let mut encoder = Encoder::new(out);
    encoder.structure(tag::RUN, 3);
    encoder.string(query);
    encoder.dictionary(parameters.len());
    for (key, value) in parameters.iter() {
        Encoder::new(out).string(key);
        write_value(out, value, dialect, &NoEntities, RESULT_NESTING_DEPTH_MAX)?;
    }
    match options {
        Some(options) => write_options(out, options, version, dialect)?,
        None => Encoder::new(out).dictionary(0),
    }
    end_message(out, message);
    Ok(())
}

/// Appends the dictionary of options: what is not set is left out.
pub(crate) fn write_options(
    out: &mut Vec<u8>,
    options: &TransactionOptions,
    version: Version,
    dialect: Dialect,
) -> Result<(), EncodeError> {
    let has_notifications = version.is_at_least(5, 2);
    let severity = options.notifications_minimum_severity.as_ref().filter(|_| has_notifications);
    let has_disabled = has_notifications && !options.notifications_disabled.is_empty();
    let pairs = [
        !options.bookmarks.is_empty(),
        options.timeout_ms.is_some(),
        !options.metadata.is_empty(),
        options.read_only,
        options.database.is_some(),
        options.impersonated_user.is_some(),
        severity.is_some(),
        has_disabled,
        !options.relay.is_null(),
    ];
    let mut encoder = Encoder::new(out);
    encoder.dictionary(pairs.iter().filter(|set| **set).count());
    if !options.bookmarks.is_empty() {
        encoder.string("bookmarks");
        write_strings(&mut encoder, &options.bookmarks);
    }
    if let Some(timeout_ms) = options.timeout_ms {
        encoder.string("tx_timeout");
        encoder.integer(i64::try_from(timeout_ms).unwrap_or(i64::MAX));
    }
    if options.read_only {
        encoder.string("mode");
        encoder.string("r");
    }
    let texts = [
        ("db", options.database.as_ref()),
        ("imp_user", options.impersonated_user.as_ref()),
        ("notifications_minimum_severity", severity),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            encoder.string(key);
            encoder.string(text);
        }
    }
    if has_disabled {
        let key = if version.has_statuses() { "classifications" } else { "categories" };
        encoder.string(&format!("notifications_disabled_{key}"));
        write_strings(&mut encoder, &options.notifications_disabled);
    }
    if !options.metadata.is_empty() {
        encoder.string("tx_metadata");
        let metadata = Value::Map(Arc::clone(&options.metadata));
        write_value(out, &metadata, dialect, &NoEntities, RESULT_NESTING_DEPTH_MAX)?;
    }
    if !options.relay.is_null() {
        Encoder::new(out).string(RELAY);
        write_value(out, &options.relay, dialect, &NoEntities, RESULT_NESTING_DEPTH_MAX)?;
    }
    Ok(())
}

fn write_strings(encoder: &mut Encoder<'_>, strings: &[Arc<str>]) {
    encoder.list(strings.len());
    for string in strings {
        encoder.string(string);
    }
}
