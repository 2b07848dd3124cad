//! What a client asks of a transaction: database, level, bookmarks, time, a key.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use samyama_bolt::{Failure, TransactionOptions};
use samyama_graph::Value;
use samyama_raft::LogIndex;

use super::failures::{failure, invalid};
use crate::config::ReadLevel;
use crate::database::{DATABASE_NAME, Settings};
use crate::forward::RelayNote;
use crate::limits::CLIENT_KEY_BYTES_MAX;

const READ_KEY: &str = "samyama.read";
const IDEMPOTENCY_KEY: &str = "samyama.idempotency_key";
const KNOWN_KEYS: [&str; 2] = [READ_KEY, IDEMPOTENCY_KEY];

/// The options of one transaction, checked.
#[derive(Clone, Debug)]
pub struct Terms {
    pub level: ReadLevel,
    /// The largest index among the bookmarks; 0 if there are none.
    pub bookmark: LogIndex,
    pub read_only: bool,
    pub deadline: Option<Instant>,
    pub client_timeout: bool,
    /// The stub that tools ask about the server.
    pub system: bool,
    /// The client named no database: it is told which one it got.
    pub unnamed: bool,
    /// `WARNING`, `INFORMATION` or `OFF`.
    pub severity: Option<Arc<str>>,
    pub disabled: Vec<Arc<str>>,
    /// The client's own key.
    pub client_key: Option<Arc<str>>,
    /// From the member that relays it.
    pub relay: Option<RelayNote>,
}

pub fn check(options: &TransactionOptions, settings: &Settings) -> Result<Terms, Failure> {
    if let Some(user) = &options.impersonated_user {
        return Err(failure(
            "Neo.ClientError.Security.Forbidden",
            "42NFF",
            format!("There is no impersonation yet: the transaction was to run as `{user}`."),
        ));
    }
    let system = check_database(options.database.as_deref())?;
    let level = match options.metadata.get(READ_KEY) {
        None => settings.level,
        Some(Value::String(level)) => parse_level(level)?,
        Some(other) => return Err(invalid(format!("{READ_KEY} is a string, not a {}.", other.type_name()))),
    };
    let unknown = |key: &str| key.starts_with("samyama.") && !KNOWN_KEYS.contains(&key);
    if let Some((key, _)) = options.metadata.iter().find(|(key, _)| unknown(key)) {
        return Err(invalid(format!(
            "Unknown key `{key}` in the transaction's metadata; there are {READ_KEY} and {IDEMPOTENCY_KEY}."
        )));
    }
    let timeout = match options.timeout_ms {
        Some(0) => None,
        Some(ms) => Some(Duration::from_millis(ms)),
        None => settings.query_timeout,
    };
    Ok(Terms {
        level,
        bookmark: bookmark(&options.bookmarks)?,
        read_only: options.read_only,
        deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
        client_timeout: options.timeout_ms.is_some(),
        system,
        unnamed: options.database.is_none(),
        severity: options.notifications_minimum_severity.clone(),
        disabled: options.notifications_disabled.clone(),
        client_key: client_key(options.metadata.get(IDEMPOTENCY_KEY))?,
        relay: relay_note(&options.relay)?,
    })
}

fn client_key(value: Option<&Value>) -> Result<Option<Arc<str>>, Failure> {
    match value {
        None => Ok(None),
        Some(Value::String(key)) if (1..=CLIENT_KEY_BYTES_MAX).contains(&key.len()) => {
            Ok(Some(Arc::clone(key)))
        }
        Some(Value::String(key)) => Err(invalid(format!(
            "{IDEMPOTENCY_KEY} has {} bytes; 1 to {CLIENT_KEY_BYTES_MAX} are allowed.",
            key.len()
        ))),
        Some(other) => Err(invalid(format!("{IDEMPOTENCY_KEY} is a string, not a {}.", other.type_name()))),
    }
}

/// What the relaying member adds, if one does.
pub fn relay_note(value: &Value) -> Result<Option<RelayNote>, Failure> {
    match value {
        Value::Null => Ok(None),
        other => RelayNote::from_value(other).map(Some).ok_or_else(|| {
            invalid("What the relaying member adds cannot be read; is it of another version?")
        }),
    }
}

/// True: the `system` stub.
pub fn check_database(name: Option<&str>) -> Result<bool, Failure> {
    match name {
        None => Ok(false),
        Some(name) if name.eq_ignore_ascii_case(DATABASE_NAME) => Ok(false),
        Some(name) if name.eq_ignore_ascii_case("system") => Ok(true),
        Some(name) => Err(failure(
            "Neo.ClientError.Database.DatabaseNotFound",
            "22000",
            format!("There is no database `{name}`; there is `{DATABASE_NAME}`."),
        )),
    }
}

fn parse_level(text: &str) -> Result<ReadLevel, Failure> {
    match text {
        "linearizable" => Ok(ReadLevel::Linearizable),
        "bookmark" => Ok(ReadLevel::Bookmark),
        "stale" => Ok(ReadLevel::Stale),
        _ => Err(invalid(format!("{READ_KEY} is `linearizable`, `bookmark` or `stale`, not `{text}`."))),
    }
}

/// `samyama:<database>:<index>`.
pub fn write_bookmark(index: LogIndex) -> String {
    let mut text = String::with_capacity(36);
    // Writing to a string cannot fail.
    let _ = write!(text, "samyama:{DATABASE_NAME}:{index}");
    text
}

/// None: not a bookmark of this database.
pub fn parse_bookmark(text: &str) -> Option<LogIndex> {
    let (database, index) = text.strip_prefix("samyama:")?.rsplit_once(':')?;
    index.parse().ok().filter(|_| database == DATABASE_NAME)
}

fn bookmark(bookmarks: &[Arc<str>]) -> Result<LogIndex, Failure> {
    let mut largest = 0;
    for text in bookmarks {
        let Some(index) = parse_bookmark(text) else {
            let message = format!("`{text}` is not a bookmark of this database.");
            return Err(failure("Neo.ClientError.Transaction.InvalidBookmark", "08N12", message));
        };
        largest = LogIndex::max(largest, index);
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use samyama_graph::Map;

    fn settings() -> Settings {
        Settings {
            node: 1,
            level: ReadLevel::Linearizable,
            read_timeout: Duration::from_secs(1),
            query_timeout: None,
            query_memory_bytes_max: 1,
            transactions_max: 1,
        }
    }

    fn with_metadata(key: &str, value: Value) -> TransactionOptions {
        let metadata = Arc::new(Map::from_pairs([(Arc::from(key), value)]));
        TransactionOptions { metadata, ..TransactionOptions::default() }
    }

    #[test]
    fn a_typo_never_weakens_a_guarantee() {
        let check = |options: &TransactionOptions| check(options, &settings());
        assert_eq!(
            check(&with_metadata("samyama.read", "stale".into())).map(|t| t.level).ok(),
            Some(ReadLevel::Stale)
        );
        for (key, value) in [
            ("samyama.read", Value::from("Stale")),
            ("samyama.read", Value::Null),
            ("samyama.raed", "stale".into()),
        ] {
            assert!(check(&with_metadata(key, value)).is_err(), "{key} is accepted");
        }
        assert!(check(&with_metadata("mine", "stale".into())).is_ok(), "other keys are the user's");
    }

    #[test]
    fn an_idempotency_key_is_a_text_of_some_length() {
        let check = |value: Value| check(&with_metadata(IDEMPOTENCY_KEY, value), &settings());
        let key = check("order 7".into()).map(|terms| terms.client_key).ok().flatten();
        assert_eq!(key.as_deref(), Some("order 7"));
        assert!(check("x".repeat(CLIENT_KEY_BYTES_MAX).into()).is_ok());
        for value in ["".into(), "x".repeat(CLIENT_KEY_BYTES_MAX + 1).into(), Value::Integer(7), Value::Null]
        {
            assert!(check(value).is_err(), "it is accepted");
        }
    }

    #[test]
    fn the_largest_bookmark_counts_and_foreign_ones_are_refused() {
        let parse =
            |texts: &[&str]| bookmark(&texts.iter().map(|t| Arc::from(*t)).collect::<Vec<Arc<str>>>());
        assert_eq!(parse(&["samyama:neo4j:7", "samyama:neo4j:12", "samyama:neo4j:3"]).ok(), Some(12));
        for text in ["FB:kcwQ", "samyama:other:3", "samyama:neo4j:", "samyama:neo4j:-1"] {
            assert!(parse(&[text]).is_err(), "{text} is taken for a bookmark");
        }
    }
}
