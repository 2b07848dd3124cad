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
    ("22N02", "error: data exception - specified negative numeric value"),
    ("22N27", "error: data exception - invalid entity type"),
    ("22N28", "error: data exception - overflow error"),
    ("22N32", "error: data exception - non-deterministic expression"),
    ("22N34", "error: data exception - invalid use of aggregate function"),
    ("22N77", "error: data exception - property presence verification failed"),
    ("22N78", "error: data exception - property type verification failed"),
    ("22N79", "error: data exception - property uniqueness constraint violated"),
    ("25N11", "error: invalid transaction state - conflicting transactions"),
    ("25N13", "error: invalid transaction state - transaction accesses a removed entity"),
    ("25N14", "error: invalid transaction state - transaction terminated"),
    ("25N17", "error: invalid transaction state - unsupported transaction type"),
    ("42001", "error: syntax error or access rule violation - invalid syntax"),
    ("42I01", "error: syntax error or access rule violation - invalid FOREACH"),
    ("42I02", "error: syntax error or access rule violation - invalid comment"),
    ("42I06", "error: syntax error or access rule violation - invalid input"),
    ("42I07", "error: syntax error or access rule violation - invalid number literal"),
    ("42I11", "error: syntax error or access rule violation - invalid name"),
    (
        "42I13",
        "error: syntax error or access rule violation - invalid number of procedure or function arguments",
    ),
    ("42I14", "error: syntax error or access rule violation - invalid number of relationship types"),
    ("42I18", "error: syntax error or access rule violation - reference to non-grouping sub-expression"),
    ("42I19", "error: syntax error or access rule violation - invalid string literal"),
    ("42I21", "error: syntax error or access rule violation - invalid reference to variable out of scope"),
    ("42I24", "error: syntax error or access rule violation - invalid use of aggregate function"),
    ("42I25", "error: syntax error or access rule violation - invalid use of CALL IN TRANSACTIONS"),
    ("42I26", "error: syntax error or access rule violation - invalid DELETE"),
    (
        "42I27",
        "error: syntax error or access rule violation - invalid use of DISTINCT with non-aggregate function",
    ),
    ("42I28", "error: syntax error or access rule violation - invalid use of importing WITH"),
    ("42I34", "error: syntax error or access rule violation - invalid use of pattern expression"),
    ("42I36", "error: syntax error or access rule violation - invalid use of REPORT STATUS"),
    ("42I37", "error: syntax error or access rule violation - invalid use of RETURN *"),
    ("42I38", "error: syntax error or access rule violation - invalid use of RETURN"),
    ("42I40", "error: syntax error or access rule violation - invalid use of UNION and UNION ALL"),
    ("42I41", "error: syntax error or access rule violation - invalid use of variable length relationship"),
    ("42I42", "error: syntax error or access rule violation - invalid use of YIELD"),
    ("42I43", "error: syntax error or access rule violation - invalid use of YIELD *"),
    ("42I45", "error: syntax error or access rule violation - invalid use of multiple path patterns"),
    ("42I56", "error: syntax error or access rule violation - invalid relationship direction"),
    ("42I58", "error: syntax error or access rule violation - invalid entity reference"),
    ("42N02", "error: syntax error or access rule violation - writing in read access mode"),
    ("42N07", "error: syntax error or access rule violation - variable shadowing"),
    ("42N08", "error: syntax error or access rule violation - no such procedure"),
    ("42N22", "error: syntax error or access rule violation - single return column required"),
    ("42N23", "error: syntax error or access rule violation - missing reference to aggregation function"),
    ("42N25", "error: syntax error or access rule violation - missing YIELD"),
    ("42N28", "error: syntax error or access rule violation - expression is not constant"),
    ("42N29", "error: syntax error or access rule violation - unbound variables in pattern expression"),
    ("42N32", "error: syntax error or access rule violation - invalid use of parameter map"),
    ("42N36", "error: syntax error or access rule violation - procedure call without parentheses"),
    ("42N38", "error: syntax error or access rule violation - duplicate return item name"),
    ("42N39", "error: syntax error or access rule violation - incompatible return columns"),
    ("42N44", "error: syntax error or access rule violation - inaccessible variable"),
    ("42N47", "error: syntax error or access rule violation - invalid use of UNION and CALL IN TRANSACTIONS"),
    ("42N48", "error: syntax error or access rule violation - no such function"),
    ("42N50", "error: syntax error or access rule violation - procedure return column not defined"),
    ("42N51", "error: syntax error or access rule violation - invalid parameter"),
    (
        "42N57",
        "error: syntax error or access rule violation - invalid use of data-modifications in expressions",
    ),
    ("42N58", "error: syntax error or access rule violation - unsupported use of nesting"),
    ("42N59", "error: syntax error or access rule violation - variable already defined"),
    ("42N62", "error: syntax error or access rule violation - variable not defined"),
    ("42N68", "error: syntax error or access rule violation - duplicate variable definition"),
    ("42N71", "error: syntax error or access rule violation - incomplete query"),
    ("42N78", "error: syntax error or access rule violation - variable already bound"),
    ("42NFF", "error: syntax error or access rule violation - permission/access denied"),
    ("50N05", "error: general processing exception - deadlock detected"),
    ("50N42", "error: general processing exception - unexpected error"),
    ("51N26", "error: system configuration or operation exception - not supported in this version"),
    ("51N37", "error: system configuration or operation exception - stack overflow"),
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
