//! Failures: how the protocol's own are made, and how any failure looks in each version.

use samyama_graph::{Map, Value};

use crate::backend::Failure;
use crate::packstream::{EncodeError, Encoder, NoEntities, write_value};
use crate::version::{Dialect, Version};

/// The GQL status of a failure of which nothing better is known.
pub const GQL_STATUS_UNKNOWN: &str = "50N42";

/// Diagnostic records are written by this project; none nests deeper.
const DIAGNOSTICS_DEPTH_MAX: usize = 16;

/// Statuses and their standard texts, as the drivers show them.
const DESCRIPTIONS: &[(&str, &str)] = &[
    ("08007", "error: connection exception - transaction resolution unknown"),
    ("08N06", "error: connection exception - protocol error"),
    ("08N07", "error: connection exception - not the leader"),
    ("08N09", "error: connection exception - database unavailable"),
    ("08N12", "error: connection exception - invalid bookmark"),
    ("08N13", "error: connection exception - bookmark timeout"),
    ("22003", "error: data exception - numeric value out of range"),
    ("22012", "error: data exception - division by zero"),
    ("22G03", "error: data exception - invalid value type"),
    ("22N01", "error: data exception - invalid type"),
    ("22N28", "error: data exception - overflow error"),
    ("22N77", "error: data exception - property presence verification failed"),
    ("22N78", "error: data exception - property type verification failed"),
    ("22N79", "error: data exception - property uniqueness constraint violated"),
    ("25N11", "error: invalid transaction state - conflicting transactions"),
    ("25N13", "error: invalid transaction state - transaction accesses a removed entity"),
    ("25N14", "error: invalid transaction state - transaction terminated"),
    ("25N17", "error: invalid transaction state - unsupported transaction type"),
    ("42001", "error: syntax error or access rule violation - invalid syntax"),
    ("42I06", "error: syntax error or access rule violation - invalid input"),
    ("42N02", "error: syntax error or access rule violation - writing in read access mode"),
    ("42N08", "error: syntax error or access rule violation - no such procedure"),
    ("42N51", "error: syntax error or access rule violation - invalid parameter"),
    ("42N62", "error: syntax error or access rule violation - variable not defined"),
    ("42NFF", "error: syntax error or access rule violation - permission/access denied"),
    ("50N05", "error: general processing exception - deadlock detected"),
    ("50N42", "error: general processing exception - unexpected error"),
    ("51N73", "error: system configuration or operation exception - memory limit reached"),
];

impl Failure {
    pub fn new(code: impl Into<String>, gql_status: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            gql_status: gql_status.into(),
            message: message.into(),
            diagnostics: Map::new(),
        }
    }

    /// The client broke the protocol; the connection ends with this.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new("Neo.ClientError.Request.Invalid", "08N06", message)
    }

    /// The statement was ended by a RESET or an operator. A backend answers an interrupted call with it.
    pub fn terminated() -> Self {
        Self::new(
            "Neo.ClientError.Transaction.Terminated",
            "25N14",
            "The transaction was ended before it was done: the client reset it, or an operator stopped it.",
        )
    }

    pub fn is_terminated(&self) -> bool {
        self.code.ends_with(".Transaction.Terminated")
    }

    fn description(&self) -> &str {
        match DESCRIPTIONS.binary_search_by(|(status, _)| status.cmp(&self.gql_status.as_str())) {
            Ok(i) => DESCRIPTIONS[i].1,
            Err(_) => "error: general processing exception",
        }
    }

    fn classification(&self) -> &'static str {
        match self.code.split('.').nth(1) {
            Some("ClientError") => "CLIENT_ERROR",
            Some("TransientError") => "TRANSIENT_ERROR",
            _ => "DATABASE_ERROR",
        }
    }
}

/// Writes the dictionary of a FAILURE in the form that the version asks for.
pub(crate) fn write_failure(
    out: &mut Vec<u8>,
    failure: &Failure,
    version: Version,
) -> Result<(), EncodeError> {
    if version.has_gql_failures() {
        let mut encoder = Encoder::new(out);
        encoder.dictionary(5);
        encoder.string("neo4j_code");
        encoder.string(&failure.code);
        encoder.string("message");
        encoder.string(&failure.message);
        encoder.string("gql_status");
        encoder.string(if failure.gql_status.is_empty() { GQL_STATUS_UNKNOWN } else { &failure.gql_status });
        encoder.string("description");
        encoder.string(failure.description());
        encoder.string("diagnostic_record");
        let classify = !failure.diagnostics.contains_key("_classification");
        encoder.dictionary(failure.diagnostics.len() + usize::from(classify));
        if classify {
            encoder.string("_classification");
            encoder.string(failure.classification());
        }
    } else {
        // No diagnostic record in these versions: its keys stand beside code and message.
        let mut encoder = Encoder::new(out);
        encoder.dictionary(2 + failure.diagnostics.len());
        encoder.string("code");
        encoder.string(&failure.code);
        encoder.string("message");
        encoder.string(&failure.message);
    }
    let dialect = Dialect::of(version, true);
    for (key, value) in failure.diagnostics.iter() {
        Encoder::new(out).string(key);
        write_value(out, value, dialect, &NoEntities, DIAGNOSTICS_DEPTH_MAX)?;
    }
    Ok(())
}

/// The failure in the dictionary of a FAILURE, of any version. What is missing is filled as the drivers do.
pub(crate) fn read_failure(mut dictionary: Map) -> Failure {
    let mut text = |key: &str| match dictionary.remove(key) {
        Some(Value::String(text)) => Some(text.to_string()),
        _ => None,
    };
    let code = text("neo4j_code").or_else(|| text("code"));
    let message = text("message").unwrap_or_else(|| "the server gave no message".to_owned());
    let gql_status = text("gql_status").unwrap_or_else(|| GQL_STATUS_UNKNOWN.to_owned());
    text("description");
    let diagnostics = match dictionary.remove("diagnostic_record") {
        Some(Value::Map(record)) => Map::clone(&record),
        _ => dictionary,
    };
    let code = code.unwrap_or_else(|| "Neo.DatabaseError.General.UnknownError".to_owned());
    Failure { code, gql_status, message, diagnostics }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_descriptions_is_sorted() {
        assert!(DESCRIPTIONS.is_sorted_by_key(|(status, _)| *status), "it is searched by halves");
    }
}
