//! What fails on purpose: a predicate that must not hold, with a message of the query's own.
//!
//! `apoc.util.validatePredicate` is the function, `apoc.util.validate` the procedure (`operators/procedure.rs`). GraphQL
//! libraries write them into queries to refuse what a user may not see, so null is an error and never passes.

use samyama_graph::Value;

use super::text::plain;
use super::{Function, lenient, string_argument, wrong_type};
use crate::ExecError;

pub(super) static FUNCTIONS: &[Function] = &[lenient("apoc.util.validatepredicate", 3..=3, |a, _| {
    validate("function", "apoc.util.validatePredicate", a)?;
    Ok(Value::Boolean(true))
})];

/// The error that `[predicate, message, parameters]` ask for, unless the predicate is false.
pub(crate) fn validate(what: &str, name: &str, arguments: &[Value]) -> Result<(), ExecError> {
    let [predicate, message, parameters] = arguments else { return Ok(()) };
    match predicate {
        Value::Boolean(false) => return Ok(()),
        Value::Boolean(true) => {}
        other => return Err(wrong_type(name, "a Boolean that is not null", other)),
    }
    let message = string_argument(name, message)?;
    let parameters = match parameters {
        Value::Null => &[],
        Value::List(items) => &items[..],
        other => return Err(wrong_type(name, "a List", other)),
    };
    Err(ExecError::call_failed(what, name, &filled(message, parameters)))
}

/// The message with its `%s`, `%d`, `%b` and `%f` replaced in their order; what finds no parameter stays as it stands.
fn filled(message: &str, parameters: &[Value]) -> String {
    let mut text = String::with_capacity(message.len());
    let mut parameters = parameters.iter();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let value = match after.as_bytes().first() {
            Some(b'%') => Some("%".to_owned()),
            Some(b's' | b'd' | b'b' | b'f') => parameters.next().map(plain),
            _ => None,
        };
        match value {
            Some(value) => {
                text.push_str(&value);
                rest = &after[1..];
            }
            None => {
                text.push('%');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}
