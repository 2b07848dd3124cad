//! The dictionaries inside requests: options of transactions, PULL's credit, ROUTE's arguments.

use std::sync::Arc;

use samyama_graph::{Map, Value};

use crate::backend::TransactionOptions;
use crate::packstream::{DecodeError, Decoder};

/// Under which key members put what they add to the requests that they relay.
pub(crate) const RELAY: &str = "samyama_relay";

/// What PULL and DISCARD ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pull {
    /// None: all that is left.
    pub n: Option<u64>,
    /// None: the result of the last RUN.
    pub qid: Option<i64>,
}

/// What ROUTE asks for.
#[derive(Clone, Debug)]
pub struct RouteRequest {
    pub routing: Arc<Map>,
    pub bookmarks: Vec<Arc<str>>,
    pub database: Option<Arc<str>>,
}

fn wrong(message: String) -> DecodeError {
    DecodeError::Field(message)
}

impl Pull {
    pub(super) fn read(decoder: &mut Decoder<'_, '_>) -> Result<Self, DecodeError> {
        let mut n = None;
        let mut qid = None;
        decoder.entries(|key, decoder| {
            match key {
                "n" => n = Some(decoder.integer()?),
                "qid" if decoder.take_null() => {}
                "qid" => qid = Some(decoder.integer()?),
                _ => drop(decoder.value()?),
            }
            Ok(())
        })?;
        let n = match n {
            Some(-1) => None,
            Some(n) if n > 0 => Some(n.unsigned_abs()),
            Some(n) => return Err(wrong(format!("'n' must be -1 or greater than 0, not {n}"))),
            None => return Err(wrong("'n', the number of records asked for, is missing".to_owned())),
        };
        Ok(Self { n, qid: qid.filter(|qid| *qid != -1) })
    }
}

impl RouteRequest {
    pub(super) fn read(decoder: &mut Decoder<'_, '_>) -> Result<Self, DecodeError> {
        let routing = if decoder.take_null() { Map::new() } else { decoder.dictionary()? };
        let bookmarks = read_strings(decoder, "bookmarks")?;
        let mut database = None;
        decoder.entries(|key, decoder| {
            match key {
                "db" => database = read_text(decoder, "db")?,
                _ => drop(decoder.value()?),
            }
            Ok(())
        })?;
        Ok(Self { routing: Arc::new(routing), bookmarks, database })
    }
}

/// Reads the `extra` of BEGIN and of an auto-commit RUN. Null and absent mean the same.
pub(super) fn read_options(
    decoder: &mut Decoder<'_, '_>,
    from_member: bool,
) -> Result<TransactionOptions, DecodeError> {
    let mut options = TransactionOptions::default();
    decoder.entries(|key, decoder| {
        match key {
            "bookmarks" => options.bookmarks = read_strings(decoder, key)?,
            "tx_timeout" if decoder.take_null() => {}
            "tx_timeout" => {
                let timeout = decoder.integer()?;
                let timeout = u64::try_from(timeout)
                    .map_err(|_| wrong(format!("'tx_timeout' must not be negative, but is {timeout}")))?;
                options.timeout_ms = Some(timeout);
            }
            "tx_metadata" if decoder.take_null() => {}
            "tx_metadata" => options.metadata = Arc::new(decoder.dictionary()?),
            "mode" => {
                options.read_only = match read_text(decoder, key)?.as_deref() {
                    Some("r") => true,
                    Some("w") | None => false,
                    Some(other) => {
                        return Err(wrong(format!("'mode' must be \"r\" or \"w\", not \"{other}\"")));
                    }
                }
            }
            "db" => options.database = read_text(decoder, key)?,
            "imp_user" => options.impersonated_user = read_text(decoder, key)?,
            "notifications_minimum_severity" => {
                options.notifications_minimum_severity = read_text(decoder, key)?;
            }
            "notifications_disabled_categories" | "notifications_disabled_classifications" => {
                options.notifications_disabled = read_strings(decoder, key)?;
            }
            RELAY if from_member => options.relay = decoder.value()?,
            _ => drop(decoder.value()?),
        }
        Ok(())
    })?;
    Ok(options)
}

/// Reads the one field that COMMIT has when it comes from a member.
pub(super) fn read_commit(decoder: &mut Decoder<'_, '_>) -> Result<Value, DecodeError> {
    let mut relay = Value::Null;
    decoder.entries(|key, decoder| {
        match key {
            RELAY => relay = decoder.value()?,
            _ => drop(decoder.value()?),
        }
        Ok(())
    })?;
    Ok(relay)
}

fn read_text(decoder: &mut Decoder<'_, '_>, key: &str) -> Result<Option<Arc<str>>, DecodeError> {
    match decoder.value()? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(wrong(format!("'{key}' must be a string, not {}", other.type_name()))),
    }
}

fn read_strings(decoder: &mut Decoder<'_, '_>, key: &str) -> Result<Vec<Arc<str>>, DecodeError> {
    let list = match decoder.value()? {
        Value::Null => return Ok(Vec::new()),
        Value::List(list) => list,
        other => return Err(wrong(format!("'{key}' must be a list of strings, not {}", other.type_name()))),
    };
    list.iter()
        .map(|value| match value {
            Value::String(text) => Ok(Arc::clone(text)),
            other => {
                Err(wrong(format!("'{key}' must be a list of strings, but holds {}", other.type_name())))
            }
        })
        .collect()
}
