//! What a client asks of a transaction: database, level, bookmarks, time.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use samyama_bolt::{Failure, TransactionOptions};
use samyama_graph::Value;
use samyama_raft::LogIndex;

use super::failures::{failure, invalid};
use crate::config::ReadLevel;
use crate::database::{DATABASE_NAME, Settings};

const READ_KEY: &str = "samyama.read";

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
    if let Some((key, _)) =
        options.metadata.iter().find(|(key, _)| key.starts_with("samyama.") && key.as_ref() != READ_KEY)
    {
        return Err(invalid(format!(
            "Unknown key `{key}` in the transaction's metadata; there is {READ_KEY}."
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
    })
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
    fn the_largest_bookmark_counts_and_foreign_ones_are_refused() {
        let parse =
            |texts: &[&str]| bookmark(&texts.iter().map(|t| Arc::from(*t)).collect::<Vec<Arc<str>>>());
        assert_eq!(parse(&["samyama:neo4j:7", "samyama:neo4j:12", "samyama:neo4j:3"]).ok(), Some(12));
        for text in ["FB:kcwQ", "samyama:other:3", "samyama:neo4j:", "samyama:neo4j:-1"] {
            assert!(parse(&[text]).is_err(), "{text} is taken for a bookmark");
        }
    }
}
